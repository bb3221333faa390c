"""Finds workspaces, builds, resources, agents, apps and templates in replies, by their form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from coder_contract_tests.exchange import NOTHING, Exchange
from coder_contract_tests.observe import stream_values

# What distinguishes each kind: members that no other object of the API has together.
_FORMS: tuple[tuple[str, frozenset[str]], ...] = (
    ("workspace", frozenset({"latest_build", "owner_id"})),
    ("build", frozenset({"build_number", "transition"})),
    ("resource", frozenset({"job_id", "hide"})),
    ("agent", frozenset({"lifecycle_state", "resource_id"})),
    ("app", frozenset({"healthcheck", "slug"})),
    ("template", frozenset({"active_version_id", "build_time_stats"})),
    ("version", frozenset({"readme", "job"})),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a known kind, where it stands, and what it stands in."""

    kind: str
    value: Mapping[str, Any]
    at: str
    inside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The objects around it, by kind."""

    def __str__(self) -> str:
        return f"{self.kind} {self.value.get('id') or '(no id)'}"


def things_in(exchange: Exchange) -> tuple[Thing, ...]:
    """Every object of a known kind in a successful reply, event streams included."""
    if not 200 <= exchange.status < 300:
        return ()
    value = stream_values(exchange) if exchange.json is NOTHING else exchange.json
    if value is NOTHING:
        return ()
    return tuple(_found(value, "", {}))


@lru_cache(maxsize=4096)
def _kind_of(names: tuple[str, ...]) -> str:
    """The kind of an object with these members; kept, since they are of few forms."""
    found = (kind for kind, form in _FORMS if form <= frozenset(names))
    return next(found, "")


def _found(value: Any, at: str, inside: Mapping[str, Mapping[str, Any]]) -> Iterator[Thing]:
    if isinstance(value, dict):
        kind = _kind_of(tuple(value))
        if kind:
            yield Thing(kind, value, at, inside)
            inside = {**inside, kind: value}
        for name, member in value.items():
            if isinstance(member, dict | list) and member:
                yield from _found(member, f"{at}/{name}", inside)
    elif isinstance(value, list):
        if value and not isinstance(value[0], dict):
            return
        for index, item in enumerate(value):
            yield from _found(item, f"{at}/{index}", inside)
