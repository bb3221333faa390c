"""Jobs come into being and are canceled here; everything else about them is the simulator's."""

from __future__ import annotations

from datetime import datetime

from coder_mock_server.call import World
from coder_mock_server.domain import lifecycle
from coder_mock_server.domain.records import JobType, ProvisionerJob, Tags

WORK = ("jobs", "")
"""Topic announced whenever a job appears or changes: what the simulator waits for."""


def new_job(
    world: World,
    *,
    type: JobType,
    organization_id: str,
    initiator_id: str,
    file_id: str,
    tags: Tags,
    now: datetime | None = None,
    id: str | None = None,
    template_version_id: str | None = None,
    workspace_build_id: str | None = None,
    dry_run_parameters: tuple[tuple[str, str], ...] = (),
    dry_run_workspace: str = "",
) -> ProvisionerJob:
    """A pending job at the end of the line, written into the open transaction."""
    moment = now or world.now()
    job = ProvisionerJob(
        id=id or world.ids.uuid(),
        created_at=moment,
        updated_at=moment,
        organization_id=organization_id,
        initiator_id=initiator_id,
        type=type,
        file_id=file_id,
        tags=tags,
        template_version_id=template_version_id,
        workspace_build_id=workspace_build_id,
        dry_run_parameters=dry_run_parameters,
        dry_run_workspace=dry_run_workspace,
    )
    return put_job(world, job)


def cancel_job(world: World, job: ProvisionerJob, now: datetime | None = None) -> ProvisionerJob:
    """Cancel it, as a client asks; raises `lifecycle.CannotCancel`."""
    return put_job(world, lifecycle.cancel(job, now or world.now()))


def put_job(world: World, job: ProvisionerJob) -> ProvisionerJob:
    """Store the job and tell those who watch it, its log or its workspace."""
    world.state.jobs.put(job)
    world.announce(*WORK)
    world.announce("job", job.id)
    if job.completed_at is not None:
        world.announce("job_logs", job.id)
    build = world.state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
    if build is not None:
        world.announce("workspace", build.workspace_id)
    return job
