"""Repeats what failed, to tell what always fails from what fails now and then.

Only errors that one reply showed are repeated, and only where the request was a plain read. What
does not come back in several tries is flaky: still a finding, as a warning that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING

from coder_contract_tests.checks import CHECKS
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule, identity
from coder_contract_tests.judging import Judgement, Seen
from coder_contract_tests.observe import JobSeen, jobs_in
from coder_contract_tests.suite import RULES

if TYPE_CHECKING:
    from coder_contract_tests.session import Session

TRIES = 4
AT_MOST = 60
_GONE = frozenset({404, 410})


def tell_flaky(session: Session) -> str:
    """Repeat each error; those that stay away become warnings."""
    repeated = 0
    for id_, (rule, problem) in list(session.errors.items()):
        if repeated >= AT_MOST or not _can_be_repeated(rule, problem):
            continue
        repeated += 1
        if _comes_back(session, rule, problem) is False:
            session.ledger.demote(id_, f"flaky: not again in {TRIES} tries")
    return ""


def _judges(rule: Rule) -> list[Callable[[Seen], Judgement]]:
    """What judges a single reply by a rule."""
    judges = [check.judge for check in CHECKS if check.rule.id == rule.id]
    return judges + [one.one for one in RULES if one.rule.id == rule.id and one.one is not None]


def _can_be_repeated(rule: Rule, problem: Problem) -> bool:
    exchange = problem.exchange
    return bool(_judges(rule)) and exchange.media_type != "text/event-stream"


def _comes_back(session: Session, rule: Rule, problem: Problem) -> bool | None:
    """Whether the same promise is broken at the same place again; None if nobody can tell."""
    wanted = identity(rule.id, problem.exchange.label, problem.at, "error")
    judged = False
    for _ in range(TRIES):
        reply = session.repeat(problem.exchange)
        if reply is None or _has_moved_on(problem, reply):
            return None
        seen = Seen(reply, session.document, session.facts)
        for judge in _judges(rule):
            judgement = judge(seen)
            judged = judged or judgement is not None
            for one in judgement or ():
                if identity(rule.id, reply.label, one.at, "error") == wanted:
                    return True
    # Where the replies have come to show nothing that can be judged, nobody can tell.
    return False if judged else None


def _has_moved_on(problem: Problem, reply: Exchange) -> bool:
    """Whether what the reply told of is gone, or its work in another state by now.

    What was wrong with a pending job cannot come back once a daemon has taken it.
    """
    first = problem.exchange
    if reply.status in _GONE and first.status not in _GONE:
        return True
    now = {one.id: one.status for one in jobs_in(reply)}
    return any(now.get(one.id) != one.status for one in _meant(problem))


def _meant(problem: Problem) -> list[JobSeen]:
    """The jobs of what a problem is about: one entry of a list, or the whole reply."""
    jobs = jobs_in(problem.exchange)
    place = problem.at.split("/")
    shared = [_in_common(one.at.split("/"), place) for one in jobs]
    # The first part of a place is empty, and common to all.
    most = max(shared, default=0)
    if most < 2 and len(jobs) > 1:
        return []
    return [one for one, length in zip(jobs, shared, strict=True) if length == most]


def _in_common(one: list[str], other: list[str]) -> int:
    """How many parts two places have in common from their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
