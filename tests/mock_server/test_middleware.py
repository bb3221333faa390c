"""What every answer has, and what happens before an operation is found."""

from __future__ import annotations

import re

import pytest

from coder_mock_server import middleware
from tests.support.mock import Mock

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PATHS = ("/users/me", "/buildinfo", "/nosuch", "//healthz", "//openapi.json", "//docs", "//_mock")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_common_headers(mock: Mock, path: str) -> None:
    answer = mock.get(path)
    assert UUID.fullmatch(answer.header("x-coder-request-id") or "")
    assert answer.header("x-coder-build-version")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.all("vary") == ["Origin"]
    assert answer.header("x-coder-mock")
    assert answer.header("content-length") == str(len(answer.body))


def test_request_ids_differ(mock: Mock) -> None:
    ids = {mock.get("/buildinfo").header("x-coder-request-id") for _ in range(5)}
    assert len(ids) == 5


def test_an_unknown_path_is_the_apis_404_with_a_hint_in_a_header(mock: Mock) -> None:
    answer = mock.get("/workspace", token="")
    assert (answer.status, answer.json) == (404, {"message": "Route not found."})
    assert answer.header("x-coder-mock-hint") == (
        'closest operation: GET /api/v2/workspaces (segment 1 is "workspace", not "workspaces")'
    )


def test_a_wrong_method_is_an_empty_405_with_one_line_for_each_method(mock: Mock) -> None:
    mock.first_user()
    answer = mock.put("/users")
    assert (answer.status, answer.body) == (405, b"")
    assert sorted(answer.all("allow")) == ["GET", "POST"]
    assert answer.header("content-type") is None


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_head_and_options_are_wrong_methods_like_any_other(mock: Mock, method: str) -> None:
    mock.first_user()
    answer = mock.request(method, "/users/me")
    assert (answer.status, sorted(answer.all("allow"))) == (405, ["DELETE", "GET"])


def test_the_session_is_asked_for_before_the_route(mock: Mock) -> None:
    assert mock.get("/workspaces/abc/nosuch", token="").status == 401


def test_the_object_is_looked_for_before_the_route(mock: Mock) -> None:
    mock.first_user()
    assert mock.get("/workspaces/abc/nosuch").message == 'Invalid UUID "abc".'
    assert mock.get("/organizations/nowhere/nosuch").status == 404
    assert mock.get("/organizations/nowhere/nosuch").message != "Route not found."
    assert mock.get("/organizations/default/nosuch").message == "Route not found."


def test_users_are_not_looked_for_before_the_route(mock: Mock) -> None:
    mock.first_user()
    assert mock.get("/users/nobody/nosuch").message == "Route not found."
    assert mock.put("/users/login").status == 405


@pytest.mark.parametrize("path", ["/users/login", "/users/first", "/users/otp/request"])
def test_a_wrong_method_beside_a_router_with_sessions_needs_one(mock: Mock, path: str) -> None:
    assert mock.put(path, token="").status == 401


def test_a_preflight_needs_no_session_and_allows_no_stranger(mock: Mock) -> None:
    headers = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = mock.request("OPTIONS", "/users/me", headers=headers, token="")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("access-control-allow-origin") is None
    assert len(answer.all("vary")) == 3


def test_a_loopback_page_may_read_the_answer(mock: Mock) -> None:
    origin = "http://localhost:5173"
    answer = mock.get("/buildinfo", headers={"Origin": origin})
    assert answer.header("access-control-allow-origin") == origin
    assert answer.all("vary") == ["Origin"]


def test_a_body_above_the_limit_is_413(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_LIMIT", 10)
    assert mock.post("/users/login", raw=b'{"email": "long@example.com"}').status == 413


def test_agents_and_proxies_are_told_of_their_own_tokens(mock: Mock) -> None:
    zero = "00000000-0000-0000-0000-000000000000"
    answers = {
        path: mock.get(path, token="").message
        for path in (f"/workspaceagents/{zero}", "/appearance", "/workspaceagents/me/gitsshkey")
    }
    assert answers == {
        f"/workspaceagents/{zero}": (
            "API key or external proxy authentication required, but none provided"
        ),
        "/appearance": "API key or workspace agent token required, but none provided",
        "/workspaceagents/me/gitsshkey": 'Cookie "coder_session_token" must be provided.',
    }


def test_a_refused_websocket_gets_an_ordinary_answer(mock: Mock) -> None:
    refused = mock.websocket("/workspaces/abc/watch-ws", 1, token="").refusal
    assert refused is not None
    assert refused.status == 401
    assert refused.header("x-coder-request-id")
