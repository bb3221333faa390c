"""Resources: those of a build wherever it shows them, each for the transition it was made for."""

from __future__ import annotations

import re
from typing import Any

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.things import things_in

OF_BUILD = "GET /workspacebuilds/{workspacebuild}/resources"
BUILD = "GET /workspacebuilds/{workspacebuild}"
OF_DRY_RUN = "GET /templateversions/{templateversion}/dry-run/{jobID}/resources"
_OF_BUILD = re.compile(r"/workspacebuilds/([^/]+)/resources/?$")
SAMPLE = 4


def of_their_transition(seen: Seen) -> Judgement:
    """A build's resources are for its own transition; those of a dry run for a start."""
    problems = []
    judged = False
    is_dry = seen.exchange.label == OF_DRY_RUN
    for thing in seen.things:
        build = thing.inside.get("build")
        wanted = build.get("transition") if build is not None else "start" if is_dry else None
        got = thing.value.get("workspace_transition")
        if thing.kind != "resource" or wanted is None or got is None:
            continue
        judged = True
        if got != wanted:
            came = f"{thing}: workspace_transition is {excerpt(got)} in a {wanted}"
            problems.append(Problem(seen.exchange, came, at=f"{thing.at}/workspace_transition"))
    return problems[:3] if judged else None


def ask_for_resources(asker: Asker) -> Judgement:
    """Read the resources of a few builds, in both ways."""
    builds = [one["workspacebuild"] for one in asker.facts.contexts if "workspacebuild" in one]
    for id_ in list(dict.fromkeys(builds))[:SAMPLE]:
        for label in (BUILD, OF_BUILD):
            asker.get(label, {"workspacebuild": id_})
    return None


def of_their_build(asker: Asker) -> Judgement:
    """The list of a finished build's resources has those that the build itself shows."""
    lists: dict[str, Exchange] = {}
    for exchange in asker.exchanges:
        match = _OF_BUILD.search(exchange.path)
        if match and exchange.status == 200 and isinstance(exchange.json, list):
            lists[match[1]] = exchange
    shown: dict[str, set[str]] = {}
    for exchange in asker.exchanges if lists else ():
        for thing in exchange.found(things_in):
            id_ = str(thing.value.get("id"))
            if thing.kind == "build" and id_ in lists and _is_done(thing.value.get("job")):
                shown[id_] = _ids(thing.value.get("resources"))
    problems = []
    for id_, wanted in shown.items():
        got = _ids(lists[id_].json)
        odd = sorted(got ^ wanted)
        if odd:
            where = "here and not in the build" if odd[0] in got else "in the build and not here"
            problems.append(Problem(lists[id_], f"resource {odd[0]} is {where}", at="/*/id"))
    return problems if shown else None


def _is_done(job: Any) -> bool:
    return isinstance(job, dict) and job.get("status") in {"succeeded", "failed"}


def _ids(resources: Any) -> set[str]:
    found = resources if isinstance(resources, list) else []
    return {str(one.get("id")) for one in found if isinstance(one, dict)}


RESOURCE_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="resources_are_of_their_transition",
            kind="check",
            level="error",
            promise="the resources of a build are for its own transition, those of a dry run for "
            "a start",
            oracle="recorded: builds, agents/build-resources, templates/dry-run-resources",
            applies="every reply that shows a build with resources, and the resources of dry runs",
        ),
        one=of_their_transition,
    ),
    Invariant(
        Rule(
            id="resources_are_of_their_build",
            kind="check",
            level="error",
            promise="the list of a finished build's resources has exactly those of the build",
            oracle="recorded: builds/b1-resources, agents/build-resources",
            applies=OF_BUILD,
        ),
        ask=ask_for_resources,
        many=of_their_build,
        needs=(OF_BUILD,),
    ),
)
