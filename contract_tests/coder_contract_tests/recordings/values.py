"""Values by dotted path (``latest_build.job.status``, ``items.0.id``), and texts with {names}."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

_NAME = re.compile(r"\{\{|\}\}|\{(\w+)\}")


def dig(body: Any, dotted: str) -> Any:
    """The value at a path; numbers index lists, None where the path leads nowhere."""
    for part in dotted.split(".") if dotted else ():
        if isinstance(body, list):
            is_index = part.lstrip("-").isdigit() and -len(body) <= int(part) < len(body)
            body = body[int(part)] if is_index else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def picked(body: Any, dotted: str) -> Any:
    """The value at a path; with ``*`` the distinct values of all items, in order."""
    before, star, after = dotted.partition("*")
    if not star:
        return dig(body, dotted)
    items = dig(body, before.rstrip("."))
    found: list[Any] = []
    for item in items if isinstance(items, list) else []:
        value = dig(item, after.lstrip("."))
        if value not in found:
            found.append(value)
    return found


def masked(value: Any, paths: Sequence[str], at: str = "") -> Any:
    """The value with what stands at these paths replaced by its kind; null stays."""
    if at and value is not None and any(fnmatchcase(at, path) for path in paths):
        return f"<{type(value).__name__}>"
    if isinstance(value, list):
        return [masked(item, paths, below(at, index)) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: masked(item, paths, below(at, key)) for key, item in value.items()}
    return value


def below(at: str, part: object) -> str:
    """The path of a member of what stands at a path."""
    return f"{at}.{part}" if at else str(part)


def fill(value: Any, saved: Mapping[str, str]) -> Any:
    """Texts with {names} filled in; an unknown name stays, {{ and }} are braces."""
    if isinstance(value, str):
        return _NAME.sub(
            lambda m: m[0][0] if m[1] is None else str(saved.get(m[1], m[0])),
            value,
        )
    if isinstance(value, list):
        return [fill(item, saved) for item in value]
    if isinstance(value, dict):
        return {fill(key, saved): fill(item, saved) for key, item in value.items()}
    return value


def names_in(value: Any) -> set[str]:
    """The {names} that a value asks for."""
    if isinstance(value, str):
        return {m[1] for m in _NAME.finditer(value) if m[1] is not None}
    if isinstance(value, list):
        return set().union(*(names_in(item) for item in value))
    if isinstance(value, dict):
        return set().union(*(names_in(k) | names_in(v) for k, v in value.items()))
    return set()


def in_order(body: Any, lists: Mapping[str, str | list[str]]) -> None:
    """Sort lists in place by a key of their items, where a server gives them in any order."""
    for path, by in lists.items():
        items = dig(body, path)
        if isinstance(items, list):
            keys = [by] if isinstance(by, str) else by
            items.sort(key=lambda item, keys=keys: [str(dig(item, key)) for key in keys])  # type: ignore[misc]
