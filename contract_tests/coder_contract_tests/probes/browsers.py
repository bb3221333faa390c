"""What browsers and caches are told: who may read, what may be kept, what is no script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Level, Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.probes.rules import plain_reads, rule

STRANGE_ORIGIN = "https://stranger.example"
_ALLOW = "Access-Control-Allow-Origin"
_KEPT = re.compile(r"\b(public|immutable|s-maxage|(max-age|stale-\w+(-\w+)?)\s*=\s*[\"']?[1-9])")
_MANY = 0.8
"""From this part of all replies on it is the deployment, or what stands before it."""


def strange_origins_are_not_let_in(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    preflight = (("Origin", STRANGE_ORIGIN), ("Access-Control-Request-Method", "GET"))
    for operation, way, query in plain_reads(asker):
        judged = True
        plain = asker.probe(operation, way, query, headers=preflight[:1])
        problems += _lets_in(plain, "a request")
        asked = asker.probe(operation, way, query, method="OPTIONS", headers=preflight)
        problems += _lets_in(asked, "a preflight")
    return problems if judged else None


def _lets_in(reply: Exchange, what: str) -> list[Problem]:
    allowed = reply.header(_ALLOW)
    if allowed not in {"*", STRANGE_ORIGIN}:
        return []
    came = f"{_ALLOW}: {allowed} to {what} from {STRANGE_ORIGIN}"
    return [Problem(reply, came, at=f"header:{_ALLOW}")]


def answers_are_not_kept(asker: Asker) -> Judgement:
    """JSON comes without what makes caches keep it, and everything with `nosniff`."""
    json = [one for one in asker.exchanges if one.media_type == "application/json"]
    if not json:
        return None
    bodiless = [one for one in asker.exchanges if one.status in {204, 304}]
    return _odd_ones_out(json, _kept) + _odd_ones_out([*json, *bodiless], _guessed)


def _odd_ones_out(replies: Iterable[Exchange], wrong: Callable[[Exchange], str]) -> list[Problem]:
    """Errors for what some operations do; what nearly all do is told once, as a warning."""
    asked: dict[str, Exchange | None] = {}
    for reply in replies:
        found = wrong(reply)
        if asked.get(reply.label) is None:
            asked[reply.label] = reply if found else None
    bad = [one for one in asked.values() if one is not None]
    everywhere = len(bad) > max(1, _MANY * len(asked))
    level: Level | None = "warning" if everywhere else None
    return [
        Problem(one, wrong(one), at=f"header:{wrong(one).split(':')[0]}", level=level)
        for one in (bad[:1] if everywhere else bad)
    ]


def _kept(reply: Exchange) -> str:
    for name in ("ETag", "Last-Modified"):
        if reply.has_header(name):
            return f"{name}: {reply.header(name)[:60]} on JSON of the API"
    told = reply.header("cache-control")
    return f"Cache-Control: {told[:60]} on JSON of the API" if _KEPT.search(told.lower()) else ""


def _guessed(reply: Exchange) -> str:
    if reply.header("x-content-type-options") == "nosniff":
        return ""
    return "X-Content-Type-Options: nosniff is missing, which other replies have"


BROWSERS: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "strange_origins_are_refused",
            "no origin that was not configured is let in, neither by a reply nor by a preflight",
            oracle="recorded: conventions/preflight, foreign-origin",
            applies="every read",
        ),
        ask=strange_origins_are_not_let_in,
    ),
    Invariant(
        rule(
            "answers_are_not_kept",
            "JSON of the API has no ETag and may not be kept by caches; no reply's type is guessed",
            oracle="rule A.7 of the API's conventions; recorded: conventions/login",
            applies="every reply",
            explanation="What nearly all replies have or lack comes from the deployment or a proxy "
            "before it, and is one warning.",
        ),
        many=answers_are_not_kept,
    ),
)
