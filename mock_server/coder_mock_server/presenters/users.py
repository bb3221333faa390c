"""Users, their keys and memberships, as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import people
from coder_mock_server.domain import records as r
from coder_mock_server.views import View


def user(world: World, record: r.User) -> dict[str, Any]:
    """A user; his theme is never part of it, his organization roles are listed elsewhere."""
    return {
        "id": record.id,
        "username": record.username,
        "avatar_url": record.avatar_url,
        "name": record.name,
        "email": record.email,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "last_seen_at": record.last_seen_at,
        "status": record.status,
        "login_type": record.login_type,
        "organization_ids": people.organization_ids(world.state, record.id),
        "roles": [site_role(role) for role in record.roles],
    }


def user_view(world: World, record: r.User) -> View:
    """The same, as a view."""
    stamp = (record, world.state.members.version)
    return world.views.get("codersdk.User", record.id, stamp, lambda: user(world, record))


def site_role(role: str) -> dict[str, Any]:
    """A site role, slim."""
    return {"name": role, "display_name": people.site_role_name(role)}


def organization_role(world: World, role: str, organization_id: str) -> dict[str, Any]:
    """A role of an organization, slim."""
    custom = world.state.custom_roles.get((organization_id, role))
    return {
        "name": role,
        "display_name": custom.display_name if custom else people.organization_role_name(role),
        "organization_id": organization_id,
    }


def member(world: World, record: r.Member) -> dict[str, Any]:
    """A membership alone."""
    return {
        "user_id": record.user_id,
        "organization_id": record.organization_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "roles": [organization_role(world, role, record.organization_id) for role in record.roles],
    }


def member_with_user(world: World, record: r.Member, who: r.User) -> dict[str, Any]:
    """A membership together with the member."""
    return {
        "username": who.username,
        "name": who.name,
        "avatar_url": who.avatar_url,
        "email": who.email,
        "global_roles": [site_role(role) for role in who.roles],
        **member(world, record),
    }


def api_key(record: r.ApiKey) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "id": record.id,
        "user_id": record.user_id,
        "last_used": record.last_used,
        "expires_at": record.expires_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "login_type": record.login_type,
        "scope": record.scope,
        "token_name": record.token_name,
        "lifetime_seconds": record.lifetime_seconds,
    }


def api_key_with_owner(record: r.ApiKey, owner: r.User) -> dict[str, Any]:
    """A key in the list of tokens."""
    return {**api_key(record), "username": owner.username}


def ssh_key(record: r.GitSshKey) -> dict[str, Any]:
    """The public half of a user's key pair."""
    return {
        "user_id": record.user_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "public_key": record.public_key,
    }
