"""What a user's workspaces may cost a day, and what they do."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import NotFound

UNLIMITED = -1


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
    state = world.state
    consumed = sum(
        state.latest_build(workspace.id).daily_cost
        for workspace in state.workspaces.by("owner", user.id)
        if not workspace.deleted and workspace.organization_id == organization.id
    )
    if world.settings.edition != "premium":
        return Reply.ok({"credits_consumed": consumed, "budget": UNLIMITED})
    groups = state.tables().get("groups") or ()
    budget = sum(
        group.quota_allowance
        for group in groups
        if group.organization_id == organization.id
        and (group.id == organization.id or user.id in group.members)
    )
    return Reply.ok({"credits_consumed": consumed, "budget": budget})
