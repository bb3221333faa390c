"""Templates themselves: list, create, change, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain import template_rules as rules
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.workspace_rules import follow_template
from coder_mock_server.errors import ApiError, Invalid, NotFound, Validation
from coder_mock_server.handlers.insights import daily_users
from coder_mock_server.handlers.templates.examples import EXAMPLES
from coder_mock_server.handlers.templates.search import select_templates
from coder_mock_server.presenters import templates as present
from coder_mock_server.wire_in import Body, QueryReader

RBAC = "unauthorized: rbac: forbidden"
OLDER_DORMANT, OLDER_DELETE = "inactivity_ttl_ms", "locked_ttl_ms"
"""What 2023 calls the two settings of dormancy."""
NAME_TAKEN = "This value is already in use and should be unique."


def get_all_templates(call: Call, world: World) -> Reply:
    """Templates of every organization that the caller may read."""
    return Reply.ok([present.template(world, t) for t in select_templates(call, world)])


def get_templates_by_organization(call: Call, world: World) -> Reply:
    """The organization's templates that the caller may read."""
    organization = lookup.organization(call, world)
    found = select_templates(call, world, organization)
    return Reply.ok([present.template(world, t) for t in found])


def get_template_metadata_by_id(call: Call, world: World) -> Reply:
    """One template."""
    return Reply.ok(present.template(world, lookup.template(call, world)))


def get_templates_by_organization_and_template_name(call: Call, world: World) -> Reply:
    """One template by its name, in any letter case."""
    return Reply.ok(present.template(world, template_by_name(call, world)))


def template_by_name(call: Call, world: World) -> r.Template:
    """The template that organization and name in the path mean."""
    organization = lookup.organization(call, world)
    name = call.path["templatename"].lower()
    found = world.state.templates.one("name", (organization.id, name))
    if found is None or not lookup.can(call, world, "read", lookup.template_thing(found)):
        raise NotFound()
    return found


def create_template_by_organization(call: Call, world: World) -> Reply:
    """Make a template of a version that belongs to none yet."""
    organization = lookup.organization(call, world)
    body = call.body()
    body.validate(
        ("name", "template_name"),
        ("display_name", "omitempty,template_display_name"),
        ("description", "omitempty,lt=128"),
        ("template_version_id", "required"),
    )
    name = body.text("name")
    if world.state.templates.one("name", (organization.id, name.lower())) is not None:
        raise name_taken(name)
    version = _free_version(call, world, body.uuid("template_version_id"))
    record = _new_template(call, world, organization, version, body)
    if not lookup.can(call, world, "create", Thing("template", organization.id)):
        # Our choice of the message: only the refusal's detail follows from the API's rule.
        raise ApiError(500, "Internal error inserting template.", RBAC)
    world.state.templates.put(record)
    world.state.template_versions.put(replace(version, template_id=record.id))
    return Reply.created(present.template(world, record))


def _free_version(call: Call, world: World, id: str) -> r.TemplateVersion:
    version = world.state.template_versions.get(id)
    field = "template_version_id"
    if version is None:
        raise ApiError(
            404,
            f'Template version "{id}" does not exist.',
            validations=(Validation(field, "Template version does not exist"),),
        )
    if not lookup.can(call, world, "read", lookup.version_thing(world, version)):
        raise ApiError(500, "Internal error fetching template version.", RBAC)
    if version.archived:
        raise Invalid(f"Template version {id} is archived.")
    if version.template_id is not None:
        raise Invalid(
            f"Template version {id} is already part of a template",
            Validation(field, "Template version is already part of a template"),
        )
    return version


