"""The builds page: making, listing, reading and canceling workspace builds."""

from __future__ import annotations

import re
from typing import Any

from coder_mock_server import joblogs, lookup
from coder_mock_server.call import Call, Reply, StreamReply, World
from coder_mock_server.domain import builder, jobs
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Subject, may
from coder_mock_server.errors import FORBIDDEN_DETAIL, ApiError, NotFound
from coder_mock_server.handlers.workspaces.create import build_parameters, preset_id
from coder_mock_server.owners import named_workspace, owner
from coder_mock_server.presenters import agents as present_agents
from coder_mock_server.presenters import builds as present
from coder_mock_server.views import View
from coder_mock_server.wire_in import Body, QueryReader, pagination, parse_time

SCHEMA = "codersdk.WorkspaceBuild"
INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
ORPHAN_ONLY_ON_DELETE = "Orphan is only permitted when deleting a workspace."
ORPHAN_OR_STATE = "ProvisionerState cannot be set alongside Orphan since state intent is unclear."
ONLY_MANAGERS = "Only template managers may provide custom state"
ONLY_ADMINS = "Workspace builds with a custom log level are restricted to administrators only."
NO_DEBUG = "Terraform debug mode is disabled in the deployment configuration."


def create_workspace_build(call: Call, world: World) -> Reply:
    """The next build of a workspace."""
    workspace = lookup.workspace(call, world)
    body = call.body()
    body.validate(
        ("transition", "oneof=start stop delete,required"),
        ("log_level", "omitempty,oneof=debug"),
    )
    transition: Any = body.text("transition")
    state, orphan = body.bytes("state"), body.boolean("orphan")
    if orphan and transition != "delete":
        return _two_refusals(ORPHAN_ONLY_ON_DELETE)
    if orphan and state:
        return _two_refusals(ORPHAN_OR_STATE)
    _check_rights(call, world, workspace, body)
    now = world.now()
    version_id = body.uuid("template_version_id")
    build = builder.create_build(
        world,
        workspace,
        transition=transition,
        reason="initiator",
        initiator_id=call.actor.id,
        version_id=None if version_id == r.NIL_UUID else version_id,
        parameters=build_parameters(body),
        preset_id=preset_id(body),
        state=state,
        orphan=orphan,
        log_level=body.text("log_level"),
        now=now,
    )
    return Reply.created(present.new_build(world, build, now))


def _two_refusals(message: str) -> Reply:
    # The real server notices the contradiction twice and writes both refusals into one body, so
    # that it is no JSON document; clients that read the first value only see the first one.
    lines = f'{{"message":"{message}"}}\n{{"message":"An internal server error occurred."}}\n'
    return Reply(400, lines.encode(), "application/json; charset=utf-8", raw=True)


def _check_rights(call: Call, world: World, workspace: r.Workspace, body: Body) -> None:
    subject = lookup.subject(call, world)
    template = world.state.templates[workspace.template_id]
    action = "delete" if body.text("transition") == "delete" else "update"
    if not may(subject, action, lookup.workspace_thing(workspace)):
        raise ApiError(
            403, f"You do not have permission to {action} this workspace.", FORBIDDEN_DETAIL
        )
    manages = may(subject, "update", lookup.template_thing(template))
    if (body.bytes("state") or body.boolean("orphan")) and not manages:
        raise ApiError(403, ONLY_MANAGERS, ONLY_MANAGERS)
    if body.text("log_level"):
        text = NO_DEBUG if manages else ONLY_ADMINS
        raise ApiError(400, text, text)


def get_workspace_builds_by_workspace_id(call: Call, world: World) -> Reply:
    """Builds of a workspace, the newest first; of a deleted one too."""
    workspace = lookup.workspace(call, world)
    reader = QueryReader(call.query)
    page = pagination(reader)
    reader.finish()
    since = _since(call)
    found = list(reversed(_in_order(world, workspace)))
    if page.after_id is not None:
        cursor = world.state.builds.get(page.after_id)
        if cursor is None or not _is_readable(call, world, cursor):
            raise ApiError(400, f'Record at "after_id" ("{page.after_id}") does not exist.')
        # Towards newer builds.
        found = [build for build in found if build.build_number > cursor.build_number]
    if since is not None:
        found = [build for build in found if build.created_at > since]
    return Reply.ok([_view(world, build) for build in page.cut(found)])


def _is_readable(call: Call, world: World, build: r.WorkspaceBuild) -> bool:
    workspace = world.state.workspaces[build.workspace_id]
    return lookup.can(call, world, "read", lookup.workspace_thing(workspace))


