"""One mistake, one finding: what an invariant tells of a place, no general check tells again.

The document states many rules on values, for everybody who reads it; the suite's invariants state
them with an id and an explanation. Where both speak of the same place of the same reply, the one
with the id is kept. A schema's word on the form of a value (its type, its format) is another
mistake, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from coder_contract_tests.findings import Rule
from coder_contract_tests.judging import Judgement
from coder_contract_tests.stated import JUDGES

Judged = tuple[Rule, Judgement]

_STAND_IN = frozenset(JUDGES.values())
"""Checks that judge an invariant under their own name."""

_STATED = frozenset(
    {
        *("falseSchema", "required", "const", "enum", "not", "anyOf", "null"),
        *("minimum", "maximum", "minItems", "maxItems", "minLength"),
    }
)
"""The words of a schema by which a rule on values is stated."""


def told_once(judged: Sequence[Judged]) -> Sequence[Judged]:
    """The judgements of one reply, without what a general check repeats of an invariant."""
    if not any(problems for rule, problems in judged if rule.id in _GENERAL):
        return judged
    told = told_places(judged)
    if not told:
        return judged
    return [
        (rule, [one for one in problems if not _GENERAL[rule.id](one.at, told)])
        if problems and rule.id in _GENERAL
        else (rule, problems)
        for rule, problems in judged
    ]


def told_places(judged: Iterable[Judged]) -> list[str]:
    """The places in one reply that break an invariant."""
    return [
        problem.at
        for rule, problems in judged
        if rule.kind == "invariant" or rule.id in _STAND_IN
        for problem in problems or ()
        if (problem.level or rule.level) == "error" and not problem.known
    ]


def is_told(at: str, told: Sequence[str]) -> bool:
    """Whether what a schema says at a place, as ``PLACE#KEYWORD:MEMBER``, is told already."""
    place, _, word = at.partition("#")
    keyword, _, member = word.partition(":")
    if keyword not in _STATED:
        return False
    if member:
        place = f"{place.rstrip('/')}/{member}"
    if keyword in {"not", "anyOf"}:
        # A schema that forbids a combination speaks of the object, an invariant of its member.
        place = place.rstrip("/")
        return any(place in (one, one.rpartition("/")[0]) for one in told)
    return any(one == place or place.startswith(f"{one}/") for one in told if one)


def _is_at(at: str, told: Sequence[str]) -> bool:
    return at in told


_GENERAL: dict[str, Callable[[str, Sequence[str]], bool]] = {
    "response_matches_schema": is_told,
    "object_is_the_one_asked_for": _is_at,
}
"""General checks, and how what they say is recognised as told."""