def _new_template(
    call: Call,
    world: World,
    organization: r.Organization,
    version: r.TemplateVersion,
    body: Body,
) -> r.Template:
    licensed = world.licensed
    level = body.optional("max_port_share_level")
    autostop, autostart = _requirements(body)
    problems = [
        Validation(field, rules.POSITIVE)
        for field in ("default_ttl_ms", "activity_bump_ms")
        if body.integer(field) < 0
    ]
    problems += rules.requirement_problems(autostop, autostart)
    # The API names both dormancy settings alike in its complaints.
    for field, told in (
        ("failure_ttl_ms", "failure_ttl_ms"),
        ("dormant_ttl_ms", "time_til_dormant_autodeletion_ms"),
        ("delete_ttl_ms", "time_til_dormant_autodeletion_ms"),
        (OLDER_DORMANT, OLDER_DORMANT),
        (OLDER_DELETE, OLDER_DELETE),
    ):
        if body.integer(field) < 0:
            problems.append(Validation(told, rules.POSITIVE))
    if level is not None:
        problems += rules.port_share_problem(
            level, "max_port_share_level", licensed=licensed, stored=None
        )
    if problems:
        raise Invalid("Invalid create template request.", *problems)
    now = world.now()
    everyone = () if body.boolean("disable_everyone_group_access") else ((organization.id, "use"),)
    record = r.Template(
        id=world.ids.uuid(),
        organization_id=organization.id,
        name=body.text("name"),
        active_version_id=version.id,
        created_by=call.actor.id,
        created_at=now,
        updated_at=now,
        display_name=body.text("display_name"),
        description=body.text("description"),
        icon=body.text("icon"),
        default_ttl_ms=body.integer("default_ttl_ms"),
        activity_bump_ms=_given(body.optional("activity_bump_ms"), 3_600_000),
        allow_user_cancel_workspace_jobs=body.boolean("allow_user_cancel_workspace_jobs"),
        group_acl=everyone,
    )
    if not licensed:
        return record
    return replace(
        record,
        autostop_days=rules.in_week_order(autostop.days),
        autostop_weeks=max(1, autostop.weeks),
        autostart_days=rules.in_week_order(autostart.days)
        if body.has("autostart_requirement")
        else rules.WEEKDAYS,
        allow_user_autostart=_given(body.optional("allow_user_autostart"), True),
        allow_user_autostop=_given(body.optional("allow_user_autostop"), True),
        failure_ttl_ms=body.integer("failure_ttl_ms"),
        time_til_dormant_ms=body.integer("dormant_ttl_ms") or body.integer(OLDER_DORMANT),
        time_til_dormant_autodelete_ms=body.integer("delete_ttl_ms") or body.integer(OLDER_DELETE),
        require_active_version=body.boolean("require_active_version"),
        max_port_share_level=level or "owner",
    )


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


def _requirements(body: Body) -> tuple[rules.Requirement, rules.Requirement]:
    autostop, autostart = (
        body.object("autostop_requirement"),
        body.object("autostart_requirement"),
    )
    return (
        rules.Requirement(tuple(autostop.strings("days_of_week")), autostop.integer("weeks"))
        if autostop
        else rules.Requirement(),
        rules.Requirement(tuple(autostart.strings("days_of_week")))
        if autostart
        else rules.Requirement(days=rules.WEEKDAYS),
    )


def update_template_metadata_by_id(call: Call, world: World) -> Reply:
    """Replace the settings; what is absent becomes zero, except the few that are kept."""
    template = lookup.template(call, world)
    body = call.body()
    body.validate(
        ("name", "omitempty,template_name"),
        ("display_name", "omitempty,template_display_name"),
        ("description", "omitempty,lt=128"),
    )
    _refuse_bad_settings(world, template, body)
    wanted = _changed(template, body)
    if body.text("name") == template.name and wanted == template:
        return Reply.not_modified()
    name = body.text("name") or template.name
    other = world.state.templates.one("name", (template.organization_id, name.lower()))
    if other is not None and other.id != template.id:
        raise name_taken(name)
    if not lookup.can(call, world, "update", lookup.template_thing(template)):
        raise ApiError(
            500,
            "An internal server error occurred.",
            f"execute transaction: update template metadata: {RBAC}",
        )
    stored = replace(
        wanted if world.licensed else _unlicensed(wanted, template),
        name=name,
        updated_at=world.now(),
    )
    world.state.templates.put(stored)
    follow_template(world.state, stored, world.now())
    return Reply.ok(present.template(world, stored))


def _refuse_bad_settings(world: World, template: r.Template, body: Body) -> None:
    problems = [
        Validation(field, rules.POSITIVE)
        for field in ("default_ttl_ms", "activity_bump_ms")
        if body.integer(field) < 0
    ]
    problems += rules.requirement_problems(*_requirements(body))
    problems += [
        Validation(field, rules.AT_LEAST_A_MINUTE)
        for field in (
            "failure_ttl_ms",
            "time_til_dormant_ms",
            "time_til_dormant_autodelete_ms",
            OLDER_DORMANT,
            OLDER_DELETE,
        )
        if body.integer(field) != 0 and body.integer(field) < rules.MINUTE_MS
    ]
    level = body.optional("max_port_share_level")
    if level is not None:
        problems += rules.port_share_problem(
            level,
            "max_port_sharing_level",
            licensed=world.licensed,
            stored=template.max_port_share_level,
        )
    if problems:
        raise Invalid("Invalid request to update template metadata!", *problems)


