"""Organizations page, without the provisioner jobs."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import groups
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import ApiError, Validation
from coder_mock_server.handlers.users.rules import NOT_UNIQUE, refused_below
from coder_mock_server.presenters.organizations import organization as present
from coder_mock_server.wire_in import Body


def get_organizations(call: Call, world: World) -> Reply:
    """Those that the caller may read."""
    who = lookup.subject(call, world)
    return Reply.ok(
        [
            present(one)
            for one in world.state.organizations
            if lookup.may(who, "read", Thing("organization", one.id))
        ]
    )


def get_organization_by_id(call: Call, world: World) -> Reply:
    """One, by id, name or `default`."""
    return Reply.ok(present(lookup.organization(call, world)))


def create_organization(call: Call, world: World) -> Reply:
    """A new organization, with the creator as its first member."""
    body = call.body()
    body.validate(
        ("name", "required,organization_name"),
        ("display_name", "omitempty,organization_display_name"),
    )
    name = body.text("name")
    _refuse_reserved(name)
    if world.state.organizations.one("name", name.lower()) is not None:
        raise ApiError(409, "Organization already exists with that name.")
    if not lookup.can(call, world, "create", Thing("organization")):
        raise refused_below(
            "Internal error inserting organization member.",
            "execute transaction: create organization: unauthorized: rbac: forbidden",
        )
    now = world.now()
    record = r.Organization(
        id=world.ids.uuid(),
        name=name,
        created_at=now,
        updated_at=now,
        display_name=body.text("display_name") or name,
        icon=body.text("icon"),
        description=body.text("description"),
    )
    world.state.organizations.put(record)
    world.state.members.put(r.Member(record.id, call.actor.id, now, now))
    return Reply.created(present(record))


def update_organization(call: Call, world: World) -> Reply:
    """Change what is given; the rest stays."""
    record = lookup.organization(call, world)
    body = call.body()
    body.validate(
        ("name", "omitempty,organization_name"),
        ("display_name", "omitempty,organization_display_name"),
    )
    name = body.text("name") or record.name
    _refuse_reserved(name)
    if not lookup.can(call, world, "update", Thing("organization", record.id)):
        raise refused_below("Internal error updating organization.")
    other = world.state.organizations.one("name", name.lower())
    if other is not None and other.id != record.id:
        raise ApiError(
            409,
            f'Organization already exists with the name "{name}".',
            validations=(Validation("name", NOT_UNIQUE),),
        )
    record = replace(
        record,
        name=name,
        display_name=body.text("display_name") or record.display_name,
        description=_given(body, "description", record.description),
        icon=_given(body, "icon", record.icon),
        updated_at=world.now(),
    )
    return Reply.ok(present(world.state.organizations.put(record)))


def delete_organization(call: Call, world: World) -> Reply:
    """Delete an empty organization, but never the default one."""
    record = lookup.organization(call, world)
    if record.is_default:
        raise ApiError(400, "Default organization cannot be deleted.")
    if not lookup.can(call, world, "delete", Thing("organization", record.id)):
        raise refused_below("Error deleting organization.")
    if inside := _contents(world, record.id):
        detail = f"This organization has {', '.join(inside)} that must be deleted first."
        raise refused_below("Error deleting organization.", detail)
    for member in world.state.members.by("organization", record.id):
        world.state.members.remove((member.organization_id, member.user_id))
    for table in (world.state.groups, world.state.group_syncs, world.state.role_syncs):
        table.remove(record.id)
    world.state.organizations.remove(record.id)
    return Reply.message("Organization has been deleted.")


def _contents(world: World, id: str) -> list[str]:
    """What keeps the organization from being deleted, counted; a last member does not."""
    state = world.state
    workspaces = sum(1 for one in state.workspaces if one.organization_id == id and not one.deleted)
    counts = (
        (workspaces, "workspace"),
        (state.templates.count("organization", id), "template"),
        (state.members.count("organization", id) - 1, "member"),
        (len(groups.of_organization(state, id)) - 1, "group"),
        (state.provisioner_keys.count("organization", id), "provisioner key"),
    )
    return [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count > 0]


def _refuse_reserved(name: str) -> None:
    if name.lower() == "default":
        raise ApiError(400, f'Organization name "{name}" is reserved.')


def _given(body: Body, name: str, before: str) -> str:
    return body.text(name) if body.has(name) else before
