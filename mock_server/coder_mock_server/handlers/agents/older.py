"""What agents asked and reported by plain requests in 2023; later they speak their own protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from coder_mock_server.agent_tokens import agent_of
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain.agents import reported_metadata
from coder_mock_server.errors import ApiError
from coder_mock_server.handlers.agents.network import derp_map
from coder_mock_server.presenters import agents as present

HEALTHS = ("disabled", "initializing", "healthy", "unhealthy")
SCRIPT_SECONDS = 300


def submit_workspace_agent_application_health(call: Call, world: World) -> Reply:
    """How the agent's apps are, by their ids."""
    agent, workspace = agent_of(call, world)
    healths = call.body().mapping("healths")
    if not healths:
        raise ApiError(400, "Health field is empty")
    apps = {app.id: app for app in world.state.apps.by("agent", agent.id)}
    for id, health in healths.items():
        # Our choice of the refusals' words: nobody recorded them.
        if id not in apps:
            raise ApiError(
                404, "Error setting workspace app health", f"workspace app {id} not found"
            )
        if not apps[id].healthcheck_url:
            raise ApiError(400, f"Health checking is disabled for workspace app {id}")
        if health not in HEALTHS:
            raise ApiError(400, f'App health "{health}" is not one of {", ".join(HEALTHS)}')
    for id, health in healths.items():
        world.state.apps.put(replace(apps[id], health=health))
    world.announce("workspace", workspace.id)
    return Reply.ok(None)


def get_authorized_workspace_agent_manifest(call: Call, world: World) -> Reply:
    """All that an agent needs to begin its work."""
    agent, _ = agent_of(call, world)
    scripts = {script.log_path: script.script for script in agent.scripts}
    return Reply.ok(
        {
            "git_auth_configs": 0,
            "vscode_port_proxy_uri": "",
            "apps": [present.app(world, app) for app in present.apps_of(world, agent.id)],
            "derpmap": derp_map(call),
            "environment_variables": dict(agent.environment_variables),
            "startup_script": scripts.get(present.STARTUP_LOG, ""),
            "startup_script_timeout": SCRIPT_SECONDS * 10**9,
            "directory": agent.directory,
            "motd_file": "",
            "shutdown_script": scripts.get(present.SHUTDOWN_LOG, ""),
            "shutdown_script_timeout": SCRIPT_SECONDS * 10**9,
            "metadata": [
                present.metadata_description(item) for item in reported_metadata(agent, world.now())
            ],
        }
    )


def coordinate_workspace_agent_via_tailnet(call: Call, world: World) -> StreamReply:
    """The agent's end of a tunnel's signalling; nobody answers."""
    agent_of(call, world)

    async def source() -> AsyncIterator[StreamItem]:
        await asyncio.Event().wait()
        yield StreamItem("ping")

    return StreamReply(source, "binary", on_message=lambda _: None)
