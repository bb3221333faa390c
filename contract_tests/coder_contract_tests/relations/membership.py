"""What is somewhere is in its lists: of its organization, and of the whole deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.observe import ZERO_UUID
from coder_contract_tests.relations.agreement import telling
from coder_contract_tests.relations.terms import SameList, crud, looked_up, same_lists, shown
from coder_contract_tests.relations.walking import Walker
from coder_contract_tests.relations.whole import Whole, askable, whole

LISTS_PER_OPERATION = 4
LOOKED_UP = 6
# The system's own user is in no list of users.
UNLISTED = frozenset({"c42fdf75-3097-471c-8c33-fb52454d81c0"})


def lists_agree(asker: Asker) -> Judgement:
    """Compare the list of an organization with its part of the list of all."""
    problems: list[Problem] = []
    judged = False
    for operation, way in askable(asker, "x-same-as", LISTS_PER_OPERATION):
        for same in same_lists(operation):
            other = asker.document.operation(same.operation)
            if other is None or other not in asker.operations:
                continue
            found = _settled(asker, operation, way, same, other)
            if found is not None:
                judged = True
                problems += found
    return problems if judged else None


def _settled(
    asker: Asker,
    operation: Operation,
    way: Mapping[str, str],
    same: SameList,
    other: Operation,
) -> list[Problem] | None:
    differences: list[set[str]] = []
    problems: list[Problem] = []
    for _ in range(2):
        part, everything = whole(asker, operation, way), whole(asker, other, {})
        if part is None or everything is None or not (part.complete and everything.complete):
            return None
        here = {str(one.get(same.id, "")) for one in part.items}
        there = _belonging(everything, same, way)
        missing = here - {str(one.get("id", "")) for one in everything.items} - UNLISTED
        lost = set() if same.part else there - here
        stray = here - there if same.where else set()
        differences.append(missing | lost | stray)
        if not differences[-1]:
            return []
        problems = list(_named(part, everything, missing, lost, stray))
    return problems if differences[0] == differences[1] else None


def _belonging(everything: Whole, same: SameList, way: Mapping[str, str]) -> set[str]:
    wanted = way.get(same.parameter, "")
    found = set()
    for one in everything.items:
        value = looked_up(one, same.where) if same.where else wanted
        if value == wanted or (isinstance(value, list) and wanted in value):
            found.add(str(one.get("id", "")))
    return found


def _named(
    part: Whole, everything: Whole, missing: set[str], lost: set[str], stray: set[str]
) -> Iterator[Problem]:
    for id_ in sorted(missing)[:1]:
        came = f"{shown(id_)} is not listed, but {part.exchange.label} has it"
        yield Problem(everything.exchange, came, at="/missing")
    for id_ in sorted(lost)[:1]:
        came = f"{shown(id_)} is not listed, but {everything.exchange.label} has it"
        yield Problem(part.exchange, came, at="/missing")
    for id_ in sorted(stray - missing)[:1]:
        came = f"{shown(id_)} is listed, and {everything.exchange.label} says it belongs elsewhere"
        yield Problem(part.exchange, came, at="/stray")


def everything_is_listed(asker: Asker) -> Judgement:
    """Look up what the run met outside the complete lists; what is there must be listed."""
    known: dict[str, set[str]] = {}
    walker = Walker(asker.document)
    for exchange in telling(asker):
        for entity, id_ in walker.entities(exchange):
            known.setdefault(entity, set()).add(id_)
    problems: list[Problem] = []
    judged = False
    for operation in asker.operations:
        stated = crud(operation)
        if stated is None or not stated.complete or not asker.facts.is_owner:
            continue
        home = _home(asker, stated.entity)
        full = whole(asker, operation, {})
        if home is None or full is None or not full.complete:
            continue
        judged = True
        unlisted = sorted(known.get(stated.entity, set()) - set(full.ids) - UNLISTED)
        for id_ in unlisted[:LOOKED_UP]:
            there = _is_there(asker, home, stated.entity, id_)
            again = whole(asker, operation, {}) if there is not None else None
            if there is None or again is None or id_ in again.ids:
                continue
            came = f"{stated.entity} {id_} is not listed, but {home.label} gives it"
            problems.append(Problem(again.exchange, came, at="/missing"))
            break
    return problems if judged else None


def _home(asker: Asker, entity: str) -> Operation | None:
    for operation in asker.operations:
        stated = crud(operation)
        reads = stated is not None and (stated.entity, stated.does) == (entity, "read")
        if reads and len(operation.names) == 1:
            return operation
    return None


def _is_there(asker: Asker, home: Operation, entity: str, id_: str) -> Exchange | None:
    """The reply that shows an object which a list must have; None for what lists leave out."""
    if id_ == ZERO_UUID:
        return None
    reply = asker.send(home, {home.names[0]: id_}, "")
    value: Any = reply.json if reply is not None else None
    if reply is None or reply.status != 200 or not isinstance(value, dict):
        return None
    if value.get("id") != id_ or value.get("deprecated"):
        return None
    if entity == "user":
        # By id deleted users are found, too; by name only live ones.
        live = asker.send(home, {home.names[0]: str(value.get("username"))}, "")
        found: Any = live.json if live is not None and live.status == 200 else None
        return reply if isinstance(found, dict) and found.get("id") == id_ else None
    return reply


MEMBERSHIP: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="lists_agree",
            kind="check",
            level="error",
            promise="the list of an organization has exactly the entries that the list of all has "
            "for it",
            oracle="the document's x-same-as",
            applies="lists of which a part is served elsewhere, when both are whole",
        ),
        ask=lists_agree,
    ),
    Invariant(
        Rule(
            id="everything_is_listed",
            kind="check",
            level="error",
            promise="what can be read by its id is in the list of all",
            oracle="the document's x-crud",
            applies="lists that show an owner everything, against ids met elsewhere",
        ),
        many=everything_is_listed,
    ),
)
