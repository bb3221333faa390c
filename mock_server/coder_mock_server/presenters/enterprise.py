"""Groups, keys of daemons, licences and apps, as the API shows them."""

from __future__ import annotations

from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import groups as rules
from coder_mock_server.domain import licensed as e
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Subject, Thing, may
from coder_mock_server.domain.licensed import Mapped
from coder_mock_server.presenters import users

Json = dict[str, Any]


def group(world: World, record: e.Group, who: Subject) -> Json:
    """A group with those of its members whom `who` may see; counted are all.

    The members are given in full; the document of each version takes from it what it knows.
    """
    home = world.state.organizations[record.organization_id]
    members = rules.members(world.state, record)
    return {
        "id": record.id,
        "name": record.name,
        "display_name": record.display_name,
        "organization_id": record.organization_id,
        "members": [
            users.user(world, one)
            for one in members
            if may(who, "read", Thing("group_member", home.id, one.id))
        ],
        "total_member_count": len(members),
        "avatar_url": record.avatar_url,
        "quota_allowance": record.quota_allowance,
        "source": record.source,
        "organization_name": home.name,
        "organization_display_name": home.display_name,
    }


def provisioner_key(record: e.ProvisionerKey) -> Json:
    """A key without its secret."""
    return {
        "id": record.id,
        "created_at": record.created_at,
        "organization": record.organization_id,
        "name": record.name,
        "tags": dict(record.tags),
    }


def key_daemon(daemon: Json) -> Json:
    """A daemon in the list of its key, where its doings are not looked at."""
    return {**daemon, "key_name": None, "status": None, "current_job": None, "previous_job": None}


def license(record: e.License) -> Json:
    """A licence with what it claims."""
    return {
        "id": record.id,
        "uuid": record.uuid,
        "uploaded_at": record.uploaded_at,
        "claims": dict(record.claims),
    }


def banner(record: e.Banner) -> Json:
    """A banner; its empty parts are left out."""
    shown: Json = {"enabled": record.enabled}
    if record.message:
        shown["message"] = record.message
    if record.background_color:
        shown["background_color"] = record.background_color
    return shown


def mapping(pairs: Mapped | None) -> dict[str, list[str]] | None:
    """A mapping of an identity provider's claims; none was ever set: null."""
    return None if pairs is None else {given: list(gets) for given, gets in pairs}


def organization_sync(record: e.OrganizationSync) -> Json:
    """How membership follows the identity provider."""
    return {
        "field": record.field,
        "mapping": mapping(record.mapping),
        "organization_assign_default": record.assign_default,
    }


def group_sync(record: e.GroupSync) -> Json:
    """How groups follow the identity provider."""
    shown: Json = {
        "field": record.field,
        "mapping": mapping(record.mapping),
        "regex_filter": record.regex_filter,
        "auto_create_missing_groups": record.auto_create_missing_groups,
    }
    if record.legacy_group_name_mapping:
        shown["legacy_group_name_mapping"] = dict(record.legacy_group_name_mapping)
    return shown


def role_sync(record: e.RoleSync) -> Json:
    """How roles follow the identity provider."""
    return {"field": record.field, "mapping": mapping(record.mapping)}


def oauth2_app(record: e.OAuth2App, base_url: str) -> Json:
    """An application and where it signs users in."""
    return {
        "id": record.id,
        "name": record.name,
        "callback_url": record.callback_url,
        "icon": record.icon,
        "endpoints": {
            "authorization": f"{base_url}/oauth2/authorize",
            "token": f"{base_url}/oauth2/tokens",
            "device_authorization": "",
        },
    }


def oauth2_secret(record: e.OAuth2Secret) -> Json:
    """The end of a client secret, and when it served last."""
    return {
        "id": record.id,
        "last_used_at": record.last_used_at,
        "client_secret_truncated": record.truncated,
    }


def template_user(world: World, user: r.User, role: str) -> Json:
    """A user in the access list of a template."""
    return {**users.user(world, user), "role": role}
