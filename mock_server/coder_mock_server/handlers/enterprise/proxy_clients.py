"""What a proxy asks of its server with its own token, and the token for a terminal through one."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import proxies as rules
from coder_mock_server.domain.licensed import ProxyReplica, WorkspaceProxy
from coder_mock_server.domain.records import ZERO_TIME, ApiKey
from coder_mock_server.errors import ApiError, NotFound, Unauthorized
from coder_mock_server.handlers.agents.network import app_page, check_version, derp_map
from coder_mock_server.handlers.enterprise.proxies import regions
from coder_mock_server.handlers.users.rules import key_thing
from coder_mock_server.presenters import proxies as present
from coder_mock_server.security import hashed, split_token

HEADER = "coder-external-proxy-token"
KEYS_OF_PROXIES = ("workspace_apps_api_key", "workspace_apps_token")
"""The features whose keys a proxy may have; the rest stays on the server."""
FIRST_REGION = 10_000
TERMINAL = "/api/v2/workspaceagents/{}/pty"


def _proxy(call: Call, world: World) -> WorkspaceProxy:
    """The proxy whose token the call has."""
    token = call.headers.get(HEADER) or ""
    if not token:
        raise Unauthorized("", "Missing required external proxy token")
    id, _, secret = token.partition(":")
    found = world.state.workspace_proxies.get(lookup.parse_uuid(id) or "")
    if (
        found is None
        or found.deleted
        or not hmac.compare_digest(found.hashed_secret, hashed(secret))
    ):
        raise Unauthorized("", "Invalid external proxy token")
    return found


def register_a_proxy(call: Call, world: World) -> Reply:
    """A process of the proxy says that it is there, and learns about the others."""
    proxy = _proxy(call, world)
    body = call.body()
    now = world.now()
    id = lookup.parse_uuid(body.text("replica_id")) or world.ids.uuid()
    known = {one.id: one for one in proxy.replicas}
    replica = ProxyReplica(
        id,
        body.text("hostname") or str(body.extra("replica_hostname") or ""),
        known[id].created_at if id in known else now,
        body.text("replica_error"),
        body.text("replica_relay_address"),
    )
    siblings = tuple(one for one in proxy.replicas if one.id != id)
    proxy = replace(
        proxy,
        url=body.text("access_url"),
        wildcard_hostname=body.text("wildcard_hostname"),
        derp_enabled=body.boolean("derp_enabled"),
        derp_only=body.boolean("derp_only"),
        version=body.text("version"),
        replicas=(*siblings, replica),
        updated_at=now,
    )
    world.state.workspace_proxies.put(proxy)
    region = FIRST_REGION + [one.id for one in world.state.workspace_proxies].index(proxy.id)
    return Reply.created(
        {
            "derp_mesh_key": _secret(world, "mesh", proxy.id),
            "derp_region_id": region,
            "derp_map": derp_map(call),
            "derp_force_websockets": False,
            "sibling_replicas": [present.replica(one, region) for one in siblings],
        }
    )


def deregister_a_proxy(call: Call, world: World) -> Reply:
    """A process of the proxy ends."""
    proxy = _proxy(call, world)
    gone = lookup.parse_uuid(call.body().text("replica_id"))
    left = tuple(one for one in proxy.replicas if one.id != gone)
    world.state.workspace_proxies.put(replace(proxy, replicas=left, updated_at=world.now()))
    return Reply.no_content()


def report_app_usage_of_a_proxy(call: Call, world: World) -> Reply:
    """Taken, but not counted: no application runs behind the mock."""
    _proxy(call, world)
    call.body()
    return Reply.no_content()


def get_keys_for_a_proxy(call: Call, world: World) -> Reply:
    """The keys with which tokens for applications are signed and sealed."""
    _proxy(call, world)
    feature = call.query.get("feature") or ""
    if feature not in KEYS_OF_PROXIES:
        raise ApiError(400, f'Invalid feature: "{feature}"')
    return Reply.ok(
        {
            "crypto_keys": [
                {
                    "feature": feature,
                    "secret": _secret(world, "feature", feature),
                    "deletes_at": ZERO_TIME,
                    "sequence": 1,
                    "starts_at": world.state.default_organization().created_at,
                }
            ]
        }
    )


def coordinate_a_proxy(call: Call, world: World) -> StreamReply:
    """The signalling of tunnels; nobody answers on the other side."""
    _proxy(call, world)
    check_version(call, default="1.0")
    return StreamReply(_silence, "binary", on_message=lambda _: None)


async def _silence() -> AsyncIterator[StreamItem]:
    await asyncio.Event().wait()
    yield StreamItem("ping")


def issue_a_signed_app_token(call: Call, world: World) -> Reply:
    """A token that opens one application for the user whose session the proxy was shown."""
    _proxy(call, world)
    body = call.body()
    request = body.object("app_request")
    if request is None or not request.value:
        return app_page(500)
    key = _session(world, body.text("session_token"))
    claims = {"user_id": key.user_id, "request": request.value}
    return Reply.created({"signed_token_str": _signed(world, claims)})


def _session(world: World, token: str) -> ApiKey:
    try:
        id, secret = split_token(token)
    except ValueError as error:
        raise Unauthorized(f"Invalid API key format: {error}") from None
    key: ApiKey | None = world.state.api_keys.get(id)
    if key is None or not hmac.compare_digest(hashed(secret), key.hashed_secret):
        raise Unauthorized("API key is invalid.")
    return key


def issue_a_signed_token_for_a_terminal(call: Call, world: World) -> Reply:
    """A token with which the dashboard opens a terminal through a proxy."""
    if not lookup.can(call, world, "create", key_thing(call.actor.id)):
        raise NotFound()
    body = call.body()
    body.validate(("url", "required"), ("agentID", "required"))
    agent_id = body.uuid("agentID")
    url = urlsplit(body.text("url"))
    if url.scheme not in ("ws", "wss"):
        problem = f"invalid URL scheme \"{url.scheme}\", expected 'ws' or 'wss'"
        raise ApiError(400, "Invalid URL.", problem)
    if url.path != TERMINAL.format(agent_id):
        raise ApiError(
            400, "Invalid URL.", "The provided URL path does not match the agent's terminal."
        )
    if not any(urlsplit(one.url).netloc == url.netloc for one in _registered(world)):
        raise ApiError(400, "Invalid URL.", f'No proxy is reached at "{url.netloc}".')
    return Reply.ok(
        {"signed_token": _signed(world, {"user_id": call.actor.id, "agent_id": agent_id})}
    )


def _registered(world: World) -> list[WorkspaceProxy]:
    return [one for one in regions(world) if one.url and rules.status(one) == "ok"]


def _signed(world: World, claims: dict[str, Any]) -> str:
    """Claims and a signature: opaque to clients, and good for nothing but being handed on."""
    text = json.dumps(claims, sort_keys=True, default=str)
    body = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    key = _secret(world, "feature", KEYS_OF_PROXIES[1]).encode()
    return f"{body}.{hmac.new(key, body.encode(), hashlib.sha256).hexdigest()}"


def _secret(world: World, *names: str) -> str:
    text = "/".join(("coder-mock", str(world.settings.seed), *names))
    return hashlib.sha512(text.encode()).hexdigest()
