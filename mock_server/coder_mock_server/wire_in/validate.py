"""The validator's tags, as far as the API's requests use them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coder_mock_server.domain.records import NIL_UUID, ZERO_TIME
from coder_mock_server.names import RULES
from coder_mock_server.wire import rfc3339
from coder_mock_server.wire_in.gotypes import GoType

_ZEROS: dict[str, Any] = {
    "string": "",
    "int": 0,
    "float": 0.0,
    "bool": False,
    "uuid": NIL_UUID,
    "time": ZERO_TIME,
}


def zero_of(type: GoType | None) -> Any:
    """What an absent field holds; `None` for slices, maps and objects."""
    return "" if type is None else _ZEROS.get(type.kind)


def is_zero(value: Any) -> bool:
    """Whether the validator takes the value for missing; an empty list that was given is not."""
    if value is None or isinstance(value, list | dict):
        return value is None
    return value in ("", 0, NIL_UUID, ZERO_TIME)


def failing_tag(value: Any, tags: str, others: Mapping[str, Any]) -> str | None:
    """The name of the first tag that `value` fails, `None` when it passes."""
    for part in tags.split(","):
        tag, _, argument = part.partition("=")
        if tag == "omitempty":
            if is_zero(value):
                return None
        elif not _passes(value, tag, argument, others):
            return tag
    return None


def _passes(value: Any, tag: str, argument: str, others: Mapping[str, Any]) -> bool:
    if tag == "required":
        return not is_zero(value)
    if tag == "required_without":
        return not is_zero(value) or not is_zero(others.get(argument))
    if tag == "excluded_with":
        return is_zero(value) or is_zero(others.get(argument))
    if tag == "oneof":
        return printed(value) in argument.split(" ")
    if tag in ("lt", "lte", "max", "gt", "gte", "min"):
        return _compares(value, tag, int(argument))
    rule = RULES.get(tag)
    if rule is None:
        raise ValueError(f'no validator tag is called "{tag}"; known: {", ".join(sorted(RULES))}')
    return isinstance(value, str) and rule(value)


def _compares(value: Any, tag: str, limit: int) -> bool:
    size = len(value) if isinstance(value, str | list | dict) else (value or 0)
    if tag == "lt":
        return bool(size < limit)
    if tag in ("lte", "max"):
        return bool(size <= limit)
    return bool(size > limit) if tag == "gt" else bool(size >= limit)


def printed(value: Any) -> str:
    """A value as Go prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return rfc3339(value).replace("T", " ").removesuffix("Z") + " +0000 UTC"
    if isinstance(value, list):
        return "[" + " ".join(printed(item) for item in value) + "]"
    if isinstance(value, dict):
        return (
            "map[" + " ".join(f"{key}:{printed(item)}" for key, item in sorted(value.items())) + "]"
        )
    return str(value)