def _changed(template: r.Template, body: Body) -> r.Template:
    """The template as the request wants it, name apart."""
    autostop, autostart = _requirements(body)
    acl = template.group_acl
    if body.boolean("disable_everyone_group_access"):
        acl = tuple(entry for entry in acl if entry[0] != template.organization_id)
    return replace(
        template,
        display_name=body.text("display_name"),
        description=body.text("description"),
        icon=body.text("icon"),
        default_ttl_ms=body.integer("default_ttl_ms"),
        activity_bump_ms=body.integer("activity_bump_ms"),
        allow_user_autostart=body.boolean("allow_user_autostart"),
        allow_user_autostop=body.boolean("allow_user_autostop"),
        allow_user_cancel_workspace_jobs=body.boolean("allow_user_cancel_workspace_jobs"),
        failure_ttl_ms=body.integer("failure_ttl_ms"),
        time_til_dormant_ms=body.integer("time_til_dormant_ms") or body.integer(OLDER_DORMANT),
        time_til_dormant_autodelete_ms=body.integer("time_til_dormant_autodelete_ms")
        or body.integer(OLDER_DELETE),
        require_active_version=body.boolean("require_active_version"),
        autostop_days=rules.in_week_order(autostop.days)
        if body.has("autostop_requirement")
        else template.autostop_days,
        autostop_weeks=max(1, autostop.weeks)
        if body.has("autostop_requirement")
        else template.autostop_weeks,
        autostart_days=rules.in_week_order(autostart.days)
        if body.has("autostart_requirement")
        else template.autostart_days,
        deprecation_message=_given(
            body.optional("deprecation_message"), template.deprecation_message
        ),
        max_port_share_level=_given(
            body.optional("max_port_share_level"), template.max_port_share_level
        ),
        use_classic_parameter_flow=_given(
            body.optional("use_classic_parameter_flow"), template.use_classic_parameter_flow
        ),
        group_acl=acl,
    )


def _unlicensed(wanted: r.Template, stored: r.Template) -> r.Template:
    """Settings that need a licence stay as they are without one."""
    return replace(
        wanted,
        allow_user_autostart=stored.allow_user_autostart,
        allow_user_autostop=stored.allow_user_autostop,
        failure_ttl_ms=stored.failure_ttl_ms,
        time_til_dormant_ms=stored.time_til_dormant_ms,
        time_til_dormant_autodelete_ms=stored.time_til_dormant_autodelete_ms,
        require_active_version=stored.require_active_version,
        autostop_days=stored.autostop_days,
        autostop_weeks=stored.autostop_weeks,
        autostart_days=stored.autostart_days,
        deprecation_message=stored.deprecation_message,
        max_port_share_level=stored.max_port_share_level,
    )


def name_taken(name: str) -> ApiError:
    """409: the organization has a live template of this name."""
    return ApiError(
        409,
        f'Template with name "{name}" already exists.',
        validations=(Validation("name", NAME_TAKEN),),
    )


def delete_template_by_id(call: Call, world: World) -> Reply:
    """Delete a template that no live workspace uses; its versions stay readable."""
    template = lookup.template(call, world)
    in_use = any(not w.deleted for w in world.state.workspaces.by("template", template.id))
    if in_use:
        raise ApiError(400, "All workspaces must be deleted before a template can be removed.")
    if not lookup.can(call, world, "delete", lookup.template_thing(template)):
        raise ApiError(500, "Internal error deleting template.", RBAC)
    world.state.templates.put(replace(template, deleted=True, updated_at=world.now()))
    return Reply.message("Template has been deleted!")


def get_template_daus_by_id(call: Call, world: World) -> Reply:
    """Users of the template's workspaces for each of the last 60 days and today."""
    template = lookup.template(call, world)
    reader = QueryReader(call.query)
    offset = reader.integer("tz_offset", 0)
    reader.finish()
    return daily_users(world, offset, template.id)


def get_template_examples(call: Call, world: World) -> Reply:
    """The starter templates, for those who may read templates by a role of theirs."""
    if not lookup.can(call, world, "read", Thing("template", any_organization=True)):
        raise NotFound()
    return Reply.ok(EXAMPLES)


def get_template_examples_by_organization(call: Call, world: World) -> Reply:
    """The starter templates, for those who may read templates of this organization."""
    organization = lookup.organization(call, world)
    if not lookup.can(call, world, "read", Thing("template", organization.id)):
        raise NotFound()
    return Reply.ok(EXAMPLES)
