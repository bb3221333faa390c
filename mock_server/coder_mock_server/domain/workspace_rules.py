"""What may be set on a workspace: time to live, automatic updates."""

from __future__ import annotations

from coder_mock_server.policy import Policy

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
UPDATE_POLICIES = ("always", "never")


class TtlError(ValueError):
    """A time to live out of bounds; its text is what the API says about it."""


def whole_minutes(ttl_ms: int | None, policy: Policy) -> int | None:
    """The time to live in milliseconds, cut to minutes; `None` when none is asked for.

    Raises `TtlError`.
    """
    if not ttl_ms:
        return None
    minutes = ttl_ms // MINUTE_MS
    if minutes < 1:
        raise TtlError(policy.ttl_too_short)
    if minutes * MINUTE_MS > policy.max_ttl_days * DAY_MS:
        raise TtlError(policy.ttl_too_long)
    return minutes * MINUTE_MS


def is_update_policy(text: str) -> bool:
    """Whether automatic updates can be set to this."""
    return text in UPDATE_POLICIES
