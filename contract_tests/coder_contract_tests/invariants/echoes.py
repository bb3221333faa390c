"""What one read tells of what another shows: versions, timings, daemons, days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.invariants.rules import DAEMONS, LIST
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import moment

BUILD_INFO = "GET /buildinfo"
PREVIOUS = (
    "GET /organizations/{organization}/templates/{templatename}/versions/{templateversionname}"
    "/previous"
)
WORKSPACE, BUILD_TIMINGS = (
    "GET /workspaces/{workspace}",
    "GET /workspacebuilds/{workspacebuild}/timings",
)
TIMINGS = "GET /workspaces/{workspace}/timings"
DAYS = ("GET /insights/daus", "GET /templates/{template}/daus")
DAYS_SHOWN = 61
_PLAIN_DAYS = {"", "tz_offset=0"}
SAMPLE = 3
MANY = "limit=1000"
_NUMBERS = re.compile(r"v?(\d+\.\d+\.\d+)")


def previous_is_older(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.label != PREVIOUS or exchange.status != 200 or not isinstance(exchange.json, dict):
        return None
    asked = exchange.path.rstrip("/").split("/")[-2]
    if exchange.json.get("name") == asked:
        return [Problem(exchange, f"before {asked} comes {asked} itself", at="/name")]
    return []


def days_have_no_gap(seen: Seen) -> Judgement:
    """One entry for each of the last sixty days and today, the oldest first."""
    exchange = seen.exchange
    if exchange.label not in DAYS or exchange.status != 200 or not isinstance(exchange.json, dict):
        return None
    if exchange.query not in _PLAIN_DAYS:
        return None
    entries = exchange.json.get("entries")
    if not isinstance(entries, list):
        return None
    try:
        days = [date.fromisoformat(str(one.get("date"))[:10]) for one in entries]
    except (AttributeError, ValueError):
        return None
    at = "/entries"
    if len(days) != DAYS_SHOWN:
        return [Problem(exchange, f"{len(days)} days, not {DAYS_SHOWN}", at=at)]
    for first, second in pairwise(days):
        if second - first != timedelta(days=1):
            return [Problem(exchange, f"{second} follows {first}", at=at)]
    return []


def timings_are_the_latest_builds(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = 0
    for id_ in dict.fromkeys(
        one["workspace"] for one in asker.facts.contexts if "workspace" in one
    ):
        found = _timings(asker, id_)
        if found is None:
            continue
        judged += 1
        # A build may have begun or ended meanwhile.
        problems += (_timings(asker, id_) or []) if found else []
        if judged >= SAMPLE:
            break
    return problems if judged else None


def _timings(asker: Asker, id_: str) -> list[Problem] | None:
    workspace = asker.get(WORKSPACE, {"workspace": id_})
    build: Any = workspace.json if workspace is not None and workspace.status == 200 else None
    build = build.get("latest_build") if isinstance(build, dict) else None
    if not isinstance(build, dict):
        return None
    here = asker.get(TIMINGS, {"workspace": id_})
    there = asker.get(BUILD_TIMINGS, {"workspacebuild": str(build.get("id"))})
    if here is None or there is None or (here.status, there.status) != (200, 200):
        return None
    mine, other = _rows(here), _rows(there)
    if mine == other:
        return []
    odd = next((one for one in (*mine, *other) if (one in mine) != (one in other)), "")
    where = "here alone" if odd in mine else "with the latest build alone"
    return [Problem(here, f"{where} is the timing {odd[:160]}", at="/timings")]


def _rows(reply: Exchange) -> list[str]:
    """Every timing as text, in an order of its own."""
    body = reply.json if isinstance(reply.json, dict) else {}
    return sorted(
        f"{name}: {excerpt(row, 10_000)}"
        for name, rows in body.items()
        for row in (rows if isinstance(rows, list) else ())
    )


def daemons_are_of_this_build(asker: Asker) -> Judgement:
    """The version in every reply's header, the one of the build, and that of its own daemons."""
    info = asker.get(BUILD_INFO, {})
    body: Any = info.json if info is not None and info.status == 200 else None
    if info is None or not isinstance(body, dict):
        return None
    problems: list[Problem] = []
    told = info.header("X-Coder-Build-Version")
    own = str(body.get("version", ""))
    if told and _numbers(told) != _numbers(own):
        came = f"version is {excerpt(own)}, X-Coder-Build-Version {excerpt(told)}"
        problems.append(Problem(info, came, at="/version"))
        own = told
    for organization in asker.facts.organizations:
        reply = asker.get(DAEMONS, {"organization": organization}, MANY)
        for index, daemon in enumerate(_listed(reply)):
            if reply is None or daemon.get("key_name") != "built-in":
                continue
            if daemon.get("status") not in {"idle", "busy"}:
                continue
            problems += _of_another_build(reply, index, daemon, own, body)
    return problems


