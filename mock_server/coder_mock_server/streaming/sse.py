"""Server-sent events over plain HTTP."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from coder_mock_server.call import StreamReply
from coder_mock_server.errors import ApiError
from coder_mock_server.streaming import frames, handshake
from coder_mock_server.streaming.pump import Receive, Scope, Send, items

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]
_log = logging.getLogger(__name__)


async def respond(
    reply: StreamReply,
    scope: Scope,
    receive: Receive,
    send: Send,
    headers: list[tuple[bytes, bytes]],
    stop: asyncio.Event | None,
) -> None:
    """Send the events; returns when the source ended, the client left or the server stops."""
    if scope["type"] == "websocket":
        # Who asked for a websocket learns by the status that there is none, and reads no further.
        await handshake.answer(scope, receive, send, 200, [*HEADERS, *headers], b"")
        return
    await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *headers]})

    async def write(data: bytes, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": more})

    gone = asyncio.ensure_future(_disconnect(receive))
    try:
        try:
            async with aclosing(items(reply.source, gone, stop, reply.ping_seconds)) as stream:
                async for item in stream:
                    await write(frames.event(item))
        except ApiError as error:
            await write(frames.event(frames.failure(error)))
        except OSError:
            return  # The client left while we wrote.
        except Exception as error:
            _log.exception("a stream of server-sent events broke")
            await write(frames.event(frames.failure(error)))
        if not gone.done():
            await write(b"", more=False)
    finally:
        gone.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
