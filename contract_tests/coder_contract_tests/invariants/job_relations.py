"""Jobs over several replies: a worker that stays, builds and their jobs, logs and their cursor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.jobs import METADATA_OF_TYPE
from coder_contract_tests.invariants.rules import (
    BUILD_LOGS,
    BY_ID,
    LIST,
    VERSION_LOGS,
    invariant,
)
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import ACTIVE, FINAL, ZERO_UUID, JobSeen, jobs_in

POLLS = 3
POLL_SECONDS = 0.4
BUILDS_COMPARED = 20
LOGS_READ = 3
ALL_OF_THEM = "GET /workspaces"


def worker_stays(asker: Asker) -> Judgement:
    """Follow each job over all replies in the order they came."""
    plain: dict[str, tuple[str, int]] = {}
    problems: list[Problem] = []
    judged = False
    for exchange in asker.exchanges:
        # What a stream told while other requests went on is in order only within the stream.
        streamed = exchange.status == 101 or exchange.media_type == "text/event-stream"
        known = {} if streamed else plain
        for found in exchange.found(jobs_in):
            before = known.get(found.id)
            worker = found.job.get("worker_id")
            if before is not None and found.id:
                judged = True
                if worker != before[0]:
                    now = f"now {worker}" if worker else "gone now"
                    came = f"{found}: worker_id was {before[0]} in request {before[1]}, {now}"
                    problems.append(Problem(exchange, came, at=f"{found.at}/worker_id"))
                    continue
            if isinstance(worker, str) and found.id:
                known[found.id] = (worker, exchange.number)
    return problems if judged else None


def ask_again(asker: Asker) -> Judgement:
    """Poll jobs, a little longer while some are at work."""
    for _ in range(POLLS):
        busy = False
        for organization in list(asker.facts.organizations)[:2]:
            reply = asker.get(LIST, {"organization": organization})
            busy = busy or (
                reply is not None and any(job.status in ACTIVE for job in reply.found(jobs_in))
            )
        if not busy:
            break
        asker.pause(POLL_SECONDS)
    for context in asker.facts.contexts:
        if {"organization", "job"} <= context.keys():
            asker.get(BY_ID, context)
            break
    return None


def _latest_builds(asker: Asker) -> Iterator[tuple[str, dict[str, Any]]]:
    """Organization and latest build of each workspace seen, in its newest form."""
    builds: dict[str, tuple[str, dict[str, Any]]] = {}
    for exchange in asker.exchanges:
        body = exchange.json
        listed = body.get("workspaces") if isinstance(body, dict) else None
        if not exchange.path.endswith("/workspaces") or not isinstance(listed, list):
            continue
        for workspace in listed:
            build = workspace.get("latest_build") if isinstance(workspace, dict) else None
            if isinstance(build, dict) and isinstance(build.get("job"), dict):
                key = str(build.get("id"))
                builds[key] = (str(workspace.get("organization_id")), build)
    yield from builds.values()


def builds_are_in_the_job_list(asker: Asker) -> Judgement:
    """Look up the jobs of settled builds in their organization's list."""
    wanted: dict[str, dict[str, dict[str, Any]]] = {}
    for organization, build in _latest_builds(asker):
        job = build["job"]
        group = wanted.setdefault(organization, {})
        if job.get("status") in FINAL and job.get("id") and len(group) < BUILDS_COMPARED:
            group[str(job["id"])] = build
    problems: list[Problem] = []
    judged = False
    for organization, builds in wanted.items():
        if not builds:
            continue
        query = f"ids={','.join(builds)}&limit=0"
        reply = asker.get(LIST, {"organization": organization}, query)
        if reply is None or reply.status != 200 or not isinstance(reply.json, list):
            continue
        judged = True
        listed = {str(job.get("id")): job for job in reply.json if isinstance(job, dict)}
        for id_, build in builds.items():
            wrong = _differs(build, listed.get(id_))
            if wrong:
                came = f"job {id_} of build {build.get('id')}: {wrong}"
                problems.append(Problem(reply, came, at=f"/*/{wrong.split(' ', 1)[0]}"))
    return problems if judged else None


def _differs(build: dict[str, Any], job: dict[str, Any] | None) -> str:
    if job is None:
        return "id is not in the job list"
    if job.get("status") != build["job"].get("status"):
        return f"status is {job.get('status')} here and {build['job'].get('status')} in the build"
    given = job.get("input")
    named = given.get("workspace_build_id") if isinstance(given, dict) else None
    if named != build.get("id"):
        return f"input names the build {named}"
    return ""


