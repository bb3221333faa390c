"""How facts look inside a diff, where they do not look as in the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from coder_mock_server.domain.records import ZERO_TIME
from coder_mock_server.wire import rfc3339

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAYS = 0b1111111


def moment(value: datetime | None) -> str:
    """A time as text; the zero time where there is none."""
    return rfc3339(value or ZERO_TIME)


def maybe_moment(value: datetime | None) -> str | None:
    """A time as text, or nothing."""
    return None if value is None or value == ZERO_TIME else moment(value)


def nanoseconds(ms: int | None) -> int | None:
    """Durations are kept in nanoseconds."""
    return None if ms is None else ms * 1_000_000


def days(names: Iterable[str]) -> int:
    """Weekdays as a bit each, Monday the lowest."""
    return sum(1 << WEEKDAYS.index(name) for name in names)


def access_list(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Id -> actions, as roles on a template grant them."""
    return {id: ["*"] if role == "admin" else ["read", "use"] for id, role in pairs}


def permissions(rules: Iterable[tuple[bool, str, str]]) -> list[dict[str, Any]]:
    """Permissions of a role that an organization made up."""
    return [
        {"negate": negate, "resource_type": type, "action": action}
        for negate, type, action in rules
    ]
