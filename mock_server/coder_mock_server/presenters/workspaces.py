"""Workspaces as the API shows them, rendered once for each state and kind of viewer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import agents as agent_rules
from coder_mock_server.domain import daemons
from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.presenters import agents, builds
from coder_mock_server.views import View

SCHEMA = "codersdk.Workspace"


def workspace_view(world: World, record: r.Workspace, viewer_id: str, now: datetime) -> View:
    """The workspace as this viewer sees it; who is not its owner sees no favourite."""
    favorite = record.favorite and record.owner_id == viewer_id
    return world.views.get(
        SCHEMA,
        (record.id, favorite),
        stamp(world, record, now),
        lambda: workspace(world, record, viewer_id, now),
    )


def stamp(world: World, record: r.Workspace, now: datetime) -> tuple[Any, ...]:
    """Equal as long as the rendered workspace is."""
    state = world.state
    build = state.latest_build(record.id)
    job = state.jobs[build.job_id]
    changing: tuple[Any, ...] = ()
    if job.completed_at is not None:
        changing = tuple(
            (agent_rules.stamp(agent, now), tuple(state.apps.by("agent", agent.id)))
            for agent in state.agents.by("job", job.id)
        )
    elif job.started_at is None:
        # A place in the line depends on all waiting jobs, the daemons to match on all daemons.
        seen = ((d, daemons.last_seen(d, now), daemons.is_stale(d, now)) for d in state.daemons)
        changing = (state.jobs.version, *seen)
    return (
        record,
        build,
        job,
        state.templates[record.template_id],
        state.template_versions[build.template_version_id].name,
        state.users[record.owner_id].username,
        state.users[record.owner_id].avatar_url,
        state.users[build.initiator_id].username,
        state.organizations[record.organization_id].name,
        state.app_statuses.count("workspace", record.id),
        changing,
    )


def unchanged_until(world: World, record: r.Workspace, now: datetime) -> datetime | None:
    """The moment after which it looks different although no fact changed; `None` when never."""
    state = world.state
    job = state.jobs[state.latest_build(record.id).job_id]
    if job.completed_at is not None:
        moments = _agents_change(world, job, now)
    elif job.started_at is None:
        moments = _daemons_change(world, now)
    else:
        return None
    return min(moments, default=None)


def _agents_change(world: World, job: r.ProvisionerJob, now: datetime) -> Iterator[datetime]:
    for agent in world.state.agents.by("job", job.id):
        if (moment := agent_rules.next_change(agent, now)) is not None:
            yield moment
        beat = agent_rules.last_connected_at(agent, now)
        if beat is not None and agent_rules.agent_status(agent, now) == "connected":
            yield beat + agent_rules.HEARTBEAT


def _daemons_change(world: World, now: datetime) -> Iterator[datetime]:
    for daemon in world.state.daemons:
        seen = daemons.last_seen(daemon, now)
        if seen is None or daemons.is_stale(daemon, now):
            continue
        yield seen + (daemons.HEARTBEAT if daemon.alive else daemons.STALE)


def workspace(world: World, record: r.Workspace, viewer_id: str, now: datetime) -> dict[str, Any]:
    """The workspace with its latest build, and the present names of what it belongs to."""
    state = world.state
    build = state.latest_build(record.id)
    owner = state.users[record.owner_id]
    template = state.templates[record.template_id]
    body: dict[str, Any] = {
        "id": record.id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "owner_id": owner.id,
        "owner_name": owner.username,
        "owner_avatar_url": owner.avatar_url,
        "organization_id": record.organization_id,
        "organization_name": state.organizations[record.organization_id].name,
        "template_id": template.id,
        "template_name": template.name,
        "template_display_name": template.display_name,
        "template_icon": template.icon,
        "template_allow_user_cancel_workspace_jobs": template.allow_user_cancel_workspace_jobs,
        "template_active_version_id": template.active_version_id,
        "template_require_active_version": template.require_active_version,
        "latest_build": builds.build(world, build, now),
        "latest_app_status": latest_app_status(world, record),
        "outdated": build.template_version_id != template.active_version_id,
        "name": record.name,
        "last_used_at": record.last_used_at,
        "deleting_at": record.deleting_at,
        "dormant_at": record.dormant_at,
        "health": health(world, build, now),
        "automatic_updates": record.automatic_updates,
        "allow_renames": world.policy.rename_allowed,
        "favorite": record.favorite and record.owner_id == viewer_id,
        "next_start_at": record.next_start_at,
    }
    if record.autostart_schedule is not None:
        body["autostart_schedule"] = record.autostart_schedule
    ttl_ms = record.ttl_ms if template.allow_user_autostop else template.default_ttl_ms
    if ttl_ms is not None:
        body["ttl_ms"] = ttl_ms
    return body


def new_workspace(
    world: World, record: r.Workspace, viewer_id: str, now: datetime
) -> dict[str, Any]:
    """The answer to the request that made the workspace; see `builds.new_build`."""
    body = workspace(world, record, viewer_id, now)
    body["latest_build"] = builds.new_build(world, world.state.latest_build(record.id), now)
    return body


def health(world: World, build: r.WorkspaceBuild, now: datetime) -> dict[str, Any]:
    """Which agents of the latest build are not well."""
    failing = [
        agent.id
        for agent in world.state.agents.by("job", build.job_id)
        if not agent_rules.agent_health(agent, now).healthy
    ]
    return {"healthy": not failing, "failing_agents": failing}


def latest_app_status(world: World, record: r.Workspace) -> dict[str, Any] | None:
    """The newest status that an app of any build of this workspace reported."""
    statuses = world.state.app_statuses.by("workspace", record.id)
    if not statuses:
        return None
    return agents.app_status(max(statuses, key=lambda s: s.created_at))


def is_started(state_job: r.ProvisionerJob, build: r.WorkspaceBuild) -> bool:
    """Whether the list puts it first: the latest build is a start that succeeded."""
    return build.transition == "start" and job_status(state_job) == "succeeded"
