"""Workspaces of a scenario: a history of builds, and the latest one as it was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from coder_fixtures.model import WorkspaceSpec
from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import parameters_of
from coder_mock_server.domain.schedule import next_autostart
from coder_mock_server.scenario_loader.builder import WAKE, Past
from coder_mock_server.simulator import agents
from coder_mock_server.terraform.parameters import resolve_parameters

LAST: dict[str, r.Transition] = {
    "running": "start",
    "starting": "start",
    "pending": "start",
    "failed": "start",
    "canceled": "start",
    "stopped": "stop",
    "stopping": "stop",
    "deleted": "delete",
}
UNFINISHED = ("pending", "starting", "stopping")
BUILD_FAILED = "terraform apply: exit status 1"


def put_workspace(past: Past, spec: WorkspaceSpec) -> r.Workspace:
    """The workspace with its builds, agents and apps."""
    world = past.world
    owner, template = past.users[spec.owner], past.templates[spec.template]
    made = past.ago(spec.age)
    used = max(made, past.ago(spec.last_used))
    workspace = world.state.workspaces.put(
        r.Workspace(
            id=world.ids.uuid(),
            owner_id=owner.id,
            organization_id=template.organization_id,
            template_id=template.id,
            name=spec.name,
            created_at=made,
            updated_at=made,
            last_used_at=used,
            autostart_schedule=spec.autostart or None,
            ttl_ms=int(spec.ttl.total_seconds() * 1000) if spec.ttl else None,
            automatic_updates=spec.automatic_updates,
            favorite=spec.favorite,
            next_start_at=next_autostart(spec.autostart or None, template, past.now),
        )
    )
    transitions = history(LAST[spec.state], spec.builds)
    moments = _moments(past, spec, len(transitions))
    for number, transition in enumerate(transitions[:-1], 1):
        _put_old_build(past, spec, workspace, number, transition, moments[number - 1])
    _put_latest(past, spec, workspace, len(transitions), transitions[-1], moments[-1])
    return _settle(past, spec, world.state.workspaces[workspace.id])


def history(last: r.Transition, count: int) -> list[r.Transition]:
    """`count` transitions that begin with a start, end with `last` and take turns between."""
    found: list[r.Transition] = [last]
    while len(found) < count:
        found.insert(0, "stop" if found[0] == "start" else "start")
    if found[0] != "start":
        # One more start keeps the first build a start: a build number more than asked for is
        # better than a workspace that began with a stop.
        found.insert(0, "start")
    return found


def _moments(past: Past, spec: WorkspaceSpec, count: int) -> list[datetime]:
    """When the builds were asked for: the first with the workspace, the last at `since`."""
    first = past.ago(spec.age)
    last = max(first, past.ago(spec.since if spec.since is not None else spec.age))
    if count == 1:
        return [last]
    inner = sorted(past.dice.uniform(0.02, 0.95) for _ in range(count - 2))
    return [first, *(first + (last - first) * share for share in inner), last]


def _version(past: Past, spec: WorkspaceSpec, moment: datetime | None) -> r.TemplateVersion:
    """The version of the latest build, or the newest that there was at `moment`."""
    state = past.world.state
    template = past.templates[spec.template]
    if spec.version:
        final = state.template_versions[past.versions[(spec.template, spec.version)].id]
    else:
        final = state.template_versions[template.active_version_id]
    if moment is None:
        return final
    earlier = [
        version
        for version in state.template_versions.by("template", template.id)
        if version.created_at <= min(moment, final.created_at)
        and state.jobs[version.job_id].error is None
        and state.jobs[version.job_id].completed_at is not None
    ]
    return max(earlier, key=lambda v: v.created_at) if earlier else final


def _put_build(
    past: Past,
    spec: WorkspaceSpec,
    workspace: r.Workspace,
    number: int,
    transition: r.Transition,
    moment: datetime,
    version: r.TemplateVersion,
    *,
    held: bool = False,
    planned_failure: str = "",
) -> r.ProvisionerJob:
    state = past.world.state
    id = past.world.ids.uuid()
    reason: r.BuildReason = "initiator"
    if spec.autostart and number > 1:
        reason = "autostart" if transition == "start" else "autostop"
    job = past.job(
        "workspace_build",
        organization_id=workspace.organization_id,
        initiator_id=workspace.owner_id,
        file_id=state.jobs[version.job_id].file_id,
        created_at=moment,
        workspace_build_id=id,
        held=held,
        planned_failure=planned_failure,
    )
    values = resolve_parameters(parameters_of(state, version.id), request=spec.parameters)
    state.builds.put(
        r.WorkspaceBuild(
            id=id,
            workspace_id=workspace.id,
            template_version_id=version.id,
            build_number=number,
            transition=transition,
            initiator_id=workspace.owner_id,
            job_id=job.id,
            created_at=moment,
            updated_at=moment,
            reason=reason,
            parameters=tuple(sorted(values.items())),
        )
    )
    return job


def _put_old_build(
    past: Past,
    spec: WorkspaceSpec,
    workspace: r.Workspace,
    number: int,
    transition: r.Transition,
    moment: datetime,
) -> None:
    """A build that others followed: its facts and duration, without what it once made."""
    state = past.world.state
    job = _put_build(
        past, spec, workspace, number, transition, moment, _version(past, spec, moment)
    )
    taken = past.take(job, past.worker(job.organization_id))
    longest = 45.0 if transition == "start" else 15.0
    ended = moment + WAKE + timedelta(seconds=past.dice.uniform(longest / 3, longest))
    state.jobs.put(replace(taken, completed_at=ended, updated_at=ended))
    build = state.builds[job.workspace_build_id or ""]
    state.builds.put(replace(build, updated_at=ended))


def _put_latest(
    past: Past,
    spec: WorkspaceSpec,
    workspace: r.Workspace,
    number: int,
    transition: r.Transition,
    moment: datetime,
) -> None:
    state = past.world.state
    failure = (spec.error or BUILD_FAILED) if spec.state == "failed" else ""
    job = _put_build(
        past,
        spec,
        workspace,
        number,
        transition,
        moment,
        _version(past, spec, None),
        held=spec.hold and spec.state in UNFINISHED,
        planned_failure=failure,
    )
    if spec.state == "pending":
        return
    if spec.state == "canceled":
        state.jobs.put(replace(job, canceled_at=moment, completed_at=moment))
        return
    if spec.state in ("starting", "stopping"):
        past.take(job, past.idle_worker(job.organization_id))
        return
    past.finish(past.take(job, past.worker(job.organization_id)))
    for agent in state.agents.by("job", job.id):
        settle_agent(past, agent, dict(spec.agents), dict(spec.apps))


def settle_agent(
    past: Past, agent: r.WorkspaceAgent, wanted: dict[str, str], apps: dict[str, str]
) -> None:
    """Let the agent take its steps up to now, then put it into the state asked for."""
    world, state = past.world, past.world.state
    want = wanted.get(agent.name, wanted.get("*", "connected"))
    for app in state.apps.by("agent", agent.id):
        health = apps.get(app.slug, apps.get("*"))
        if health is not None and app.health != "disabled":
            state.apps.put(replace(app, planned_health=health))
    if want in ("connecting", "timeout"):
        limit = 0 if want == "connecting" else agent.connection_timeout_seconds
        state.agents.put(replace(agent, connects=False, connection_timeout_seconds=limit))
        return
    while True:
        step = agents.next_step(world, state.agents[agent.id])
        if step is None or step.due > past.now:
            break
        agents.take_step(world, state.agents[agent.id], step)
    agent = state.agents[agent.id]
    if agent.first_connected_at is None:
        return
    if want == "disconnected":
        lost = max(agent.first_connected_at, past.ago(timedelta(minutes=7)))
        state.agents.put(replace(agent, last_connected_at=lost, disconnected_at=lost))
    elif want in ("start_error", "start_timeout"):
        state.agents.put(replace(agent, lifecycle_state=want))
    elif want == "starting":
        state.agents.put(replace(agent, lifecycle_state="starting", ready_at=None))


def _settle(past: Past, spec: WorkspaceSpec, workspace: r.Workspace) -> r.Workspace:
    """What the last build's end does not decide: dormancy."""
    if spec.dormant is None:
        return workspace
    since = past.ago(spec.dormant)
    keep = past.templates[spec.template].time_til_dormant_autodelete_ms
    return past.world.state.workspaces.put(
        replace(
            workspace,
            dormant_at=since,
            deleting_at=since + timedelta(milliseconds=keep) if keep else None,
        )
    )
