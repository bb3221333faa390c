"""Reads a whole list, and says whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coder_contract_tests.discovery import Context, bindings
from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.judging import Asker
from coder_contract_tests.relations.terms import (
    MISSING,
    count,
    crud,
    entries,
    looked_up,
    pagination,
)

TOP = 200
"""Entries that are looked at; more would only be more of the same."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The beginning of a list, and whether that is all of it."""

    exchange: Exchange
    items: list[Mapping[str, Any]]
    ids: list[str]
    complete: bool
    total: int


def place_of(operation: Operation) -> str:
    """Where the list stands in a reply."""
    cut = pagination(operation)
    if cut is not None:
        return cut.items
    stated = crud(operation)
    return stated.at.removesuffix("*").rstrip(".") if stated else ""


def id_of(operation: Operation) -> str:
    cut = pagination(operation)
    return cut.id if cut is not None else "id"


def ids(items: list[Mapping[str, Any]], name: str = "id") -> list[str]:
    return [str(one.get(name, "")) for one in items]


def whole(asker: Asker, operation: Operation, way: Mapping[str, str]) -> Whole | None:
    """The first `TOP` entries; None where the list cannot be read."""
    cut = pagination(operation)
    query = f"{cut.limit}={TOP}" if cut is not None else ""
    reply = asker.send(operation, way, query)
    items = entries(reply, place_of(operation))
    if reply is None or items is None:
        return None
    stated = count(operation)
    total = looked_up(reply.json, stated.place) if stated is not None else MISSING
    known = type(total) is int and total >= len(items)
    return Whole(
        exchange=reply,
        items=items,
        ids=ids(items, id_of(operation)),
        complete=(total == len(items)) if known else cut is None or len(items) < TOP,
        total=int(total) if known else len(items),
    )


def askable(asker: Asker, key: str, limit: int) -> Iterator[tuple[Operation, Context]]:
    """Chosen reads with an extension of this name, each for up to `limit` objects."""
    for operation in asker.operations:
        if operation.method == "GET" and operation.data.get(key):
            for way in bindings(operation, asker.facts, limit):
                yield operation, way
