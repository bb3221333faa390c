"""What a build shows over its life: resources and deadline when its job has done its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from coder_contract_tests.exchange import NOTHING, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import invariant
from coder_contract_tests.judging import Invariant, Judgement, Seen
from coder_contract_tests.observe import ACTIVE, moment, stream_values

REASONS = frozenset({"initiator", "autostart", "autostop", "dormancy", "failedstop", "autodelete"})
EVERY_BUILD = "every reply that lists or embeds workspace builds"
_ORACLE = "docs: builds.md; recorded: builds, provisioner-jobs, workspaces"


def builds_in(seen: Seen) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and value of every workspace build in a successful reply."""
    exchange = seen.exchange
    if not 200 <= exchange.status < 300:
        return
    value = stream_values(exchange) if exchange.json is NOTHING else exchange.json
    if value is not NOTHING:
        yield from _walk(value, "")


def _walk(value: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if "build_number" in value and isinstance(value.get("job"), dict):
            yield at, value
            return
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _walk(item, f"{at}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{at}/{index}")


def each_build(judge: Callable[[dict[str, Any]], str | None]) -> Callable[[Seen], Judgement]:
    """A judge of replies from one of single builds: what is wrong, empty for nothing, or None."""

    def judged(seen: Seen) -> Judgement:
        problems: list[Problem] = []
        applied = False
        for at, build in builds_in(seen):
            wrong = judge(build)
            if wrong is None:
                continue
            applied = True
            if wrong:
                came = f"build {build.get('id')} ({build['job'].get('status')}): {wrong}"
                member = wrong.split(" ", 1)[0]
                problems.append(Problem(seen.exchange, came, at=f"{at}/{member}"))
        return problems if applied else None

    return judged


def _resources(build: dict[str, Any]) -> str | None:
    job, resources = build["job"], build.get("resources")
    if not isinstance(resources, list):
        return None
    state = job.get("status")
    early = state == "canceled" and "started_at" not in job
    if (state in ACTIVE or state == "failed" or early) and resources:
        return f"resources has {len(resources)} entries"
    return ""


def _deadline(build: dict[str, Any]) -> str | None:
    if "deadline" not in build:
        return None
    deadline, maximum = moment(build["deadline"]), moment(build.get("max_deadline"))
    if build["job"].get("status") in ACTIVE and deadline is not None:
        return f"deadline is {excerpt(build['deadline'])} before the job succeeded"
    if deadline is not None and maximum is not None and deadline > maximum:
        return f"deadline is {build['deadline']}, after max_deadline {build['max_deadline']}"
    return ""


def _reason(build: dict[str, Any]) -> str | None:
    reason = build.get("reason")
    if reason is None:
        return None
    if reason not in REASONS:
        return f"reason is {excerpt(reason)}"
    names = ("initiator_id", "workspace_owner_id")
    initiator, owner = (build.get(name) for name in names)
    if reason in {"autostart", "autostop"} and initiator and owner and initiator != owner:
        return f"initiator_id is {initiator}, not the owner, for {reason}"
    return ""


BLD_06 = invariant(
    "BLD-06",
    "a build has no resources before its job succeeded, nor after it failed or was canceled early",
    oracle=_ORACLE,
    applies=EVERY_BUILD,
)
BLD_08 = invariant(
    "BLD-08",
    "deadline is null until the job succeeds and then completed_at plus ttl; deadline is not "
    "after max_deadline",
    oracle=_ORACLE,
    applies=f"{EVERY_BUILD}; the sum for builds of the run's own workspaces",
)
BLD_18 = invariant(
    "BLD-18",
    "reason is one of the known ones, and autostart and autostop have the owner as initiator",
    oracle=_ORACLE,
    applies=EVERY_BUILD,
)

BUILD_LIFE_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(BLD_06, one=each_build(_resources)),
    Invariant(BLD_08, one=each_build(_deadline)),
    Invariant(BLD_18, one=each_build(_reason)),
)
