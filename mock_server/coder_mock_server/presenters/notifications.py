"""Notifications, their kinds and preferences, as the API shows them."""

from __future__ import annotations

import json
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain.deployment import Notice, NotificationPreference
from coder_mock_server.notifications.kinds import KINDS, TEST, Kind


def notice(record: Notice, base_url: str) -> dict[str, Any]:
    """One entry of an inbox; its links begin with the address of the server."""
    kind = KINDS.get(record.template_id, TEST)
    return {
        "id": record.id,
        "user_id": record.user_id,
        "template_id": record.template_id,
        "targets": list(record.targets) or None,
        "title": record.title,
        "content": record.content,
        "icon": kind.icon,
        "actions": [{"label": label, "url": f"{base_url}{path}"} for label, path in record.actions],
        "read_at": record.read_at,
        "created_at": record.delivered_at or record.created_at,
    }


def kind(world: World, one: Kind) -> dict[str, Any]:
    """A kind of notification, as administrators see it."""
    method = world.state.notification_methods.get(one.id)
    return {
        "id": one.id,
        "name": one.name,
        "title_template": one.title,
        "body_template": one.body,
        "actions": json.dumps([{"url": url, "label": label} for label, url in one.actions]),
        "group": one.group,
        "method": method.method if method is not None else "",
        "kind": "system",
        "enabled_by_default": one.enabled_by_default,
    }


def preference(record: NotificationPreference) -> dict[str, Any]:
    """What a user said about one kind."""
    return {
        "id": record.template_id,
        "disabled": record.disabled,
        "updated_at": record.updated_at,
    }
