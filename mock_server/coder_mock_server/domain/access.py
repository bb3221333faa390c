"""Who may do what: roles to permissions, as one decision function.

Source: behaviour notes on roles (site roles, organization roles, implicit member rights). An
action on a thing is allowed when one of the actor's roles grants it on the site, in the thing's
organization, or on things that he owns, and no negative permission of the same reach denies it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coder_mock_server.store.state import State

ANY = "*"
SITE_ROLES = {
    "owner": "Owner",
    "template-admin": "Template Admin",
    "user-admin": "User Admin",
    "auditor": "Auditor",
    "member": "Member",
}
ORGANIZATION_ROLES = {
    "organization-admin": "Organization Admin",
    "organization-auditor": "Organization Auditor",
    "organization-member": "",
    "organization-template-admin": "Organization Template Admin",
    "organization-user-admin": "Organization User Admin",
    "organization-workspace-creation-ban": "Organization Workspace Creation Ban",
}

Grants = dict[str, frozenset[str]]
"""Resource type (or `*`) -> actions (or `*`)."""


def _grants(**types: str) -> Grants:
    return {name: frozenset(actions.split()) for name, actions in types.items()}


READ = "read"
ALL = "*"
DORMANT_FOR_SITE = frozenset({"read", "create", "update", "delete", "stop"})

SITE_GRANTS: dict[str, Grants] = {
    "owner": {ANY: frozenset({ANY})},
    "template-admin": _grants(
        template="create read update delete use view_insights",
        file="create read",
        workspace="read",
        user="read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        provisioner_daemon="create read update delete",
        provisioner_keys="create read update delete",
    ),
    "user-admin": _grants(
        user="create read update delete read_personal update_personal",
        organization="read",
        organization_member="create read update delete",
        group="create read update delete",
        group_member="read",
        assign_role="assign unassign read",
        assign_org_role="assign unassign read",
        idpsync_settings="read update",
    ),
    "auditor": _grants(
        audit_log="read",
        template="read view_insights",
        user="read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        deployment_stats="read",
        deployment_config="read",
    ),
    "member": _grants(
        assign_role="read",
        oauth2_app="read",
        workspace_proxy="read",
        deployment_license="",
    ),
}

ORGANIZATION_GRANTS: dict[str, Grants] = {
    "organization-admin": {ANY: frozenset({ANY})},
    "organization-user-admin": _grants(
        organization="read",
        organization_member="create read update delete",
        assign_org_role="assign unassign read",
        group="create read update delete",
        group_member="read",
        idpsync_settings="read update",
    ),
    "organization-template-admin": _grants(
        template="create read update delete use view_insights",
        file="create read",
        workspace="read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        provisioner_daemon="create read update delete",
        provisioner_jobs="read",
    ),
    "organization-auditor": _grants(
        audit_log="read",
        organization="read",
        organization_member="read",
        group="read",
        group_member="read",
        template="read view_insights",
    ),
    "organization-member": _grants(
        organization="read",
        provisioner_daemon="read",
        assign_org_role="read",
    ),
    "organization-workspace-creation-ban": {},
}

OWNED_GRANTS: Grants = _grants(
    user="read read_personal update_personal",
    api_key="create read update delete",
    file="create read",
    organization_member="read",
    group_member="read",
    inbox_notification="create read update",
    notification_preference="read update",
    provisioner_daemon="create read update delete",
    workspace="create read update delete ssh application_connect start stop create_agent "
    "delete_agent",
    workspace_dormant="create read update delete stop create_agent delete_agent",
    webpush_subscription="create read delete",
    crypto_key="",
)
"""What everybody may do with what is his own."""

BANNED_BY_CREATION_BAN = {("workspace", "create"), ("workspace", "delete")}


@dataclass(frozen=True, slots=True)
class Thing:
    """What is acted upon, as far as permissions look at it.

    `user_acl` and `group_acl` hold (id, role) pairs of a template: `use` grants read and use,
    `admin` everything.
    """

    type: str
    organization_id: str | None = None
    owner_id: str | None = None
    user_acl: tuple[tuple[str, str], ...] = ()
    group_acl: tuple[tuple[str, str], ...] = ()
    any_organization: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: his roles as recorded, and the groups he is in (organization ids included)."""

    user_id: str
    roles: tuple[str, ...]
    organization_roles: tuple[tuple[str, tuple[str, ...]], ...]
    groups: frozenset[str]
    scope: str = "all"


def subject_of(state: State, user_id: str, scope: str = "all") -> Subject:
    """The subject that this user is at the moment."""
    user = state.users[user_id]
    members = state.members.by("user", user_id)
    groups = {member.organization_id for member in members} | set(group_ids_of(state, user_id))
    return Subject(
        user_id,
        user.roles,
        tuple((member.organization_id, member.roles) for member in members),
        frozenset(groups),
        scope,
    )


def group_ids_of(state: State, user_id: str) -> Iterable[str]:
    """Groups that name this user; the Everyone groups are the organizations themselves."""
    groups = state.tables().get("groups")
    return [group.id for group in groups if user_id in group.members] if groups else ()


def may(subject: Subject, action: str, thing: Thing) -> bool:
    """Whether the subject may do `action` to `thing`."""
    if subject.scope == "application_connect" and action != "application_connect":
        return False
    site = (*subject.roles, "member")
    in_organizations = [
        (organization, roles)
        for organization, roles in subject.organization_roles
        if thing.any_organization or organization == thing.organization_id
    ]
    if (thing.type, action) in BANNED_BY_CREATION_BAN and any(
        "organization-workspace-creation-ban" in roles for _, roles in in_organizations
    ):
        return False
    if any(_allows(SITE_GRANTS.get(role, {}), thing.type, action, site=True) for role in site):
        return True
    for _, roles in in_organizations:
        if any(
            _allows(ORGANIZATION_GRANTS.get(role, {}), thing.type, action, site=True)
            for role in (*roles, "organization-member")
        ):
            return True
    if (
        thing.owner_id == subject.user_id
        and (in_organizations or thing.organization_id is None)
        and _allows(OWNED_GRANTS, thing.type, action)
    ):
        return True
    return _allowed_by_acl(subject, action, thing)


def _allows(grants: Grants, type: str, action: str, *, site: bool = False) -> bool:
    if site and type == "workspace_dormant" and ANY in grants:
        return action in DORMANT_FOR_SITE
    actions = grants.get(type) or grants.get(ANY)
    return actions is not None and (action in actions or ANY in actions)


def _allowed_by_acl(subject: Subject, action: str, thing: Thing) -> bool:
    for id, role in thing.user_acl:
        if id == subject.user_id and _acl_grants(role, action):
            return True
    return any(id in subject.groups and _acl_grants(role, action) for id, role in thing.group_acl)


def _acl_grants(role: str, action: str) -> bool:
    return role == "admin" or (role == "use" and action in ("read", "use"))
