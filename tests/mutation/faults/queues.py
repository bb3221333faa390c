"""Faults of provisioner jobs in their queues and lists, of daemons and of job logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import (
    DROP,
    NOBODY,
    ZERO,
    answered,
    body,
    listing,
    member,
)
from tests.mutation.faults.worker import (
    BUILD,
    BY_ID,
    LIST,
    VERSION,
    _fault,
    _walk,
    jobs,
)
from tests.mutation.model import Fault, Reply, Request, Upstream

DAEMONS = "GET /organizations/{organization}/provisionerdaemons"


BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"


def _swapped(value: Any) -> Any:
    """The first and the last pending job change places in the queue."""
    waiting = [job for job in _walk(value) if job["status"] == "pending"]
    if len(waiting) > 1:
        first, last = waiting[0], waiting[-1]
        first["queue_position"], last["queue_position"] = (
            last["queue_position"],
            first["queue_position"],
        )
    return value


def _oldest_first(jobs_: list[Any]) -> list[Any]:
    return jobs_[::-1]


def _unlimited(request: Request, upstream: Upstream) -> Reply | None:
    if request.args.get("limit") in {None, "0"}:
        return None
    kept = [pair for pair in request.query.split("&") if not pair.startswith("limit=")]
    return upstream.send(request.other(query="&".join(["limit=0", *kept])))


def _lenient(request: Request, upstream: Upstream) -> Reply:
    """Keys that nobody knows are ignored."""
    known = {"limit", "ids", "status", "tags", "coder_session_token"}
    kept = [pair for pair in request.query.split("&") if pair.partition("=")[0] in known]
    return upstream.send(request.other(query="&".join(kept)))


def _unfiltered(key: str) -> Callable[[Request, Upstream], Reply | None]:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        if key not in request.args:
            return None
        kept = [p for p in request.query.split("&") if p.partition("=")[0] != key]
        return upstream.send(request.other(query="&".join(kept)))

    return give


def _cursor_ignored(request: Request, upstream: Upstream) -> Reply | None:
    return upstream.send(request.other(query="")) if request.args.get("after") else None


def _cursor_inclusive(request: Request, upstream: Upstream) -> Reply | None:
    after = request.args.get("after", "")
    if not after.isdigit():
        return None
    return upstream.send(request.other(query=f"after={int(after) - 1}"))


def _without_builds(found: list[Any]) -> list[Any]:
    """A build's job is missing."""
    kept, dropped = [], 0
    for job in found:
        if job["type"] == "workspace_build" and job["status"] == "succeeded" and dropped < 12:
            dropped += 1
        else:
            kept.append(job)
    return kept


def _foreign(request: Request, upstream: Upstream) -> Reply | None:
    """A job is given whatever organization is asked."""
    reply = upstream.send(request)
    if reply.status != 404:
        return reply
    for one in upstream.call("GET", "/organizations").json or ():
        found = upstream.call(
            "GET", f"/organizations/{one['id']}/provisionerjobs/{request.params['job']}"
        )
        if found.ok:
            return found
    return reply


def _repeated_ids(lines: list[Any]) -> list[Any]:
    for line in lines[1:]:
        line["id"] = lines[0]["id"]
    return lines


