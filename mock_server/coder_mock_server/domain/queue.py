"""The line of waiting jobs: places in it, and the daemons that could take a job.

The organization endpoints rank all pending jobs of the deployment; every other endpoint ranks,
for each daemon, the pending jobs that it could take, and reports the best place and the longest
line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from coder_mock_server.domain.daemons import is_stale, last_seen
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.records import ProvisionerDaemon, ProvisionerJob, Tags
from coder_mock_server.domain.tags import matches
from coder_mock_server.store.state import State


@dataclass(frozen=True, slots=True)
class Matched:
    """How many daemons could take a job, as builds and versions tell it."""

    count: int = 0
    available: int = 0
    most_recently_seen: datetime | None = None


def waiting(state: State) -> list[ProvisionerJob]:
    """Jobs that no daemon has taken, oldest first; those canceled before that keep their place."""
    return sorted(state.jobs.by("waiting", True), key=lambda job: job.created_at)


def pending(state: State) -> list[ProvisionerJob]:
    """Pending jobs of the whole deployment, oldest first."""
    if not state.jobs.count("waiting", True):
        return []
    return [job for job in waiting(state) if job_status(job) == "pending"]


def organization_positions(state: State) -> dict[str, int]:
    """Places from 1 of all pending jobs, by job id; its length is the size of the line."""
    return {job.id: place for place, job in enumerate(pending(state), start=1)}


def positions(state: State, job: ProvisionerJob) -> tuple[int, int]:
    """Place and size of the line for an embedded job; both 0 when it does not wait for anybody."""
    if job_status(job) != "pending":
        return 0, 0
    lines = {daemon.tags for daemon in state.daemons if matches(job.tags, daemon.tags)}
    if not lines:
        return 0, 0
    everybody = pending(state)
    best, longest = 0, 0
    for tags in lines:
        line = [other.id for other in everybody if matches(other.tags, tags)]
        place = line.index(job.id) + 1
        best = min(best, place) if best else place
        longest = max(longest, len(line))
    return best, longest


def matched(state: State, organization_id: str, tags: Tags, now: datetime) -> Matched:
    """Daemons of the organization with fitting tags; those never heard of do not count."""
    fitting = [
        (daemon, seen)
        for daemon in _oldest_first(state.daemons.by("organization", organization_id))
        if matches(tags, daemon.tags) and (seen := last_seen(daemon, now)) is not None
    ]
    return Matched(
        len(fitting),
        sum(not is_stale(daemon, now) for daemon, _ in fitting),
        # Our choice: the API tells the time of any one of them.
        max((seen for _, seen in fitting), default=None),
    )


def available_workers(state: State, job: ProvisionerJob) -> list[str]:
    """Ids of the daemons that may take the job, oldest first, offline ones too."""
    daemons = _oldest_first(state.daemons.by("organization", job.organization_id))
    return [daemon.id for daemon in daemons if can_take(daemon, job)]


def can_take(daemon: ProvisionerDaemon, job: ProvisionerJob) -> bool:
    """Whether the daemon may acquire the job."""
    return (
        daemon.organization_id == job.organization_id
        and job.provisioner in daemon.provisioners
        and matches(job.tags, daemon.tags)
    )


def _oldest_first(daemons: Iterable[ProvisionerDaemon]) -> list[ProvisionerDaemon]:
    return sorted(daemons, key=lambda daemon: daemon.created_at)
