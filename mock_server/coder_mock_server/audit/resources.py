"""What is tracked: for each kind of record its fields, its name in an entry, and where it belongs.

Source: the public list of tracked events in the documentation's page on audit logs (names of the
resources and of their tracked fields), and recorded answers for users and settings. A value of
`None` is left out of a diff. `zero` is what a record has that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from coder_mock_server.audit import values as v
from coder_mock_server.domain import licensed as e
from coder_mock_server.domain import records as r
from coder_mock_server.domain.people import SYSTEM_USER
from coder_mock_server.store.state import State

Get = Callable[[State, Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One tracked field."""

    name: str
    get: Get
    zero: Any = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record, as the audit log sees it."""

    type: str
    table: str
    fields: tuple[Field, ...]
    id: Get = lambda state, x: x.id
    target: Get = lambda state, x: x.name
    organization: Get = lambda state, x: r.NIL_UUID
    extra: Callable[[State, Any], Mapping[str, Any]] = field(default=lambda state, x: {})
    """Additional fields of an entry about its creation."""
    always_new: bool = False
    """Compared with nothing, not with what was before: so recorded of settings."""


def _plain(*names: str, zero: Any = "") -> tuple[Field, ...]:
    return tuple(Field(name, _getter(name), zero) for name in names)


def _getter(name: str) -> Get:
    return lambda state, x: getattr(x, name)


def _own(name: str, get: Callable[[Any], Any], zero: Any = "", *, secret: bool = False) -> Field:
    return Field(name, lambda state, x: get(x), zero, secret)


def _of_organization(state: State, x: Any) -> Any:
    return x.organization_id


ZERO_MOMENT: Final = v.moment(None)

USER: Final = Resource(
    "user",
    "users",
    (
        *_plain("deleted", "is_system", zero=False),
        *_plain("email", "id", "login_type", "name", "quiet_hours_schedule", "status", "username"),
        _own("hashed_password", lambda u: u.password_hash, secret=True),
        _own("one_time_passcode_expires_at", lambda u: v.maybe_moment(u.passcode_expires_at), None),
        _own("rbac_roles", lambda u: list(u.roles), None),
    ),
    target=lambda state, u: u.username,
)

API_KEY: Final = Resource(
    "api_key",
    "api_keys",
    (
        _own("created_at", lambda k: v.moment(k.created_at), ZERO_MOMENT),
        _own("expires_at", lambda k: v.moment(k.expires_at), ZERO_MOMENT),
        _own("last_used", lambda k: v.moment(k.last_used), ZERO_MOMENT),
        *_plain("user_id"),
    ),
    id=lambda state, k: k.user_id,
    target=lambda state, k: k.token_name,
)

SSH_KEY: Final = Resource(
    "git_ssh_key",
    "ssh_keys",
    (
        _own("private_key", lambda k: k.private_key, secret=True),
        *_plain("public_key", "user_id"),
    ),
    id=lambda state, k: k.user_id,
    target=lambda state, k: k.public_key,
)

ORGANIZATION: Final = Resource(
    "organization",
    "organizations",
    (
        *_plain("description", "display_name", "icon", "name"),
        *_plain("is_default", zero=False),
        _own("updated_at", lambda o: v.moment(o.updated_at), ZERO_MOMENT),
    ),
    organization=lambda state, o: o.id,
)


def _username(state: State, member: r.Member) -> str:
    user = SYSTEM_USER if member.user_id == SYSTEM_USER.id else state.users.get(member.user_id)
    return user.username if user is not None else ""


MEMBER: Final = Resource(
    "organization_member",
    "members",
    (
        _own("created_at", lambda m: v.moment(m.created_at), ZERO_MOMENT),
        _own("roles", lambda m: list(m.roles), None),
        _own("updated_at", lambda m: v.moment(m.updated_at), ZERO_MOMENT),
        *_plain("user_id"),
        Field("username", _username),
    ),
    id=lambda state, m: m.user_id,
    target=_username,
    organization=_of_organization,
)

CUSTOM_ROLE: Final = Resource(
    "custom_role",
    "custom_roles",
    (
        *_plain("display_name", "name"),
        _own("org_permissions", lambda c: v.permissions(c.permissions), None),
    ),
    # Our choice: roles have no id here, so they are found under that of their organization.
    id=lambda state, c: c.organization_id,
    organization=_of_organization,
)

TEMPLATE: Final = Resource(
    "template",
    "templates",
    (
        *_plain(
            "active_version_id", "created_by", "description", "display_name", "icon", "id",
            "name", "provisioner",
        ),
        *_plain(
            "allow_user_autostart", "allow_user_autostop", "allow_user_cancel_workspace_jobs",
            "require_active_version", "use_classic_parameter_flow", zero=False,
        ),
        _own("activity_bump", lambda t: v.nanoseconds(t.activity_bump_ms), 0),
        _own("default_ttl", lambda t: v.nanoseconds(t.default_ttl_ms), 0),
        _own("failure_ttl", lambda t: v.nanoseconds(t.failure_ttl_ms), 0),
        _own("time_til_dormant", lambda t: v.nanoseconds(t.time_til_dormant_ms), 0),
        _own(
            "time_til_dormant_autodelete",
            lambda t: v.nanoseconds(t.time_til_dormant_autodelete_ms),
            0,
        ),
        _own("autostart_block_days_of_week", lambda t: v.ALL_DAYS - v.days(t.autostart_days), 0),
        _own("autostop_requirement_days_of_week", lambda t: v.days(t.autostop_days), 0),
        _own("autostop_requirement_weeks", lambda t: t.autostop_weeks, 0),
        _own("deprecated", lambda t: t.deprecation_message),
        _own("max_port_sharing_level", lambda t: t.max_port_share_level),
        _own("group_acl", lambda t: v.access_list(t.group_acl), None),
        _own("user_acl", lambda t: v.access_list(t.user_acl), None),
    ),
    organization=_of_organization,
)  # fmt: skip

TEMPLATE_VERSION: Final = Resource(
    "template_version",
    "template_versions",
    (
        *_plain("created_by", "id", "name", "readme"),
        *_plain("archived", zero=False),
        _own("template_id", lambda x: x.template_id or ""),
    ),
    organization=_of_organization,
)


def build_fields(
    workspace: str = "", owner: str = "", number: str = "", reason: str = "", id: str = r.NIL_UUID
) -> dict[str, Any]:
    """Additional fields of entries about workspaces and their builds."""
    return {
        "workspace_name": workspace,
        "build_number": number,
        "build_reason": reason,
        "workspace_owner": owner,
        "workspace_id": id,
    }


WORKSPACE: Final = Resource(
    "workspace",
    "workspaces",
    (
        *_plain("automatic_updates", "id", "name", "owner_id", "template_id"),
        *_plain("favorite", zero=False),
        _own("autostart_schedule", lambda w: w.autostart_schedule or ""),
        _own("deleting_at", lambda w: v.maybe_moment(w.deleting_at), None),
        _own("dormant_at", lambda w: v.maybe_moment(w.dormant_at), None),
        _own("next_start_at", lambda w: v.maybe_moment(w.next_start_at), None),
        _own("ttl", lambda w: v.nanoseconds(w.ttl_ms), None),
    ),
    organization=_of_organization,
    extra=lambda state, w: build_fields(owner=state.users[w.owner_id].username),
)

WORKSPACE_BUILD: Final = Resource(
    "workspace_build",
    "builds",
    _plain("template_version_id"),
    target=lambda state, b: "",
    organization=lambda state, b: state.workspaces[b.workspace_id].organization_id,
)

GROUP: Final = Resource(
    "group",
    "groups",
    (
        *_plain("avatar_url", "display_name", "id", "name"),
        *_plain("quota_allowance", zero=0),
    ),
    organization=_of_organization,
)

LICENSE: Final = Resource(
    "license",
    "licenses",
    (
        _own("exp", lambda x: x.claims.get("exp"), None),
        _own("uploaded_at", lambda x: v.moment(x.uploaded_at), ZERO_MOMENT),
        *_plain("uuid"),
    ),
    id=lambda state, x: x.uuid,
    target=lambda state, x: str(x.id),
)

PROXY: Final = Resource(
    "workspace_proxy",
    "workspace_proxies",
    (
        _own("created_at", lambda p: v.moment(p.created_at), ZERO_MOMENT),
        *_plain("derp_enabled", "derp_only", zero=False),
        *_plain("display_name", "icon", "id", "name", "url", "version", "wildcard_hostname"),
        _own("token_hashed_secret", lambda p: p.hashed_secret, b"", secret=True),
    ),
)

OAUTH2_APP: Final = Resource(
    "oauth2_provider_app", "oauth2_apps", _plain("callback_url", "icon", "name")
)
OAUTH2_SECRET: Final = Resource(
    "oauth2_provider_app_secret", "oauth2_secrets", (), target=lambda state, s: s.truncated
)


def _mapping(mapped: e.Mapped | None) -> dict[str, list[str]] | None:
    return None if mapped is None else {key: list(ids) for key, ids in mapped}


ORGANIZATION_SYNC: Final = Resource(
    "idp_sync_settings_organization",
    "organization_syncs",
    (
        *_plain("field"),
        *_plain("assign_default", zero=False),
        _own("mapping", lambda s: _mapping(s.mapping), None),
    ),
    id=lambda state, s: r.NIL_UUID,
    target=lambda state, s: "Organization Sync",
)
GROUP_SYNC: Final = Resource(
    "idp_sync_settings_group",
    "group_syncs",
    (
        *_plain("field"),
        *_plain("auto_create_missing_groups", zero=False),
        *_plain("regex_filter", zero=None),
        _own("mapping", lambda s: _mapping(s.mapping), None),
    ),
    id=_of_organization,
    target=lambda state, s: "Organization Group Sync",
    organization=_of_organization,
)
ROLE_SYNC: Final = Resource(
    "idp_sync_settings_role",
    "role_syncs",
    (*_plain("field"), _own("mapping", lambda s: _mapping(s.mapping), None)),
    id=_of_organization,
    target=lambda state, s: "Organization Role Sync",
    organization=_of_organization,
)
NOTIFICATION_TEMPLATE: Final = Resource(
    "notification_template",
    "notification_methods",
    _plain("method"),
    id=lambda state, m: m.template_id,
    target=lambda state, m: m.template_id,
)

NOTIFICATIONS_SETTINGS: Final = Resource(
    "notifications_settings",
    "settings",
    (_own("notifier_paused", lambda s: s.value, False),),
    id=lambda state, s: "",
    target=lambda state, s: "",
    always_new=True,
)
HEALTH_SETTINGS: Final = Resource(
    "health_settings",
    "settings",
    (_own("dismissed_healthchecks", lambda s: None if s.value is None else list(s.value), None),),
    id=lambda state, s: "",
    target=lambda state, s: "",
    always_new=True,
)
CONVERT_LOGIN: Final = Resource(
    "convert_login",
    "",
    (
        _own("created_at", lambda c: v.moment(c["created_at"]), ZERO_MOMENT),
        _own("expires_at", lambda c: v.moment(c["expires_at"]), ZERO_MOMENT),
        _own("from_login_type", lambda c: c["from_login_type"]),
        _own("to_login_type", lambda c: c["to_type"]),
        _own("user_id", lambda c: c["user_id"]),
    ),
    id=lambda state, c: c["user_id"],
    target=lambda state, c: c["to_type"],
)


def diff(state: State, resource: Resource, old: Any, new: Any) -> dict[str, dict[str, Any]]:
    """What changed from `old` to `new`; `None` stands for a record that does not exist."""
    found: dict[str, dict[str, Any]] = {}
    for one in sorted(resource.fields, key=lambda f: f.name):
        before = one.zero if old is None else one.get(state, old)
        after = one.zero if new is None else one.get(state, new)
        if before != after:
            found[one.name] = entry(before, after, secret=one.secret)
    return found


def entry(before: Any, after: Any, *, secret: bool = False) -> dict[str, Any]:
    """One field of a diff; a secret one shows no values."""
    shown: dict[str, Any] = {}
    if not secret:
        if before is not None:
            shown["old"] = before
        if after is not None:
            shown["new"] = after
    shown["secret"] = secret
    return shown
