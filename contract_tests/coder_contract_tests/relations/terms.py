"""What the document says about relations, read into records, and dotted places looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Crud:
    """Which entity an operation deals with, and where its path repeats itself in the answer."""

    entity: str
    does: str
    at: str = ""
    repeats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Pagination:
    """The query parameters that cut a list."""

    items: str
    id: str
    limit: str
    offset: str
    after: str
    after_gives: str
    default: int
    past_end_fails: bool


@dataclass(frozen=True, slots=True)
class Count:
    """Where the number of all entries stands, and what it is on an empty page."""

    place: str
    items: str
    past_end: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order."""

    by: str
    kind: str
    descending: bool
    first: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query that asks for part of a list."""

    query: str
    places: tuple[str, ...]
    also: tuple[str, ...]
    contains: bool


@dataclass(frozen=True, slots=True)
class SameList:
    """Another list that has the same entries, or more."""

    operation: str
    where: str
    parameter: str
    id: str
    part: bool


def crud(operation: Operation) -> Crud | None:
    raw = operation.data.get("x-crud")
    if not isinstance(raw, Mapping):
        return None
    return Crud(
        entity=str(raw.get("entity", "")),
        does=str(raw.get("does", "")),
        at=str(raw.get("at", "")),
        repeats={str(name): tuple(places) for name, places in raw.get("is", {}).items()},
        complete=bool(raw.get("complete")),
    )


def pagination(operation: Operation) -> Pagination | None:
    raw = operation.data.get("x-pagination")
    if not isinstance(raw, Mapping):
        return None
    return Pagination(
        items=str(raw.get("items", "")),
        id=str(raw.get("id", "id")),
        limit=str(raw.get("limit", "limit")),
        offset=str(raw.get("offset", "")),
        after=str(raw.get("after", "")),
        after_gives=str(raw.get("after_gives", "behind")),
        default=int(raw.get("default", 0)),
        past_end_fails=raw.get("past_end") == "error",
    )


def count(operation: Operation) -> Count | None:
    raw = operation.data.get("x-count")
    if not isinstance(raw, Mapping):
        return None
    return Count(str(raw["place"]), str(raw.get("items", "")), str(raw.get("past_end", "all")))


def order(operation: Operation) -> tuple[Key, ...]:
    return tuple(
        Key(
            by=str(raw["by"]),
            kind=str(raw.get("as", "number")),
            descending=bool(raw.get("descending")),
            first=tuple(raw.get("first", ())),
        )
        for raw in operation.data.get("x-order", ())
    )


def filters(operation: Operation) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            query=str(raw["set"]),
            places=tuple(raw["from"]),
            also=tuple(raw.get("also", ())),
            contains=raw.get("match") == "contains",
        )
        for raw in operation.data.get("x-filter", ())
    )


def same_lists(operation: Operation) -> tuple[SameList, ...]:
    return tuple(
        SameList(
            operation=str(raw["operation"]),
            where=str(raw.get("where", "")),
            parameter=str(raw.get("is", "")),
            id=str(raw.get("id", "id")),
            part=bool(raw.get("part")),
        )
        for raw in operation.data.get("x-same-as", ())
    )


def looked_up(value: Any, dotted: str) -> Any:
    """The member at a dotted place; `MISSING` where there is none."""
    for part in dotted.split(".") if dotted else ():
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value


def objects(value: Any, at: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Pointer and object for each object at a dotted place, whose last part may be ``*``."""
    walks = at.endswith("*")
    place = at.removesuffix("*").removesuffix(".")
    found = looked_up(value, place)
    pointer = "/" + place.replace(".", "/") if place else ""
    if not walks:
        if isinstance(found, Mapping):
            yield pointer, found
        return
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, Mapping):
            yield f"{pointer}/{index}", item


def entries(exchange: Exchange | None, items: str) -> list[Mapping[str, Any]] | None:
    """The list in a successful reply; None for any other reply."""
    if exchange is None or exchange.status != 200 or not exchange.is_json:
        return None
    found = looked_up(exchange.json, items)
    if not isinstance(found, list):
        return None
    return [one for one in found if isinstance(one, Mapping)]


def path_parameters(exchange: Exchange) -> dict[str, str]:
    """What stood in the path for each of the operation's parameters."""
    operation = exchange.operation
    if operation is None:
        return {}
    template = operation.path.strip("/").split("/")
    given = exchange.path.rstrip("/").split("/")[-len(template) :]
    return {
        part[1:-1]: unquote(value)
        for part, value in zip(template, given, strict=False)
        if part.startswith("{")
    }


def shown(id_: Any) -> str:
    return str(id_)[:40]
