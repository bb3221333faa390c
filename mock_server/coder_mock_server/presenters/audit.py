"""Entries of the audit log, as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.deployment import AuditEntry
from coder_mock_server.presenters import users

DONE = {
    "create": "created",
    "write": "updated",
    "delete": "deleted",
    "start": "started",
    "stop": "stopped",
    "login": "logged in",
    "logout": "logged out",
    "register": "registered",
    "request_password_reset": "password reset requested",
    "connect": "connected",
    "disconnect": "disconnected",
    "open": "opened",
    "close": "closed",
}
"""Action -> what is said of it when it went well; the actions that there are."""

NOUNS = {
    "template": "template",
    "template_version": "template version",
    "user": "user",
    "workspace": "workspace",
    "workspace_build": "workspace build",
    "git_ssh_key": "git ssh key",
    "api_key": "api key",
    "group": "group",
    "license": "license",
    "convert_login": "login type conversion",
    "health_settings": "health_settings",
    "notifications_settings": "notifications_settings",
    "workspace_proxy": "workspace proxy",
    "organization": "organization",
    "oauth2_provider_app": "oauth2 app",
    "oauth2_provider_app_secret": "oauth2 app secret",
    "custom_role": "custom role",
    "organization_member": "organization member",
    "notification_template": "notification template",
    "idp_sync_settings_organization": "settings",
    "idp_sync_settings_group": "settings",
    "idp_sync_settings_role": "settings",
    "workspace_agent": "workspace agent",
    "workspace_app": "workspace app",
}
"""Resource type -> what it is called; the types that there are."""

WORKSPACE_PARTS = ("workspace", "workspace_build", "workspace_agent", "workspace_app")


def entry(world: World, record: AuditEntry) -> dict[str, Any]:
    """One entry; its user and its link are those of now."""
    user = world.state.users.get(record.user_id)
    deleted = is_deleted(world, record)
    shown: dict[str, Any] = {
        "id": record.id,
        "request_id": record.request_id,
        "time": record.time,
        "ip": record.ip,
        "user_agent": record.user_agent,
        "resource_type": record.resource_type,
        "resource_id": record.resource_id,
        "resource_target": record.resource_target,
        "resource_icon": record.resource_icon,
        "action": record.action,
        "diff": record.diff,
        "status_code": record.status_code,
        "additional_fields": record.additional_fields,
        "description": description(record),
        "resource_link": "" if deleted else link(world, record),
        "is_deleted": deleted,
        "organization_id": record.organization_id,
        "user": None if user is None else {**users.user(world, user), "organization_ids": []},
    }
    home = world.state.organizations.get(record.organization_id)
    if home is not None:
        shown["organization"] = {
            "id": home.id,
            "name": home.name,
            "display_name": home.display_name,
            "icon": home.icon,
        }
    return shown


def description(record: AuditEntry) -> str:
    """What happened in a sentence, with places for the user and the target."""
    if record.status_code >= 400:
        done = f"unsuccessfully attempted to {record.action}"
    elif record.status_code >= 300:
        done = f"was redirected attempting to {record.action}"
    else:
        done = DONE.get(record.action, record.action)
    text = done if record.action == "request_password_reset" else f"{{user}} {done}"
    if record.resource_type == "api_key" and record.action in ("login", "logout", "register"):
        return text
    noun = NOUNS.get(record.resource_type, record.resource_type)
    if record.resource_type == "git_ssh_key":
        return f"{text} the {noun}"
    to = " to" if record.resource_type == "convert_login" else ""
    return f"{text} {noun}{to} {{target}}"


def is_deleted(world: World, record: AuditEntry) -> bool:
    """Whether the resource is gone; of some types nobody looks."""
    state, id = world.state, record.resource_id
    found: Any
    match record.resource_type:
        case "template":
            found = state.templates.get(id)
            return found is None or found.deleted
        case "user":
            found = state.users.get(id)
            return found is None or found.deleted
        case "workspace":
            found = state.workspaces.get(id)
            return found is None or found.deleted
        case "workspace_build":
            build = state.builds.get(id)
            return build is None or state.workspaces[build.workspace_id].deleted
        case "workspace_agent":
            return state.agents.get(id) is None
        case "workspace_app":
            return state.apps.get(id) is None
        case "oauth2_provider_app":
            return state.oauth2_apps.get(id) is None
        case "oauth2_provider_app_secret":
            return state.oauth2_secrets.get(id) is None
    return False


def link(world: World, record: AuditEntry) -> str:
    """Where the dashboard shows the resource; empty where it has no page for it."""
    target, fields = record.resource_target, record.additional_fields
    if record.resource_type == "template":
        return f"/templates/{target}"
    if record.resource_type == "user":
        return f"/users?filter={target}"
    if record.resource_type == "oauth2_provider_app":
        return f"/deployment/oauth2-provider/apps/{record.resource_id}"
    if record.resource_type == "oauth2_provider_app_secret":
        secret = world.state.oauth2_secrets.get(record.resource_id)
        return f"/deployment/oauth2-provider/apps/{secret.app_id}" if secret is not None else ""
    if record.resource_type == "workspace":
        owner = fields.get("workspace_owner") or _owner(world, record.resource_id)
        return f"/@{owner}/{target}"
    if record.resource_type in WORKSPACE_PARTS:
        owner, name = fields.get("workspace_owner"), fields.get("workspace_name")
        if not owner or not name:
            return ""
        number = fields.get("build_number")
        return f"/@{owner}/{name}/builds/{number}" if number else f"/@{owner}/{name}"
    return ""


def _owner(world: World, workspace_id: str) -> str:
    workspace = world.state.workspaces.get(workspace_id)
    owner: r.User | None = world.state.users.get(workspace.owner_id) if workspace else None
    return owner.username if owner is not None else ""
