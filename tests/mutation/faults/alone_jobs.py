"""Faults of provisioner jobs that one invariant finds, and nothing else."""

from __future__ import annotations

from typing import Any

from tests.mutation.faults.edits import (
    NOBODY,
    Inject,
    answered,
    edited,
)
from tests.mutation.faults.everywhere import (
    Change,
    Object,
    copying,
    dropping,
    each,
    everywhere,
    jobs_of,
    setting,
    with_status,
)
from tests.mutation.faults.worker import BY_ID, LIST, POSTED
from tests.mutation.model import Fault, Mutation, Reply, Request, Upstream


def _fault(
    id_: str, alone: str, description: str, inject: Inject, *operations: str, **more: Any
) -> Fault:
    more.setdefault("writes", False)
    more.setdefault("scenario", "provisioner-queue")
    return Fault(
        f"jobs-{id_}",
        "worker",
        description,
        f"rule: {alone}",
        operations or ("*",),
        inject,
        alone=alone,
        **more,
    )


def _jobs(status: str, change: Change) -> Inject:
    return everywhere(jobs_of, with_status(*status.split("|"))(change))


def _started_before_made(job: Object) -> None:
    if "started_at" in job:
        job["started_at"] = job["created_at"].replace("2025-", "2024-").replace("2026-", "2025-")


def _no_input(job: Object) -> None:
    if job.get("type") == "template_version_import":
        job["input"] = {}


def _other_build(job: Object) -> None:
    if job.get("type") == "workspace_build" and isinstance(job.get("input"), dict):
        job["input"]["workspace_build_id"] = NOBODY


def _never_taken(job: Object) -> None:
    if job.get("status") == "canceled" and "worker_id" not in job:
        job["worker_name"] = "coder-mock-0"


def _named_in_imports(job: Object) -> None:
    if job.get("type") == "template_version_import":
        job["metadata"]["workspace_name"] = "workspace"


def _behind_the_end(job: Object) -> None:
    if job.get("status") == "pending":
        job["queue_position"] = job["queue_size"] + 1


def _embeds(request: Request) -> bool:
    """A read of anything but the organization's jobs."""
    return request.method == "GET" and request.label not in {LIST, BY_ID}


def _sixty(request: Request, upstream: Upstream) -> Reply | None:
    """Without a limit there are sixty."""
    if request.args.get("limit"):
        return None
    query = "&".join(p for p in request.query.split("&") if p and not p.startswith("limit="))
    return upstream.send(request.other(query=f"{query}&limit=60".lstrip("&")))


def _foreign(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 404 or request.token != upstream.token:
        return reply
    if not upstream.call("GET", f"/organizations/{request.params['organization']}").ok:
        return reply
    for organization in upstream.call("GET", "/organizations").json:
        own = f"/organizations/{organization['id']}/provisionerjobs/{request.params['job']}"
        if upstream.call("GET", own).ok:
            reply.status = 403
    return reply


class _HandedOver(Mutation):
    """After some hundred requests every job has another worker."""

    def __init__(self) -> None:
        self.requests = 0

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        self.requests += 1
        reply = upstream.send(request)
        value = reply.json if reply.ok and self.requests > 400 else None
        changed = [job for job in jobs_of(value) if "worker_id" in job]
        for job in changed:
            job["worker_id"] = NOBODY
            job.pop("worker_name", None)
        if changed:
            reply.json = value
        return reply


_HERE = (LIST, BY_ID)

ALONE_JOBS: tuple[Fault, ...] = (
    _fault(
        "pending-error",
        "JOB-01",
        "pending jobs have an error, wherever they are shown",
        _jobs("pending", setting(error="no daemon")),
    ),
    _fault(
        "running-ended",
        "JOB-02",
        "running jobs have an end, wherever they are shown",
        _jobs("running", copying(completed_at="started_at")),
    ),
    _fault(
        "succeeded-canceled",
        "JOB-03",
        "succeeded jobs were canceled, wherever they are shown",
        _jobs("succeeded", copying(canceled_at="completed_at")),
    ),
    _fault(
        "failed-without-error",
        "JOB-04",
        "failed jobs do not say why, wherever they are shown",
        _jobs("failed", dropping("error", "error_code")),
    ),
    _fault(
        "canceled-without-time",
        "JOB-05",
        "canceled jobs do not say when they were, wherever they are shown",
        _jobs("canceled", dropping("canceled_at")),
    ),
    _fault(
        "canceling-ended",
        "JOB-06",
        "jobs that are being canceled have an end",
        _jobs("canceling", copying(completed_at="canceled_at")),
        scenario="small-team",
        writes=True,
    ),
    _fault(
        "started-before-made",
        "JOB-07",
        "jobs that were done started before they were made, wherever they are shown",
        _jobs("succeeded", _started_before_made),
    ),
    _fault(
        "nobody-worked",
        "JOB-08",
        "failed jobs were started by nobody, wherever they are shown",
        _jobs("failed", dropping("worker_id", "worker_name")),
    ),
    _fault(
        "handed-over",
        "JOB-09",
        "jobs are handed over to another worker in the middle of a run, wherever they are shown",
        _HandedOver,
    ),
    _fault(
        "name-of-nobody",
        "JOB-10",
        "jobs that no daemon took name one",
        edited(LIST, BY_ID, by=each(jobs_of, _never_taken)),
        *_HERE,
    ),
    _fault(
        "workers-in-reply",
        "JOB-11",
        "the reply to a build that was asked for lists available_workers",
        edited(POSTED, by=each(jobs_of, setting(available_workers=[]))),
        POSTED,
        scenario="small-team",
        writes=True,
    ),
    _fault(
        "input-of-imports",
        "JOB-17",
        "imports do not name their template version, wherever they are shown",
        everywhere(jobs_of, _no_input),
    ),
    _fault(
        "workspace-of-imports",
        "JOB-18",
        "the metadata of imports name a workspace",
        edited(LIST, BY_ID, by=each(jobs_of, _named_in_imports)),
        *_HERE,
    ),
    _fault(
        "owner-in-reply",
        "JOB-19",
        "the job of a build that was asked for is the organization's and has an owner",
        edited(POSTED, by=each(jobs_of, setting(tags={"scope": "organization", "owner": "alex"}))),
        POSTED,
        scenario="small-team",
        writes=True,
    ),
    _fault(
        "sixty",
        "JOB-20",
        "without a limit the job list has sixty entries",
        answered(LIST, by=_sixty),
        LIST,
        scenario="busy-organization",
    ),
    _fault(
        "input-of-builds",
        "JOB-21",
        "the jobs of builds name another build, wherever they are shown",
        everywhere(jobs_of, _other_build),
    ),
    _fault(
        "foreign-refused",
        "JOB-23",
        "a job of another organization is forbidden, not missing",
        answered(BY_ID, by=_foreign),
        BY_ID,
        scenario="two-organizations",
    ),
    _fault(
        "position-beyond-size",
        "JOB-14",
        "waiting jobs of builds and versions stand one place behind the end of the queue",
        everywhere(jobs_of, _behind_the_end, _embeds),
        scenario="small-team",
        writes=True,
    ),
    _fault(
        "foreign-organization",
        "JOB-22",
        "jobs that are done are another organization's, wherever they are shown",
        _jobs("succeeded", setting(organization_id=NOBODY)),
    ),
)