QUEUES: tuple[Fault, ...] = (
    # Queues, lists, daemons and logs
    _fault(
        "queue-beyond",
        "JOB-14",
        LIST,
        "a position beyond the size of the queue",
        jobs("pending", queue_position=99),
    ),
    _fault(
        "queue-negative",
        "JOB-14",
        VERSION,
        "a negative position",
        jobs("", queue_position=-1),
    ),
    _fault(
        "queue-after",
        "JOB-15",
        LIST,
        "finished jobs have a position",
        jobs("succeeded", queue_position=1),
    ),
    _fault(
        "queue-size-in-build",
        "JOB-15",
        BUILD,
        "finished builds have a queue",
        jobs("succeeded", queue_size=4),
    ),
    _fault(
        "queue-same",
        "JOB-16",
        LIST,
        "all pending jobs are first",
        jobs("pending", queue_position=1),
    ),
    _fault("queue-order", "JOB-16", LIST, "the queue is not by age", body(_swapped)),
    _fault(
        "input-missing",
        "JOB-17",
        LIST,
        "jobs do not say what they work on",
        jobs("", input=lambda old: {}),
    ),
    _fault(
        "metadata-zero",
        "JOB-18",
        LIST,
        "jobs say nothing of their template",
        jobs("", metadata=lambda old: {**old, "template_version_name": "", "template_id": ZERO}),
    ),
    _fault(
        "tags-owner", "JOB-19", LIST, "tags lack owner", jobs("", tags={"scope": "organization"})
    ),
    _fault(
        "tags-scope",
        "JOB-19",
        VERSION,
        "tags of scope organization with an owner",
        jobs("", tags={"scope": "organization", "owner": NOBODY}),
    ),
    _fault("order", "JOB-20", LIST, "the oldest job is first", listing("", _oldest_first)),
    _fault(
        "limit",
        "JOB-20",
        LIST,
        "the limit of the job list is ignored",
        None,
        inject=answered(LIST, by=_unlimited),
    ),
    _fault(
        "status-filter",
        "B.4",
        LIST,
        "the status filter of the job list is ignored",
        None,
        inject=answered(LIST, by=_unfiltered("status")),
    ),
    _fault(
        "ids-filter",
        "B.4",
        LIST,
        "the ids filter of the job list is ignored",
        None,
        inject=answered(LIST, by=_unfiltered("ids")),
    ),
    _fault(
        "tags-filter",
        "B.4",
        LIST,
        "the tags filter of the job list is ignored",
        None,
        inject=answered(LIST, by=_unfiltered("tags")),
    ),
    _fault(
        "unlisted",
        "JOB-21",
        LIST,
        "jobs of builds are missing in the job list",
        listing("", _without_builds),
    ),
    _fault(
        "status-differs",
        "JOB-21",
        LIST,
        "the list says running where the build says succeeded",
        jobs("succeeded", status="running", completed_at=DROP),
    ),
    _fault(
        "input-other",
        "JOB-21",
        LIST,
        "jobs name another build",
        jobs(
            "",
            input=lambda old: (
                {**old, "workspace_build_id": NOBODY} if "workspace_build_id" in old else old
            ),
        ),
    ),
    _fault(
        "organization",
        "JOB-22",
        LIST,
        "jobs are of another organization",
        jobs("", organization_id=NOBODY),
    ),
    _fault(
        "organization-leak",
        "JOB-23",
        BY_ID,
        "a job is given whatever organization is asked",
        None,
        inject=answered(BY_ID, by=_foreign),
        scenario="two-organizations",
    ),
    _fault(
        "unknown-key",
        "JOB-24",
        LIST,
        "unknown keys are ignored by the job list",
        None,
        inject=answered(LIST, by=_lenient),
    ),
    _fault(
        "unknown-key-daemons",
        "JOB-24",
        DAEMONS,
        "unknown keys are ignored by the daemon list",
        None,
        inject=answered(DAEMONS, by=_lenient),
    ),
    _fault(
        "daemon-busy",
        "JOB-25",
        DAEMONS,
        "busy daemons have no current job",
        member("*.current_job", None),
    ),
    _fault(
        "daemon-idle", "JOB-25", DAEMONS, "working daemons are idle", member("*.status", "idle")
    ),
    _fault(
        "daemon-stale",
        "JOB-26",
        DAEMONS,
        "daemons not seen for a day are idle",
        member("*.last_seen_at", "2025-05-18T08:00:00Z"),
        scenario="small-team",
    ),
    _fault(
        "log-ids",
        "JOB-27",
        BUILD_LOGS,
        "all lines of a log have one id",
        listing("", _repeated_ids),
    ),
    _fault(
        "log-cursor",
        "JOB-27",
        BUILD_LOGS,
        "after is ignored",
        None,
        inject=answered(BUILD_LOGS, by=_cursor_ignored),
    ),
    _fault(
        "log-cursor-inclusive",
        "JOB-27",
        BUILD_LOGS,
        "after gives the line itself again",
        None,
        inject=answered(BUILD_LOGS, by=_cursor_inclusive),
    ),
    _fault(
        "log-order",
        "JOB-27",
        "GET /templateversions/{templateversion}/logs",
        "the log of an import is backwards",
        listing("", lambda lines: lines[::-1]),
    ),
)
