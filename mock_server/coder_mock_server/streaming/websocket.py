"""Websocket messages on bare ASGI.

Protocol pings are the server's business (`ws_ping_interval` of uvicorn): ASGI knows no such
message. What a client sends is an error on all streams but the two-way ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from coder_mock_server.call import StreamItem, StreamReply
from coder_mock_server.errors import ApiError
from coder_mock_server.streaming import frames
from coder_mock_server.streaming.pump import Receive, Send, items

ONE_WAY = (1002, "Clients cannot send messages for one-way WebSockets")
UNEXPECTED = (1008, "unexpected data message")
GOING_AWAY = (1001, "server is shutting down")
INTERNAL = 1011
_log = logging.getLogger(__name__)

Close = tuple[int, str]


async def respond(
    reply: StreamReply,
    receive: Receive,
    send: Send,
    headers: list[tuple[bytes, bytes]],
    stop: asyncio.Event | None,
) -> None:
    """Accept, send the messages, close; returns when either side has closed."""
    if (await receive())["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept", "headers": headers})
    refused = ONE_WAY if reply.mode == "one-way" else UNEXPECTED
    gone = asyncio.ensure_future(_listen(receive, reply.on_message, refused))
    try:
        close = await _run(reply, send, gone, stop)
        if close is not None:
            await send({"type": "websocket.close", "code": close[0], "reason": close[1]})
    except (OSError, RuntimeError):
        pass  # The client left while we wrote.
    finally:
        gone.cancel()


async def _run(
    reply: StreamReply, send: Send, gone: asyncio.Future[Close | None], stop: asyncio.Event | None
) -> Close | None:
    """Send items to the end; gives how to close, `None` when the client has gone."""
    write = _WRITERS[reply.mode]
    try:
        async with aclosing(items(reply.source, gone, stop, None)) as stream:
            async for item in stream:
                await send({"type": "websocket.send", **write(item)})
    except ApiError as error:
        if reply.mode == "one-way":
            await send({"type": "websocket.send", **write(frames.failure(error))})
        return INTERNAL, error.message[:120]
    except OSError:
        raise
    except Exception as error:
        _log.exception("a websocket stream broke")
        if reply.mode == "one-way":
            await send({"type": "websocket.send", **write(frames.failure(error))})
        return INTERNAL, "An internal server error occurred."
    if gone.done():
        return gone.result()
    if stop is not None and stop.is_set():
        return GOING_AWAY
    return reply.close_code, reply.close_reason


async def _listen(
    receive: Receive, on_message: Callable[[bytes | str], None] | None, refused: Close
) -> Close | None:
    """Ends when the client leaves (`None`) or sends what it must not (how to close then)."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return None
        if on_message is None:
            return refused
        text = message.get("text")
        on_message(text if text is not None else message.get("bytes") or b"")


def _binary(item: StreamItem) -> dict[str, Any]:
    return {"bytes": frames.payload(item)}


_WRITERS: dict[str, Callable[[StreamItem], dict[str, Any]]] = {
    "one-way": lambda item: {"text": frames.envelope(item)},
    "raw": lambda item: {"text": frames.line(item)},
    "binary": _binary,
}
