"""Server-sent events and websocket messages over one kind of event source.

`respond` is all that the rest needs: it sends one `StreamReply`, until its source ends, the
client leaves or the server stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from coder_mock_server.call import StreamReply
from coder_mock_server.streaming import handshake, sse, websocket
from coder_mock_server.streaming.pump import Receive, Scope, Send

__all__ = ["respond"]


async def respond(
    reply: StreamReply,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    stop: asyncio.Event | None = None,
    origin_allowed: Callable[[str], bool] | None = None,
) -> None:
    """Send the stream, or refuse the handshake that should have led to it.

    `headers` go out with the response. `stop` ends the stream from the server's side.
    `origin_allowed` tells which pages of other origins may open a websocket.
    """
    headers = list(headers)
    if reply.mode == "sse":
        await sse.respond(reply, scope, receive, send, headers, stop)
        return
    refusal = handshake.refusal(scope, reply.mode, origin_allowed)
    if refusal is not None:
        await handshake.refuse(scope, receive, send, refusal, headers)
        return
    await websocket.respond(reply, receive, send, headers, stop)
