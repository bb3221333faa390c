"""Provisioner daemons, and what jobs say about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.jobs import WORKERS_ONLY_BEFORE_START
from coder_contract_tests.invariants.rules import DAEMONS, LIST, invariant
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import DAEMON_LIST, JobSeen, jobs_in, moment

_ORACLE = "docs: provisioning.md; recorded: provisioner-jobs"
STALE = timedelta(seconds=90)
# Heartbeats come once a minute and clocks differ a little: no error on the edge.
SLACK = timedelta(seconds=30)
DAEMON_LIMIT = 1000
_UNTAGGED = {"scope": "organization", "owner": ""}


def _daemons(exchange: Exchange) -> list[dict[str, Any]] | None:
    if exchange.status != 200 or not DAEMON_LIST.search(exchange.path):
        return None
    if not isinstance(exchange.json, list):
        return None
    return [daemon for daemon in exchange.json if isinstance(daemon, dict)]


def _all_daemons(asker: Asker) -> tuple[dict[str, dict[str, Any]], bool]:
    """Every daemon that any reply listed, by id, and whether some list was complete."""
    found: dict[str, dict[str, Any]] = {}
    complete = False
    for exchange in asker.exchanges:
        daemons = _daemons(exchange)
        if daemons is None:
            continue
        found.update({str(daemon.get("id")): daemon for daemon in daemons})
        if exchange.query == f"limit={DAEMON_LIMIT}" and len(daemons) < DAEMON_LIMIT:
            complete = True
    return found, complete


def _organization_jobs(asker: Asker) -> Iterator[JobSeen]:
    for exchange in asker.exchanges:
        for found in exchange.found(jobs_in):
            if found.endpoint == "organization":
                yield found


def ask_for_daemons(asker: Asker) -> Judgement:
    """Read daemons, jobs, and daemons again, so that no daemon in between is missed."""
    for organization in asker.facts.organizations:
        where = {"organization": organization}
        asker.get(DAEMONS, where, f"limit={DAEMON_LIMIT}")
        asker.get(LIST, where, "limit=200")
        asker.get(DAEMONS, where, f"limit={DAEMON_LIMIT}")
    return None


def worker_name_is_the_daemons(asker: Asker) -> Judgement:
    daemons, _ = _all_daemons(asker)
    problems: list[Problem] = []
    judged = False
    for found in _organization_jobs(asker):
        worker = found.job.get("worker_id")
        if not isinstance(worker, str) or not daemons:
            continue
        judged = True
        daemon, name = daemons.get(worker), found.job.get("worker_name")
        at = f"{found.at}/worker_name"
        if daemon is None:
            if name is None:
                came = f"{found}: no worker_name, and its daemon {worker} is not listed (any more)"
                problems.append(Problem(found.exchange, came, at=at, level="warning"))
        elif name is None:
            came = f"{found}: no worker_name, though its daemon {daemon.get('name')!r} is listed"
            problems.append(Problem(found.exchange, came, at=at))
        elif name != daemon.get("name"):
            came = (
                f"{found}: worker_name is {excerpt(name)}, the daemon {worker} is called "
                f"{excerpt(daemon.get('name'))}"
            )
            problems.append(Problem(found.exchange, came, at=at))
    return problems if judged else None


def available_workers_can_take_it(asker: Asker) -> Judgement:
    daemons, complete = _all_daemons(asker)
    problems: list[Problem] = []
    judged = False
    for found in _organization_jobs(asker):
        workers = found.job.get("available_workers", [])
        if not isinstance(workers, list):
            continue
        able = [one for one in daemons.values() if complete and _waits_for(one, found)]
        judged = judged or bool(able)
        for daemon in able:
            if daemon.get("id") not in workers:
                came = f"{found}: available_workers lacks {daemon.get('id')}, which could take it"
                problems.append(Problem(found.exchange, came, at=f"{found.at}/available_workers"))
                break
        for worker in workers:
            wrong = _cannot_take(daemons.get(str(worker)), found, complete)
            judged = True
            if wrong:
                came = f"{found}: available_workers has {worker}, {wrong}"
                problems.append(Problem(found.exchange, came, at=f"{found.at}/available_workers"))
    return problems if judged else None


def _waits_for(daemon: dict[str, Any], found: JobSeen) -> bool:
    """Whether a job that was not started must name a daemon, as far as both tell.

    What provisions it a job does not tell: daemons without Terraform are left out. A job without
    tags of its own is for daemons without any.
    """
    if "started_at" in found.job or found.status not in {"pending", "canceled"}:
        return False
    tags, own = found.job.get("tags"), daemon.get("tags")
    if not isinstance(tags, dict) or not isinstance(own, dict):
        return False
    if daemon.get("organization_id") != found.job.get("organization_id"):
        return False
    if "terraform" not in (daemon.get("provisioners") or ()):
        return False
    began, came = moment(daemon.get("created_at")), moment(found.job.get("created_at"))
    is_older = began is not None and came is not None and began < came
    return is_older and (tags == own if tags == _UNTAGGED else tags.items() <= own.items())


def _cannot_take(daemon: dict[str, Any] | None, found: JobSeen, complete: bool) -> str:
    """Why a daemon cannot take a job; empty when it can, or when nothing is known of it."""
    if daemon is None:
        return "which is no listed daemon" if complete else ""
    if daemon.get("organization_id") != found.job.get("organization_id"):
        return f"a daemon of organization {daemon.get('organization_id')}"
    tags, own = found.job.get("tags"), daemon.get("tags")
    if isinstance(tags, dict) and isinstance(own, dict) and not tags.items() <= own.items():
        return f"whose tags {excerpt(own)} do not contain the job's {excerpt(tags)}"
    return ""


def busy_means_a_current_job(seen: Seen) -> Judgement:
    daemons = _daemons(seen.exchange)
    if not daemons:
        return None
    problems = []
    for index, daemon in enumerate(daemons):
        status, current = daemon.get("status"), daemon.get("current_job")
        if status not in {"busy", "idle"}:
            continue
        if (status == "busy") != (current is not None):
            came = f"daemon {daemon.get('name')!r} is {status} with current_job {excerpt(current)}"
            problems.append(Problem(seen.exchange, came, at=f"/{index}/current_job"))
    return problems


def stale_means_offline(seen: Seen) -> Judgement:
    daemons = _daemons(seen.exchange)
    if not daemons:
        return None
    now = _now(seen, daemons)
    problems = []
    for index, daemon in enumerate(daemons):
        if "status" not in daemon or daemon["status"] in {None, "offline"}:
            continue
        last = moment(daemon.get("last_seen_at"))
        if last is None:
            came = f"daemon {daemon.get('name')!r} was never seen and is {daemon['status']}"
        elif now is not None and now - last > STALE + SLACK:
            age = int((now - last).total_seconds())
            came = f"daemon {daemon.get('name')!r}, last seen {age} s ago, is {daemon['status']}"
        else:
            continue
        problems.append(Problem(seen.exchange, came, at=f"/{index}/status"))
    return problems


def _now(seen: Seen, daemons: list[dict[str, Any]]) -> datetime | None:
    """The target's clock: its Date header; for a mock, whose clock may be moved, what it shows."""
    times = [when for one in daemons if (when := moment(one.get("last_seen_at"))) is not None]
    if seen.facts.is_mock:
        return max(times, default=None)
    date = seen.exchange.header("date")
    try:
        return parsedate_to_datetime(date) if date else None
    except ValueError:
        return None


