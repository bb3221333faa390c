"""What one reply of a list must show by itself: its count, its order, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Invariant, Judgement, Seen
from coder_contract_tests.observe import moment
from coder_contract_tests.relations.terms import (
    MISSING,
    Count,
    Key,
    count,
    crud,
    entries,
    looked_up,
    order,
    pagination,
    shown,
)

Collation = Callable[[str, str], int | None]

# A daemon whose server died in a job is listed once per job that it left open.
_MAY_REPEAT = frozenset({"daemon"})


def count_is_true(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    stated = count(operation) if operation is not None else None
    if stated is None or operation is None:
        return None
    listed = entries(exchange, stated.items)
    number = looked_up(exchange.json, stated.place)
    if listed is None or type(number) is not int:
        return None
    cut = pagination(operation)
    limit = _natural(exchange, cut.limit if cut else "limit") or (cut.default if cut else 0)
    offset = _natural(exchange, cut.offset if cut and cut.offset else "offset")
    wrong = _wrong_count(stated, number, len(listed), limit, offset, seen.facts.is_owner)
    if wrong:
        return [Problem(exchange, wrong, at=f"/{stated.place}")]
    # A page that is full does not show where the list ends.
    return None if limit and len(listed) >= limit else []


def _wrong_count(
    stated: Count, number: int, length: int, limit: int, offset: int, is_owner: bool
) -> str:
    if number < length:
        return f"count is {number} beside {length} entries"
    if offset and not length:
        if stated.past_end == "none" and number:
            return f"count is {number} on a page past the end, where it is not known"
        return ""
    if not is_owner or not (length or not offset):
        # What a caller may not read can be counted and not listed.
        return ""
    if length and number < offset + length:
        return f"count is {number}, and {length} entries come after the first {offset}"
    if (not limit or length < limit) and number != offset + length:
        return f"count is {number}, and the list ends after {offset + length}"
    return ""


def _natural(exchange: Exchange, name: str) -> int:
    given = parse_qs(exchange.query).get(name, [""])[0]
    return int(given) if given.isdecimal() else 0


def order_is_documented(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    keys = order(operation) if operation is not None else ()
    if not keys or operation is None:
        return None
    cut, stated = pagination(operation), crud(operation)
    place = cut.items if cut else stated.at.removesuffix("*").rstrip(".") if stated else ""
    listed = entries(exchange, place)
    if listed is None:
        return None
    # Texts are sorted with or without regard to case, but in one way over the whole list.
    broken = [_broken(exchange, keys, listed, texts) for texts in (_texts, _code_points)]
    return [broken[0]] if broken[0] and broken[1] else []


def _broken(
    exchange: Exchange, keys: tuple[Key, ...], listed: list[Any], texts: Collation
) -> Problem | None:
    """The first place where the order is broken."""
    for index, (first, second) in enumerate(pairwise(listed)):
        for key in keys:
            compared = _compared(key, looked_up(first, key.by), looked_up(second, key.by), texts)
            if compared is None or compared < 0:
                break
            if compared > 0:
                came = (
                    f"entry {index + 1} ({key.by} {excerpt(looked_up(second, key.by))}) follows "
                    f"entry {index} ({excerpt(looked_up(first, key.by))})"
                )
                return Problem(exchange, came, at="/order")
    return None


def _compared(key: Key, first: Any, second: Any, texts: Collation) -> int | None:
    """Below 0 when the order is kept, above when it is broken, None when nobody can say."""
    if first is MISSING or second is MISSING:
        return None
    if key.first:
        ranks = [0 if value in key.first else 1 for value in (first, second)]
        return ranks[0] - ranks[1]
    if key.kind == "text":
        found = texts(str(first), str(second))
    elif key.kind == "time":
        before, after = moment(first), moment(second)
        if before is None or after is None:
            return None
        found = (before > after) - (before < after)
    elif isinstance(first, int) and isinstance(second, int):
        found = (first > second) - (first < second)
    else:
        return None
    return -found if key.descending and found is not None else found


def _texts(first: str, second: str) -> int | None:
    """How two texts compare when every usual collation without regard to case agrees on it."""
    a, b = first.casefold(), second.casefold()
    if a == b:
        return 0

    def bare(text: str) -> str:
        return "".join(one for one in text if one.isalnum())

    verdicts = {(a > b) - (a < b), (bare(a) > bare(b)) - (bare(a) < bare(b))}
    return verdicts.pop() if len(verdicts) == 1 else None


def _code_points(first: str, second: str) -> int | None:
    return (first > second) - (first < second)


def nothing_twice(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    if operation is None or exchange.method != "GET" or exchange.status != 200:
        return None
    stated = crud(operation)
    if stated is not None and stated.entity in _MAY_REPEAT:
        return None
    lists = _lists(exchange.json)
    if not lists:
        return None
    problems = []
    for at, values in lists:
        ids = [_id(one) for one in values if isinstance(one, Mapping)]
        known = [one for one in ids if one]
        if len(set(known)) < len(known):
            twice = next(one for one in known if known.count(one) > 1)
            problems.append(Problem(exchange, f"{shown(twice)} is listed twice", at=f"{at}/*/id"))
    return problems


def _id(value: Mapping[str, Any]) -> Any:
    for name in ("id", "user_id", "ID"):
        found = value.get(name)
        if isinstance(found, str | int) and found:
            return found
    return None


def _lists(body: Any) -> list[tuple[str, list[Any]]]:
    """The lists on top of a body: itself, or the members of the object it is."""
    if isinstance(body, list):
        return [("", body)]
    if isinstance(body, dict):
        return [(f"/{name}", value) for name, value in body.items() if isinstance(value, list)]
    return []


LISTING: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="count_is_true",
            kind="check",
            level="error",
            promise="the count of a list is the number of entries that match, whatever the page",
            oracle="the document's x-count",
            applies="lists with a count; that none is counted too much is judged for owners, since "
            "what a caller may not read is counted and not shown",
        ),
        one=count_is_true,
    ),
    Invariant(
        Rule(
            id="order_is_documented",
            kind="check",
            level="error",
            promise="a list is in its documented order",
            oracle="the document's x-order",
            applies="lists whose order is known; texts are compared only where every usual "
            "collation agrees, and may be sorted by their code points throughout",
        ),
        one=order_is_documented,
    ),
    Invariant(
        Rule(
            id="list_has_nothing_twice",
            kind="check",
            level="error",
            promise="no object is twice in one list",
            oracle="the document's schemas: ids identify",
            applies="lists of objects with an id, but daemons, which are listed once per open job",
        ),
        one=nothing_twice,
    ),
)
