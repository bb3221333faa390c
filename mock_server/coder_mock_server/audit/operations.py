"""Which operations the audit log knows, as what, and how each finds what it is about.

An operation is recorded when it changed such a record, and also when it was refused although the
record is there and the caller may read it. What is not listed is not audited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from coder_mock_server import lookup
from coder_mock_server.audit import resources as a
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.people import SYSTEM_USER
from coder_mock_server.errors import ApiError

Find = Callable[[Call, World], Any]


@dataclass(frozen=True, slots=True)
class Audited:
    """One kind of entry that an operation makes."""

    resource: a.Resource
    action: str
    find: Find | None = None
    """The record that is there before; `None` for creations."""
    anonymous: bool = False
    """Nobody is signed in: the user is the one that `find` gives."""


def _by_email(call: Call, world: World) -> r.User | None:
    email = call.body().text("email").lower()
    return world.state.users.one("email", email) if email else None


def _key(call: Call, world: World) -> Any:
    user = lookup.user(call, world)
    key = world.state.api_keys.get(call.path["keyid"])
    return key if key is not None and key.user_id == user.id else None


def _ssh_key(call: Call, world: World) -> Any:
    return world.state.ssh_keys.get(lookup.user(call, world).id)


def _member(call: Call, world: World) -> Any:
    return lookup.member(call, world)[2]


def _role(call: Call, world: World) -> Any:
    home = lookup.organization(call, world)
    name = call.path.get("roleName") or call.body().text("name")
    return world.state.custom_roles.get((home.id, name))


def _row(table: str, name: str) -> Find:
    def find(call: Call, world: World) -> Any:
        return getattr(world.state, table).get(lookup.path_uuid(call, name))

    return find


def _license(call: Call, world: World) -> Any:
    text = call.path["id"]
    return world.state.licenses.get(int(text)) if text.isascii() and text.isdigit() else None


def _proxy(call: Call, world: World) -> Any:
    text = call.path["workspaceproxy"]
    id = lookup.parse_uuid(text)
    table = world.state.workspace_proxies
    return table.get(id) if id is not None else table.one("name", text)


_USER: Final = Audited(a.USER, "write", lookup.user)
_TEMPLATE: Final = Audited(a.TEMPLATE, "write", lookup.template)
_VERSION: Final = Audited(a.TEMPLATE_VERSION, "write", lookup.template_version)
_WORKSPACE: Final = Audited(a.WORKSPACE, "write", lookup.workspace)
_NEW_WORKSPACE: Final = Audited(a.WORKSPACE, "create")
_ROLE_WRITE: Final = Audited(a.CUSTOM_ROLE, "write", _role)
_APP: Final = _row("oauth2_apps", "app")
_GROUP_SYNC: Final = Audited(a.GROUP_SYNC, "write")
_ROLE_SYNC: Final = Audited(a.ROLE_SYNC, "write")
_ORGANIZATION_SYNC: Final = Audited(a.ORGANIZATION_SYNC, "write")

OPERATIONS: Final[Mapping[str, tuple[Audited, ...]]] = {
    "log-in-user": (Audited(a.API_KEY, "login", _by_email, anonymous=True),),
    "log-out-user": (Audited(a.API_KEY, "logout", lambda call, world: call.actor.key),),
    "create-new-user": (Audited(a.USER, "create"),),
    "delete-user": (Audited(a.USER, "delete", lookup.user),),
    "update-user-profile": (_USER,),
    "update-user-password": (_USER,),
    "update-user-quiet-hours-schedule": (_USER,),
    "assign-role-to-user": (_USER,),
    "activate-user-account": (_USER,),
    "suspend-user-account": (_USER,),
    "request-one-time-passcode": (
        Audited(a.USER, "request_password_reset", _by_email, anonymous=True),
    ),
    "change-password-with-a-one-time-passcode": (
        Audited(a.USER, "write", _by_email, anonymous=True),
    ),
    "regenerate-user-ssh-key": (Audited(a.SSH_KEY, "write", _ssh_key),),
    "create-token-api-key": (Audited(a.API_KEY, "create"),),
    "delete-api-key": (Audited(a.API_KEY, "delete", _key),),
    "add-organization-member": (Audited(a.MEMBER, "create"),),
    "remove-organization-member": (Audited(a.MEMBER, "delete", _member),),
    "assign-role-to-organization-member": (Audited(a.MEMBER, "write", _member),),
    "insert-a-custom-organization-role": (Audited(a.CUSTOM_ROLE, "create"),),
    "upsert-a-custom-organization-role": (_ROLE_WRITE,),
    "delete-a-custom-organization-role": (Audited(a.CUSTOM_ROLE, "delete", _role),),
    "create-organization": (Audited(a.ORGANIZATION, "create"),),
    "update-organization": (Audited(a.ORGANIZATION, "write", lookup.organization),),
    "delete-organization": (Audited(a.ORGANIZATION, "delete", lookup.organization),),
    "create-template-by-organization": (
        Audited(a.TEMPLATE_VERSION, "write"),
        Audited(a.TEMPLATE, "create"),
    ),
    "update-template-metadata-by-id": (_TEMPLATE,),
    "update-active-template-version-by-template-id": (_TEMPLATE,),
    "update-template-acl": (_TEMPLATE,),
    "delete-template-by-id": (Audited(a.TEMPLATE, "delete", lookup.template),),
    "create-template-version-by-organization": (Audited(a.TEMPLATE_VERSION, "create"),),
    "patch-template-version-by-id": (_VERSION,),
    "archive-template-version": (_VERSION,),
    "unarchive-template-version": (_VERSION,),
    "create-user-workspace": (_NEW_WORKSPACE,),
    "create-user-workspace-by-organization": (_NEW_WORKSPACE,),
    "update-workspace-metadata-by-id": (_WORKSPACE,),
    "update-workspace-autostart-schedule-by-id": (_WORKSPACE,),
    "update-workspace-automatic-updates-by-id": (_WORKSPACE,),
    "update-workspace-dormancy-status-by-id": (_WORKSPACE,),
    "update-workspace-ttl-by-id": (_WORKSPACE,),
    "favorite-workspace-by-id": (_WORKSPACE,),
    "unfavorite-workspace-by-id": (_WORKSPACE,),
    "create-group-for-organization": (Audited(a.GROUP, "create"),),
    "update-group-by-name": (Audited(a.GROUP, "write", _row("groups", "group")),),
    "delete-group-by-name": (Audited(a.GROUP, "delete", _row("groups", "group")),),
    "add-new-license": (Audited(a.LICENSE, "create"),),
    "delete-license": (Audited(a.LICENSE, "delete", _license),),
    "create-workspace-proxy": (Audited(a.PROXY, "create"),),
    "update-workspace-proxy": (Audited(a.PROXY, "write", _proxy),),
    "delete-workspace-proxy": (Audited(a.PROXY, "delete", _proxy),),
    "create-oauth2-application": (Audited(a.OAUTH2_APP, "create"),),
    "update-oauth2-application": (Audited(a.OAUTH2_APP, "write", _APP),),
    "delete-oauth2-application": (Audited(a.OAUTH2_APP, "delete", _APP),),
    "create-oauth2-application-secret": (Audited(a.OAUTH2_SECRET, "create"),),
    "delete-oauth2-application-secret": (
        Audited(a.OAUTH2_SECRET, "delete", _row("oauth2_secrets", "secretID")),
    ),
    "update-notification-template-dispatch-method": (Audited(a.NOTIFICATION_TEMPLATE, "write"),),
    "update-group-idp-sync-settings-by-organization": (_GROUP_SYNC,),
    "update-group-idp-sync-config": (_GROUP_SYNC,),
    "update-group-idp-sync-mapping": (_GROUP_SYNC,),
    "update-role-idp-sync-settings-by-organization": (_ROLE_SYNC,),
    "update-role-idp-sync-config": (_ROLE_SYNC,),
    "update-role-idp-sync-mapping": (_ROLE_SYNC,),
    "update-organization-idp-sync-settings": (_ORGANIZATION_SYNC,),
    "update-organization-idp-sync-config": (_ORGANIZATION_SYNC,),
    "update-organization-idp-sync-mapping": (_ORGANIZATION_SYNC,),
    "update-notifications-settings": (Audited(a.NOTIFICATIONS_SETTINGS, "write"),),
    "update-health-settings": (Audited(a.HEALTH_SETTINGS, "write"),),
    "convert-user-from-password-to-oauth-authentication": (Audited(a.CONVERT_LOGIN, "create"),),
}
"""Operation -> its entries, oldest first."""


def existing(audited: Audited, call: Call, world: World) -> Any:
    """The record that the operation is about, as far as the caller may see it."""
    if audited.find is None:
        return None
    try:
        found = audited.find(call, world)
    except ApiError:
        return None
    return None if found is SYSTEM_USER else found
