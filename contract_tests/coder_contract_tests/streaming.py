"""Clients of event streams and WebSockets that read with a clock in hand, beside other requests.

Both leave through the client's guard and on connections of their own, since they stay open while
the run writes. What they received becomes one `Exchange`, masked like any other.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from coder_contract_tests.document import Operation
from coder_contract_tests.errors import Unreachable
from coder_contract_tests.exchange import NOTHING, Exchange, parsed
from coder_contract_tests.transport import USER_AGENT, Client

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MOST_BYTES = 16 * 1024 * 1024
_MOST_HEAD_BYTES = 256 * 1024
_REFUSAL_SECONDS = 2.0
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: an event with its name, or a WebSocket message (whose event is empty)."""

    event: str
    data: Any
    """The JSON value; `NOTHING` for no data, or for data that is no JSON."""
    text: str
    at: float
    """Monotonic seconds at which it was complete."""


@dataclass(slots=True)
class Stream:
    """An open stream, or the refusal that came instead."""

    client: Client
    operation: Operation
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    status: int = 0
    reply_headers: tuple[tuple[str, str], ...] = ()
    frames: list[Frame] = field(default_factory=list)
    close: tuple[int, str] | None = None
    """Code and reason of a WebSocket's end."""
    ended: str = ""
    """Why nothing more will come."""
    odd: list[str] = field(default_factory=list)
    """What was no well-formed frame."""
    pings: int = 0
    """How often a WebSocket's server asked whether we are there."""
    _sock: socket.socket | None = None
    _connection: http.client.HTTPConnection | None = None
    _chunked: bool = False
    _encoded: bytes = b""
    """Chunked bytes that are no whole chunk yet."""
    _buffer: bytes = b""
    _raw: bytes = b""
    _taken: int = 0
    _message: bytes = b""
    _started: float = 0.0

    @property
    def is_open(self) -> bool:
        return not self.ended and self.status in {101, 200}

    def next(self, seconds: float) -> Frame | None:
        """The next message; None when none came in time or the stream is over."""
        deadline = time.monotonic() + seconds
        while self._taken >= len(self.frames):
            left = deadline - time.monotonic()
            if left <= 0 or not self._pull(left):
                break
        if self._taken < len(self.frames):
            self._taken += 1
            return self.frames[self._taken - 1]
        return None

    def drain(self, seconds: float, quiet: float = 0.0) -> list[Frame]:
        """All messages within a time; with `quiet`, until so long nothing came."""
        deadline = time.monotonic() + seconds
        got = []
        while (left := deadline - time.monotonic()) > 0:
            frame = self.next(min(left, quiet) if quiet else left)
            if frame is None:
                if self.ended or quiet:
                    break
                continue
            got.append(frame)
        return got

    def say(self, text: str) -> None:
        """Send a text message, masked as clients must."""
        with contextlib.suppress(OSError):
            self._send(_TEXT, text.encode())

    def leave(self) -> Exchange:
        """Close from our side and give what came as an exchange."""
        if self._sock is not None and self.status == 101 and self.close is None:
            with contextlib.suppress(OSError):
                self._send(_CLOSE, struct.pack("!H", 1000))
        if self._connection is not None:
            self._connection.close()
        if not self.ended:
            self.ended = "left"
        return self.exchange()

    def exchange(self) -> Exchange:
        """What left and came so far."""
        text, data = self.client.masker.text, self.client.masker.data
        return Exchange(
            number=self.client.requests,
            phase="streams",
            method="GET",
            origin=self.client.target.origin,
            path=text(self.path),
            query=text(self.query),
            request_headers=tuple((name, text(value)) for name, value in self.headers),
            request_body=None,
            status=self.status,
            headers=tuple((name, text(value)) for name, value in self.reply_headers),
            # A WebSocket has no body; its messages are in `frames`.
            body=b"" if self.status == 101 else data(self._raw),
            elapsed_seconds=time.monotonic() - self._started,
            received_at=time.time(),
            cut="left: a stream has no end" if self.status in {101, 200} else "",
            operation=self.operation,
            json=self._json(),
        )

    def _json(self) -> Any:
        kinds = [value for name, value in self.reply_headers if name.lower() == "content-type"]
        kind = (kinds or [""])[0].split(";")[0].strip().lower()
        return parsed(self.client.masker.data(self._raw), kind)

    def _pull(self, seconds: float) -> bool:
        """Read something and cut it into frames; False when the time is up or nothing follows."""
        if not self.is_open:
            return False
        try:
            chunk = self._read(max(0.001, seconds))
        except TimeoutError:
            return False
        except (OSError, http.client.HTTPException) as error:
            self.ended = f"the connection broke ({error!r})"
            return False
        if not chunk:
            self.ended = self.ended or "the server ended it"
            return False
        self._raw += chunk
        self._buffer += chunk
        if len(self._raw) > _MOST_BYTES:
            self.ended = f"more than {_MOST_BYTES} bytes"
        if self.status == 101:
            while self._websocket_frame():
                pass
        else:
            self._events()
        return True

    def _read(self, seconds: float) -> bytes:
        """Some bytes of the body; empty at its end."""
        assert self._sock is not None
        while True:
            body = self._decoded()
            if body:
                return body
            if self.ended:
                return b""
            self._sock.settimeout(seconds)
            received = self._sock.recv(65536)
            if not received:
                return b""
            self._encoded += received

    def _decoded(self) -> bytes:
        """What can be told of the body by now."""
        if not self._chunked:
            body, self._encoded = self._encoded, b""
            return body
        body = b""
        while b"\r\n" in self._encoded:
            line, rest = self._encoded.split(b"\r\n", 1)
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                self.ended = "a chunk without length"
                return body
            if len(rest) < size + 2:
                break
            body += rest[:size]
            self._encoded = rest[size + 2 :]
            if size == 0:
                self.ended = "the server ended it"
                break
        return body

    # Event streams

    def _events(self) -> None:
        text = self._buffer.replace(b"\r\n", b"\n")
        *whole, self._buffer = text.split(b"\n\n")
        for block in whole:
            name, lines, odd = "", [], False
            for line in block.split(b"\n"):
                if line.startswith(b"event:"):
                    name = line[6:].strip().decode("utf-8", "replace")
                elif line.startswith(b"data:"):
                    lines.append(line[5:].removeprefix(b" "))
                elif line and not line.startswith((b":", b"id:", b"retry:")):
                    odd = True
            if odd:
                self.odd.append(block[:120].decode("utf-8", "replace"))
                continue
            if not (name or lines):
                # Comments, an id or a time to wait: they are no message.
                continue
            self._add(name, b"\n".join(lines) if lines else None)

    def _add(self, event: str, data: bytes | None) -> None:
        value: Any = NOTHING
        clean = self.client.masker.data(data or b"")
        if data is not None:
            try:
                value = orjson.loads(clean)
            except orjson.JSONDecodeError:
                value = NOTHING
        text = clean.decode("utf-8", "replace")
        self.frames.append(Frame(event, value, text, time.monotonic()))

    # WebSockets

    def _websocket_frame(self) -> bool:
        """Take one whole frame from the buffer."""
        data = self._buffer
        if len(data) < 2:
            return False
        final, code, size, start = data[0] & 0x80, data[0] & 0x0F, data[1] & 0x7F, 2
        if size == 126:
            if len(data) < 4:
                return False
            size, start = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            if len(data) < 10:
                return False
            size, start = struct.unpack("!Q", data[2:10])[0], 10
        if data[1] & 0x80:
            self.odd.append("a masked frame from the server")
            start += 4
        if len(data) < start + size:
            return False
        payload, self._buffer = data[start : start + size], data[start + size :]
        if code == _PING:
            self.pings += 1
            with contextlib.suppress(OSError):
                self._send(_PONG, payload)
        elif code == _CLOSE:
            number = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
            self.close = (number, payload[2:].decode("utf-8", "replace"))
            self.ended = f"closed with {number}"
            with contextlib.suppress(OSError):
                self._send(_CLOSE, payload[:2])
        elif code in {0, _TEXT, _BINARY}:
            self._message += payload
            if final:
                self._add("", self._message)
                self._message = b""
        return True

    def _send(self, code: int, payload: bytes) -> None:
        if self._sock is None:
            return
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | code])
        if size < 126:
            head += bytes([0x80 | size])
        else:
            head += bytes([0x80 | 126]) + struct.pack("!H", size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._sock.settimeout(self.client.target.timeout_seconds)
        self._sock.sendall(head + mask + masked)


def open_stream(
    client: Client,
    operation: Operation,
    path: str,
    *,
    query: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    websocket: bool = False,
) -> Stream:
    """Open an event stream or a WebSocket; a refusal is a `Stream` with its status, no error."""
    client.guard("GET", path)
    client.pace.before()
    client.requests += 1
    stream = Stream(client, operation, path, query, headers)
    stream._started = time.monotonic()
    key = base64.b64encode(os.urandom(16)).decode()
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(client.token_of(headers))}
    if websocket:
        sent |= {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        }
    try:
        connection = client.connect()
        stream._connection, stream._sock = connection, connection.sock
        _ask(stream, sent)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable(f"{client.target.origin}{path}: {error!r}") from error
    accepted = next((v for k, v in stream.reply_headers if k.lower() == "sec-websocket-accept"), "")
    if stream.status == 101:
        digest = hashlib.sha1(key.encode() + _ACCEPT, usedforsecurity=False).digest()
        if accepted != base64.b64encode(digest).decode():
            stream.odd.append("a Sec-WebSocket-Accept that does not fit the key")
    elif stream.status != 200 or websocket:
        _refused(stream)
    return stream


