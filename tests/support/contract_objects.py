"""Objects of the tiny server that say nothing about jobs: agents, groups, the inbox, features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coder_contract_tests.invariants.administration import FEATURES

Uuid = Callable[[int], str]
Time = Callable[[float], str]
FEATURE_NAMES = FEATURES


def agents(uuid: Uuid, at: Time, resource: str) -> list[dict[str, Any]]:
    """One agent on its way, one connected, one lost."""

    def agent(number: int, status: str, state: str, reason: str, **times: str) -> dict[str, Any]:
        health = {"healthy": not reason, **({"reason": reason} if reason else {})}
        return {
            "id": uuid(number),
            "parent_id": None,
            "name": f"agent{number}",
            "created_at": at(1),
            "updated_at": at(2),
            "status": status,
            "lifecycle_state": state,
            "resource_id": resource,
            "health": health,
            "scripts": [],
            "apps": [app(number + 100)],
            **times,
        }

    def app(number: int) -> dict[str, Any]:
        return {
            "id": uuid(number),
            "slug": "site",
            "subdomain": True,
            "subdomain_name": "site--agent",
            "healthcheck": {"url": "", "interval": 0, "threshold": 0},
            "health": "disabled",
        }

    met = {"first_connected_at": at(3), "last_connected_at": at(4)}
    ran = {"started_at": at(3), "ready_at": at(4)}
    return [
        agent(601, "connecting", "created", ""),
        agent(602, "connected", "ready", "", **met, **ran),
        agent(
            603, "disconnected", "ready", "agent has lost connection",
            disconnected_at=at(5), **met, **ran,
        ),
    ]  # fmt: skip


def inbox(uuid: Uuid, at: Time, status: str, *, nothing: bool = False) -> dict[str, Any]:
    """Three entries, one of them unread; or none, where a query asks for what none has."""
    listed = [
        {"id": uuid(700 + n), "title": f"n{n}", "created_at": at(n), "read_at": read}
        for n, read in ((3, None), (2, at(9)), (1, at(8)))
    ]
    if status != "all":
        listed = [one for one in listed if (one["read_at"] is None) == (status == "unread")]
    listed = [] if nothing else listed
    return {"notifications": listed, "unread_count": 1}


def entitlements() -> dict[str, Any]:
    feature = {"entitlement": "not_entitled", "enabled": False}
    return {"features": {name: dict(feature) for name in sorted(FEATURES)}, "has_license": False}


def groups(organization: str) -> list[dict[str, Any]]:
    return [
        {
            "id": organization,
            "name": "Everyone",
            "organization_id": organization,
            "quota_allowance": 0,
            "members": [],
        }
    ]
