from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain.workspace_rules import TtlError, is_update_policy, whole_minutes
from coder_mock_server.policy import policy_for

NOW, THEN = policy_for("2025-05-19"), policy_for("2023-06-20")
DAY_MS = 86_400_000


@given(st.integers(60_000, 30 * DAY_MS + 59_999))
def test_a_ttl_within_bounds_is_cut_to_whole_minutes(ttl_ms: int) -> None:
    cut = whole_minutes(ttl_ms, NOW)
    assert cut is not None
    assert cut % 60_000 == 0
    assert 0 <= ttl_ms - cut < 60_000


@pytest.mark.parametrize("ttl_ms", [None, 0])
def test_nothing_and_zero_ask_for_no_ttl(ttl_ms: int | None) -> None:
    assert whole_minutes(ttl_ms, NOW) is None


@pytest.mark.parametrize("ttl_ms", [59_999, 1, -1, -60_000])
def test_less_than_a_minute_is_too_short(ttl_ms: int) -> None:
    with pytest.raises(TtlError, match="at least one minute"):
        whole_minutes(ttl_ms, NOW)


def test_the_longest_ttl_and_the_words_for_more_differ_by_date() -> None:
    assert whole_minutes(30 * DAY_MS, NOW) == 30 * DAY_MS
    with pytest.raises(TtlError, match="less than 30 days"):
        whole_minutes(30 * DAY_MS + 60_000, NOW)
    assert whole_minutes(7 * DAY_MS, THEN) == 7 * DAY_MS
    with pytest.raises(TtlError, match="at least one minute"):
        whole_minutes(7 * DAY_MS + 60_000, THEN)


def test_updates_are_automatic_always_or_never() -> None:
    assert [text for text in ("always", "never", "", "Always") if is_update_policy(text)] == [
        "always",
        "never",
    ]
