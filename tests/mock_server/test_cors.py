"""Which pages may call from elsewhere."""

from __future__ import annotations

import pytest

from coder_mock_server import cors

VARY = [
    (b"vary", b"Origin"),
    (b"vary", b"Access-Control-Request-Method"),
    (b"vary", b"Access-Control-Request-Headers"),
]


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://127.0.0.1",
        "http://127.9.8.7:1",
        "http://[::1]:8080",
        "http://app.localhost",
    ],
)
def test_a_page_on_a_loopback_address_may_call_with_credentials(origin: str) -> None:
    headers = dict(cors.response_headers(origin))
    assert headers[b"access-control-allow-origin"] == origin.encode()
    assert headers[b"access-control-allow-credentials"] == b"true"
    assert headers[b"vary"] == b"Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "http://elsewhere.example",
        "null",
        "http://localhost.example",
        "file://localhost",
        "http://[",
    ],
)
def test_another_page_gets_no_allow_headers(origin: str) -> None:
    assert cors.response_headers(origin) == [(b"vary", b"Origin")]
    preflight = {"origin": origin, "access-control-request-method": "GET"}
    assert cors.preflight_headers(preflight) == VARY


def test_more_origins_can_be_let_in() -> None:
    more = ("https://ui.example/",)
    assert cors.is_allowed("https://ui.example", more)
    assert not cors.is_allowed("https://ui.example.evil", more)
    assert cors.is_allowed("https://any.example", ("*",))


def test_a_preflight_of_an_allowed_page_repeats_what_it_asks_for() -> None:
    headers = {
        "origin": "http://localhost:5173",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type, coder-session-token",
    }
    assert cors.is_preflight("OPTIONS", headers)
    answer = cors.preflight_headers(headers)
    assert answer[:3] == VARY
    assert (b"access-control-allow-methods", b"PUT") in answer
    assert (b"access-control-allow-headers", b"content-type, coder-session-token") in answer


def test_options_alone_is_no_preflight() -> None:
    assert not cors.is_preflight("OPTIONS", {"origin": "http://localhost"})
    assert not cors.is_preflight("GET", {"access-control-request-method": "GET"})
