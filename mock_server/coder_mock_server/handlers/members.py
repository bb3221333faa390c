"""Members page: who belongs to an organization, with which roles; roles of the site."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import (
    ACTIONS,
    ANY,
    ORGANIZATION_ROLES,
    SITE_ROLES,
    Thing,
    may_assign,
    may_assign_in,
)
from coder_mock_server.domain.groups import leave_organization
from coder_mock_server.domain.people import SYSTEM_USER, without_repetition
from coder_mock_server.errors import ApiError, Forbidden, NotFound
from coder_mock_server.presenters import organizations as present
from coder_mock_server.presenters import users as present_user
from coder_mock_server.wire_in import Body, QueryReader, pagination

_FORBIDDEN_PERMISSIONS = (
    ("site_permissions", "site wide"),
    ("user_permissions", "user"),
)
NOT_STORED = "Failed to update role permissions"
IMPLICIT = ("member", "organization-member")
"""Everybody has them; they are not offered."""


def list_organization_members(call: Call, world: World) -> Reply:
    """The members that the caller may read, without the system user."""
    organization = lookup.organization(call, world)
    rows = _readable(call, world, organization)
    return Reply.ok([present_user.member_with_user(world, *row) for row in rows])


def paginated_organization_members(call: Call, world: World) -> Reply:
    """The members by name, the system user among them.

    Past the end a real server breaks, since it takes the number of members from the first row.
    """
    organization = lookup.organization(call, world)
    reader = QueryReader(call.query)
    page = pagination(reader)
    reader.finish()
    rows = _readable(call, world, organization)
    if organization.is_default:
        system = r.Member(
            organization.id, SYSTEM_USER.id, organization.created_at, organization.created_at
        )
        thing = lookup.member_thing(system)
        if lookup.can(call, world, "read", thing):
            rows.append((system, SYSTEM_USER))
    rows.sort(key=lambda row: row[1].username.lower())
    cut = page.cut(rows)
    if not cut:
        raise ApiError(500, "An internal server error occurred.")
    members = [present_user.member_with_user(world, *row) for row in cut]
    return Reply.ok({"members": members, "count": len(rows)})


def _readable(
    call: Call, world: World, organization: r.Organization
) -> list[tuple[r.Member, r.User]]:
    who = lookup.subject(call, world)
    rows = []
    for member in world.state.members.by("organization", organization.id):
        user = world.state.users[member.user_id]
        if not user.deleted and lookup.may(who, "read", lookup.member_thing(member)):
            rows.append((member, user))
    return rows


def add_organization_member(call: Call, world: World) -> Reply:
    """Make a user a member."""
    organization = lookup.organization(call, world)
    user = lookup.user(call, world)
    if not lookup.can(call, world, "create", Thing("organization_member", organization.id)):
        raise NotFound()
    if world.state.members.get((organization.id, user.id)) is not None:
        raise ApiError(
            400,
            "User is already an organization member",
            f"{user.username} is already a member of {organization.display_name}",
        )
    now = world.now()
    member = world.state.members.put(r.Member(organization.id, user.id, now, now))
    return Reply.ok(present_user.member(world, member))


def remove_organization_member(call: Call, world: World) -> Reply:
    """End a membership, but not one's own."""
    organization, user, member = lookup.member(call, world)
    if user.id == call.actor.id:
        raise ApiError(400, "cannot remove self from an organization")
    if not lookup.can(call, world, "delete", lookup.member_thing(member)):
        raise NotFound()
    world.state.members.remove((organization.id, user.id))
    leave_organization(world.state, organization.id, user.id)
    return Reply.no_content()


def assign_role_to_organization_member(call: Call, world: World) -> Reply:
    """Give a member exactly these roles in the organization."""
    organization, user, member = lookup.member(call, world)
    if user.id == call.actor.id:
        raise ApiError(
            400,
            "You cannot change your own organization roles.",
            "Another user with the appropriate permissions must change your roles.",
        )
    if not lookup.can(call, world, "assign", Thing("assign_org_role", organization.id)):
        raise Forbidden()
    body = call.body()
    wanted = without_repetition(body.strings("roles"))
    _check_roles(call, world, member, wanted)
    member = replace(member, roles=wanted, updated_at=world.now())
    return Reply.ok(present_user.member(world, world.state.members.put(member)))


def _check_roles(call: Call, world: World, member: r.Member, wanted: tuple[str, ...]) -> None:
    organization_id, who = member.organization_id, lookup.subject(call, world)
    custom = world.state.custom_roles
    for role in wanted:
        if role not in ORGANIZATION_ROLES and (organization_id, role) not in custom:
            raise ApiError(400, f'"{role}:{organization_id}" is not a supported role')
    changed = set(wanted).symmetric_difference(member.roles)
    for role in (*wanted, *member.roles):
        if role in changed and not may_assign_in(who, organization_id, role):
            raise ApiError(400, f'not authorized to assign role "{role}:{organization_id}"')


