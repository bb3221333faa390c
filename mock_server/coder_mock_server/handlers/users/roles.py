"""Site roles: what there are, who has which, giving and taking them."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import SITE_ROLES, Thing, may_assign
from coder_mock_server.domain.people import without_repetition
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.presenters import users as present


def get_user_roles(call: Call, world: World) -> Reply:
    """Names of a user's roles, on the site and in each of his organizations."""
    user = lookup.user(call, world)
    members = world.state.members.by("user", user.id)
    return Reply.ok(
        {
            "roles": list(user.roles),
            "organization_roles": {one.organization_id: list(one.roles) for one in members},
        }
    )


def assign_role_to_user(call: Call, world: World) -> Reply:
    """Give a user exactly these site roles."""
    user = lookup.user(call, world)
    if user.id == call.actor.id:
        raise ApiError(400, "You cannot change your own roles.")
    who = lookup.subject(call, world)
    if not lookup.can(call, world, "assign", Thing("assign_role")):
        raise Forbidden()
    body = call.body()
    wanted = without_repetition(body.strings("roles"))
    for role in wanted:
        if role not in SITE_ROLES:
            raise ApiError(400, f'"{role}" is not a supported role')
    changed = [role for role in wanted if role not in user.roles]
    changed += [role for role in user.roles if role not in wanted]
    for role in changed:
        if not may_assign(who, role):
            raise ApiError(400, f'not authorized to assign role "{role}"')
    user = replace(user, roles=wanted, updated_at=world.now())
    return Reply.ok(present.user(world, world.state.users.put(user)))
