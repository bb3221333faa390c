"""Asked again, a server at rest says the same again."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.relations.terms import order
from coder_contract_tests.relations.whole import place_of

REPEATS = 3
ASKED_PER_OPERATION = 2
# What moves by itself between two looks.
_MOVES = re.compile(
    r"(last_(seen|used)(_at)?|most_recently_seen|latency(_ms)?|p50|p95|age|collected_at|checked_at"
    r"|refreshed_at|aggregated_from|next_update_at|time|uptime|database_latency|expires_at)\Z",
    re.IGNORECASE,
)
_LIVE = re.compile(r"GET (/debug/|/deployment/stats|/replicas|.*/(listening-ports|containers)\Z)")


def is_live(label: str) -> bool:
    """Whether an operation shows what goes on at this moment."""
    return _LIVE.match(label) is not None


def reads_are_stable(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    asked: dict[str, int] = {}
    for exchange in list(asker.exchanges):
        if exchange.phase != "documented" or exchange.operation is None or exchange.cut:
            continue
        label = exchange.label
        if asked.get(label, 0) >= ASKED_PER_OPERATION or is_live(label):
            continue
        asked[label] = asked.get(label, 0) + 1
        judged = True
        problems += _flips(asker, exchange)
    return problems if judged else None


def _flips(asker: Asker, first: Exchange) -> list[Problem]:
    """A reply that goes back to what it was before did not change: it flips."""
    views, last = [view_of(first)], first
    for number in range(REPEATS):
        reply = asker.repeat(first)
        if reply is None or reply.cut or reply.status == 429:
            return []
        is_same = (reply.status, reply.body) == (last.status, last.body)
        view, last = views[-1] if is_same else view_of(reply), reply
        if view == views[-1]:
            if len(views) == 1 and number:
                return []
            continue
        if view in views:
            was, now = words_between(views[-1], view)
            came = f"asked again and again it wavers between {was} and {now}"
            return [Problem(reply, came, at="/again")]
        views.append(view)
    return []


def view_of(exchange: Exchange) -> tuple[int, bytes]:
    """Status and what of the body should stay."""
    if not exchange.is_json:
        return exchange.status, exchange.body if exchange.status != 200 else b""
    operation = exchange.operation
    place = place_of(operation) if operation is not None and order(operation) else None
    value = _still(exchange.json, place)
    return exchange.status, orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _still(value: Any, ordered: str | None) -> Any:
    """A value without what moves; lists are sorted, but the one that has a documented order."""
    if isinstance(value, dict):
        return {
            name: _still(one, "" if ordered == name else None)
            for name, one in value.items()
            if not _moves(name)
        }
    if isinstance(value, list):
        items = [_still(one, None) for one in value]
        if ordered == "":
            return items
        return sorted(items, key=lambda one: orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
    return value


@cache
def _moves(name: str) -> bool:
    return _MOVES.match(name) is not None


def words_between(first: tuple[int, bytes], second: tuple[int, bytes]) -> tuple[str, str]:
    if first[0] != second[0]:
        return str(first[0]), str(second[0])
    start = next(
        (i for i, (a, b) in enumerate(zip(first[1], second[1], strict=False)) if a != b),
        min(len(first[1]), len(second[1])),
    )
    start = max(0, start - 20)
    return tuple(one[1][start : start + 60].decode("utf-8", "replace") for one in (first, second))  # type: ignore[return-value]


STABILITY: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="reads_are_stable",
            kind="check",
            level="error",
            promise="a server at rest gives the same answer to the same read",
            oracle="HTTP (RFC 9110, section 9.2.1): a read changes nothing",
            applies="documented reads, repeated; a value that changes and stays changed is no "
            "finding, one that goes back is",
        ),
        many=reads_are_stable,
    ),
)
