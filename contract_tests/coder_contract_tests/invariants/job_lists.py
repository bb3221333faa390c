"""What the organization's job list promises as a list: order, length, queue and owner."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import BY_ID, LIST, invariant
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import JOB_BY_ID, JOB_LIST, moment

_ORACLE = "docs: organizations.md and provisioning.md; recorded: provisioner-jobs"
DEFAULT_LIMIT = 50


def _listed(exchange: Exchange) -> list[dict[str, Any]] | None:
    """The jobs of a successful organization job list, else None."""
    if exchange.status != 200 or not JOB_LIST.search(exchange.path):
        return None
    if not isinstance(exchange.json, list):
        return None
    return [job for job in exchange.json if isinstance(job, dict)]


def _limit(exchange: Exchange) -> int:
    """The limit that was asked for; 0 stands for none."""
    given = parse_qs(exchange.query).get("limit", [""])[0]
    return int(given) if given.isdigit() else DEFAULT_LIMIT


def ordered_and_limited(seen: Seen) -> Judgement:
    jobs = _listed(seen.exchange)
    if jobs is None:
        return None
    problems = []
    limit = _limit(seen.exchange)
    if limit and len(jobs) > limit:
        came = f"{len(jobs)} jobs, more than the limit of {limit}"
        problems.append(Problem(seen.exchange, came, at="/limit"))
    times = [moment(job.get("created_at")) for job in jobs]
    for index in range(1, len(times)):
        before, after = times[index - 1], times[index]
        if before and after and before < after:
            came = (
                f"entry {index} was created at {jobs[index]['created_at']}, after entry "
                f"{index - 1} ({jobs[index - 1]['created_at']})"
            )
            problems.append(Problem(seen.exchange, came, at="/order"))
            break
    return problems


def queue_is_a_ranking(seen: Seen) -> Judgement:
    jobs = _listed(seen.exchange)
    if not jobs:
        return None
    sizes = {job["queue_size"] for job in jobs if type(job.get("queue_size")) is int}
    pending = [
        job
        for job in jobs
        if job.get("status") == "pending" and type(job.get("queue_position")) is int
    ]
    problems = []
    if len(sizes) > 1:
        came = f"queue_size differs within one list: {sorted(sizes)}"
        problems.append(Problem(seen.exchange, came, at="/queue_size"))
    if not pending:
        return problems or None
    size = max(sizes, default=0)
    positions = [job["queue_position"] for job in pending]
    if len(set(positions)) != len(positions):
        came = f"pending jobs share a queue_position: {sorted(positions)}"
        problems.append(Problem(seen.exchange, came, at="/queue_position"))
    outside = [position for position in positions if not 1 <= position <= size]
    if outside:
        came = f"queue_position {outside[0]} of a pending job is not within 1..{size}"
        problems.append(Problem(seen.exchange, came, at="/queue_position"))
    problems += _in_order_of_creation(seen.exchange, pending)
    if _shows_the_whole_queue(seen, len(jobs)) and sorted(positions) != list(range(1, size + 1)):
        came = f"positions {sorted(positions)} are not all of 1..{size}"
        problems.append(Problem(seen.exchange, came, at="/queue_position"))
    return problems


def _in_order_of_creation(exchange: Exchange, pending: list[dict[str, Any]]) -> list[Problem]:
    ranked = sorted(pending, key=lambda job: int(job["queue_position"]))
    for first, second in pairwise(ranked):
        earlier, later = moment(first.get("created_at")), moment(second.get("created_at"))
        if earlier and later and earlier > later:
            came = (
                f"queue_position {first['queue_position']} was created at {first['created_at']}, "
                f"after position {second['queue_position']} ({second['created_at']})"
            )
            return [Problem(exchange, came, at="/queue_position")]
    return []


def _shows_the_whole_queue(seen: Seen, length: int) -> bool:
    """Whether every pending job of the deployment must be in this reply."""
    query = parse_qs(seen.exchange.query)
    if {"ids", "tags"} & query.keys():
        return False
    statuses = ",".join(query.get("status", []))
    if statuses and "pending" not in statuses.split(","):
        return False
    limit = _limit(seen.exchange)
    uncut = not limit or length < limit
    return uncut and seen.facts.is_owner and len(seen.facts.organizations) == 1


def ask_for_the_queue(asker: Asker) -> Judgement:
    """Fetch what `queue_is_a_ranking` judges: the whole queue of each organization."""
    for organization in asker.facts.organizations:
        asker.get(LIST, {"organization": organization}, "status=pending&limit=0")
    return None


def job_is_of_the_organization(seen: Seen) -> Judgement:
    exchange = seen.exchange
    match = JOB_LIST.search(exchange.path) or JOB_BY_ID.search(exchange.path)
    if match is None or not seen.jobs:
        return None
    organization = seen.facts.organization(match[1])
    if not organization and len(match[1]) == 36:
        organization = match[1]
    if not organization:
        return None
    return [
        Problem(
            exchange,
            f"{found}: organization_id is {found.job.get('organization_id')}, asked for "
            f"{organization}",
            at=f"{found.at}/organization_id",
        )
        for found in seen.jobs
        if str(found.job.get("organization_id", organization)).lower() != organization.lower()
    ]


def job_of_another_organization(asker: Asker) -> Judgement:
    """Ask each readable organization for a job of another one."""
    jobs: dict[str, str] = {}
    readable = []
    for organization in asker.facts.organizations:
        reply = asker.get(LIST, {"organization": organization}, "limit=1")
        if reply is None or reply.status != 200 or not isinstance(reply.json, list):
            continue
        readable.append(organization)
        if reply.json and isinstance(reply.json[0], dict) and "id" in reply.json[0]:
            jobs[organization] = str(reply.json[0]["id"])
    problems: list[Problem] = []
    asked = False
    for owner, job in jobs.items():
        other = next((one for one in readable if one != owner), None)
        reply = asker.get(BY_ID, {"organization": other, "job": job}) if other else None
        if reply is None:
            continue
        asked = True
        if reply.status != 404:
            came = f"{reply.status} for a job of organization {owner}"
            problems.append(Problem(reply, came, at="status"))
    return problems if asked else None


JOB_LIST_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "JOB-16",
            "pending jobs have distinct queue positions within 1..queue_size, in order of "
            "creation; with one organization all of them are taken",
            oracle=_ORACLE,
            applies=f"{LIST}; that none is missing is judged for owners of a deployment with one "
            "organization",
            explanation="The ranking is over the whole deployment; filters and limit leave it "
            "alone, and queue_size is the same on every entry.",
        ),
        one=queue_is_a_ranking,
        ask=ask_for_the_queue,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "JOB-20",
            "the job list is in descending order of created_at and no longer than its limit "
            "(50 unless given)",
            oracle=_ORACLE,
            applies=LIST,
        ),
        one=ordered_and_limited,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "JOB-22",
            "a job's organization_id is the organization that was asked",
            oracle=_ORACLE,
            applies=f"{LIST}, and by id",
        ),
        one=job_is_of_the_organization,
        needs=(LIST, BY_ID),
    ),
    Invariant(
        invariant(
            "JOB-23",
            "a job asked for in another organization is 404",
            oracle=_ORACLE,
            applies=f"{BY_ID}; needs two readable organizations and a job",
        ),
        ask=job_of_another_organization,
        needs=(BY_ID,),
    ),
)