def _of_another_build(
    reply: Exchange, index: int, daemon: Mapping[str, Any], own: str, info: Mapping[str, Any]
) -> list[Problem]:
    for name, wanted in (("version", own), ("api_version", info.get("provisioner_api_version"))):
        given = str(daemon.get(name, ""))
        same = given == wanted or (name == "version" and _numbers(given) == _numbers(own))
        if given and wanted and not same:
            came = f"{name} of a built-in daemon is {given}, this server's is {wanted}"
            return [Problem(reply, came, at=f"/{index}/{name}")]
    return []


def _numbers(version: str) -> str:
    match = _NUMBERS.match(version)
    return match[1] if match else version


def _listed(reply: Exchange | None) -> list[dict[str, Any]]:
    body: Any = reply.json if reply is not None and reply.status == 200 else None
    return [one for one in body if isinstance(one, dict)] if isinstance(body, list) else []


def previous_jobs_are_the_last(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for organization in asker.facts.organizations:
        found = _previous_jobs(asker, organization)
        if found is None:
            continue
        judged = True
        # Jobs may have ended meanwhile.
        problems += (_previous_jobs(asker, organization) or []) if found else []
    return problems if judged else None


def _previous_jobs(asker: Asker, organization: str) -> list[Problem] | None:
    """What the daemons of an organization did last, from what its jobs say."""
    where = {"organization": organization}
    jobs = _listed(asker.get(LIST, where, MANY))
    reply = asker.get(DAEMONS, where, MANY)
    last: dict[str, dict[str, Any]] = {}
    for job in jobs:
        ended, worker = moment(job.get("completed_at")), job.get("worker_id")
        if job.get("status") not in {"succeeded", "failed"} or not ended or not worker:
            continue
        before = moment(last[worker].get("completed_at")) if worker in last else None
        if before is None or ended > before:
            last[str(worker)] = job
    problems = []
    judged = False
    for index, daemon in enumerate(_listed(reply)):
        job = last.get(str(daemon.get("id")), {})
        if reply is None or not job or "previous_job" not in daemon:
            continue
        judged = True
        told = daemon["previous_job"]
        id_ = told.get("id") if isinstance(told, dict) else None
        known = next((one for one in jobs if one.get("id") == id_), None)
        if id_ == job.get("id") or (id_ is not None and known is None):
            continue
        if known is not None and known.get("status") not in {"succeeded", "failed"}:
            # It has ended since, or was canceled before it was taken and ended at another time.
            continue
        came = f"previous_job is {id_}, the last that it ended is {job.get('id')}"
        problems.append(Problem(reply, came, at=f"/{index}/previous_job"))
    return problems if judged else None


def _check(id_: str, promise: str, *, oracle: str, applies: str) -> Rule:
    return Rule(
        id=id_, kind="check", level="error", promise=promise, oracle=oracle, applies=applies
    )


ECHO_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        _check(
            "previous_version_is_another",
            "the version before a version is another one",
            oracle="docs: templates.md",
            applies=PREVIOUS,
        ),
        one=previous_is_older,
        needs=(PREVIOUS,),
    ),
    Invariant(
        _check(
            "days_have_no_gap",
            "active users are counted for each of the last sixty days and today, the oldest first",
            oracle="recorded: admin/daus, templates/daus",
            applies=", ".join(DAYS),
        ),
        one=days_have_no_gap,
        needs=DAYS,
    ),
    Invariant(
        _check(
            "timings_are_the_latest_builds",
            "the timings of a workspace are those of its latest build",
            oracle="recorded: workspace-settings (timings); rule D.6",
            applies=f"{TIMINGS} for a few workspaces",
        ),
        ask=timings_are_the_latest_builds,
        needs=(TIMINGS,),
    ),
    Invariant(
        _check(
            "one_build_has_one_version",
            "the version of the build is that in every reply's header, and that of built-in "
            "daemons which are there",
            oracle="recorded: provisioner-jobs/daemon-fresh; rules A.7 and B.6",
            applies=f"{BUILD_INFO}, {DAEMONS}; what follows the three numbers is not compared",
        ),
        ask=daemons_are_of_this_build,
        needs=(BUILD_INFO,),
    ),
    Invariant(
        _check(
            "previous_job_is_the_last",
            "a daemon's previous job is the one that it ended last",
            oracle="recorded: provisioner-jobs/daemon-after-all; rule B.6",
            applies=f"{DAEMONS} against {LIST}",
        ),
        ask=previous_jobs_are_the_last,
        needs=(DAEMONS,),
    ),
)
