"""Takes items from a source until it ends, the client leaves or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from coder_mock_server.call import EventSource, StreamItem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PING = StreamItem("ping")
"""What is yielded when it is time for a keep-alive."""


async def items(
    source: EventSource,
    gone: asyncio.Future[Any],
    stop: asyncio.Event | None,
    ping_seconds: float | None,
) -> AsyncGenerator[StreamItem, None]:
    """The items of `source`, with `PING` (the very object) every `ping_seconds`.

    Ends when `gone` is done or `stop` is set, whatever the source is waiting for; the source is
    closed in any case, so that its subscriptions are.
    """
    stream = source()
    loop = asyncio.get_running_loop()
    stopped = asyncio.ensure_future(stop.wait()) if stop is not None else None
    others: list[asyncio.Future[Any]] = [gone] if stopped is None else [gone, stopped]
    due = loop.time() + ping_seconds if ping_seconds is not None else None
    upcoming: asyncio.Future[StreamItem] | None = None
    try:
        while not any(other.done() for other in others):
            if upcoming is None:
                upcoming = asyncio.ensure_future(_next(stream))
            wait = None if due is None else max(0.0, due - loop.time())
            await asyncio.wait(
                [upcoming, *others], timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
            if upcoming.done():
                try:
                    item = upcoming.result()
                except StopAsyncIteration:
                    return
                finally:
                    upcoming = None
                yield item
            elif due is not None and ping_seconds is not None and loop.time() >= due:
                due += ping_seconds
                yield PING
    finally:
        for task in (upcoming, stopped):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await task
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def _next(stream: AsyncIterator[StreamItem]) -> StreamItem:
    # A future cannot carry StopIteration, but it can carry StopAsyncIteration.
    return await anext(stream)
