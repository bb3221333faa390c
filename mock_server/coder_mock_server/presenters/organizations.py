"""Organizations and roles, as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.domain import access
from coder_mock_server.domain import records as r


def organization(record: r.Organization) -> dict[str, Any]:
    """An organization."""
    return {
        "id": record.id,
        "name": record.name,
        "display_name": record.display_name,
        "icon": record.icon,
        "description": record.description,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "is_default": record.is_default,
    }


def permissions(grants: access.Grants) -> list[dict[str, Any]]:
    """Grants as a list of single permissions; a role that may do everything names each type."""
    if access.ANY in grants:
        grants = {type: access.NOT_ALL.get(type, access.EVERYTHING) for type in access.ACTIONS}
    return [
        {"negate": False, "resource_type": type, "action": action}
        for type, actions in sorted(grants.items())
        for action in sorted(actions)
    ]


def custom_role(record: r.CustomRole) -> dict[str, Any]:
    """A role that an organization made up."""
    return {
        "name": record.name,
        "organization_id": record.organization_id,
        "display_name": record.display_name,
        "site_permissions": [],
        "organization_permissions": [
            {"negate": negate, "resource_type": type, "action": action}
            for negate, type, action in record.permissions
        ],
        "user_permissions": [],
    }


def assignable_site_role(role: str, *, assignable: bool) -> dict[str, Any]:
    """A site role in the list of those that can be given."""
    return {
        "name": role,
        "display_name": access.SITE_ROLES[role],
        "site_permissions": permissions(access.SITE_GRANTS[role]),
        "organization_permissions": [],
        "user_permissions": [],
        "assignable": assignable,
        "built_in": True,
    }


def assignable_organization_role(
    role: str, organization_id: str, *, assignable: bool
) -> dict[str, Any]:
    """A built-in role in the list of an organization."""
    denied = [
        {"negate": True, "resource_type": type, "action": action}
        for type, action in sorted(access.BANNED_BY_CREATION_BAN)
        if role == access.CREATION_BAN
    ]
    return {
        "name": role,
        "organization_id": organization_id,
        "display_name": access.ORGANIZATION_ROLES[role],
        "site_permissions": [],
        "organization_permissions": permissions(access.ORGANIZATION_GRANTS[role]) + denied,
        "user_permissions": [],
        "assignable": assignable,
        "built_in": True,
    }
