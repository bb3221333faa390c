"""Creating workspaces, on both routes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import builder, schedule
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.workspace_rules import TtlError, is_update_policy, whole_minutes
from coder_mock_server.errors import ApiError, Invalid, NotFound, Validation
from coder_mock_server.owners import Owner, member, owner
from coder_mock_server.presenters import workspaces as present
from coder_mock_server.wire_in import Body

MAY_NOT_CREATE = (
    "You are unable to create a workspace in this organization. It is possible to have access to "
    "the template, but not be able to create a workspace. Please contact an administrator about "
    "your permissions if you feel this is an error."
)
MAY_NOT_USE = (
    "Although you are able to view the template, you are unable to create a workspace using it. "
    "Please contact an administrator about your permissions if you feel this is an error."
)


def create_user_workspace(call: Call, world: World) -> Reply:
    """A workspace for the user of the path."""
    return _create(call, world, owner(call, world))


def create_user_workspace_by_organization(call: Call, world: World) -> Reply:
    """The same for a member; the workspace goes where its template is, whatever the path says."""
    return _create(call, world, member(call, world))


def _create(call: Call, world: World, owner: Owner) -> Reply:
    body = call.body()
    if world.policy.template_id_required:
        body.validate(("template_id", "required"), ("name", "workspace_name"))
        template_id, version_id = body.uuid("template_id"), r.NIL_UUID
    else:
        body.validate(
            (
                "template_id",
                "required_without=template_version_id,excluded_with=template_version_id",
            ),
            ("template_version_id", "required_without=template_id,excluded_with=template_id"),
            ("name", "workspace_name"),
        )
        template_id, version_id = body.uuid("template_id"), body.uuid("template_version_id")
    template = _template(call, world, template_id, version_id)
    if not owner.known_in(template.organization_id):
        raise NotFound()
    _check_rights(call, world, template, owner.user)
    now = world.now()
    record = _record(world, template, owner.user, body, now)
    world.state.workspaces.put(record)
    builder.create_build(
        world,
        record,
        transition="start",
        reason="initiator",
        initiator_id=call.actor.id,
        version_id=template.active_version_id if version_id == r.NIL_UUID else version_id,
        parameters=build_parameters(body),
        preset_id=preset_id(body),
        now=now,
    )
    return Reply.created(present.new_workspace(world, record, call.actor.id, now))


def build_parameters(body: Body) -> list[tuple[str, str]]:
    """Name and value of each parameter that a request gives, in its order."""
    return [(item.text("name"), item.text("value")) for item in body.items("rich_parameter_values")]


def preset_id(body: Body) -> str | None:
    """The preset that a request names; the nil UUID names none."""
    found = body.uuid("template_version_preset_id")
    return None if found == r.NIL_UUID else found


def _template(call: Call, world: World, template_id: str, version_id: str) -> r.Template:
    state = world.state
    if version_id != r.NIL_UUID:
        version = state.template_versions.get(version_id)
        if version is None or not lookup.can(
            call, world, "read", lookup.version_thing(world, version)
        ):
            raise Invalid(
                f'Template version "{version_id}" doesn\'t exist.',
                Validation("template_version_id", "template not found"),
            )
        if version.archived:
            raise ApiError(
                500,
                "Archived template versions cannot be used to make a workspace.",
                validations=(Validation("template_version_id", "template version archived"),),
            )
        template_id = version.template_id or r.NIL_UUID
    template = state.templates.get(template_id)
    if template is None or not lookup.can(call, world, "read", lookup.template_thing(template)):
        raise Invalid(
            f'Template "{template_id}" doesn\'t exist.',
            Validation("template_id", "template not found"),
        )
    if template.deleted:
        raise ApiError(404, f'Template "{template.name}" has been deleted!')
    return template


def _check_rights(call: Call, world: World, template: r.Template, owner: r.User) -> None:
    wanted = Thing("workspace", template.organization_id, owner.id)
    if not lookup.can(call, world, "create", wanted):
        raise ApiError(403, "Unauthorized to create workspace.", MAY_NOT_CREATE)
    if not lookup.can(call, world, "use", lookup.template_thing(template)):
        raise ApiError(
            403, f'Unauthorized access to use the template "{template.name}".', MAY_NOT_USE
        )
    if template.deprecation_message and world.licensed:
        raise ApiError(
            400,
            f'Template "{template.name}" has been deprecated, and cannot be used to create a '
            "new workspace.",
            template.deprecation_message,
        )


def _record(
    world: World, template: r.Template, owner: r.User, body: Body, now: datetime
) -> r.Workspace:
    autostart = body.text("autostart_schedule") or None
    if autostart is not None:
        try:
            schedule.parse(autostart)
        except schedule.ScheduleError as error:
            raise Invalid(
                "Invalid Autostart Schedule.", Validation("schedule", str(error))
            ) from None
    ttl_ms: Any = body.optional("ttl_ms")
    try:
        ttl_ms = whole_minutes(ttl_ms, world.policy) or template.default_ttl_ms or None
    except TtlError as error:
        raise Invalid(
            "Invalid Workspace Time to Shutdown.", Validation("ttl_ms", str(error))
        ) from None
    updates = body.text("automatic_updates") or "never"
    if not is_update_policy(updates):
        raise Invalid(
            "Invalid Workspace Automatic Updates setting.",
            Validation("automatic_updates", "Automatic updates must be always or never"),
        )
    name = body.text("name")
    if world.state.workspaces.one("name", (owner.id, name.lower())) is not None:
        raise name_taken(name)
    return r.Workspace(
        id=world.ids.uuid(),
        owner_id=owner.id,
        organization_id=template.organization_id,
        template_id=template.id,
        name=name,
        created_at=now,
        updated_at=now,
        last_used_at=now,
        autostart_schedule=autostart,
        ttl_ms=ttl_ms,
        automatic_updates=updates,
        next_start_at=schedule.next_autostart(autostart, template, now),
    )


def name_taken(name: str) -> ApiError:
    """409: the owner has a live workspace of that name."""
    return ApiError(
        409,
        f'Workspace "{name}" already exists.',
        validations=(Validation("name", "This value is already in use and should be unique."),),
    )
