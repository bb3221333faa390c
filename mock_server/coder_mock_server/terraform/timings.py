"""How long the steps of a build took: the provisioner's rows of a build's timings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from coder_mock_server.terraform.model import Change, Plan

Stage = Literal["init", "plan", "graph", "apply"]

# Where the steps lie in the part of a job that nothing sleeps in, as measured on a small build.
_INIT: Final = (0.05, 0.12)
_PLAN: Final = (0.27, 0.31)
_GRAPH: Final = (0.31, 0.55)
_APPLY: Final = (0.70, 0.76)


class Timing(NamedTuple):
    """One step; `start` and `end` are seconds since the job started."""

    stage: Stage
    source: str
    action: str
    resource: str
    start: float
    end: float


def build_timings(plan: Plan, duration: float) -> list[Timing]:
    """The rows of a build that succeeded and took `duration` seconds; none for any other."""
    if plan.failure:
        return []
    busy = min(plan.seconds, duration)
    free = duration - busy
    rows = [
        Timing("init", "terraform", "initializing terraform", "state file", *_span(_INIT, free))
    ]
    for address, source, action in _read(plan):
        rows.append(Timing("plan", source, action, address, *_span(_PLAN, free)))
    rows.append(
        Timing(
            "graph",
            "terraform",
            "building terraform dependency graph",
            "state file",
            *_span(_GRAPH, free),
        )
    )
    start, quick = _span(_APPLY, free)
    for change in plan.changes:
        for action, seconds in _steps(change):
            end = min(quick + seconds, duration)
            source, address = change.instance.provider, change.instance.address
            rows.append(Timing("apply", source, action, address, start, end))
    return rows


def _span(share: tuple[float, float], free: float) -> tuple[float, float]:
    return free * share[0], free * share[1]


def _read(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for source in plan.data_sources:
        yield source.address, source.provider, "read"
    for change in plan.changes:
        if change.action != "create":
            yield change.instance.address, change.instance.provider, "state refresh"


def _steps(change: Change) -> Iterator[tuple[str, float]]:
    """The actions of a change and what each of them sleeps."""
    if change.action == "update":
        yield "update", 0.0
    whens = {"create": ("create",), "delete": ("destroy",), "replace": ("destroy", "create")}
    actions = {"create": "create", "destroy": "delete"}
    for when in whens.get(change.action, ()):
        commands = [one for one in change.instance.commands if one.when == when]
        slept = sum(one.sleep_seconds for one in commands)
        yield actions[when], slept
        if any(one.command for one in commands):
            yield "provision", slept
