"""Short ways to state a job rule and to report that it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.judging import Judgement, Seen
from coder_contract_tests.observe import JobSeen

EVERY_JOB = "every reply that lists or embeds provisioner jobs"
LIST = "GET /organizations/{organization}/provisionerjobs"
BY_ID = "GET /organizations/{organization}/provisionerjobs/{job}"
DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
VERSION_LOGS = "GET /templateversions/{templateversion}/logs"


def invariant(
    id_: str,
    promise: str,
    *,
    oracle: str,
    applies: str = EVERY_JOB,
    level: Level = "error",
    explanation: str = "",
) -> Rule:
    """A rule of kind invariant."""
    return Rule(
        id=id_,
        kind="invariant",
        level=level,
        promise=promise,
        oracle=oracle,
        applies=applies,
        explanation=explanation,
    )


def each_job(judge: Callable[[JobSeen], Iterable[str] | None]) -> Callable[[Seen], Judgement]:
    """A judge of replies from a judge of single jobs, which names what is wrong or gives None."""

    def judged(seen: Seen) -> Judgement:
        if not seen.jobs:
            return None
        problems: list[Problem] = []
        applied = False
        for found in seen.jobs:
            wrongs = judge(found)
            if wrongs is None:
                continue
            applied = True
            for wrong in wrongs:
                member = wrong.split(" ", 1)[0]
                problems.append(
                    Problem(found.exchange, f"{found}: {wrong}", at=f"{found.at}/{member}")
                )
        return problems if applied else None

    return judged
