"""Changing a workspace: name, schedule, time to live, deadline, dormancy, favourite, usage.

Who may read a workspace but not change it is refused in a different way by each of these; some
refusals of the real server are internal errors, and so are ours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import deadlines, schedule
from coder_mock_server.domain import records as r
from coder_mock_server.domain.automation import deleting_at
from coder_mock_server.domain.workspace_rules import TtlError, is_update_policy, whole_minutes
from coder_mock_server.errors import ApiError, Forbidden, Invalid, NotFound, Validation
from coder_mock_server.handlers.workspaces.create import name_taken
from coder_mock_server.handlers.workspaces.read import seen

RBAC = "unauthorized: rbac: forbidden"
# The message says thirty.
LEAST_AHEAD = timedelta(minutes=29)
NO_AUTOSTART = "Autostart is not allowed for workspaces using this template."
NO_OWN_TTL = "Custom autostop TTL is not allowed for workspaces using this template."


def update_workspace_metadata_by_id(call: Call, world: World) -> Reply:
    """Rename, where the deployment allows it."""
    record = lookup.workspace(call, world)
    body = call.body()
    body.validate(("name", "username"))
    name = body.text("name")
    if name == record.name:
        return Reply.no_content()
    if not world.policy.rename_allowed:
        raise ApiError(400, "Workspace renames are not allowed.")
    if record.deleted:
        raise ApiError(405, f'Workspace "{record.name}" is deleted and cannot be updated.')
    taken = world.state.workspaces.one("name", (record.owner_id, name.lower()))
    if taken is not None and taken.id != record.id:
        raise name_taken(name)
    _check_update(call, world, record, "Internal error updating workspace.")
    world.state.workspaces.put(replace(record, name=name))
    world.announce("workspace", record.id)
    return Reply.no_content()


def update_workspace_autostart_schedule_by_id(call: Call, world: World) -> Reply:
    """Set the autostart schedule, or clear it."""
    record = lookup.workspace(call, world)
    text = call.body().text("schedule") or None
    if text is not None:
        try:
            schedule.parse(text)
        except schedule.ScheduleError as error:
            raise Invalid(
                "Invalid autostart schedule.", Validation("schedule", str(error))
            ) from None
    template = world.state.templates[record.template_id]
    if not template.allow_user_autostart:
        raise Invalid(NO_AUTOSTART, Validation("schedule", NO_AUTOSTART))
    _check_update(call, world, record, "Internal error updating workspace autostart schedule.")
    upcoming = schedule.next_autostart(text, template, world.now())
    world.state.workspaces.put(replace(record, autostart_schedule=text, next_start_at=upcoming))
    return Reply.no_content()


def update_workspace_ttl_by_id(call: Call, world: World) -> Reply:
    """Set the time to live of the starts to come, or clear it together with the deadline."""
    message = "Error updating workspace time until shutdown."
    record = lookup.workspace(call, world)
    ttl_ms: Any = call.body().optional("ttl_ms")
    template = world.state.templates[record.template_id]
    if not template.allow_user_autostop:
        raise Invalid(message, Validation("ttl_ms", NO_OWN_TTL))
    try:
        ttl_ms = whole_minutes(ttl_ms, world.policy)
    except TtlError as error:
        raise Invalid(message, Validation("ttl_ms", str(error))) from None
    rbac = f"execute transaction: update workspace time until shutdown: {RBAC}"
    _check_update(call, world, record, message, rbac)
    world.state.workspaces.put(replace(record, ttl_ms=ttl_ms))
    build = world.state.latest_build(record.id)
    if ttl_ms is None and build.transition == "start" and build.deadline is not None:
        world.state.builds.put(replace(build, deadline=None))
    return Reply.no_content()


def extend_workspace_deadline_by_id(call: Call, world: World) -> Reply:
    """Move the deadline of the running start build."""
    record = lookup.workspace(call, world)
    body = call.body()
    body.validate(("deadline", "required"))
    wanted = body.time("deadline")
    build = world.state.latest_build(record.id)
    job = world.state.jobs[build.job_id]
    if build.transition != "start":
        raise ApiError(409, f"Workspace must be started, current status: {build.transition}")
    if job.completed_at is None:
        raise ApiError(409, "Workspace is still building!")
    if build.deadline is None:
        raise ApiError(409, "Workspace shutdown is manual.")
    if wanted < world.now() + LEAST_AHEAD:
        raise ApiError(
            400,
            "Cannot extend workspace: new deadline must be at least 30 minutes in the future",
        )
    if build.max_deadline is not None and wanted > build.max_deadline:
        raise ApiError(400, "Cannot extend workspace beyond max deadline.")
    _check_update(call, world, record, "Failed to extend workspace deadline.", "")
    world.state.builds.put(replace(build, deadline=wanted))
    world.announce("workspace", record.id)
    told = wanted.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Reply.message(f"Deadline updated to {told}.")


def update_workspace_dormancy_status_by_id(call: Call, world: World) -> Reply:
    """Put it to sleep or wake it; what is so already is 304."""
    record = lookup.workspace(call, world)
    dormant = call.body().boolean("dormant")
    if dormant == (record.dormant_at is not None):
        return Reply.not_modified()
    _check_update(call, world, record, "Internal error updating workspace locked status.")
    now = world.now()
    if dormant:
        template = world.state.templates[record.template_id]
        changed = replace(record, dormant_at=now, deleting_at=deleting_at(template, now))
    else:
        changed = replace(record, dormant_at=None, deleting_at=None, last_used_at=now)
    world.state.workspaces.put(changed)
    return Reply.ok(seen(call, world, changed, now))


def update_workspace_automatic_updates_by_id(call: Call, world: World) -> Reply:
    """Whether starts take the template's active version by themselves."""
    record = lookup.workspace(call, world)
    updates = call.body().text("automatic_updates")
    if not is_update_policy(updates):
        raise Invalid("Invalid request", Validation("automatic_updates", "must be always or never"))
    if not _may_update(call, world, record):
        raise NotFound()
    world.state.workspaces.put(replace(record, automatic_updates=updates))
    return Reply.no_content()


