"""Tools to put facts into the past."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from coder_mock_server.call import World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.tags import UNTAGGED
from coder_mock_server.simulator.jobs import Event, JobRunner

WAKE = timedelta(milliseconds=5)


@dataclass(slots=True)
class Past:
    """One loading: the world, its present moment, and what was made so far, by name."""

    world: World
    now: datetime
    uptime: timedelta = timedelta(days=30)
    """How long the daemons have been there."""
    users: dict[str, r.User] = field(default_factory=dict)
    organizations: dict[str, r.Organization] = field(default_factory=dict)
    templates: dict[str, r.Template] = field(default_factory=dict)
    versions: dict[tuple[str, str], r.TemplateVersion] = field(default_factory=dict)
    """(template name, version name) -> version."""
    folders: dict[str, Path] = field(default_factory=dict)
    runner: JobRunner = field(init=False)
    dice: random.Random = field(init=False)
    _workers: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.runner = JobRunner(self.world)
        self.dice = random.Random(self.world.settings.seed)

    def ago(self, age: timedelta) -> datetime:
        """The moment that long ago."""
        return self.now - age

    def worker(self, organization_id: str) -> str:
        """A daemon that did some job of the organization; where it has none, one that has gone."""
        known = self._workers.get(organization_id)
        if known is None:
            daemons = self.world.state.daemons.by("organization", organization_id)
            known = [daemon.id for daemon in daemons] or [self.world.ids.uuid()]
            self._workers[organization_id] = known
        return self.dice.choice(known)

    def idle_worker(self, organization_id: str) -> str:
        """A daemon of the organization that has no job; where all have one, one that has gone."""
        state = self.world.state
        busy = {job.worker_id for job in state.jobs.by("open", True)}
        daemons = state.daemons.by("organization", organization_id)
        idle = (daemon.id for daemon in daemons if daemon.id not in busy)
        return next(idle, "") or self.world.ids.uuid()

    def job(
        self,
        type: r.JobType,
        *,
        organization_id: str,
        initiator_id: str,
        file_id: str,
        created_at: datetime,
        template_version_id: str | None = None,
        workspace_build_id: str | None = None,
        tags: r.Tags = UNTAGGED,
        held: bool = False,
        planned_failure: str = "",
    ) -> r.ProvisionerJob:
        """A job that nobody took yet."""
        return self.world.state.jobs.put(
            r.ProvisionerJob(
                id=self.world.ids.uuid(),
                created_at=created_at,
                updated_at=created_at,
                organization_id=organization_id,
                initiator_id=initiator_id,
                type=type,
                file_id=file_id,
                tags=tags,
                template_version_id=template_version_id,
                workspace_build_id=workspace_build_id,
                held=held,
                planned_failure=planned_failure,
            )
        )

    def take(self, job: r.ProvisionerJob, worker_id: str) -> r.ProvisionerJob:
        """The same job, taken by a daemon just after it was made."""
        started = job.created_at + WAKE
        return self.world.state.jobs.put(
            replace(job, started_at=started, updated_at=started, worker_id=worker_id)
        )

    def finish(self, job: r.ProvisionerJob) -> datetime:
        """Let a taken job end as it would have ended; when that was."""
        run = self.runner.run_of(job)
        started = job.started_at or job.created_at
        end = started + timedelta(seconds=run.seconds or 0.0)
        self.runner.take(Event(end, "finish", job.id))
        return end
