"""Reads the messages of an event stream or a WebSocket on a connection of its own."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

STREAM_SECONDS = 15.0
SOCKET_SECONDS = 20.0
UPGRADE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "c2l4dGVlbiBieXRlcyE9PQ=="),
)
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


def decoded(content: bytes) -> Any:
    """A body as a JSON value; what is none as text, cut to 2,000 characters."""
    try:
        return json.loads(content)
    except ValueError:
        return {"<text>": content[:2000].decode("utf-8", "replace")} if content else None


def events(answer: http.client.HTTPResponse, count: int) -> list[dict[str, Any]]:
    """Up to `count` messages of an event stream, with their event names."""
    found: list[dict[str, Any]] = []
    event, deadline = "message", time.monotonic() + STREAM_SECONDS
    try:
        while len(found) < count and time.monotonic() < deadline and (line := answer.readline()):
            if line.startswith(b"event:"):
                event = line[6:].strip().decode("utf-8", "replace")
            elif line.startswith(b"data:"):
                found.append({"event": event, "data": decoded(line[5:].strip())})
    except TimeoutError:
        pass
    return found


def messages(
    connection: http.client.HTTPConnection,
    answer: http.client.HTTPResponse,
    count: int,
    say: str | None,
) -> dict[str, Any]:
    """Up to `count` messages of an opened WebSocket, and how it was closed."""
    found: list[Any] = []
    closed: list[Any] | None = None
    part, deadline = b"", time.monotonic() + SOCKET_SECONDS
    if say is not None:
        _send(connection, _TEXT, say.encode())
    try:
        while len(found) < count and time.monotonic() < deadline:
            frame = _frame(answer)
            if frame is None:
                break
            kind, is_last, data = frame
            if kind == _CLOSE:
                closed = [int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace")]
                break
            if kind == _PING:
                _send(connection, _PONG, data)
            elif kind < _CLOSE:
                part += data
                if is_last:
                    found, part = [*found, decoded(part)], b""
    except OSError:
        pass
    return {"messages": found, "close": closed}


def _frame(answer: http.client.HTTPResponse) -> tuple[int, bool, bytes] | None:
    """The kind, whether the message ends, and the data; None at the end of the connection."""
    head = answer.fp.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 127
    if size > 125:
        size = int.from_bytes(answer.fp.read(2 if size == 126 else 8), "big")
    return head[0] & 15, bool(head[0] & 128), answer.fp.read(size)


def _send(connection: http.client.HTTPConnection, kind: int, data: bytes) -> None:
    """Send a short frame, masked with zeros as clients must mask."""
    if len(data) > 125:
        head = bytes([128 | kind, 128 | 126]) + len(data).to_bytes(2, "big")
    else:
        head = bytes([128 | kind, 128 | len(data)])
    connection.sock.sendall(head + bytes(4) + data)
