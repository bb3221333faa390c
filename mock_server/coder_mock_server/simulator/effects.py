"""What the end of a job leaves behind, all of it in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain import deadlines
from coder_mock_server.domain import records as r
from coder_mock_server.domain.jobs import put_job
from coder_mock_server.domain.schedule import next_autostart
from coder_mock_server.simulator import agents, scripts
from coder_mock_server.simulator.runs import Run, finds_nothing, state_before
from coder_mock_server.terraform import model
from coder_mock_server.terraform.state import write_state
from coder_mock_server.terraform.timings import build_timings

STORED_AFTER = timedelta(milliseconds=3)
"""How much later than its job a resource is dated."""


def begin(world: World, job: r.ProvisionerJob, run: Run, now: datetime) -> None:
    """A daemon took the job: what an import reads first is there already while it runs."""
    if run.imported is not None and job.template_version_id:
        version = world.state.template_versions[job.template_version_id]
        world.state.template_versions.put(replace(version, readme=run.imported.readme))


def finish(world: World, job: r.ProvisionerJob, run: Run, now: datetime) -> None:
    """The job ended at `now`, well or with an error."""
    done = replace(job, completed_at=now, updated_at=now)
    if run.error:
        done = replace(done, error=run.error, error_code=run.error_code)
    if run.imported is not None:
        _finish_import(world, done, run, now)
    elif job.workspace_build_id is not None and run.plan is not None:
        _finish_build(world, done, run, run.plan, now)
    elif run.plan is not None and not run.error:
        store_resources(world, done, run.plan, now)
    put_job(world, done)


def _finish_import(world: World, job: r.ProvisionerJob, run: Run, now: datetime) -> None:
    version = world.state.template_versions[job.template_version_id or ""]
    world.state.template_versions.put(replace(version, updated_at=now))
    world.state.imports[version.id] = run.imported
    if run.imported is not None and not run.error:
        store_resources(world, job, run.imported.start, now)
        store_resources(world, job, run.imported.stop, now)


def _finish_build(
    world: World, job: r.ProvisionerJob, run: Run, plan: model.Plan, now: datetime
) -> None:
    state = world.state
    build = state.builds[job.workspace_build_id or ""]
    workspace = state.workspaces[build.workspace_id]
    idle = finds_nothing(world, build)
    after = None if idle else _state_after(world, build, plan)
    build = replace(build, updated_at=now, state=after)
    if run.error:
        state.builds.put(build)
        return
    template = state.templates[workspace.template_id]
    insisted = deadlines.max_deadline(template, state.users[workspace.owner_id], now)
    state.builds.put(
        replace(
            build,
            deadline=deadlines.combined(deadlines.deadline(workspace, template, now), insisted),
            max_deadline=insisted,
            daily_cost=_committed(world, build, plan),
        )
    )
    store_resources(world, job, plan, now)
    if not idle and (rows := _timings(job, plan, now)):
        state.job_timings.put(rows)
    agents.leave(world, workspace.id, build.build_number, now)
    workspace = replace(
        workspace, next_start_at=next_autostart(workspace.autostart_schedule, template, now)
    )
    if build.transition == "delete":
        workspace = replace(workspace, deleted=True)
        for share in state.port_shares.by("workspace", workspace.id):
            state.port_shares.remove((share.workspace_id, share.agent_name, share.port))
    state.workspaces.put(workspace)


def _timings(job: r.ProvisionerJob, plan: model.Plan, now: datetime) -> tuple[r.JobTiming, ...]:
    started = job.started_at or now
    return tuple(
        r.JobTiming(
            job_id=job.id,
            started_at=started + timedelta(seconds=row.start),
            ended_at=started + timedelta(seconds=row.end),
            stage=row.stage,
            source=row.source,
            action=row.action,
            resource=row.resource,
        )
        for row in build_timings(plan, (now - started).total_seconds())
    )


def _state_after(world: World, build: r.WorkspaceBuild, plan: model.Plan) -> bytes | None:
    if plan.failure is not None and not plan.failure.startswith("terraform apply"):
        # Nothing was applied: the state stays what it was, even one that could not be read.
        return build.state
    before = state_before(world, build) or b""
    return write_state(plan, before=before, seed=build.workspace_id)


def _committed(world: World, build: r.WorkspaceBuild, plan: model.Plan) -> int:
    """What the build costs a day: counted with a licence only, and not for a deletion."""
    if not world.licensed or build.transition == "delete":
        return 0
    return plan.daily_cost


def store_resources(world: World, job: r.ProvisionerJob, plan: model.Plan, now: datetime) -> None:
    """The resources of a plan with their agents and apps, as rows of the job."""
    moment = now if world.settings.instant else now + STORED_AFTER
    is_import = job.type != "workspace_build"
    for position, resource in enumerate(plan.resources):
        row = world.state.resources.put(
            r.WorkspaceResource(
                id=world.ids.uuid(),
                job_id=job.id,
                created_at=moment,
                transition=plan.transition,
                type=resource.type,
                name=resource.name,
                position=position,
                hide=resource.hide,
                icon=resource.icon,
                daily_cost=resource.daily_cost,
                metadata=tuple(
                    r.ResourceMetadata(item.key, item.value or "", item.sensitive)
                    for item in resource.metadata
                    if item.value is not None or is_import
                ),
            )
        )
        for agent in resource.agents:
            store_agent(world, row, agent, moment)


def store_agent(
    world: World, resource: r.WorkspaceResource, agent: model.Agent, now: datetime
) -> r.WorkspaceAgent:
    """An agent that never connected yet, with its scripts, log sources and apps."""
    id = world.ids.uuid()
    pairs = [(_script(world, one), one) for one in agent.scripts]
    row = world.state.agents.put(
        r.WorkspaceAgent(
            id=id,
            resource_id=resource.id,
            job_id=resource.job_id,
            name=agent.name,
            created_at=now,
            updated_at=now,
            auth_token=agent.token or world.ids.uuid(),
            architecture=agent.arch,
            operating_system=agent.os,
            directory=agent.directory,
            environment_variables=agent.env,
            connection_timeout_seconds=agent.connection_timeout_seconds,
            troubleshooting_url=agent.troubleshooting_url,
            display_apps=agent.display_apps,
            scripts=tuple(script for script, _ in pairs),
            log_sources=tuple(
                r.AgentLogSource(script.log_source_id, id, now, one.display_name, one.icon)
                for script, one in pairs
            ),
            metadata=tuple(
                r.AgentMetadatum(
                    key=item.key,
                    display_name=item.display_name,
                    script=item.script,
                    interval=item.interval,
                    timeout=item.timeout,
                    order=item.order,
                )
                for item in agent.metadata
            ),
            position=agent.order,
            connects=agent.connects and bool(agent.token),
        )
    )
    for app in agent.apps:
        health = scripts.app_health(agent, app.healthcheck.url)
        world.state.apps.put(_app(world, row, app, now, health))
    return row


def _script(world: World, script: model.Script) -> r.AgentScript:
    return r.AgentScript(
        id=world.ids.uuid(),
        log_source_id=world.ids.uuid(),
        display_name=script.display_name,
        script=script.script,
        log_path=script.log_path,
        cron=script.cron,
        run_on_start=script.run_on_start,
        run_on_stop=script.run_on_stop,
        start_blocks_login=script.start_blocks_login,
        timeout=script.timeout_seconds * 1_000_000_000,
        icon=script.icon,
    )


def _app(
    world: World, agent: r.WorkspaceAgent, app: model.App, now: datetime, health: str
) -> r.WorkspaceApp:
    check = app.healthcheck
    return r.WorkspaceApp(
        id=world.ids.uuid(),
        agent_id=agent.id,
        slug=app.slug,
        created_at=now,
        position=app.order,
        display_name=app.display_name,
        url=app.url or "",
        external=app.external,
        command=app.command or "",
        icon=app.icon or "",
        subdomain=app.subdomain,
        sharing_level=app.share,
        healthcheck_url=check.url,
        healthcheck_interval=check.interval,
        healthcheck_threshold=check.threshold,
        health="initializing" if check.url else "disabled",
        planned_health=health,
        hidden=app.hidden,
        open_in=app.open_in,
    )
