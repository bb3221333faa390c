"""Rendered objects: projected to the document's shape, validated and encoded once, then reused."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """An object that already satisfies the component `schema`, as compact JSON.

    May stand in a reply wherever the document refers to that component (as the whole body, or as
    an item of a list one level down).
    """

    schema: str
    encoded: bytes


Render = Callable[[str, Any], bytes]
"""(component name, full object) -> its JSON in the document's shape; raises on a violation."""


class Views:
    """A cache of views. An entry holds as long as its stamp compares equal.

    The stamp is a tuple of all that the object is made of: the (frozen) records themselves and
    whatever else flows in, such as the viewer's own flags or a status that depends on time.
    """

    def __init__(self, render: Render, capacity: int = 50_000, derived_capacity: int = 512) -> None:
        self._render = render
        self._capacity = capacity
        self._derived_capacity = derived_capacity
        self._derived: dict[Hashable, tuple[tuple[Any, ...], datetime | None, Any]] = {}
        self._entries: dict[tuple[str, Hashable], tuple[tuple[Any, ...], View]] = {}

    def get(
        self, schema: str, key: Hashable, stamp: tuple[Any, ...], make: Callable[[], Any]
    ) -> View:
        """The view of `key` as `schema`; `make` gives the full object when it must be rendered."""
        entry = self._entries.get((schema, key))
        if entry is not None and entry[0] == stamp:
            return entry[1]
        view = View(schema, self._render(schema, make()))
        if len(self._entries) >= self._capacity:
            self._entries.clear()
        self._entries[(schema, key)] = (stamp, view)
        return view

    def render(self, schema: str, value: Any) -> View:
        """A view that nobody keeps but the caller; `value` may hold views."""
        return View(schema, self._render(schema, value))

    def derive(
        self,
        key: Hashable,
        stamp: tuple[Any, ...],
        now: datetime,
        make: Callable[[], tuple[T, datetime | None]],
    ) -> T:
        """What follows from facts, such as an order or a page, kept while `stamp` compares equal.

        `make` gives the value and the moment after which it is no longer true although no fact
        changed (`None`: never).
        """
        entry = self._derived.get(key)
        if entry is not None and entry[0] == stamp and (entry[1] is None or now < entry[1]):
            value: T = entry[2]
            return value
        value, until = make()
        self._derived.pop(key, None)
        if len(self._derived) >= self._derived_capacity:
            del self._derived[next(iter(self._derived))]
        self._derived[key] = (stamp, until, value)
        return value

    def clear(self) -> None:
        """Forget everything, as after a reset."""
        self._derived.clear()
        self._entries.clear()
