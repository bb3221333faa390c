"""Licences, what they entitle to, and the replicas of the server."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import licences as rules
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import License
from coder_mock_server.errors import ApiError, Forbidden, NotFound
from coder_mock_server.handlers.general import deployment_id
from coder_mock_server.presenters import enterprise as present

PARTS = 3
CLAIMS_VERSION = 3
HOSTNAME = "coder-mock"
PRIMARY_REGION = 999


def get_entitlements(call: Call, world: World) -> Reply:
    """Every licensed feature, and whether it is on."""
    now = world.now()
    standing = _installed(world)
    given = rules.entitlement(world.state, now, premium=_premium(world))
    started = min((one.created_at for one in world.state.organizations), default=now)
    return Reply.ok(
        {
            "features": rules.features(given, rules.counted_users(world.state, started, now)),
            "warnings": [],
            "errors": [],
            "has_license": given != "not_entitled",
            "trial": any(one.claims.get("trial") is True for one in standing),
            "require_telemetry": False,
            "refreshed_at": rules.refreshed_at(world.state, started, now),
        }
    )


def _premium(world: World) -> bool:
    return world.settings.edition == "premium"


def _installed(world: World) -> list[License]:
    return rules.installed(world.state, premium=_premium(world))


def get_licenses(call: Call, world: World) -> Reply:
    """The licences; null without any, and for those who may not see them."""
    may = lookup.can(call, world, "read", Thing("license"))
    shown = [present.license(one) for one in _installed(world)] if may else []
    return Reply.ok(shown or None)


def add_new_license(call: Call, world: World) -> Reply:
    """Add a licence. Our choice: any token with the claims of one will do, whoever signed it."""
    if not lookup.can(call, world, "create", Thing("license")):
        raise Forbidden()
    body = call.body()
    body.validate(("license", "required"))
    now = world.now()
    claims = _claims(body.text("license"))
    if not _is_license(claims, now.timestamp()):
        raise ApiError(400, "Invalid license", "license has multiple issues; contact support")
    last = max((one.id for one in (*world.state.licenses, *_installed(world))), default=0)
    record = License(last + 1, world.ids.uuid(), now, claims)
    world.state.licenses.put(record)
    rules.refresh(world.state, now, asked=True)
    return Reply.created(present.license(record))


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.strip().split(".")
    if len(parts) != PARTS:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


def _is_license(claims: Mapping[str, Any], now: float) -> bool:
    times = (claims.get("license_expires"), claims.get("exp"))
    return (
        claims.get("version") == CLAIMS_VERSION
        and all(isinstance(time, int | float) and time > now for time in times)
        and bool(claims.get("feature_set") or claims.get("features") or claims.get("all_features"))
    )


def update_license_entitlements(call: Call, world: World) -> Reply:
    """Look at the licences again, but not more often than once a minute."""
    if not lookup.can(call, world, "create", Thing("license")):
        raise Forbidden()
    now = world.now()
    wait = rules.wait_before_refresh(world.state, now)
    if wait is not None:
        seconds = math.ceil(wait.total_seconds())
        raise ApiError(
            400,
            f"Entitlements already recently refreshed, please wait {seconds} seconds to force a "
            "new refresh",
            headers={"Retry-After": str(seconds)},
        )
    rules.refresh(world.state, now, asked=True)
    return Reply.message("Entitlements updated")


def delete_license(call: Call, world: World) -> Reply:
    """Take a licence away; with the last one the licensed features go."""
    if not lookup.can(call, world, "delete", Thing("license")):
        raise Forbidden()
    text = call.path["id"]
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise NotFound("License ID must be an integer")
    found = next((one for one in _installed(world) if one.id == int(text)), None)
    if found is None:
        raise NotFound("Unknown license ID")
    # The licence that came with the edition would come back if it left no trace.
    world.state.licenses.put(replace(found, removed=True))
    rules.refresh(world.state, world.now(), asked=True)
    return Reply(200, None, has_body=False)


def get_active_replicas(call: Call, world: World) -> Reply:
    """The one replica that this server is."""
    if not lookup.can(call, world, "read", Thing("replicas")):
        raise NotFound()
    home = world.state.default_organization()
    return Reply.ok(
        [
            {
                "id": deployment_id(world.settings.seed),
                "hostname": HOSTNAME,
                "created_at": home.created_at,
                "relay_address": call.base_url,
                "region_id": PRIMARY_REGION,
                "error": "",
                "database_latency": 0,
            }
        ]
    )
