"""The organizations of one user."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import NotFound
from coder_mock_server.presenters.organizations import organization


def get_organizations_by_user(call: Call, world: World) -> Reply:
    """Those of them that the caller may read."""
    user = lookup.user(call, world)
    who = lookup.subject(call, world)
    found = [
        organization(world.state.organizations[member.organization_id])
        for member in world.state.members.by("user", user.id)
        if lookup.may(who, "read", Thing("organization", member.organization_id))
    ]
    return Reply.ok(found)


def get_organization_by_user_and_organization_name(call: Call, world: World) -> Reply:
    """One, by its name alone."""
    lookup.user(call, world)
    found = world.state.organizations.one("name", call.path["organizationname"].lower())
    if found is None or not lookup.can(call, world, "read", Thing("organization", found.id)):
        raise NotFound()
    return Reply.ok(organization(found))
