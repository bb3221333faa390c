"""The object that comes back is the one that was asked for."""

from __future__ import annotations

import re
from typing import Any

from coder_contract_tests.exchange import excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Facts, Invariant, Judgement, Seen
from coder_contract_tests.observe import ZERO_UUID
from coder_contract_tests.relations.terms import (
    MISSING,
    crud,
    looked_up,
    objects,
    path_parameters,
)

_FOR_ALL = re.compile(r"(^|&)include_all=")
"""A query that makes one's own list one of everybody."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


def asked_is_given(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    stated = crud(operation) if operation is not None else None
    if stated is None or not stated.repeats or exchange.status != 200 or not exchange.is_json:
        return None
    asked = path_parameters(exchange)
    problems = []
    for at, value in objects(exchange.json, stated.at):
        for name, places in stated.repeats.items():
            if asked.get(name) == "me" and exchange.is_foreign:
                continue
            if name == "user" and _FOR_ALL.search(exchange.query):
                continue
            wanted = _meant(name, asked.get(name, ""), seen.facts)
            if not wanted or not (_is_id(wanted) or any(map(_is_named, places))):
                # An object that shows ids only does not tell whether it has the name asked for.
                continue
            given = [looked_up(value, place) for place in places]
            known = [one for one in given if one is not MISSING]
            if known and not any(_is_same(one, wanted) for one in known):
                came = f"{places[0]} is {excerpt(known[0])}, asked for {name} {asked[name]!r}"
                problems.append(Problem(exchange, came, at=f"{at}/{places[0].replace('.', '/')}"))
    return problems


def _meant(name: str, asked: str, facts: Facts) -> str:
    """What a word in a path stands for; empty where that is not known."""
    if name == "user" and asked == "me":
        return facts.me
    if name == "organization" and asked in {"default", ZERO_UUID}:
        return facts.default_organization
    return asked


def _is_id(asked: str) -> bool:
    return _UUID.match(asked) is not None


def _is_named(place: str) -> bool:
    return not place.rpartition(".")[2].endswith("id")


def _is_same(given: Any, wanted: str) -> bool:
    return str(given).lower() == wanted.lower()


IDENTITY: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="object_is_the_one_asked_for",
            kind="check",
            level="error",
            promise="an object or a list is what the path names: its id, name, owner, organization",
            oracle="the document's x-crud",
            applies="successful reads whose path names an object",
        ),
        one=asked_is_given,
    ),
)
