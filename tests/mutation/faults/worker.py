"""Faults of provisioner jobs: what they show in each status, and who works on them."""

from __future__ import annotations

from typing import Any

from tests.mutation.faults.edits import (
    DROP,
    NOBODY,
    Edit,
    body,
    edited,
    fresh,
    put,
)
from tests.mutation.model import Fault, Reply, Request

LIST = "GET /organizations/{organization}/provisionerjobs"
BY_ID = "GET /organizations/{organization}/provisionerjobs/{job}"
BUILD, BUILDS = "GET /workspacebuilds/{workspacebuild}", "GET /workspaces/{workspace}/builds"
WORKSPACES, WORKSPACE = "GET /workspaces", "GET /workspaces/{workspace}"
VERSION = "GET /templateversions/{templateversion}"
VERSIONS = "GET /templates/{template}/versions"
POSTED = "POST /workspaces/{workspace}/builds"
LATE, EARLY = "2031-01-01T00:00:00Z", "2001-01-01T00:00:00Z"


def _is_job(value: dict[str, Any]) -> bool:
    return "queue_position" in value and "file_id" in value


def _walk(value: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(value, dict):
        found = [value] if _is_job(value) else []
        for one in value.values():
            found += _walk(one)
    elif isinstance(value, list):
        for one in value:
            found += _walk(one)
    return found


def jobs(status: str = "", /, **members: Any) -> Edit:
    """Members of every job in a reply (or of those in one status)."""

    def change(value: Any) -> None:
        for job in _walk(value):
            if not status or job["status"] in status.split("|"):
                for name, new in members.items():
                    put(job, name, new)

    return body(change)


def _fault(
    id_: str, rule: str, operation: str, description: str, edit: Edit | None, **more: Any
) -> Fault:
    more.setdefault("writes", False)
    more.setdefault("scenario", "provisioner-queue")
    inject = more.pop("inject", None) or edited(operation, by=edit or jobs())
    return Fault(
        f"worker-{id_}", "worker", description, f"rule: {rule}", (operation,), inject, **more
    )


def _changing() -> Edit:
    """A job's worker is another one each time it is asked."""
    asked: dict[str, int] = {}

    def edit(request: Request, reply: Reply) -> None:
        value = reply.json
        for job in _walk(value):
            times = asked[job["id"]] = asked.get(job["id"], 0) + 1
            if "worker_id" in job and times > 2:
                job["worker_id"] = NOBODY[:-1] + str(times % 10)
                job.pop("worker_name", None)
        reply.json = value

    return edit


def _named_as_id(value: Any) -> None:
    for job in _walk(value):
        if "worker_name" in job:
            job["worker_name"] = job["worker_id"]


_NAMES = {"worker_name": "coder-mock-0"}

WORKER: tuple[Fault, ...] = (
    _fault(
        "pending-name",
        "JOB-01",
        LIST,
        "pending jobs have a worker_name",
        jobs("pending", worker_name="coder-mock-0"),
    ),
    _fault(
        "pending-worker",
        "JOB-01",
        LIST,
        "pending jobs have a worker",
        jobs("pending", worker_id=NOBODY, worker_name="coder-mock-0"),
    ),
    _fault(
        "pending-worker-in-build",
        "JOB-01",
        BUILD,
        "pending jobs of builds have a worker_id",
        jobs("pending", worker_id=NOBODY),
        writes=True,
        scenario="small-team",
    ),
    _fault(
        "pending-worker-posted",
        "JOB-01",
        POSTED,
        "the job of a build that was just asked for has a worker",
        jobs("pending", worker_id=NOBODY),
        writes=True,
        scenario="small-team",
    ),
    _fault(
        "pending-started",
        "JOB-01",
        WORKSPACES,
        "pending jobs have a start in the list of workspaces",
        jobs("pending", started_at="2025-05-19T08:00:00Z"),
    ),
    _fault(
        "pending-empty-name",
        "JOB-01",
        BY_ID,
        "pending jobs have an empty worker_name, not none",
        jobs("pending", worker_name=""),
    ),
    _fault(
        "pending-error", "JOB-01", LIST, "pending jobs have an error", jobs("pending", error="no")
    ),
    _fault(
        "running-no-worker",
        "JOB-02",
        LIST,
        "running jobs have no worker",
        jobs("running", worker_id=DROP, worker_name=DROP),
    ),
    _fault(
        "running-ended",
        "JOB-02",
        BY_ID,
        "running jobs have an end",
        jobs("running", completed_at=LATE),
    ),
    _fault(
        "running-no-start",
        "JOB-02",
        BUILD,
        "running jobs have no start",
        jobs("running|succeeded", started_at=DROP),
    ),
    _fault(
        "succeeded-error",
        "JOB-03",
        VERSION,
        "succeeded imports have an error",
        jobs("succeeded", error="exit status 1"),
    ),
    _fault(
        "succeeded-no-end",
        "JOB-03",
        BUILDS,
        "succeeded jobs have no end",
        jobs("succeeded", completed_at=DROP),
    ),
    _fault(
        "succeeded-canceled",
        "JOB-03",
        LIST,
        "succeeded jobs were canceled",
        jobs("succeeded", canceled_at=LATE),
    ),
    _fault(
        "failed-no-error", "JOB-04", LIST, "failed jobs have no error", jobs("failed", error=DROP)
    ),
    _fault(
        "canceled-no-cancel",
        "JOB-05",
        LIST,
        "canceled jobs have no canceled_at",
        jobs("canceled", canceled_at=DROP),
    ),
    _fault(
        "canceling-ended",
        "JOB-06",
        BUILD,
        "running jobs say that they are being canceled, and have an end",
        jobs("running|succeeded", status="canceling", canceled_at="2025-05-19T08:00:00Z"),
    ),
    _fault(
        "times-ended-early",
        "JOB-07",
        LIST,
        "jobs end before they start",
        jobs("succeeded", completed_at=EARLY),
    ),
    _fault(
        "times-started-early",
        "JOB-07",
        VERSION,
        "jobs start before they were made",
        jobs("succeeded", started_at=EARLY),
    ),
    _fault(
        "worker-without-start",
        "JOB-08",
        LIST,
        "failed jobs have a worker and no start",
        jobs("failed", started_at=DROP),
    ),
    _fault(
        "worker-missing",
        "JOB-08",
        BUILDS,
        "finished jobs have no worker_id",
        jobs("succeeded", worker_id=DROP),
    ),
    _fault(
        "worker-missing-version",
        "JOB-08",
        VERSION,
        "finished imports have no worker_id",
        jobs("succeeded", worker_id=DROP),
    ),
    _fault(
        "worker-changes",
        "JOB-09",
        BUILD,
        "the worker of a build's job changes from read to read",
        None,
        inject=fresh(BUILD, make=_changing),
    ),
    _fault(
        "name-alone",
        "JOB-10",
        LIST,
        "finished jobs have a worker_name and no worker_id",
        jobs("succeeded", worker_id=DROP),
    ),
    _fault(
        "name-in-build",
        "JOB-11",
        BUILD,
        "worker_name in builds",
        jobs("succeeded|running", **_NAMES),
    ),
    _fault(
        "name-in-workspace",
        "JOB-11",
        WORKSPACE,
        "worker_name in workspaces",
        jobs("succeeded|running", **_NAMES),
    ),
    _fault(
        "name-in-version",
        "JOB-11",
        VERSIONS,
        "worker_name in lists of versions",
        jobs("succeeded|running", **_NAMES),
    ),
    _fault(
        "workers-in-build",
        "JOB-11",
        BUILDS,
        "available_workers in builds",
        jobs("", available_workers=[]),
    ),
    _fault(
        "workers-in-posted",
        "JOB-11",
        POSTED,
        "available_workers in the answer to a build that was asked for",
        jobs("", available_workers=[]),
        writes=True,
        scenario="small-team",
    ),
    _fault(
        "name-missing",
        "JOB-12",
        LIST,
        "assigned jobs have no worker_name",
        jobs("", worker_name=DROP),
    ),
    _fault(
        "name-missing-by-id",
        "JOB-12",
        BY_ID,
        "a single assigned job has no worker_name",
        jobs("", worker_name=DROP),
    ),
    _fault(
        "name-other",
        "JOB-12",
        LIST,
        "worker_name is that of no daemon",
        jobs("succeeded|running", worker_name="host-9"),
    ),
    _fault(
        "name-is-id",
        "JOB-12",
        LIST,
        "worker_name repeats worker_id",
        body(_named_as_id),
    ),
    _fault(
        "workers-late",
        "JOB-13",
        LIST,
        "available_workers on jobs that have started",
        jobs("succeeded|running", available_workers=[NOBODY]),
    ),
    _fault(
        "workers-unknown",
        "JOB-13",
        LIST,
        "available_workers names a daemon that is not there",
        jobs("pending", available_workers=[NOBODY]),
    ),
)
