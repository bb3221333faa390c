"""Users, memberships and the built-in organization: the records, and what they imply."""

from __future__ import annotations

from datetime import UTC, datetime

from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import ORGANIZATION_ROLES, SITE_ROLES
from coder_mock_server.store.state import State

SYSTEM_USER = r.User(
    id="c42fdf75-3097-471c-8c33-fb52454d81c0",
    username="prebuilds",
    email="prebuilds@system",
    created_at=datetime(2025, 5, 1, tzinfo=UTC),
    updated_at=datetime(2025, 5, 1, tzinfo=UTC),
    name="Prebuilds Owner",
    status="active",
    login_type="none",
    is_system=True,
)
"""Owner of workspaces built ahead; a member of the default organization, hidden in most lists."""

BUILTIN_ORGANIZATION = "Builtin default organization."
ALLOWED_STATUSES = ("active", "dormant", "suspended")
LOGIN_TYPES = ("", "password", "github", "oidc", "token", "none", "oauth2_provider_app")


def builtin_organization(id: str, now: datetime, name: str = "coder") -> r.Organization:
    """The default organization, as it is from the start."""
    return r.Organization(
        id,
        name,
        now,
        now,
        display_name="Coder",
        description=BUILTIN_ORGANIZATION,
        is_default=True,
    )


def live_users(state: State) -> list[r.User]:
    """Users that were not deleted, by name in any letter case, without the system user."""
    return [u for u in state.users.ordered("username") if not u.deleted and not u.is_system]


def taken(state: State, *, username: str = "", email: str = "") -> r.User | None:
    """The live user who has this name or address already, in any letter case."""
    if username.lower() == SYSTEM_USER.username:
        return SYSTEM_USER
    found = state.users.one("username", username.lower()) if username else None
    if found is None and email:
        found = state.users.one("email", email.lower())
    return found


def organization_ids(state: State, user_id: str) -> list[str]:
    """Ids of the organizations that the user is a member of."""
    return [member.organization_id for member in state.members.by("user", user_id)]


def site_role_name(role: str) -> str:
    """What a site role is called on screen."""
    return SITE_ROLES.get(role, "")


def organization_role_name(role: str) -> str:
    """What a built-in role of an organization is called on screen."""
    return ORGANIZATION_ROLES.get(role, "")


def without_repetition(roles: list[str]) -> tuple[str, ...]:
    """Each role once, in the order given."""
    return tuple(dict.fromkeys(roles))