def favorite_workspace_by_id(call: Call, world: World) -> Reply:
    """Mark it as the owner's favourite; only he can."""
    return _set_favorite(call, world, True, "You can only favorite workspaces that you own.")


def unfavorite_workspace_by_id(call: Call, world: World) -> Reply:
    """Take the mark away again."""
    return _set_favorite(call, world, False, "You can only un-favorite workspaces that you own.")


def _set_favorite(call: Call, world: World, favorite: bool, refusal: str) -> Reply:
    record = lookup.workspace(call, world)
    if record.owner_id != call.actor.id:
        raise ApiError(403, refusal)
    if record.favorite != favorite:
        world.state.workspaces.put(replace(record, favorite=favorite))
    return Reply.no_content()


def post_workspace_usage_by_id(call: Call, world: World) -> Reply:
    """Somebody works with it: noted, and a deadline close by moves. The body is never read."""
    record = lookup.workspace(call, world)
    if not _may_update(call, world, record):
        raise Forbidden()
    now = world.now()
    world.state.workspaces.put(replace(record, last_used_at=now))
    build = world.state.latest_build(record.id)
    template = world.state.templates[record.template_id]
    later = deadlines.bumped(build, record, template, now)
    if later is not None:
        world.state.builds.put(replace(build, deadline=later))
    return Reply.no_content()


def _may_update(call: Call, world: World, record: r.Workspace) -> bool:
    return lookup.can(call, world, "update", lookup.workspace_thing(record))


def _check_update(
    call: Call, world: World, record: r.Workspace, message: str, detail: str = RBAC
) -> None:
    """Let through who may change the workspace; the real server fails on all others."""
    if not _may_update(call, world, record):
        raise ApiError(500, message, detail)
