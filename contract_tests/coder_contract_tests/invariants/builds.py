"""What a build shows, and what belongs to it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import invariant
from coder_contract_tests.invariants.things import Thing, Wrongs, each
from coder_contract_tests.invariants.workspaces import agents_of
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import FINAL, moment

BUILDS = "GET /workspaces/{workspace}/builds"
BUILD = "GET /workspacebuilds/{workspacebuild}"
PARAMETERS = "GET /workspacebuilds/{workspacebuild}/parameters"
TIMINGS = "GET /workspacebuilds/{workspacebuild}/timings"
RICH = "GET /templateversions/{templateversion}/rich-parameters"
SHOWING = "every reply that shows a build"
SAMPLE = 3

_STATUS = {
    "running": {"start": "starting", "stop": "stopping", "delete": "deleting"},
    "succeeded": {"start": "running", "stop": "stopped", "delete": "deleted"},
}


def _job(thing: Thing) -> dict[str, Any]:
    job = thing.value.get("job")
    return job if isinstance(job, dict) else {}


def numbers_have_no_gap(seen: Seen) -> Judgement:
    """The numbers in a list of builds have no gap; the first of all is 1. Their order is BLD-02."""
    exchange = seen.exchange
    if exchange.status != 200 or not exchange.path.rstrip("/").endswith("/builds"):
        return None
    if not isinstance(exchange.json, list) or not exchange.json:
        return None
    numbers = [one.get("build_number") for one in exchange.json if isinstance(one, dict)]
    known = sorted((one for one in numbers if type(one) is int), reverse=True)
    problems = []
    for index, (first, second) in enumerate(pairwise(known)):
        if first != second + 1:
            came = f"build {second} follows build {first}"
            problems.append(Problem(exchange, came, at=f"/{index + 1}/build_number"))
            break
    if not exchange.query and known and known[-1] != 1:
        problems.append(Problem(exchange, f"the first build is {known[-1]}", at="/0/build_number"))
    if known and min(known) < 1:
        problems.append(Problem(exchange, f"a build has number {min(known)}", at="/0/build_number"))
    return problems


def _status_of(thing: Thing, seen: Seen) -> Wrongs:
    job, transition = _job(thing).get("status"), thing.value.get("transition")
    status = thing.value.get("status")
    if job is None or status is None or transition is None:
        return None
    wanted = _STATUS.get(str(job), {}).get(str(transition), job)
    if status == wanted:
        return []
    return [f"status is {excerpt(status)} for a {transition} whose job is {job}"]


def _matched(thing: Thing, seen: Seen) -> Wrongs:
    status, matched = _job(thing).get("status"), thing.value.get("matched_provisioners")
    if status is None or not isinstance(matched, dict):
        return None
    count, available = matched.get("count"), matched.get("available")
    if type(count) is not int or type(available) is not int:
        return None
    if not 0 <= available <= count:
        return [f"matched_provisioners has {available} available of {count}"]
    if status != "pending" and (count or matched.get("most_recently_seen") is not None):
        return [f"matched_provisioners is {excerpt(matched)} though its job is {status}"]
    return []


def _version_matched(thing: Thing, seen: Seen) -> Wrongs:
    status = _job(thing).get("status")
    if status in {None, "pending"}:
        return None
    if "matched_provisioners" in thing.value:
        return [f"matched_provisioners is there though its job is {status}"]
    return []


def build_or_version_matches(seen: Seen) -> Judgement:
    builds = each("build", _matched)(seen)
    versions = each("version", _version_matched)(seen)
    return None if builds is None and versions is None else [*(builds or ()), *(versions or ())]


def _builds(asker: Asker) -> list[dict[str, Any]]:
    """A few finished builds, the latest of different workspaces first."""
    found: dict[str, dict[str, Any]] = {}
    for exchange in asker.exchanges:
        seen = Seen(exchange, asker.document, asker.facts)
        if exchange.method == "GET" and exchange.operation is not None:
            for thing in seen.things:
                if thing.kind == "build" and _job(thing).get("status") in FINAL:
                    found.setdefault(str(thing.value.get("id")), dict(thing.value))
        if len(found) >= 4 * SAMPLE:
            break
    return list(found.values())


def parameters_are_the_versions(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = 0
    for build in _builds(asker):
        given = asker.get(PARAMETERS, {"workspacebuild": str(build.get("id"))})
        known = asker.get(RICH, {"templateversion": str(build.get("template_version_id"))})
        names, wanted = _names(given), _names(known)
        if given is None or names is None or wanted is None:
            continue
        judged += 1
        if sorted(names) != sorted(wanted):
            came = f"parameters {excerpt(names)}, the version has {excerpt(sorted(wanted))}"
            problems.append(Problem(given, came, at="/*/name"))
            if known is not None:
                came = f"parameters {excerpt(wanted)}, its build has {excerpt(names)}"
                problems.append(Problem(known, came, at="/*/name"))
        if judged >= SAMPLE:
            break
    return problems if judged else None


def _names(exchange: Exchange | None) -> list[str] | None:
    if exchange is None or exchange.status != 200 or not isinstance(exchange.json, list):
        return None
    return [str(one.get("name")) for one in exchange.json if isinstance(one, dict)]


def timings_are_the_builds(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = 0
    for build in _builds(asker):
        reply = asker.get(TIMINGS, {"workspacebuild": str(build.get("id"))})
        if reply is None or reply.status != 200 or not isinstance(reply.json, dict):
            continue
        judged += 1
        problems += _timings(build, reply)
        if judged >= SAMPLE:
            break
    return problems if judged else None


def _timings(build: dict[str, Any], reply: Exchange) -> list[Problem]:
    job = build["job"].get("id")
    agents = {str(agent.get("id")): agent for agent in agents_of(build)}
    problems = []
    for name in ("provisioner_timings", "agent_script_timings", "agent_connection_timings"):
        rows = reply.json.get(name)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if not isinstance(row, dict):
                continue
            at = f"/{name}/{index}"
            if "job_id" in row and row["job_id"] != job:
                came = f"a timing of job {row['job_id']}, the build's is {job}"
                problems.append(Problem(reply, came, at=f"{at}/job_id"))
            agent = row.get("workspace_agent_id")
            if agent is not None and agents and agent not in agents:
                came = f"a timing of agent {agent}, which the build does not have"
                problems.append(Problem(reply, came, at=f"{at}/workspace_agent_id"))
            start, end = moment(row.get("started_at")), moment(row.get("ended_at"))
            if start and end and end < start:
                came = f"ended_at {row['ended_at']} is before started_at {row['started_at']}"
                problems.append(Problem(reply, came, at=f"{at}/ended_at"))
    problems += _script_count(reply, list(agents.values()))
    return problems[:3]


def _script_count(reply: Exchange, agents: list[dict[str, Any]]) -> list[Problem]:
    """Where all scripts have finished there is one timing for each that runs on start."""
    if not agents or any(one.get("lifecycle_state") != "ready" for one in agents):
        return []
    wanted = sum(
        bool(script.get("run_on_start")) for one in agents for script in one.get("scripts") or ()
    )
    rows = reply.json.get("agent_script_timings")
    got = [one for one in rows or () if isinstance(one, dict) and one.get("stage") == "start"]
    if len(got) < wanted:
        came = f"{len(got)} timings of start scripts, {wanted} scripts have run"
        return [Problem(reply, came, at="/agent_script_timings", level="warning")]
    return []


BUILD_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "BLD-01",
            "builds of a workspace are numbered from 1 without a gap",
            oracle="recorded: builds",
            applies=BUILDS,
        ),
        one=numbers_have_no_gap,
        needs=(BUILDS,),
    ),
    Invariant(
        invariant(
            "BLD-04",
            "a build's status follows from its transition and its job's status",
            oracle="docs: builds.md; recorded: builds, provisioner-jobs",
            applies=SHOWING,
        ),
        one=each("build", _status_of),
    ),
    Invariant(
        invariant(
            "BLD-11",
            "a build's parameters are those of its template version",
            oracle="recorded: workspaces/a1-parameters, gamma-parameters",
            applies=f"{PARAMETERS} for a few builds",
        ),
        ask=parameters_are_the_versions,
        needs=(PARAMETERS,),
    ),
    Invariant(
        invariant(
            "BLD-15",
            "matched provisioners are no fewer than the available ones; they are told only while "
            "a job is pending",
            oracle="recorded: provisioner-jobs",
            applies="every reply that shows a build or a template version",
        ),
        one=build_or_version_matches,
    ),
    Invariant(
        invariant(
            "BLD-17",
            "timings are of the build's own job and agents, and end after they began",
            oracle="docs: builds.md; recorded: builds",
            applies=f"{TIMINGS} for a few builds",
        ),
        ask=timings_are_the_builds,
        needs=(TIMINGS,),
    ),
)
