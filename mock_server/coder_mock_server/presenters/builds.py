"""Workspace builds and what belongs to them, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import queue
from coder_mock_server.domain import records as r
from coder_mock_server.domain.lifecycle import build_status, job_status
from coder_mock_server.presenters import agents, jobs
from coder_mock_server.simulator import retold

NO_DAEMONS: dict[str, Any] = {"count": 0, "available": 0, "most_recently_seen": None}


def build(
    world: World,
    record: r.WorkspaceBuild,
    now: datetime,
    *,
    counts_daemons: bool = True,
) -> dict[str, Any]:
    """A build as every reading route shows it.

    `counts_daemons`: while the job is pending, tell how many daemons match it; the route by
    build id alone never does.
    """
    state = world.state
    job = state.jobs[record.job_id]
    workspace = state.workspaces[record.workspace_id]
    owner = state.users[workspace.owner_id]
    status = job_status(job)
    return {
        "id": record.id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "workspace_id": workspace.id,
        "workspace_name": workspace.name,
        "workspace_owner_id": owner.id,
        "workspace_owner_name": owner.username,
        "workspace_owner_avatar_url": owner.avatar_url,
        "template_version_id": record.template_version_id,
        "template_version_name": state.template_versions[record.template_version_id].name,
        "build_number": record.build_number,
        "transition": record.transition,
        "initiator_id": record.initiator_id,
        "initiator_name": state.users[record.initiator_id].username,
        "job": jobs.embedded(world, job),
        "reason": record.reason,
        "resources": resources(world, record, now),
        "deadline": record.deadline,
        "max_deadline": record.max_deadline,
        "status": build_status(status, record.transition),
        "daily_cost": record.daily_cost,
        "matched_provisioners": matched(world, job, now)
        if status == "pending" and counts_daemons
        else NO_DAEMONS,
        "template_version_preset_id": record.template_version_preset_id,
    }


def new_build(world: World, record: r.WorkspaceBuild, now: datetime) -> dict[str, Any]:
    """The answer to the request that made the build: no version name, no place in the queue."""
    body = build(world, record, now)
    body["template_version_name"] = ""
    body["job"] = jobs.embedded(world, world.state.jobs[record.job_id], posted=True)
    return body


def resources(world: World, record: r.WorkspaceBuild, now: datetime) -> list[Any]:
    """What a finished job left; nothing before, and nothing after a failure."""
    return agents.resources(world, record.job_id, now)


def matched(world: World, job: r.ProvisionerJob, now: datetime) -> dict[str, Any]:
    """How many daemons could take this job."""
    return jobs.matched(queue.matched(world.state, job.organization_id, job.tags, now))


def parameters(record: r.WorkspaceBuild) -> list[dict[str, str]]:
    """All parameters of the build, in name order."""
    return [{"name": name, "value": value} for name, value in sorted(record.parameters)]


def timings(world: World, record: r.WorkspaceBuild) -> dict[str, Any]:
    """How long the steps of the job, the scripts and the connecting took; empty until success."""
    state = world.state
    job = state.jobs[record.job_id]
    if job.completed_at is None or job.error:
        return {
            "provisioner_timings": [],
            "agent_script_timings": [],
            "agent_connection_timings": [],
        }
    found = sorted(state.agents.by("job", job.id), key=lambda a: a.name)
    return {
        "provisioner_timings": [
            {
                "job_id": row.job_id,
                "started_at": row.started_at,
                "ended_at": row.ended_at,
                "stage": row.stage,
                "source": row.source,
                "action": row.action,
                "resource": row.resource,
            }
            for row in state.job_timings.get(job.id) or retold.job_timings(world, job)
        ],
        "agent_script_timings": [
            _script_timing(agent, row)
            for agent in found
            for row in state.script_timings.by("agent", agent.id)
        ],
        "agent_connection_timings": [
            {
                "started_at": agent.created_at,
                "ended_at": agent.first_connected_at or r.ZERO_TIME,
                "stage": "connect",
                "workspace_agent_id": agent.id,
                "workspace_agent_name": agent.name,
            }
            for agent in found
        ],
    }


def _script_timing(agent: r.WorkspaceAgent, row: r.ScriptTiming) -> dict[str, Any]:
    names = {script.id: script.display_name for script in agent.scripts}
    return {
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "exit_code": row.exit_code,
        "stage": row.stage,
        "status": row.status,
        "display_name": names.get(row.script_id, ""),
        "workspace_agent_id": agent.id,
        "workspace_agent_name": agent.name,
    }