def template_is_named(asker: Asker) -> Judgement:
    """Jobs of versions that belong to a template name that template."""
    problems: list[Problem] = []
    judged = False
    for exchange in asker.exchanges:
        for found in exchange.found(jobs_in):
            template = asker.facts.templates_of_versions.get(_version(found), "")
            metadata = found.job.get("metadata")
            if found.endpoint != "organization" or not template or not isinstance(metadata, dict):
                continue
            judged = True
            if metadata.get("template_id") != template:
                came = (
                    f"{found}: metadata.template_id is {metadata.get('template_id')}, its version "
                    f"belongs to template {template}"
                )
                problems.append(Problem(exchange, came, at=f"{found.at}/metadata/template_id"))
    return problems if judged else None


def _version(found: JobSeen) -> str:
    given = found.job.get("input")
    version = given.get("template_version_id") if isinstance(given, dict) else None
    return str(version) if version and version != ZERO_UUID else ""


def log_ids_increase(seen: Seen) -> Judgement:
    exchange = seen.exchange
    ids = _log_ids(exchange)
    if ids is None:
        return None
    for first, second in pairwise(ids):
        if second <= first:
            return [Problem(exchange, f"log id {second} follows {first}", at="/*/id")]
    after = parse_qs(exchange.query).get("after", [""])[0]
    if after.lstrip("-").isdigit() and ids and ids[0] <= int(after):
        return [Problem(exchange, f"log id {ids[0]} with after={after}", at="/after")]
    return []


def _log_ids(exchange: Exchange) -> list[int] | None:
    parts = exchange.path.rstrip("/").split("/")
    if exchange.status != 200 or parts[-1] != "logs" or not isinstance(exchange.json, list):
        return None
    if "workspacebuilds" not in parts and "templateversions" not in parts:
        return None
    ids = [entry.get("id") for entry in exchange.json if isinstance(entry, dict)]
    return [one for one in ids if type(one) is int]


def read_logs_from_the_middle(asker: Asker) -> Judgement:
    """Compare a finished job's log with the part after its middle."""
    problems: list[Problem] = []
    judged = False
    for label, name in ((BUILD_LOGS, "workspacebuild"), (VERSION_LOGS, "templateversion")):
        given = list(dict.fromkeys(c[name] for c in asker.facts.contexts if name in c))
        for value in given[:LOGS_READ]:
            whole = asker.get(label, {name: value})
            ids = _log_ids(whole) if whole is not None else None
            if not ids:
                continue
            middle = ids[len(ids) // 2]
            part = asker.get(label, {name: value}, f"after={middle}")
            rest = _log_ids(part) if part is not None else None
            if part is None or rest is None:
                continue
            judged = True
            missing = [one for one in ids if one > middle and one not in rest]
            if missing:
                came = f"after={middle} leaves out log id {missing[0]}"
                problems.append(Problem(part, came, at="/after"))
            break
    return problems if judged else None


JOB_RELATION_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "JOB-09",
            "a job's worker_id, once seen, neither changes nor disappears",
            oracle="recorded: provisioner-jobs (the same job polled over its life)",
            applies="every job seen more than once in a run",
        ),
        many=worker_stays,
        ask=ask_again,
    ),
    Invariant(
        invariant(
            "JOB-18",
            "metadata names a workspace for workspace builds only; in the organization endpoints "
            "the version always has a name, and a template once the version belongs to one",
            oracle="recorded: provisioner-jobs/job-without-template, job-with-template",
            applies="every job with metadata",
        ),
        one=METADATA_OF_TYPE,
        many=template_is_named,
    ),
    Invariant(
        invariant(
            "JOB-21",
            "the job of each workspace's latest build is in the organization's job list, with the "
            "same status, and its input names the build",
            oracle="recorded: provisioner-jobs/job-running and its build",
            applies=f"builds at rest from {ALL_OF_THEM}, for callers who may read jobs",
        ),
        ask=builds_are_in_the_job_list,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "JOB-27",
            "log ids of a job strictly increase, and after=N gives exactly the later ones",
            oracle="docs: builds.md, templates.md; recorded: builds",
            applies=f"{BUILD_LOGS}, {VERSION_LOGS}",
        ),
        one=log_ids_increase,
        ask=read_logs_from_the_middle,
        needs=(BUILD_LOGS, VERSION_LOGS),
    ),
)