def get_site_member_roles(call: Call, world: World) -> Reply:
    """The roles of the site, and whether the caller may give them."""
    who = lookup.subject(call, world)
    return Reply.ok(
        [
            present.assignable_site_role(role, assignable=may_assign(who, role))
            for role in sorted(SITE_ROLES)
            if role not in IMPLICIT
        ]
    )


def get_member_roles_by_organization(call: Call, world: World) -> Reply:
    """The roles of an organization, and whether the caller may give them."""
    organization = lookup.organization(call, world)
    who = lookup.subject(call, world)
    built_in = [
        present.assignable_organization_role(
            role, organization.id, assignable=may_assign_in(who, organization.id, role)
        )
        for role in sorted(ORGANIZATION_ROLES)
        if role not in IMPLICIT
    ]
    custom = [
        {
            **present.custom_role(role),
            "assignable": may_assign_in(who, organization.id, role.name),
            "built_in": False,
        }
        for role in world.state.custom_roles.by("organization", organization.id)
    ]
    return Reply.ok([*built_in, *custom])


def insert_a_custom_organization_role(call: Call, world: World) -> Reply:
    """A new role of the organization."""
    organization = lookup.organization(call, world)
    role = _custom_role(call, world, organization, "create")
    if world.state.custom_roles.one("name", role.name.lower()) is not None:
        raise ApiError(
            400,
            NOT_STORED,
            'pq: duplicate key value violates unique constraint "idx_custom_roles_name_lower"',
        )
    return Reply.ok(present.custom_role(world.state.custom_roles.put(role)))


def upsert_a_custom_organization_role(call: Call, world: World) -> Reply:
    """Change a role of the organization."""
    organization = lookup.organization(call, world)
    role = _custom_role(call, world, organization, "update")
    before = world.state.custom_roles.get((organization.id, role.name))
    if before is None:
        raise NotFound()
    role = replace(role, created_at=before.created_at)
    return Reply.ok(present.custom_role(world.state.custom_roles.put(role)))


def delete_a_custom_organization_role(call: Call, world: World) -> Reply:
    """Delete a role; whoever had it has it no more."""
    organization = lookup.organization(call, world)
    if not lookup.can(call, world, "delete", Thing("assign_org_role", organization.id)):
        raise NotFound()
    name = call.path["roleName"]
    if world.state.custom_roles.remove((organization.id, name)) is None:
        raise NotFound(f"No custom role with the name {name} found", "no role found")
    for member in world.state.members.by("organization", organization.id):
        if name in member.roles:
            left = tuple(role for role in member.roles if role != name)
            world.state.members.put(replace(member, roles=left))
    reply = Reply.no_content()
    reply.headers["Content-Type"] = "application/json; charset=utf-8"  # Seen so, without a body.
    return reply


def _custom_role(
    call: Call, world: World, organization: r.Organization, action: str
) -> r.CustomRole:
    """The role that the body describes, refused where it may not be."""
    if not lookup.can(call, world, action, Thing("assign_org_role", organization.id)):
        raise NotFound()
    body = call.body()
    name = body.text("name")
    if name in ORGANIZATION_ROLES or name in SITE_ROLES:
        raise ApiError(
            400,
            "Reserved role name",
            f'"{name}" is a reserved role name, and not allowed to be used',
        )
    body.validate(("name", "required,username"))
    for field, what in _FORBIDDEN_PERMISSIONS:
        if body.items(field):
            raise ApiError(
                400,
                f"Invalid request, not allowed to assign {what} permissions for an "
                "organization role.",
                f"organization scoped roles may not contain {what} permissions",
            )
    now = world.now()
    return r.CustomRole(
        organization_id=organization.id,
        name=name,
        created_at=now,
        updated_at=now,
        display_name=body.text("display_name"),
        permissions=tuple(_permission(one) for one in body.items("organization_permissions")),
    )


def _permission(one: Body) -> tuple[bool, str, str]:
    """A permission as it is stored; what nobody can be permitted is refused."""
    resource, action = one.text("resource_type"), one.text("action")
    if resource != ANY and resource not in ACTIONS:
        raise ApiError(400, NOT_STORED, f'"{resource}" is no type of resource')
    if action != ANY and not any(action in actions for actions in ACTIONS.values()):
        raise ApiError(400, NOT_STORED, f'"{action}" is no action')
    return one.boolean("negate"), resource, action
