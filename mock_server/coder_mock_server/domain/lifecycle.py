"""Statuses as functions of recorded facts, and the facts that a cancel records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from coder_mock_server.domain.records import (
    JobStatus,
    ProvisionerJob,
    Transition,
)

CancelRefusal = Literal["completed", "canceled"]

JOB_STATUSES: tuple[JobStatus, ...] = (
    "pending",
    "running",
    "succeeded",
    "canceling",
    "canceled",
    "failed",
    "unknown",
)

_RUNNING: dict[Transition, str] = {"start": "starting", "stop": "stopping", "delete": "deleting"}
_SUCCEEDED: dict[Transition, str] = {"start": "running", "stop": "stopped", "delete": "deleted"}


class CannotCancel(Exception):
    """A cancel that the API refuses; `reason` says whether the job is over or already marked."""

    def __init__(self, reason: CancelRefusal) -> None:
        super().__init__(f"the job is already {reason}")
        self.reason: CancelRefusal = reason


def job_status(job: ProvisionerJob) -> JobStatus:
    """Status as the API reports it, from the recorded times and error alone."""
    if job.error:
        return "failed"
    if job.completed_at is not None:
        return "succeeded" if job.canceled_at is None else "canceled"
    if job.canceled_at is not None:
        return "canceling"
    return "pending" if job.started_at is None else "running"


def build_status(status: JobStatus, transition: Transition) -> str:
    """Status of a build, from its job's status and what was asked."""
    if status == "running":
        return _RUNNING[transition]
    if status == "succeeded":
        return _SUCCEEDED[transition]
    return status


def is_active(job: ProvisionerJob) -> bool:
    """Whether the job is pending, running or canceling: no further build may be made."""
    return job_status(job) in ("pending", "running", "canceling")


def took_effect(job: ProvisionerJob) -> bool:
    """Whether the work was done: it succeeded, or was canceled too late to be stopped."""
    if job.completed_at is None or job.error or job.started_at is None:
        return False
    return job.started_at <= job.completed_at


def cancel(job: ProvisionerJob, now: datetime) -> ProvisionerJob:
    """The job after a cancel at `now`; raises `CannotCancel`.

    A job that nobody has taken ends at once. A running one is only marked: its daemon notices
    later and reports how it ended.
    """
    if job.completed_at is not None:
        raise CannotCancel("completed")
    if job.canceled_at is not None:
        raise CannotCancel("canceled")
    if job.started_at is None:
        return replace(job, canceled_at=now, completed_at=now, updated_at=now)
    return replace(job, canceled_at=now, updated_at=now)
