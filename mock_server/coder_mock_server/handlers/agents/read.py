"""What users read of an agent: itself, its ports and containers, its metadata."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import agents as rules
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError
from coder_mock_server.presenters import agents as present
from coder_mock_server.store.topics import Topic

NEVER = 9_223_372_036
"""Seconds since a value that was never collected: all that a Go duration holds."""
CHECK_SECONDS, FORCED_SECONDS = 1.0, 5.0
CONTAINERS_OFF = "The agent dev containers feature is experimental and not enabled by default."
SWITCH = "CODER_AGENT_DEVCONTAINERS_ENABLE"
SWITCH_ON = f"To enable this feature, set {SWITCH}=true in your template."
LOOPBACK = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{1,5})(?!\d)")


def get_workspace_agent_by_id(call: Call, world: World) -> Reply:
    """One agent, also of an earlier build."""
    return Reply.ok(present.agent(world, lookup.agent(call, world), world.now()))


def get_listening_ports_for_workspace_agent(call: Call, world: World) -> Reply:
    """Ports that something in the workspace listens on."""
    agent = lookup.agent(call, world)
    require_connected(agent, world.now())
    # Our choice: those that the agent's own apps point at, but for apps that nothing answers for.
    found = {
        int(match[1])
        for app in world.state.apps.by("agent", agent.id)
        if not app.external
        and app.planned_health != "unhealthy"
        and (match := LOOPBACK.match(app.url))
    }
    ports = [{"process_name": "", "network": "tcp", "port": port} for port in sorted(found)]
    return Reply.ok({"ports": ports})


def get_running_containers_for_workspace_agent(call: Call, world: World) -> Reply:
    """Containers beside the agent, where the template switches that feature on."""
    agent = lookup.agent(call, world)
    if any("=" not in label for label in call.query.all("label")):
        raise ApiError(400, "Invalid label format", "Labels must be in the format key=value")
    require_connected(agent, world.now())
    if dict(agent.environment_variables).get(SWITCH) != "true":
        raise ApiError(403, CONTAINERS_OFF, SWITCH_ON)
    # Our choice: nothing runs beside the agent.
    return Reply.ok({"containers": []})


def recreate_devcontainer_for_workspace_agent(call: Call, world: World) -> Reply:
    """The same feature, asked to do something."""
    require_connected(lookup.agent(call, world), world.now())
    raise ApiError(
        404, 'unexpected non-JSON response "text/plain; charset=utf-8"', "404 page not found\n"
    )


def require_connected(agent: r.WorkspaceAgent, now: datetime) -> None:
    """Refuse what only a connected agent can do."""
    status = rules.agent_status(agent, now)
    if status != "connected":
        raise ApiError(400, f'Agent state is "{status}", it must be in the "connected" state.')


def watch_workspace_agent_metadata(call: Call, world: World) -> StreamReply:
    """Values that the agent collects, as server-sent events."""
    return _watch_metadata(world, lookup.agent(call, world), "sse")


def watch_workspace_agent_metadata_by_websocket(call: Call, world: World) -> StreamReply:
    """The same over a one-way websocket."""
    return _watch_metadata(world, lookup.agent(call, world), "one-way")


def _watch_metadata(world: World, agent: r.WorkspaceAgent, mode: str) -> StreamReply:
    def items() -> tuple[r.AgentMetadatum, ...]:
        current = world.state.agents.get(agent.id)
        return rules.reported_metadata(current or agent, world.now())

    async def frames() -> AsyncIterator[StreamItem]:
        loop = asyncio.get_running_loop()
        with world.store.hub.subscribe(Topic("agent_metadata", agent.id)) as subscription:
            while True:
                shown = items()
                now = world.now()
                yield StreamItem("data", [_metadatum(item, now) for item in shown])
                forced_at = loop.time() + FORCED_SECONDS
                while items() == shown and loop.time() < forced_at:
                    await subscription.changed(CHECK_SECONDS)

    return StreamReply(frames, mode)


def _metadatum(item: r.AgentMetadatum, now: datetime) -> dict[str, Any]:
    collected = item.collected_at
    return {
        "result": {
            "collected_at": collected or r.ZERO_TIME,
            "age": NEVER if collected is None else int((now - collected).total_seconds()),
            "value": item.value,
            "error": item.error,
        },
        "description": present.metadata_description(item),
    }
