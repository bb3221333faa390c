"""Who may do what: roles to permissions, as one decision function.

Source: behaviour notes on roles (site roles, organization roles, implicit member rights). An
action on a thing is allowed when one of the actor's roles grants it on the site, in the thing's
organization, or on things that he owns, and no negative permission of the same reach denies it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coder_mock_server.domain.records import CustomRole, Member
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


CRUD = "create delete read update"
ACTIONS: Grants = _grants(
    api_key=CRUD,
    assign_org_role=f"{CRUD} assign unassign",
    assign_role="assign read unassign",
    audit_log="create read",
    chat=CRUD,
    crypto_key=CRUD,
    debug_info="read",
    deployment_config="read update",
    deployment_stats="read",
    file="create read",
    group=CRUD,
    group_member="read",
    idpsync_settings="read update",
    inbox_notification="create read update",
    license="create delete read",
    notification_message=CRUD,
    notification_preference="read update",
    notification_template="read update",
    oauth2_app=CRUD,
    oauth2_app_code_token="create delete read",
    oauth2_app_secret=CRUD,
    organization=CRUD,
    organization_member=CRUD,
    provisioner_daemon=CRUD,
    provisioner_jobs="create read update",
    replicas="read",
    system=CRUD,
    tailnet_coordinator=CRUD,
    template=f"{CRUD} use view_insights",
    user=f"{CRUD} read_personal update_personal",
    webpush_subscription="create delete read",
    workspace=f"{CRUD} application_connect create_agent delete_agent ssh start stop",
    workspace_agent_devcontainers="create",
    workspace_agent_resource_monitor="create read update",
    workspace_dormant=f"{CRUD} application_connect create_agent delete_agent ssh start stop",
    workspace_proxy=CRUD,
)
"""Every type of thing, and what can be done to it; nobody may do anything else."""

NOT_ALL = _grants(
    workspace=f"{CRUD} application_connect ssh start stop",
    workspace_dormant=f"{CRUD} stop",
)
"""What a role that may do everything may do to things of these types."""

EVERYTHING = frozenset({ANY})

SITE_GRANTS: dict[str, Grants] = {
    "owner": {ANY: EVERYTHING},
    "template-admin": _grants(
        assign_org_role="read",
        file="create read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        provisioner_daemon=CRUD,
        template=f"{CRUD} use view_insights",
        user="read",
        workspace="read",
    ),
    "user-admin": _grants(
        assign_org_role="assign read unassign",
        assign_role="assign read unassign",
        group=CRUD,
        group_member="read",
        idpsync_settings="read update",
        organization="read",
        organization_member=CRUD,
        user=f"{CRUD} read_personal update_personal",
    ),
    "auditor": _grants(
        assign_org_role="read",
        audit_log="read",
        deployment_config="read",
        deployment_stats="read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        template="read view_insights",
        user="read",
    ),
    "member": _grants(assign_role="read", oauth2_app="read", workspace_proxy="read"),
}

ORGANIZATION_GRANTS: dict[str, Grants] = {
    "organization-admin": {ANY: EVERYTHING},
    "organization-user-admin": _grants(
        assign_org_role="assign read unassign",
        group=CRUD,
        group_member="read",
        idpsync_settings="read update",
        organization="read",
        organization_member=CRUD,
    ),
    "organization-template-admin": _grants(
        assign_org_role="read",
        file="create read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        provisioner_daemon=CRUD,
        provisioner_jobs="read",
        template=f"{CRUD} use view_insights",
        workspace="read",
    ),
    "organization-auditor": _grants(
        assign_org_role="read",
        audit_log="read",
        group="read",
        group_member="read",
        organization="read",
        organization_member="read",
        template="read view_insights",
    ),
    "organization-member": _grants(
        assign_org_role="read",
        organization="read",
        provisioner_daemon="read",
    ),
    "organization-workspace-creation-ban": {},
}

OWNED_GRANTS: Grants = _grants(
    api_key=CRUD,
    chat=CRUD,
    file="create read",
    group_member="read",
    inbox_notification="create read update",
    notification_preference="read update",
    organization_member="read",
    provisioner_daemon=CRUD,
    user="read read_personal update_personal",
    webpush_subscription="create delete read",
    workspace=f"{CRUD} application_connect create_agent delete_agent ssh start stop",
    workspace_agent_devcontainers="create",
    workspace_dormant=f"{CRUD} create_agent delete_agent stop",
)
"""What everybody may do with what is his own."""

ASSIGNABLE_SITE: dict[str, frozenset[str]] = {
    "owner": frozenset({"owner", "auditor", "member", "template-admin", "user-admin"}),
    "user-admin": frozenset({"member"}),
}
"""Site role -> the site roles that it may give and take."""

CREATION_BAN = "organization-workspace-creation-ban"
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
    custom: tuple[tuple[str, Grants, Grants], ...] = ()
    """(organization, granted, denied) of each role that an organization made up."""


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
        tuple(_custom(state, members)) if len(state.custom_roles) else (),
    )


def _custom(state: State, members: Iterable[Member]) -> Iterable[tuple[str, Grants, Grants]]:
    for member in members:
        for name in member.roles:
            role = state.custom_roles.get((member.organization_id, name))
            if role is not None:
                granted, denied = (_collected(role, negate=negate) for negate in (False, True))
                yield member.organization_id, granted, denied


def _collected(role: CustomRole, *, negate: bool) -> Grants:
    found: dict[str, set[str]] = {}
    for negated, type, action in role.permissions:
        if negated is negate:
            found.setdefault(type, set()).add(action)
    return {type: frozenset(actions) for type, actions in found.items()}


def group_ids_of(state: State, user_id: str) -> Iterable[str]:
    """Groups that name this user; the Everyone groups are the organizations themselves."""
    return [member.group_id for member in state.group_members.by("user", user_id)]


def may(subject: Subject, action: str, thing: Thing) -> bool:
    """Whether the subject may do `action` to `thing`."""
    if action not in ACTIONS.get(thing.type, ()):
        return False
    if subject.scope == "application_connect" and action != "application_connect":
        return False
    site = (*subject.roles, "member")
    in_organizations = [
        (organization, roles)
        for organization, roles in subject.organization_roles
        if thing.any_organization or organization == thing.organization_id
    ]
    if (thing.type, action) in BANNED_BY_CREATION_BAN and any(
        CREATION_BAN in roles for _, roles in in_organizations
    ):
        return False
    custom = [
        (granted, denied)
        for organization, granted, denied in subject.custom
        if thing.any_organization or organization == thing.organization_id
    ]
    if any(_allows(denied, thing.type, action) for _, denied in custom):
        return False
    if any(_allows(granted, thing.type, action) for granted, _ in custom):
        return True
    if any(_allows(SITE_GRANTS.get(role, {}), thing.type, action) for role in site):
        return True
    for _, roles in in_organizations:
        if any(
            _allows(ORGANIZATION_GRANTS.get(role, {}), thing.type, action)
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


def _allows(grants: Grants, type: str, action: str) -> bool:
    actions = grants.get(type)
    if actions is None:
        return ANY in grants and action in NOT_ALL.get(type, ACTIONS[type])
    return action in actions or ANY in actions


def may_assign(subject: Subject, role: str) -> bool:
    """Whether the subject may give or take this site role."""
    return any(role in ASSIGNABLE_SITE.get(held, ()) for held in subject.roles)


def may_assign_in(subject: Subject, organization_id: str, role: str) -> bool:
    """Whether the subject may give or take this role of the organization."""
    if "owner" in subject.roles:
        return True
    held = dict(subject.organization_roles).get(organization_id, ())
    if "organization-admin" in held:
        return True
    users = "user-admin" in subject.roles or "organization-user-admin" in held
    return users and role == "organization-member"


def _allowed_by_acl(subject: Subject, action: str, thing: Thing) -> bool:
    for id, role in thing.user_acl:
        if id == subject.user_id and _acl_grants(role, action):
            return True
    return any(id in subject.groups and _acl_grants(role, action) for id, role in thing.group_acl)


def _acl_grants(role: str, action: str) -> bool:
    return role == "admin" or (role == "use" and action in ("read", "use"))
