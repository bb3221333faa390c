"""Watching one workspace: as server-sent events, and over a websocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from coder_mock_server import lookup
from coder_mock_server.call import Call, StreamItem, StreamReply, World
from coder_mock_server.domain import records as r
from coder_mock_server.presenters.workspaces import workspace_view
from coder_mock_server.store.topics import Topic

LAG_SECONDS = 0.05
"""Wall time between a change and its frame: a daemon takes a new job sooner than that, so that
frame shows the build at work already. Our choice of the figure."""


def watch_workspace_by_id(call: Call, world: World) -> StreamReply:
    """Server-sent events."""
    return _watch(call, world, lookup.workspace(call, world), "sse")


def watch_workspace_by_id_via_websockets(call: Call, world: World) -> StreamReply:
    """The same frames over a one-way websocket."""
    return _watch(call, world, lookup.workspace(call, world), "one-way")


def _watch(call: Call, world: World, record: r.Workspace, mode: str) -> StreamReply:
    viewer = call.actor.id
    topics = (Topic("workspace", record.id), Topic("template", record.template_id))

    async def frames() -> AsyncIterator[StreamItem]:
        with world.store.hub.subscribe(*topics) as subscription:
            yield StreamItem("ping")
            due = 1 if world.policy.watch_sends_first else 0
            while True:
                # One frame for each change, each showing what there is when it is sent.
                for _ in range(due):
                    current = world.state.workspaces.get(record.id)
                    if current is None:
                        # The server was reset meanwhile.
                        return
                    yield StreamItem("data", workspace_view(world, current, viewer, world.now()))
                due = await subscription.announced()
                await asyncio.sleep(LAG_SECONDS)

    return StreamReply(frames, mode)
