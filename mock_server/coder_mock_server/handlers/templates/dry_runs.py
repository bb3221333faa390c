"""Dry runs: what a build with these values would come to."""

from __future__ import annotations

from typing import Any

from coder_mock_server import joblogs, lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import jobs
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import ApiError, Forbidden, NotFound
from coder_mock_server.handlers.templates.versions import cancel_or_refuse
from coder_mock_server.presenters import agents
from coder_mock_server.presenters import jobs as present
from coder_mock_server.presenters import templates as present_templates


def create_template_version_dry_run(call: Call, world: World) -> Reply:
    """Start a dry run of a version whose import ended, however it ended."""
    version = lookup.template_version(call, world)
    thing = Thing("workspace", version.organization_id, call.actor.id)
    if not lookup.can(call, world, "create", thing):
        raise NotFound()
    body = call.body()
    imported = world.state.jobs[version.job_id]
    if imported.completed_at is None:
        raise ApiError(425, "Template version import job hasn't completed!")
    job = jobs.new_job(
        world,
        type="template_version_dry_run",
        organization_id=version.organization_id,
        initiator_id=call.actor.id,
        file_id=imported.file_id,
        tags=imported.tags,
        template_version_id=version.id,
        dry_run_parameters=tuple(
            (item.text("name"), item.text("value")) for item in body.items("rich_parameter_values")
        ),
        dry_run_workspace=body.text("workspace_name"),
    )
    shown = present.embedded(world, job, posted=True)
    return Reply.created(shown)


def _dry_run(call: Call, world: World) -> r.ProvisionerJob:
    version = lookup.template_version(call, world)
    text = call.path["jobID"]
    id = lookup.parse_uuid(text)
    if id is None:
        raise ApiError(400, f'Job ID "{text}" must be a valid UUID.', lookup.uuid_problem(text))
    job = world.state.jobs.get(id)
    if job is None:
        # The API answers an unknown job with a server error.
        raise ApiError(500, "An internal server error occurred.")
    if job.type != "template_version_dry_run" or job.template_version_id != version.id:
        raise Forbidden()
    return job


def get_template_version_dry_run_by_job_id(call: Call, world: World) -> Reply:
    """The job of a dry run."""
    return Reply.ok(present.embedded(world, _dry_run(call, world)))


def get_template_version_dry_run_matched_provisioners(call: Call, world: World) -> Reply:
    """How many daemons could take it."""
    return Reply.ok(present_templates.matched(world, _dry_run(call, world)))


def get_template_version_dry_run_resources_by_job_id(call: Call, world: World) -> Reply:
    """What a start would make."""
    job = _dry_run(call, world)
    if job.completed_at is None:
        raise ApiError(400, "Job hasn't completed!")
    return Reply.ok(agents.resources(world, job.id, world.now(), by_name=True))


def get_template_version_dry_run_logs_by_job_id(call: Call, world: World) -> Any:
    """The dry run's log, plain or followed."""
    return joblogs.reply(call, world, _dry_run(call, world))


def cancel_template_version_dry_run_by_job_id(call: Call, world: World) -> Reply:
    """Ask for the end of a dry run; the texts end in full stops here."""
    job = _dry_run(call, world)
    cancel_or_refuse(world, job, end=".")
    return Reply.message("Job has been marked as canceled.")
