"""A filter gives all entries that match, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.relations.terms import (
    MISSING,
    Filter,
    entries,
    filters,
    looked_up,
    pagination,
    shown,
)
from coder_contract_tests.relations.whole import TOP, Whole, askable, id_of, ids, place_of, whole

LISTS_PER_OPERATION = 2
VALUES_PER_FILTER = 2
# Quotes, wildcards and separators have a meaning of their own in a search.
_PLAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z")


def filters_are_exact(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for operation, way in askable(asker, "x-filter", LISTS_PER_OPERATION):
        full = whole(asker, operation, way)
        if full is None:
            continue
        for one in filters(operation):
            for value in _values(one, full):
                judged = True
                wrong = _wrong(asker, operation, way, one, value, full)
                # The list may have changed since; then the second look agrees.
                if wrong and (again := whole(asker, operation, way)) is not None:
                    wrong = _wrong(asker, operation, way, one, value, again)
                problems += wrong
    return problems if judged else None


def _values(one: Filter, full: Whole) -> Iterator[str]:
    """Up to two values to ask for: the first and the last kind that occur."""
    texts: list[str] = []
    for item in full.items:
        text = _text(looked_up(item, one.places[0]))
        if text and _PLAIN.match(text) and text not in texts:
            texts.append(text)
    if len(texts) > VALUES_PER_FILTER:
        texts = [texts[0], texts[-1]]
    yield from texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _wrong(
    asker: Asker,
    operation: Operation,
    way: Mapping[str, str],
    one: Filter,
    value: str,
    full: Whole,
) -> list[Problem]:
    key, _, template = one.query.partition("=")
    query = f"{key}={quote(template.replace('{}', value))}"
    cut = pagination(operation)
    if cut is not None:
        is_short = not cut.default and not asker.facts.is_long(operation)
        query += f"&{cut.limit}=0" if is_short else f"&{cut.limit}={TOP}"
    reply = asker.send(operation, way, query)
    if reply is None:
        return []
    at = f"query:{template.partition(':')[0] if ':' in template else key}"
    items = entries(reply, place_of(operation))
    if items is None:
        return [Problem(reply, f"{reply.status} for {one.query.format(value)}", at=at)]
    return list(_compared(operation, one, value, full, items, reply, at))


def _compared(
    operation: Operation,
    one: Filter,
    value: str,
    full: Whole,
    items: list[Mapping[str, Any]],
    reply: Exchange,
    at: str,
) -> Iterator[Problem]:
    asked = one.query.format(value)
    for item in items:
        if not _matches(item, (*one.places, *one.also), one, value):
            found = looked_up(item, one.places[0])
            came = f"{asked} gives an entry with {one.places[0]} {excerpt(found)}"
            yield Problem(reply, came, at=at)
            return
    name = id_of(operation)
    got = set(ids(items, name))
    for item in full.items:
        id_ = str(item.get(name, ""))
        if _matches(item, one.places, one, value) and id_ not in got:
            yield Problem(reply, f"{asked} leaves out {shown(id_)}, which matches", at=at)
            return


def _matches(item: Mapping[str, Any], places: tuple[str, ...], one: Filter, value: str) -> bool:
    wanted = value.casefold()
    for place in places:
        found = looked_up(item, place)
        text = "" if found is MISSING else _text(found).casefold()
        if text == wanted or (one.contains and wanted in text):
            return True
    return False


FILTERS: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="filter_is_exact",
            kind="check",
            level="error",
            promise="a filter or a search gives every entry that matches, and no other",
            oracle="the document's x-filter",
            applies="lists with filters, asked for values that the list itself shows",
        ),
        ask=filters_are_exact,
    ),
)
