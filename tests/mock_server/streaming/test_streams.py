"""Streams on bare ASGI: frames, keep-alives, closing, refused handshakes, and who ends them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from coder_mock_server.call import StreamItem, StreamReply
from coder_mock_server.errors import NotFound
from coder_mock_server.streaming import respond
from coder_mock_server.views import View

HEADERS = [(b"x-coder-request-id", b"1")]


class Client:
    """The other end of one connection. What it sends is queued before or while the stream runs."""

    def __init__(self, kind: str, headers: dict[str, str] | None = None) -> None:
        sent = {"host": "mock.test", **(headers or {})}
        self.scope = {
            "type": kind,
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
        }
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received: list[dict[str, Any]] = []
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        if kind == "websocket":
            self.incoming.put_nowait({"type": "websocket.connect"})

    def say(self, text: str) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        kind = self.scope["type"]
        name = "websocket.disconnect" if kind == "websocket" else "http.disconnect"
        self.incoming.put_nowait({"type": name, "code": 1000})

    async def send(self, message: Any) -> None:
        self.received.append(dict(message))
        for listener in self.listeners:
            listener(self.received[-1])

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    @property
    def texts(self) -> list[str]:
        return [m["text"] for m in self.received if m["type"] == "websocket.send"]

    @property
    def last(self) -> dict[str, Any]:
        return self.received[-1]

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.received)


class Source:
    """Yields the items; then ends, fails, or waits for ever. Knows whether it was closed."""

    def __init__(
        self, *items: StreamItem, wait: bool = False, error: Exception | None = None
    ) -> None:
        self.items = items
        self.wait = wait
        self.error = error
        self.closed = False

    async def __call__(self) -> AsyncIterator[StreamItem]:
        try:
            for item in self.items:
                yield item
            if self.error is not None:
                raise self.error
            if self.wait:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def play(
    client: Client,
    mode: str,
    source: Source,
    *,
    stop: asyncio.Event | None = None,
    ping_seconds: float = 15.0,
    **options: Any,
) -> None:
    """Run the stream to its end, which must come by itself."""
    reply = StreamReply(
        source,
        mode,
        ping_seconds=ping_seconds,
        **{k: v for k, v in options.items() if k != "origin_allowed"},
    )
    allowed = options.get("origin_allowed")

    async def run() -> None:
        async with asyncio.timeout(10):
            await _respond(reply, client, stop, allowed)

    asyncio.run(run())


async def _respond(
    reply: StreamReply, client: Client, stop: asyncio.Event | None, allowed: Any
) -> None:
    await respond(
        reply,
        client.scope,
        client.receive,
        client.send,
        HEADERS,
        stop=stop,
        origin_allowed=allowed,
    )


PING = StreamItem("ping")
DATA = StreamItem("data", {"a": "<"})


def test_events_have_an_event_line_and_a_data_line_where_there_is_data() -> None:
    client, source = Client("http"), Source(PING, DATA, StreamItem("data", View("X", b"{}")))
    play(client, "sse", source)
    assert client.body == (
        b'event: ping\n\nevent: data\ndata: {"a":"\\u003c"}\n\nevent: data\ndata: {}\n\n'
    )
    start = client.received[0]
    assert start["status"] == 200
    assert {
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-cache"),
        (b"connection", b"keep-alive"),
        (b"x-accel-buffering", b"no"),
        *HEADERS,
    } == set(start["headers"])
    assert client.last["more_body"] is False


def test_an_idle_event_stream_is_kept_alive_by_pings() -> None:
    client, source = Client("http"), Source(DATA, wait=True)
    pings = 0

    def count(message: dict[str, Any]) -> None:
        nonlocal pings
        pings += message.get("body") == b"event: ping\n\n"
        if pings == 2:
            client.leave()

    client.listeners.append(count)
    play(client, "sse", source, ping_seconds=0.001)
    assert pings >= 2
    assert source.closed


def test_an_event_stream_ends_when_the_client_leaves() -> None:
    client, source = Client("http"), Source(DATA, wait=True)
    client.listeners.append(lambda m: client.leave() if m.get("body") else None)
    play(client, "sse", source)
    assert source.closed


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_stream_ends_when_the_server_stops(kind: str) -> None:
    client, source = Client(kind), Source(DATA, wait=True)
    stop = asyncio.Event()
    client.listeners.append(lambda _: stop.set())
    play(client, "sse" if kind == "http" else "one-way", source, stop=stop)
    assert source.closed
    expected = {"http": "http.response.body", "websocket": "websocket.close"}[kind]
    assert client.last["type"] == expected


def test_what_goes_wrong_in_an_event_stream_is_told_as_an_event() -> None:
    client = Client("http")
    play(client, "sse", Source(DATA, error=NotFound("Gone.")))
    assert client.body.endswith(b'event: error\ndata: {"message":"Gone."}\n\n')


def test_one_way_messages_are_wrapped_with_their_kind() -> None:
    client = Client("websocket")
    play(client, "one-way", Source(PING, DATA))
    assert [json.loads(text) for text in client.texts] == [
        {"type": "ping", "data": None},
        {"type": "data", "data": {"a": "<"}},
    ]
    assert client.received[0]["type"] == "websocket.accept"
    assert (client.last["code"], client.last["reason"]) == (1000, "done")


def test_raw_messages_are_one_json_value_and_a_newline() -> None:
    client = Client("websocket")
    play(client, "raw", Source(DATA, StreamItem("data", [1])), close_reason="over")
    assert client.texts == ['{"a":"\\u003c"}\n', "[1]\n"]
    assert client.last["reason"] == "over"


def test_binary_messages_are_bytes() -> None:
    client = Client("websocket")
    play(client, "binary", Source(StreamItem("data", b"\x00\x01")))
    assert client.received[1]["bytes"] == b"\x00\x01"


@pytest.mark.parametrize(
    ("mode", "code", "reason"),
    [
        ("one-way", 1002, "Clients cannot send messages for one-way WebSockets"),
        ("raw", 1008, "unexpected data message"),
    ],
)
def test_a_client_that_speaks_on_a_one_sided_stream_is_hung_up_on(
    mode: str, code: int, reason: str
) -> None:
    client, source = Client("websocket"), Source(DATA, wait=True)
    client.say("hello")
    play(client, mode, source)
    assert (client.last["code"], client.last["reason"]) == (code, reason)
    assert source.closed


def test_a_two_way_stream_hands_on_what_the_client_says() -> None:
    client, heard = Client("websocket"), list[bytes | str]()

    def listen(message: bytes | str) -> None:
        heard.append(message)
        client.leave()

    client.say("hello")
    play(client, "raw", Source(wait=True), on_message=listen)
    assert heard == ["hello"]


def test_a_websocket_that_breaks_is_closed_as_an_internal_error() -> None:
    client = Client("websocket")
    play(client, "one-way", Source(DATA, error=NotFound("Gone.")))
    assert json.loads(client.texts[-1]) == {"type": "error", "data": {"message": "Gone."}}
    assert client.last["code"] == 1011


VIOLATION = 'WebSocket protocol violation: Connection header "" does not contain Upgrade'


@pytest.mark.parametrize(
    ("mode", "message", "prefix"),
    [
        (
            "one-way",
            "Internal error setting up server-sent events.",
            "cannot establish connection: ",
        ),
        ("raw", "Failed to accept websocket.", ""),
    ],
)
def test_a_plain_request_is_told_to_upgrade(mode: str, message: str, prefix: str) -> None:
    client, source = Client("http"), Source(DATA)
    play(client, mode, source)
    assert client.received[0]["status"] == 426
    assert (b"content-type", b"text/plain; charset=utf-8") in client.received[0]["headers"]
    first, second = client.body.decode().splitlines()
    assert first == VIOLATION
    assert json.loads(second) == {
        "message": message,
        "detail": f"{prefix}failed to accept WebSocket connection: {VIOLATION}",
    }


def test_who_asks_for_a_websocket_where_events_are_learns_so_at_once() -> None:
    client, source = Client("websocket"), Source(DATA)
    play(client, "sse", source)
    start, end = client.received
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 200)
    assert (b"content-type", b"text/event-stream") in start["headers"]
    assert not end["more_body"]


def test_a_page_of_another_origin_may_not_open_a_websocket() -> None:
    client = Client("websocket", {"origin": "http://evil.example"})
    play(client, "raw", Source(DATA))
    assert client.received[0]["type"] == "websocket.http.response.start"
    assert client.received[0]["status"] == 403
    assert client.body.decode().splitlines()[0] == (
        'request Origin "evil.example" is not authorized for Host "mock.test"'
    )


@pytest.mark.parametrize("origin", ["http://mock.test", "http://localhost:5173"])
def test_the_own_page_and_allowed_ones_may_open_a_websocket(origin: str) -> None:
    client = Client("websocket", {"origin": origin})
    play(client, "raw", Source(DATA), origin_allowed=lambda text: "localhost" in text)
    assert client.received[0]["type"] == "websocket.accept"


def test_a_slow_subscriber_holds_nobody_up() -> None:
    slow, quick = Client("http"), Client("http")
    blocked = asyncio.Event()

    async def never(message: Any) -> None:
        if message["type"] == "http.response.body":
            await blocked.wait()

    async def run() -> None:
        async with asyncio.timeout(10):
            await _both(never)

    async def _both(send: Callable[[Any], Awaitable[None]]) -> None:
        reply = StreamReply(Source(DATA, DATA), "sse")
        stuck = asyncio.ensure_future(respond(reply, slow.scope, slow.receive, send, HEADERS))
        await respond(reply, quick.scope, quick.receive, quick.send, HEADERS)
        stuck.cancel()
        await asyncio.wait([stuck])

    asyncio.run(run())
    assert quick.body.count(b"event: data") == 2


def test_an_unforeseen_failure_is_told_without_its_text() -> None:
    client = Client("http")
    play(client, "sse", Source(DATA, error=ValueError("secret")))
    assert client.body.endswith(
        b'event: error\ndata: {"message":"An internal server error occurred."}\n\n'
    )
    socket = Client("websocket")
    play(socket, "raw", Source(error=ValueError("secret")))
    assert (socket.last["code"], socket.texts) == (1011, [])
    wrapped = Client("websocket")
    play(wrapped, "one-way", Source(error=ValueError("secret")))
    assert "secret" not in wrapped.texts[0]


def test_a_client_that_leaves_before_the_handshake_is_let_go() -> None:
    client = Client("websocket")
    client.incoming.get_nowait()
    client.leave()
    play(client, "raw", Source(DATA))
    assert client.received == []


@pytest.mark.parametrize("mode", ["sse", "raw"])
def test_a_connection_lost_while_writing_ends_the_stream_quietly(mode: str) -> None:
    client, source = Client("http" if mode == "sse" else "websocket"), Source(DATA, wait=True)

    def fail(message: dict[str, Any]) -> None:
        if message["type"] in ("http.response.body", "websocket.send"):
            raise ConnectionResetError

    client.listeners.append(fail)
    play(client, mode, source)
    assert source.closed
