"""The server's own work once a minute: starts and stops workspaces, ends what hangs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain import automation, daemons
from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import create_build
from coder_mock_server.domain.jobs import put_job
from coder_mock_server.errors import ApiError

SILENT = timedelta(minutes=5)
UNSEEN = timedelta(minutes=15)
"""How long somebody stays active who never signed in."""
TERMINATED = (
    "Coder: Build has been detected as hung for 5 minutes and has been terminated by hang detector."
)
WARNING = "Coder: Build has been detected as hung for 5 minutes and will be terminated."
RULE = "===================="


def tick(world: World, now: datetime) -> None:
    """One round of everything that is looked at once a minute."""
    for job in hung_jobs(world, now):
        _terminate(world, job, now)
    for daemon in world.state.daemons:
        seen = daemons.last_seen(daemon, now)
        if seen is not None and now - seen > daemons.FORGOTTEN:
            world.state.daemons.remove(daemon.id)
    for user, due in _unseen(world):
        if due <= now:
            world.state.users.put(replace(user, status="dormant", updated_at=now))
    for situation in _situations(world):
        for action in automation.actions(situation):
            if action.due <= now:
                _act(world, situation, action, now)
                break


def next_due(world: World, after: datetime) -> datetime | None:
    """The first moment later than `after` from which something is to be done, as things stand.

    What was due before and was not done then is refused until something else changes.
    """
    moments = [
        action.due for situation in _situations(world) for action in automation.actions(situation)
    ]
    moments += [since + SILENT for _, since in _silent(world)]
    moments += [due for _, due in _unseen(world)]
    for daemon in world.state.daemons:
        if not daemon.alive and daemon.last_seen_at is not None:
            moments.append(daemon.last_seen_at + daemons.FORGOTTEN)
    return min((moment for moment in moments if moment > after), default=None)


def hung_jobs(world: World, now: datetime) -> list[r.ProvisionerJob]:
    """Running jobs of which nothing was heard for five minutes."""
    return [job for job, since in _silent(world) if now - since >= SILENT]


def _situations(world: World) -> Iterator[automation.Situation]:
    state = world.state
    for workspace in state.workspaces.by("live", True):
        build = state.latest_build(workspace.id)
        yield automation.Situation(
            workspace,
            build,
            state.jobs[build.job_id],
            state.templates[workspace.template_id],
            state.users[workspace.owner_id],
        )


def _unseen(world: World) -> list[tuple[r.User, datetime]]:
    """Active users who were never here, each with the moment from which he counts as dormant."""
    if not world.policy.new_users_dormant:
        return []
    return [
        (user, user.updated_at + UNSEEN)
        for user in world.state.users
        if user.status == "active"
        and user.last_seen_at == r.ZERO_TIME
        and not user.deleted
        and not user.is_system
    ]


def _silent(world: World) -> Iterator[tuple[r.ProvisionerJob, datetime]]:
    """Running jobs whose daemon is dead, each with the last moment it was heard of."""
    for job in world.state.jobs.by("open", True):
        if job.worker_id is None:
            continue
        worker = world.state.daemons.get(job.worker_id)
        if worker is None or not worker.alive:
            heard = worker.last_seen_at if worker is not None else None
            yield job, max(job.updated_at, heard or job.updated_at)


def _terminate(world: World, job: r.ProvisionerJob, now: datetime) -> None:
    state = world.state
    last = state.job_logs.by("job", job.id)
    stage = last[-1].stage if last else "Unknown"
    start = now.replace(microsecond=now.microsecond // 1000 * 1000)
    for number, text in enumerate(("", RULE, WARNING, RULE, "")):
        state.job_logs.put(
            r.JobLog(
                id=state.next("job_logs"),
                job_id=job.id,
                created_at=start + timedelta(milliseconds=number),
                log_source="provisioner_daemon",
                log_level="error",
                stage=stage,
                output=text,
            )
        )
    build = state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
    if build is not None:
        state.builds.put(replace(build, updated_at=now))
    put_job(world, replace(job, completed_at=now, updated_at=now, error=TERMINATED))


def _act(
    world: World, situation: automation.Situation, action: automation.Action, now: datetime
) -> None:
    workspace, template = situation.workspace, situation.template
    if action.transition is not None:
        version = template.active_version_id if action.active_version else None
        try:
            create_build(
                world,
                workspace,
                transition=action.transition,
                reason=action.reason,
                initiator_id=workspace.owner_id,
                version_id=version,
                now=now,
            )
        except ApiError:
            # What the API would refuse a client is left for the next round, as there.
            return
    if action.dormant:
        world.state.workspaces.put(
            replace(
                workspace,
                dormant_at=now,
                deleting_at=automation.deleting_at(template, now),
            )
        )
    world.announce("workspace", workspace.id)
