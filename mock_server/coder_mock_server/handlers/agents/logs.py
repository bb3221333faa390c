"""Logs of agents: as a list, or as a stream that ends with the next build."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import Invalid, Validation
from coder_mock_server.presenters import agents as present
from coder_mock_server.simulator import retold
from coder_mock_server.store.topics import Topic

INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
MAX_INT64 = 2**63 - 1


def get_logs_by_workspace_agent(call: Call, world: World) -> Reply | StreamReply:
    """Lines above `after`; with `follow`, whatever its value, those that come too."""
    return _logs(call, world)


def removed_get_logs_by_workspace_agent(call: Call, world: World) -> Reply | StreamReply:
    """The same under its old name."""
    return _logs(call, world)


def get_startup_logs_by_workspace_agent(call: Call, world: World) -> Reply | StreamReply:
    """The same as 2023 called it."""
    return _logs(call, world)


def _logs(call: Call, world: World) -> Reply | StreamReply:
    agent = lookup.agent(call, world)
    after = _after(call)
    if call.query.has("follow"):
        return _follow(world, agent, after)
    return Reply.ok(present.agent_logs(_lines(world, agent.id, after)))


def _after(call: Call) -> int:
    text = call.query.get("after")
    if not text:
        return 0
    if not INTEGER.fullmatch(text) or not 0 <= int(text) <= MAX_INT64:
        raise Invalid(
            'Query param "after" must be an integer greater than or equal to zero.',
            Validation("after", "Must be an integer greater than or equal to zero"),
        )
    return int(text)


def _lines(world: World, agent_id: str, after: int) -> list[r.AgentLog]:
    found = world.state.agent_logs.by("agent", agent_id)
    found += retold.agent_lines(world.state.agents[agent_id])
    return sorted((line for line in found if line.id > after), key=lambda line: line.id)


def _follow(world: World, agent: r.WorkspaceAgent, after: int) -> StreamReply:
    state = world.state
    build = state.builds.by("job", agent.job_id)[0]

    def is_over() -> bool:
        current = state.agents.get(agent.id)
        # An agent is only gone when the server was reset.
        if current is None or current.logs_overflowed:
            return True
        return state.latest_build(build.workspace_id).id != build.id

    async def source() -> AsyncIterator[StreamItem]:
        topics = (Topic("agent_logs", agent.id), Topic("workspace", build.workspace_id))
        with world.store.hub.subscribe(*topics) as subscription:
            lines = _lines(world, agent.id, after)
            yield StreamItem("data", present.agent_logs(lines))
            while not is_over():
                await subscription.changed()
                last = lines[-1].id if lines else after
                if fresh := _lines(world, agent.id, last):
                    lines = fresh
                    yield StreamItem("data", present.agent_logs(fresh))

    return StreamReply(source, "raw", close_reason="")
