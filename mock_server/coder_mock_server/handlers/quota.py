"""What a user's workspaces may cost a day, and what they do."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import quota
from coder_mock_server.domain import records as r
from coder_mock_server.errors import NotFound


def get_workspace_quota_by_user(call: Call, world: World) -> Reply:
    """The quota of a member of the path's organization (2023: of a user, on any route)."""
    if "organization" not in call.path:
        return _of_default_organization(call, world)
    organization = lookup.organization(call, world)
    user = lookup.user(call, world)
    if world.state.members.get((organization.id, user.id)) is None:
        raise NotFound()
    return _quota(world, organization, user)


def get_workspace_quota_by_user_deprecated(call: Call, world: World) -> Reply:
    """The quota of a user in the default organization."""
    return _of_default_organization(call, world)


def _of_default_organization(call: Call, world: World) -> Reply:
    user = lookup.user(call, world)
    organization = world.state.default_organization()
    return _quota(world, organization, user)


def _quota(world: World, organization: r.Organization, user: r.User) -> Reply:
    used = quota.consumed(world.state, organization.id, user.id)
    if not world.licensed:
        return Reply.ok({"credits_consumed": used, "budget": quota.UNLIMITED})
    budget = quota.budget(world.state, organization.id, user.id)
    return Reply.ok({"credits_consumed": used, "budget": budget})
