"""What leaves the server is the JSON that a Go server would have written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.views import View
from coder_mock_server.wire import encode, encode_fragment, rfc3339, session_cookie

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(JSON)
def test_a_body_is_the_same_value_when_read_back(value: Any) -> None:
    encoded = encode(value)
    assert encoded.endswith(b"\n")
    assert b"\n" not in encoded[:-1]
    assert json.loads(encoded) == value


@given(st.text())
def test_no_character_that_html_or_scripts_mind_is_sent_bare(text: str) -> None:
    decoded = encode_fragment(text).decode()
    assert not set("<>&\u2028\u2029") & set(decoded)


def test_half_of_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert json.loads(encode({"name": "a\ud800b"}))["name"] == "a\ufffd\ufffd\ufffdb".replace(
        "\ufffd\ufffd\ufffd", json.loads(encode("\ud800"))
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 5, 19, 10, tzinfo=UTC), "2025-05-19T10:00:00Z"),
        (datetime(2025, 5, 19, 10, 0, 0, 500_000, tzinfo=UTC), "2025-05-19T10:00:00.5Z"),
        (datetime(2025, 5, 19, 10, 0, 0, 1, tzinfo=UTC), "2025-05-19T10:00:00.000001Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (
            datetime(2025, 5, 19, 12, tzinfo=timezone(timedelta(hours=2))),
            "2025-05-19T10:00:00Z",
        ),
    ],
)
def test_times_are_utc_without_trailing_zeros(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text
    assert encode([moment]) == f'["{text}"]\n'.encode()


def test_a_view_is_spliced_in_as_it_is() -> None:
    view = View("codersdk.User", b'{"id":"1"}')
    assert encode({"users": [view, view]}) == b'{"users":[{"id":"1"},{"id":"1"}]}\n'
    assert encode(view) == b'{"id":"1"}\n'


def test_bytes_travel_as_base64() -> None:
    assert encode({"state": b"hi"}) == b'{"state":"aGk="}\n'


def test_the_session_cookie_lasts_as_long_as_the_browser() -> None:
    assert session_cookie("a-b") == "coder_session_token=a-b; Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"P50": -1.0, "P95": 12.5}, '{"P50":-1,"P95":12.5}'),
        ([0.0, 100.0, 10.05, 0.5], "[0,100,10.05,0.5]"),
        ({"a": 'x:1.0,y"', "b": [":2.0,", 3.0]}, '{"a":"x:1.0,y\\"","b":[":2.0,",3]}'),
    ],
)
def test_whole_numbers_have_no_fraction_even_when_they_could(value: Any, text: str) -> None:
    assert encode_fragment(value).decode() == text
