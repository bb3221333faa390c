"""Groups: list, create, change, delete. Everyone is one whose id is the organization's."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import groups as rules
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import EVERYONE, Group, GroupMember
from coder_mock_server.errors import ApiError, Forbidden, Invalid, NotFound, Validation
from coder_mock_server.handlers.users.rules import RBAC, refused_below
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.wire_in import Body, QueryReader

INTERNAL = "An internal server error occurred."
NAME_RULES = "omitempty,group_name"


def get_groups(call: Call, world: World) -> Reply:
    """Groups of all organizations, as far as they match and the caller may read them."""
    reader = QueryReader(call.query)
    home = reader.custom("organization", None, lambda text: _organization_id(world, text))
    return _found(call, world, reader, home)


def get_groups_by_organization(call: Call, world: World) -> Reply:
    """Groups of one organization, as far as they match and the caller may read them."""
    home = lookup.organization(call, world)
    if not world.policy.groups_filtered:
        return _listed(call, world, rules.of_organization(world.state, home.id))
    reader = QueryReader(call.query)
    # The path says which organization; what the query says of it does not count.
    reader.text("organization")
    return _found(call, world, reader, home.id)


def _found(call: Call, world: World, reader: QueryReader, home: str | None) -> Reply:
    member = reader.custom("has_member", None, lambda text: _user_id(world, text))
    ids = reader.uuids("group_ids")
    reader.finish(strict=True)
    homes = [one.id for one in world.state.organizations if home in (None, one.id)]
    found = [group for id in homes for group in rules.of_organization(world.state, id)]
    return _listed(
        call,
        world,
        [
            group
            for group in found
            if (not ids or group.id in ids)
            and (member is None or rules.has_member(world.state, group, member))
        ],
    )


def _listed(call: Call, world: World, found: list[Group]) -> Reply:
    who = lookup.subject(call, world)
    return Reply.ok(
        [
            present.group(world, group, who)
            for group in found
            if lookup.may(who, "read", lookup.group_thing(group))
        ]
    )


def _organization_id(world: World, text: str) -> str:
    if (id := lookup.parse_uuid(text)) is not None:
        return id
    found = world.state.organizations.one("name", text.lower())
    if found is None:
        raise ValueError(f'organization "{text}" not found')
    return found.id


def _user_id(world: World, text: str) -> str:
    if (id := lookup.parse_uuid(text)) is not None:
        return id
    found = world.state.users.one("username", text.lower())
    if found is None:
        raise ValueError(f'user "{text}" not found')
    return found.id


def get_group_by_id(call: Call, world: World) -> Reply:
    """One group."""
    return _shown(call, world, _group(call, world))


def get_group_by_name(call: Call, world: World) -> Reply:
    """One group; what documents of 2023 call the same."""
    return get_group_by_id(call, world)


def get_group_by_organization_and_group_name(call: Call, world: World) -> Reply:
    """One group of an organization, by name."""
    home = lookup.organization(call, world)
    group = rules.find_by_name(world.state, home.id, call.path["groupName"])
    if group is None or not lookup.can(call, world, "read", lookup.group_thing(group)):
        raise NotFound()
    return _shown(call, world, group)


def _group(call: Call, world: World) -> Group:
    found = rules.find(world.state, lookup.path_uuid(call, "group"))
    if found is None or not lookup.can(call, world, "read", lookup.group_thing(found)):
        raise NotFound()
    return found


def _shown(call: Call, world: World, group: Group, status: int = 200) -> Reply:
    return Reply(status, present.group(world, group, lookup.subject(call, world)))


def create_group_for_organization(call: Call, world: World) -> Reply:
    """A new, empty group."""
    home = lookup.organization(call, world)
    body = call.body()
    body.validate(("name", "required,group_name"), ("display_name", "omitempty,group_display_name"))
    name = body.text("name")
    if name == EVERYONE:
        raise Invalid(
            "Invalid group name.", Validation("name", f'"{EVERYONE}" is a reserved group name')
        )
    if not lookup.can(call, world, "create", Thing("group", home.id)):
        raise refused_below(INTERNAL)
    if world.state.groups.one("name", (home.id, name)) is not None:
        raise ApiError(
            409,
            f'A group named "{name}" already exists.',
            validations=(Validation("name", "Group names must be unique"),),
        )
    group = Group(
        id=world.ids.uuid(),
        organization_id=home.id,
        name=name,
        display_name=body.text("display_name"),
        avatar_url=body.text("avatar_url"),
        quota_allowance=body.integer("quota_allowance"),
    )
    return _shown(call, world, world.state.groups.put(group), 201)


def update_group_by_name(call: Call, world: World) -> Reply:
    """Change a group and who is in it; of Everyone only the quota can be changed."""
    group = _group(call, world)
    body = call.body()
    body.validate(("name", NAME_RULES), ("display_name", "omitempty,group_display_name"))
    name = body.text("name")
    if name == group.name:
        name = ""
    adds, removals = body.strings("add_users"), body.strings("remove_users")
    if group.is_everyone:
        _check_everyone(name, body, [*adds, *removals])
    if name == EVERYONE:
        raise ApiError(400, f'"{EVERYONE}" is a reserved group name!')
    ids = {text: _member_id(world, group, text) for text in (*adds, *removals)}
    if not lookup.can(call, world, "update", Thing("group", group.organization_id)):
        raise refused_below(INTERNAL, f"execute transaction: update group by ID: {RBAC}")
    if name and world.state.groups.one("name", (group.organization_id, name)) is not None:
        raise ApiError(409, f'A group with name "{name}" already exists.')
    changed = replace(
        group,
        name=name or group.name,
        display_name=_given(body, "display_name", group.display_name),
        avatar_url=_given(body, "avatar_url", group.avatar_url),
        quota_allowance=body.integer("quota_allowance")
        if body.has("quota_allowance")
        else group.quota_allowance,
    )
    world.state.groups.put(changed)
    members = world.state.group_members
    for text in adds:
        if (group.id, ids[text]) in members:
            raise ApiError(
                400,
                "Cannot add the same user to a group twice!",
                f'execute transaction: insert group member "{ids[text]}": pq: duplicate key value '
                'violates unique constraint "group_members_user_id_group_id_key"',
            )
        members.put(GroupMember(group.id, ids[text]))
    for text in removals:
        members.remove((group.id, ids[text]))
    return _shown(call, world, changed)


def _check_everyone(name: str, body: Body, users: list[str]) -> None:
    if name:
        raise ApiError(400, f'Cannot rename the "{EVERYONE}" group!')
    if body.text("display_name"):
        raise ApiError(400, f'Cannot update the Display Name for the "{EVERYONE}" group!')
    if users:
        raise Forbidden(f'Cannot add or remove users from the "{EVERYONE}" group!', "")


def _member_id(world: World, group: Group, text: str) -> str:
    id = lookup.parse_uuid(text)
    if id is None:
        raise ApiError(400, f'ID "{text}" must be a valid user UUID.')
    if (group.organization_id, id) not in world.state.members:
        # Seen so: the name told is the group's.
        raise ApiError(400, f'User must be a member of organization "{group.name}"')
    return id


def _given(body: Body, name: str, before: str) -> str:
    return body.text(name) if body.has(name) else before


def delete_group_by_name(call: Call, world: World) -> Reply:
    """Delete a group, but never Everyone."""
    group = _group(call, world)
    if group.is_everyone:
        raise ApiError(400, f'"{EVERYONE}" is a reserved group and cannot be deleted!')
    if not lookup.can(call, world, "delete", Thing("group", group.organization_id)):
        raise refused_below(INTERNAL)
    rules.remove(world.state, group)
    return Reply.message("Successfully deleted group!")