DAEMON_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "JOB-12",
            "worker_name is the name of the daemon with the job's worker_id, as long as that "
            "daemon is listed",
            oracle=_ORACLE,
            applies="organization job endpoints against the daemon list",
            explanation="An assigned job without worker_name is an error while its daemon is "
            "listed. Daemons not seen for a week are purged, their old jobs then have no name: a "
            "warning.",
        ),
        many=worker_name_is_the_daemons,
        ask=ask_for_daemons,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "JOB-13",
            "available_workers stands only on jobs that were not started, and names the daemons of "
            "the same organization whose tags contain the job's",
            oracle=_ORACLE,
            applies="organization job endpoints against the daemon list",
        ),
        one=WORKERS_ONLY_BEFORE_START,
        many=available_workers_can_take_it,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "JOB-25",
            "a daemon that is not offline is busy exactly when it has a current_job",
            oracle=_ORACLE,
            applies=DAEMONS,
        ),
        one=busy_means_a_current_job,
        needs=(DAEMONS,),
    ),
    Invariant(
        invariant(
            "JOB-26",
            "a daemon not seen for 90 seconds, or never, is offline",
            oracle=_ORACLE,
            applies=f"{DAEMONS}, by the clock of the reply, with 30 seconds of tolerance",
        ),
        one=stale_means_offline,
        needs=(DAEMONS,),
    ),
)
