"""From an agent's own token to the agent and its workspace."""

from __future__ import annotations

from coder_mock_server import lookup, security
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import Unauthorized

NOT_AUTHORIZED = (
    "The agent cannot authenticate until the workspace provision job has been completed. If the "
    "job is no longer running, this agent is invalid."
)


def agent_of(call: Call, world: World) -> tuple[r.WorkspaceAgent, r.Workspace]:
    """The agent whose token the call carries, of the latest build of its workspace."""
    token = security.given_token(call)
    if not token:
        raise Unauthorized("", 'Cookie "coder_session_token" must be provided.')
    canonical = lookup.parse_uuid(token)
    if canonical is None:
        raise Unauthorized(
            f"An agent token must be a valid UUIDv4. (len {len(token)})",
            "Workspace agent token invalid.",
        )
    state = world.state
    agent = state.agents.one("token", canonical)
    build = state.builds.one("job", agent.job_id) if agent is not None else None
    if agent is None or build is None or state.latest_build(build.workspace_id).id != build.id:
        raise Unauthorized(NOT_AUTHORIZED, "Workspace agent not authorized.")
    return agent, state.workspaces[build.workspace_id]