def _in_order(world: World, workspace: r.Workspace) -> list[r.WorkspaceBuild]:
    return sorted(world.state.builds.by("workspace", workspace.id), key=lambda b: b.build_number)


def _since(call: Call) -> Any:
    text = call.query.get("since")
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise ApiError(400, "bad `since` format, must be RFC3339", str(error)) from None


def _view(world: World, build: r.WorkspaceBuild, *, counts_daemons: bool = True) -> View | Any:
    """The build as lists show it, kept while its job is over and no agent belongs to it."""
    now = world.now()
    job = world.state.jobs[build.job_id]
    if job.completed_at is None or world.state.agents.count("job", job.id):
        return present.build(world, build, now, counts_daemons=counts_daemons)
    stamp = (
        build,
        job,
        world.state.workspaces[build.workspace_id],
        world.state.template_versions[build.template_version_id],
        world.state.users.version,
    )
    return world.views.get(SCHEMA, build.id, stamp, lambda: present.build(world, build, now))


def get_workspace_build(call: Call, world: World) -> Reply:
    """One build; only here a pending one does not tell how many daemons match it."""
    build, _ = lookup.build(call, world)
    return Reply.ok(_view(world, build, counts_daemons=False))


def get_workspace_build_by_user_workspace_name_and_build_number(call: Call, world: World) -> Reply:
    """One build by owner, name and number; of live workspaces only."""
    user = owner(call, world).user
    number = _number(call.path["buildnumber"])
    workspace = named_workspace(call, world, user)
    build = world.state.builds.one("number", (workspace.id, number))
    if build is None:
        name = call.path["workspacename"]
        raise NotFound(f'Workspace "{name}" Build {number} does not exist.')
    return Reply.ok(_view(world, build))


def _number(text: str) -> int:
    message = "Failed to parse build number as integer."
    if not INTEGER.fullmatch(text):
        raise ApiError(400, message, f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > 20 or not -(2**31) <= int(text) < 2**31:
        raise ApiError(400, message, f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def cancel_workspace_build(call: Call, world: World) -> Reply:
    """Ask the build's job to end; the template may leave that to site owners."""
    build, workspace = lookup.build(call, world)
    subject = lookup.subject(call, world)
    template = world.state.templates[workspace.template_id]
    if not template.allow_user_cancel_workspace_jobs and not _is_site_owner(subject):
        raise ApiError(
            403, "User is not allowed to cancel workspace builds. Owner role is required."
        )
    job = world.state.jobs[build.job_id]
    if job.completed_at is not None:
        raise ApiError(400, "Job has already completed!")
    if job.canceled_at is not None:
        raise ApiError(400, "Job has already been marked as canceled!")
    if not may(subject, "update", lookup.workspace_thing(workspace)):
        # Our choice: who may only read is told what he is told of most other changes.
        raise NotFound()
    jobs.cancel_job(world, job, world.now())
    return Reply.message("Job has been marked as canceled...")


def _is_site_owner(subject: Subject) -> bool:
    return "owner" in subject.roles


def get_build_parameters_for_workspace_build(call: Call, world: World) -> Reply:
    """All parameters of the build in name order."""
    build, _ = lookup.build(call, world)
    return Reply.ok(present.parameters(build))


def removed_get_workspace_resources_for_workspace_build(call: Call, world: World) -> Reply:
    """Its resources by name; none before the job is over."""
    return _resources(call, world)


def get_workspace_resources_for_workspace_build(call: Call, world: World) -> Reply:
    """The same as 2023 called it."""
    return _resources(call, world)


def _resources(call: Call, world: World) -> Reply:
    build, _ = lookup.build(call, world)
    if world.state.jobs[build.job_id].completed_at is None:
        raise ApiError(400, "Job hasn't completed!")
    found = present_agents.resources(world, build.job_id, world.now(), by_name=True)
    return Reply.ok(found)


def get_workspace_build_logs(call: Call, world: World) -> Reply | StreamReply:
    """The log of its job, as a list or as a stream."""
    build, _ = lookup.build(call, world)
    return joblogs.reply(call, world, world.state.jobs[build.job_id])


def get_provisioner_state_for_workspace_build(call: Call, world: World) -> Reply:
    """The provisioner's state as raw bytes; empty while there is none."""
    build, workspace = lookup.build(call, world)
    template = world.state.templates[workspace.template_id]
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise NotFound()
    return Reply.data(build.state or b"", "application/json")


def get_workspace_build_timings_by_id(call: Call, world: World) -> Reply:
    """How long its steps took."""
    build, _ = lookup.build(call, world)
    return Reply.ok(present.timings(world, build))
