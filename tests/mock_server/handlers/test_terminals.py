"""Terminals refuse as apps do: with pages, and without telling nobody who he is not."""

from __future__ import annotations

import pytest

from tests.support.mock import Mock

UNKNOWN = "00000000-0000-0000-0000-0000000000aa"


@pytest.mark.parametrize("api", ["2023-06-20", "2025-05-19"])
@pytest.mark.parametrize(
    ("agent", "token", "status"),
    [
        (UNKNOWN, "", 404),
        (UNKNOWN, "abcdefghij-abcdefghijabcdefghijab", 404),
        (UNKNOWN, None, 404),
        ("abc", "", 500),
        ("abc", None, 500),
    ],
)
def test_a_refused_terminal_is_a_page(api: str, agent: str, token: str | None, status: int) -> None:
    with Mock(api=api) as mock:
        mock.first_user()
        answer = mock.get(f"/workspaceagents/{agent}/pty", token=token)
    assert (answer.status, answer.header("content-type")) == (status, "text/html; charset=utf-8")
    assert f"{status} - ".encode() in answer.body


def test_what_is_beside_a_terminal_still_asks_for_a_session_first(mock: Mock) -> None:
    for rest in ("", "/connection", "/nowhere"):
        answer = mock.get(f"/workspaceagents/abc{rest}", token="")
        assert answer.status == 401
