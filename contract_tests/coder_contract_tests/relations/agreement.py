"""Whatever is shown in two places is the same in both.

All facts of a run are gathered by entity and attribute. Where operations disagree, the few that say
otherwise than the many are suspected; before anything is reported both sides are read again, so
that a change in between is no finding.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.relations.walking import Fact, FactKey, Walker, facts_of, words

CONFIRMED_PER_KIND = 2
CONFIRMED_AT_MOST = 80
ENOUGH_BYTES = 2_000_000
"""Of an operation that showed so much, later long replies repeat what is known."""
LONG_BYTES = 100_000
# Generated queries repeat what is known; life cycles change what they look at, and compare it.
NOT_COMPARED = frozenset(
    {"generated", "generated, wrong on purpose", "life cycles", "streams", "repeats"}
)
# recorded: admin/audit: the user of an entry has no organizations, whatever theirs are.
LEFT_OUT = frozenset({("GET /audit", "user", "organization_ids")})


class Sighting(NamedTuple):
    """The newest reply in which an operation showed this value of a fact."""

    label: str
    value: Any
    exchange: Exchange
    at: str


Sightings = dict[FactKey, dict[tuple[str, Any], Sighting]]


def telling(asker: Asker) -> Iterator[Exchange]:
    """The replies of the run that say something new and can be asked for again."""
    bodies: dict[str, int] = {}
    shown: Counter[str] = Counter()
    for exchange in asker.exchanges:
        if exchange.method != "GET" or exchange.phase in NOT_COMPARED or exchange.anonymous:
            continue
        if exchange.request_headers:
            # What cannot be asked again as it was cannot be confirmed.
            continue
        mark = hash(exchange.body)
        if bodies.get(exchange.target) == mark:
            continue
        bodies[exchange.target] = mark
        label, size = exchange.label, len(exchange.body)
        if size > LONG_BYTES and shown[label] > ENOUGH_BYTES:
            continue
        shown[label] += size
        yield exchange


def gathered(asker: Asker, walker: Walker) -> Sightings:
    """Every fact of the run, by the operations that showed it."""
    found: Sightings = defaultdict(dict)
    known: dict[tuple[str, int, str], int] = {}
    for exchange in telling(asker):
        label = exchange.label
        for told in walker.told(exchange):
            # Most objects are shown again as they were.
            whom, mark = (label, id(told[0]), told[1]), hash(orjson.dumps(told[2]))
            if known.get(whom) == mark:
                continue
            known[whom] = mark
            for key, value, at in facts_of(told):
                if (label, key[0], key[2]) not in LEFT_OUT:
                    found[key][label, value] = Sighting(label, value, exchange, at)
    return found


def values_agree(asker: Asker) -> Judgement:
    walker = Walker(asker.document)
    sightings = gathered(asker, walker)
    shared = {key: shown for key, shown in sightings.items() if len(shown) > 1}
    if not shared:
        return None
    problems: list[Problem] = []
    confirmed: Counter[tuple[str, str, str]] = Counter()
    for key, shown in shared.items():
        if len({sighting.value for sighting in shown.values()}) == 1:
            continue
        for suspect, witness in _suspects(shown):
            kind = (key[0], key[2], suspect.label)
            if confirmed[kind] >= CONFIRMED_PER_KIND or sum(confirmed.values()) > CONFIRMED_AT_MOST:
                continue
            confirmed[kind] += 1
            problems += _confirmed(asker, walker, key, suspect, witness)
    return problems


def _suspects(shown: dict[tuple[str, Any], Sighting]) -> Iterator[tuple[Sighting, Sighting]]:
    """The operations in the minority, each with one of the others; on a tie all are named."""
    votes = Counter(sighting.value for sighting in shown.values())
    most = max(votes.values())
    winners = [value for value, times in votes.items() if times == most]
    for sighting in shown.values():
        if len(winners) == 1 and sighting.value == winners[0]:
            continue
        witness = next(
            one for one in shown.values() if one.value in winners and one.value != sighting.value
        )
        if witness.exchange.target != sighting.exchange.target:
            yield sighting, witness


def _confirmed(
    asker: Asker, walker: Walker, key: FactKey, suspect: Sighting, witness: Sighting
) -> Iterator[Problem]:
    first = _again(asker, walker, key, witness)
    second = _again(asker, walker, key, suspect)
    third = _again(asker, walker, key, witness)
    if first is None or second is None or third is None:
        return
    if first[0].value != third[0].value or first[0].value == second[0].value:
        return
    fact, exchange = second
    came = (
        f"{key[2]} of {key[0]} {key[1]} is {words(fact.value)}, but {words(first[0].value)} in "
        f"{witness.label}"
    )
    yield Problem(exchange, came, at=fact.at)


def _again(
    asker: Asker, walker: Walker, key: FactKey, sighting: Sighting
) -> tuple[Fact, Exchange] | None:
    """The fact as the same request shows it now."""
    reply = asker.repeat(sighting.exchange)
    if reply is None:
        return None
    found = [fact for fact in walker.facts(reply) if fact.key == key]
    return (found[-1], reply) if found else None


AGREEMENT: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="values_agree",
            kind="check",
            level="error",
            promise="a value that is shown in several places is the same in all of them",
            oracle="the document's x-same-as",
            applies="everything a run has seen more than once: lists and single reads, by id and "
            "by name, objects embedded in others, names of what is referred to",
            explanation="What differs is read again on both sides first. The operation that says "
            "otherwise than the majority is named; where two stand against each other, both are.",
        ),
        many=values_agree,
    ),
)