def _ask(stream: Stream, headers: dict[str, str]) -> None:
    """Send the request and read the head of the reply."""
    sock = stream._sock
    assert sock is not None
    target = f"{stream.path}?{stream.query}" if stream.query else stream.path
    host = urlsplit(stream.client.target.url).netloc
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    sock.settimeout(stream.client.target.timeout_seconds)
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    received = b""
    while b"\r\n\r\n" not in received:
        more = sock.recv(65536)
        if not more or len(received) > _MOST_HEAD_BYTES:
            raise http.client.BadStatusLine("no head of a reply")
        received += more
    head, stream._encoded = received.split(b"\r\n\r\n", 1)
    first, *rest = head.decode("latin-1").split("\r\n")
    stream.status = int(first.split(" ")[1])
    pairs = (line.partition(":") for line in rest)
    stream.reply_headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    coding = next((v for k, v in stream.reply_headers if k.lower() == "transfer-encoding"), "")
    stream._chunked = "chunked" in coding.lower()


def _refused(stream: Stream) -> None:
    """Read the body of a refusal: as long as it says, at most for a moment."""
    length = next((v for k, v in stream.reply_headers if k.lower() == "content-length"), "")
    wanted = int(length) if length.isdigit() else None
    deadline = time.monotonic() + _REFUSAL_SECONDS
    with contextlib.suppress(OSError):
        while wanted is None or len(stream._raw) < wanted:
            left = deadline - time.monotonic()
            if left <= 0 or not (part := stream._read(left)):
                break
            stream._raw += part
    stream.ended = f"refused with {stream.status}"
