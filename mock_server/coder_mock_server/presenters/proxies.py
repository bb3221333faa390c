"""Regions and workspace proxies, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coder_mock_server.domain import proxies
from coder_mock_server.domain.licensed import ProxyReplica, WorkspaceProxy

Json = dict[str, Any]


def region(record: WorkspaceProxy, base_url: str) -> Json:
    """What everybody may know of a proxy."""
    is_primary = record.name == proxies.PRIMARY
    return {
        "id": record.id,
        "name": record.name,
        "display_name": record.display_name,
        "icon_url": record.icon,
        "healthy": proxies.status(record) == "ok",
        "path_app_url": base_url if is_primary else record.url,
        "wildcard_hostname": record.wildcard_hostname,
    }


def proxy(record: WorkspaceProxy, base_url: str, version: str, now: datetime) -> Json:
    """A proxy in full; `version` is that of the server itself."""
    is_primary = record.name == proxies.PRIMARY
    errors = [one.error for one in record.replicas if one.error]
    return {
        **region(record, base_url),
        "derp_enabled": record.derp_enabled,
        "derp_only": record.derp_only,
        "status": {
            "status": proxies.status(record),
            "report": {"errors": errors, "warnings": []},
            "checked_at": now,
        },
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "deleted": record.deleted,
        "version": version if is_primary else record.version,
    }


def replica(record: ProxyReplica, region_id: int) -> Json:
    """A process of a proxy."""
    return {
        "id": record.id,
        "hostname": record.hostname,
        "created_at": record.created_at,
        "relay_address": record.relay_address,
        "region_id": region_id,
        "error": record.error,
        "database_latency": 0,
    }
