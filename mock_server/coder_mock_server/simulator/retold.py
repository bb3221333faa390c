"""The past of a scenario, retold: what its jobs and scripts printed, and how long the steps took.

A scenario says of most builds only when they were and how they ended. Their logs and timings are
worked out whenever somebody reads them, from the same facts as those of a job that runs, and
come out the same every time. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain import records as r
from coder_mock_server.simulator import scripts
from coder_mock_server.simulator.runs import Run, finds_nothing, interrupted, plan_run
from coder_mock_server.terraform.timings import build_timings

FIRST_ID = 1 << 45
"""Above all ids that are given out one by one, and exact in JavaScript."""
MOST_LINES = 1 << 13


def job_lines(world: World, job: r.ProvisionerJob) -> list[r.JobLog]:
    """The log of a job that ended before anybody wrote its log down; empty for every other."""
    span = _span(world, job)
    if span is None:
        return []
    began, ended = span
    run = _run(world, job, (ended - began).total_seconds())
    first = FIRST_ID + int(job.id[:8], 16) * MOST_LINES
    count = max(len(run.lines) - 1, 1)
    return [
        r.JobLog(
            id=first + number,
            job_id=job.id,
            created_at=_whole(began + (ended - began) * _share(run, line.seconds, number / count)),
            log_source=line.source,
            log_level=line.level,
            stage=line.stage,
            output=line.output,
        )
        for number, line in enumerate(run.lines[:MOST_LINES])
    ]


def job_timings(world: World, job: r.ProvisionerJob) -> tuple[r.JobTiming, ...]:
    """The steps of such a job."""
    span = _span(world, job)
    if span is None or job.error or job.type != "workspace_build":
        return ()
    began, ended = span
    run = _run(world, job, (ended - began).total_seconds())
    build = world.state.builds.get(job.workspace_build_id or "")
    if run.plan is None or build is None or finds_nothing(world, build):
        return ()
    return tuple(
        r.JobTiming(
            job_id=job.id,
            started_at=began + timedelta(seconds=row.start),
            ended_at=began + timedelta(seconds=row.end),
            stage=row.stage,
            source=row.source,
            action=row.action,
            resource=row.resource,
        )
        for row in build_timings(run.plan, (ended - began).total_seconds())
    )


def agent_lines(agent: r.WorkspaceAgent) -> list[r.AgentLog]:
    """What the start scripts of an agent printed before its lines were written down."""
    if not agent.logs_from or agent.started_at is None:
        return []
    until = agent.ready_at or agent.started_at
    return [
        r.AgentLog(
            id=agent.logs_from + number,
            agent_id=agent.id,
            created_at=min(until, agent.started_at + timedelta(seconds=seconds)),
            level="info",
            output=text,
            source_id=source_id,
        )
        for number, (seconds, source_id, text) in enumerate(printed(agent))
    ]


def printed(agent: r.WorkspaceAgent) -> list[tuple[float, str, str]]:
    """All lines of an agent's start scripts: seconds after the start, log source, text."""
    return sorted(_printed(agent), key=lambda line: line[0])


def _printed(agent: r.WorkspaceAgent) -> Iterator[tuple[float, str, str]]:
    for script in agent.scripts:
        if script.run_on_start:
            for seconds, text in scripts.course(script, instant=False).output:
                yield seconds, script.log_source_id, text


def _span(world: World, job: r.ProvisionerJob) -> tuple[datetime, datetime] | None:
    """When the job ran, provided that it did and that nothing is known of its log."""
    began, ended = job.started_at, job.completed_at
    if began is None or ended is None or began > ended:
        return None
    return None if world.state.job_logs.count("job", job.id) else (began, ended)


def _run(world: World, job: r.ProvisionerJob, seconds: float) -> Run:
    run = plan_run(world, replace(job, held=False, planned_failure=job.error or ""))
    return interrupted(world, job, run, seconds) if job.canceled_at is not None else run


def _share(run: Run, seconds: float, otherwise: float) -> float:
    """How far into the job a line was printed, between 0 and 1."""
    return min(1.0, seconds / run.seconds) if run.seconds else otherwise


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
