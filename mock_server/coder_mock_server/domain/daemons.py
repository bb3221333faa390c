"""When a provisioner daemon was last heard of, and what that says about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from coder_mock_server.domain.records import ProvisionerDaemon, ProvisionerJob
from coder_mock_server.store.state import State

DaemonStatus = Literal["offline", "idle", "busy"]

HEARTBEAT = timedelta(minutes=1)
STALE = timedelta(seconds=90)
FORGOTTEN = timedelta(days=7)


def last_seen(daemon: ProvisionerDaemon, now: datetime) -> datetime | None:
    """The last heartbeat up to `now`: one a minute while the daemon is alive."""
    if not daemon.alive:
        return daemon.last_seen_at
    since = daemon.last_seen_at or daemon.created_at
    return since + max(0, (now - since) // HEARTBEAT) * HEARTBEAT


def is_stale(daemon: ProvisionerDaemon, now: datetime) -> bool:
    """Whether the daemon is taken for offline: never heard of, or not lately."""
    seen = last_seen(daemon, now)
    return seen is None or now - seen > STALE


def daemon_status(daemon: ProvisionerDaemon, *, busy: bool, now: datetime) -> DaemonStatus:
    """Status as the API reports it; `busy` tells whether one of its jobs is not over."""
    if is_stale(daemon, now):
        return "offline"
    return "busy" if busy else "idle"


def current_jobs(state: State, daemon: ProvisionerDaemon) -> list[ProvisionerJob]:
    """What it took and has not ended; more than one only after its server was killed in a job."""
    return [job for job in state.jobs.by("worker", daemon.id) if job.completed_at is None]


def previous_job(state: State, daemon: ProvisionerDaemon) -> ProvisionerJob | None:
    """What it ended last."""
    ended = [job for job in state.jobs.by("worker", daemon.id) if job.completed_at is not None]
    return max(ended, key=lambda job: job.completed_at or job.created_at, default=None)
