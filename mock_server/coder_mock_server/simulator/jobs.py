"""Takes jobs forward: daemons acquire them, their logs grow, they end.

The course of a running job is planned from its facts when it is first looked at, so a job that
a scenario or an earlier snapshot left running goes on as it would have.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from coder_mock_server.call import World
from coder_mock_server.domain import queue
from coder_mock_server.domain import records as r
from coder_mock_server.domain.jobs import put_job
from coder_mock_server.simulator import agents, effects
from coder_mock_server.simulator.runs import Line, Run, interrupted, plan_run

ACQUIRE_SECONDS = 0.005
FLUSH_SECONDS = 0.25
LAST_SECOND = timedelta(seconds=1)
DROP_SECONDS = 1.0
"""How long a daemon is busy with a job that was canceled before it took it. Our choice of the
figure: longer than 0.2 s, since the job behind such a one was still seen pending then."""


class Event(NamedTuple):
    """What happens to jobs next."""

    due: datetime
    kind: str
    job_id: str
    daemon_id: str = ""


class JobRunner:
    """Knows what running jobs are about to do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[str, Run] = {}
        self._free: dict[str, datetime] = {}
        self._looked: tuple[int, int] = (-1, -1)
        self._next: Event | None = None

    def forget(self) -> None:
        """Drop what was worked out, after the facts were replaced."""
        self._runs.clear()
        self._free.clear()
        self._looked = (-1, -1)

    def next_event(self) -> Event | None:
        """What happens first; `None` while nothing is waiting for a free daemon nor running."""
        state = self._world.state
        versions = (state.jobs.version, state.daemons.version)
        if versions != self._looked:
            events = [*self._running(), *self._acquisitions()]
            self._next = min(events, default=None)
            self._looked = versions
        return self._next

    def take(self, event: Event) -> None:
        """Make it happen."""
        self._looked = (-1, -1)
        job = self._world.state.jobs[event.job_id]
        if event.kind == "acquire":
            self._acquire(job, event)
            return
        run = self.run_of(job)
        if event.kind == "logs":
            self._write(job, self._unwritten(job, run, event.due))
        elif event.kind == "apply":
            self._begin_apply(job, event.due)
        else:
            self._finish(job, run, event.due)

    def run_of(self, job: r.ProvisionerJob) -> Run:
        """The course that the job takes."""
        run = self._runs.get(job.id)
        if run is None:
            run = self._runs[job.id] = plan_run(self._world, job)
        return run

    def _acquisitions(self) -> list[Event]:
        """The first acquisition; who comes next depends on it."""
        state = self._world.state
        if not state.jobs.count("waiting", True):
            return []
        busy = {job.worker_id for job in state.jobs.by("open", True)}
        idle = [d for d in state.daemons if d.alive and d.id not in busy]
        idle.sort(key=self._free_since)
        waiting = queue.waiting(state) if idle else []
        wake = timedelta(seconds=0 if self._world.settings.instant else ACQUIRE_SECONDS)
        events = []
        for daemon in idle:
            # Each daemon takes the oldest job that it can; the earliest of these is next.
            for job in waiting:
                if queue.can_take(daemon, job):
                    since = max(job.created_at, self._free_since(daemon))
                    events.append(Event(since + wake, "acquire", job.id, daemon.id))
                    break
        return [min(events, key=lambda event: event.due)] if events else []

    def _free_since(self, daemon: r.ProvisionerDaemon) -> datetime:
        known = self._free.get(daemon.id)
        if known is None:
            jobs = self._world.state.jobs.by("worker", daemon.id)
            ends = [self._left(j, j.completed_at) for j in jobs if j.completed_at is not None]
            known = self._free[daemon.id] = max([daemon.created_at, *ends])
        return known

    def _left(self, job: r.ProvisionerJob, completed: datetime) -> datetime:
        """When the daemon that took the job was done with it."""
        if job.started_at is None or job.started_at <= completed:
            return completed
        dropping = 0.0 if self._world.settings.instant else DROP_SECONDS
        return job.started_at + timedelta(seconds=dropping)

    def _running(self) -> list[Event]:
        events = []
        for job in self._world.state.jobs.by("open", True):
            if job.started_at is None or job.worker_id is None:
                continue
            worker = self._world.state.daemons.get(job.worker_id)
            if worker is not None and worker.alive:
                event = self._next_of(job, job.started_at)
                if event is not None:
                    events.append(event)
        return events

    def _next_of(self, job: r.ProvisionerJob, started: datetime) -> Event | None:
        run = self.run_of(job)
        end = self._end(job, run, started)
        events = [Event(end, "finish", job.id)] if end is not None else []
        written = self._world.state.job_logs.count("job", job.id)
        if written < len(run.lines):
            flushed = started + timedelta(seconds=_flush(run.lines[written].seconds))
            events.append(Event(flushed, "logs", job.id))
        if run.apply_seconds is not None and self._may_shut_down(job):
            events.append(Event(started + timedelta(seconds=run.apply_seconds), "apply", job.id))
        first = min(events, default=None)
        if first is not None and end is not None and first.due >= end:
            return Event(end, "finish", job.id)
        return first

    def _end(self, job: r.ProvisionerJob, run: Run, started: datetime) -> datetime | None:
        """When the job ends: by itself, or some time after it was canceled."""
        end = None if run.seconds is None else started + timedelta(seconds=run.seconds)
        if job.canceled_at is None or (end is not None and end - job.canceled_at <= LAST_SECOND):
            return end
        if self._world.settings.instant:
            return job.canceled_at
        notice = random.Random(f"{job.id}/cancel").uniform(1.7, 2.6)
        return job.canceled_at + timedelta(seconds=notice)

    def _may_shut_down(self, job: r.ProvisionerJob) -> bool:
        state = self._world.state
        build = state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
        return build is not None and any(
            agents.stops_with_scripts(agent)
            for agent in agents.living(self._world, build.workspace_id, build.build_number)
        )

    def _acquire(self, job: r.ProvisionerJob, event: Event) -> None:
        taken = replace(job, started_at=event.due, worker_id=event.daemon_id)
        if job.completed_at is None:
            taken = replace(taken, updated_at=event.due)
            put_job(self._world, taken)
            effects.begin(self._world, taken, self.run_of(taken), event.due)
        else:
            # It was canceled while it waited; the daemon takes it all the same.
            put_job(self._world, taken)
            self._free[event.daemon_id] = self._left(taken, job.completed_at)

    def _begin_apply(self, job: r.ProvisionerJob, now: datetime) -> None:
        build = self._world.state.builds[job.workspace_build_id or ""]
        agents.shut_down(self._world, build.workspace_id, build.build_number, now)

    def _finish(self, job: r.ProvisionerJob, run: Run, now: datetime) -> None:
        started = job.started_at or now
        natural = None if run.seconds is None else started + timedelta(seconds=run.seconds)
        if natural is None or now != natural:
            run = interrupted(self._world, job, run, (now - started).total_seconds())
        self._write(job, self._unwritten(job, run, None), before=now)
        effects.finish(self._world, job, run, now)
        self._runs.pop(job.id, None)
        if job.worker_id:
            self._free[job.worker_id] = now

    def _unwritten(self, job: r.ProvisionerJob, run: Run, flush: datetime | None) -> list[Line]:
        """Lines that are not stored yet: those of the flush at this moment, or all."""
        lines = run.lines[self._world.state.job_logs.count("job", job.id) :]
        if flush is None or job.started_at is None:
            return list(lines)
        elapsed = (flush - job.started_at).total_seconds() + 1e-6
        return [line for line in lines if line.seconds <= elapsed]

    def _write(
        self, job: r.ProvisionerJob, lines: list[Line], before: datetime | None = None
    ) -> None:
        state = self._world.state
        started = job.started_at or job.created_at
        for line in lines:
            moment = started + timedelta(seconds=line.seconds)
            if before is not None:
                moment = min(moment, before)
            state.job_logs.put(
                r.JobLog(
                    id=state.next("job_logs"),
                    job_id=job.id,
                    created_at=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
                    log_source=line.source,
                    log_level=line.level,
                    stage=line.stage,
                    output=line.output,
                )
            )
        if lines:
            self._world.announce("job_logs", job.id)


def _flush(seconds: float) -> float:
    """The daemon sends its lines in rounds; a line goes with the next one."""
    return (int(seconds / FLUSH_SECONDS) + 1) * FLUSH_SECONDS
