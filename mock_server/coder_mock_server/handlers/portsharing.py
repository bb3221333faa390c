"""The port sharing page: which ports of a workspace others may use."""

from __future__ import annotations

from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError, Invalid, NotFound, Validation

LEVELS = ("authenticated", "public")
PROTOCOLS = ("http", "https")
LOWEST, HIGHEST = 9, 65535


def list_workspace_agent_port_shares(call: Call, world: World) -> Reply:
    """All shares of a workspace; of a deleted one too."""
    workspace = lookup.workspace(call, world)
    found = world.state.port_shares.by("workspace", workspace.id)
    return Reply.ok({"shares": [_shown(share) for share in found]})


def upsert_workspace_agent_port_share(call: Call, world: World) -> Reply:
    """Share a port, or change how it is shared."""
    workspace = lookup.workspace(call, world)
    body = call.body()
    level, port, protocol = body.text("share_level"), body.integer("port"), body.text("protocol")
    template = world.state.templates[workspace.template_id]
    if level not in LEVELS or not _allowed(world, template, level):
        text = "Port sharing level not allowed."
        raise Invalid(text, Validation("share_level", text))
    if not LOWEST <= port <= HIGHEST:
        text = f"Port must be between {LOWEST} and {HIGHEST}."
        raise Invalid(text, Validation("port", text))
    if protocol not in PROTOCOLS:
        raise ApiError(400, "Port protocol not allowed.")
    build = world.state.latest_build(workspace.id)
    agents = world.state.agents.by("job", build.job_id)
    if body.text("agent_name") not in {agent.name for agent in agents}:
        raise ApiError(400, "Agent not found.")
    if not lookup.can(call, world, "update", lookup.workspace_thing(workspace)):
        # The real server fails on its own permission check here, and so do we.
        raise ApiError(500, "An internal server error occurred.", "unauthorized: rbac: forbidden")
    share = r.PortShare(workspace.id, body.text("agent_name"), port, level, protocol)
    return Reply.ok(_shown(world.state.port_shares.put(share)))


def get_workspace_agent_port_shares_delete(call: Call, world: World) -> Reply:
    """End a share. The docs give this operation the name of the list."""
    workspace = lookup.workspace(call, world)
    body = call.body()
    key = (workspace.id, body.text("agent_name"), body.integer("port"))
    if world.state.port_shares.get(key) is None:
        raise NotFound("Port share not found.")
    if not lookup.can(call, world, "update", lookup.workspace_thing(workspace)):
        raise ApiError(500, "An internal server error occurred.", "unauthorized: rbac: forbidden")
    world.state.port_shares.remove(key)
    return Reply(200, None, has_body=False)


def _allowed(world: World, template: r.Template, level: str) -> bool:
    """Whether the template's maximum admits the level; it counts only with a licence."""
    if not world.licensed:
        return True
    ranks = ("owner", *LEVELS)
    return ranks.index(level) <= ranks.index(template.max_port_share_level)


def _shown(share: r.PortShare) -> dict[str, Any]:
    return {
        "workspace_id": share.workspace_id,
        "agent_name": share.agent_name,
        "port": share.port,
        "share_level": share.share_level,
        "protocol": share.protocol,
    }
