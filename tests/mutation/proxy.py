"""The proxy that injects a fault: HTTP, event streams and WebSockets, one thread per connection.

Nothing that tells the mock from a real server passes: neither its headers nor its control API.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
import struct
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import coder_openapi
from coder_contract_tests.document import Document
from tests.mutation.model import BASE, Frame, Headers, Mutation, Reply, Request, head

_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive"}
_OWN = "x-coder-mock"
_BODILESS = {204, 304}
_TEXT, _CLOSE = 1, 8
_SECONDS = 60.0


class Proxy:
    """Stands before one server with one fault."""

    def __init__(self, upstream: tuple[str, int], document: Document, mutation: Mutation) -> None:
        self.upstream = upstream
        self.document = document
        self.mutation = mutation
        self.token = ""
        self.requests = 0
        self.failures: list[str] = []
        """What went wrong in the fault itself."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.hold(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def hold(self, one: socket.socket) -> None:
        with self._lock:
            self._open.add(one)

    def release(self, one: socket.socket) -> None:
        with self._lock:
            self._open.discard(one)
        one.close()

    def _serve(self, client: socket.socket) -> None:
        behind = _Behind(self)
        try:
            with client.makefile("rb") as source:
                while (request := self._next(client, source)) is not None:
                    self.requests += 1
                    if not _Conversation(self, client, source, behind, request).run():
                        return
        except (OSError, http.client.HTTPException):
            # Clients leave streams in the middle, and servers are stopped.
            pass
        except Exception:
            self.failures.append(traceback.format_exc(limit=-2))
        finally:
            behind.close()
            self.release(client)

    def _next(self, client: socket.socket, source: BinaryIO) -> Request | None:
        seconds = self.mutation.idle_seconds
        if seconds is not None and not select.select([client], [], [], seconds)[0]:
            return None
        return self._read(source)

    def _read(self, source: BinaryIO) -> Request | None:
        first = source.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers: Headers = []
        while line := source.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        sizes = [value for name, value in headers if name.lower() == "content-length"]
        body = source.read(int(sizes[0])) if sizes else b""
        path, _, query = first[1].partition("?")
        operation = self.document.find(first[0], path)
        label, params = "", {}
        if operation is not None:
            label = operation.label
            template = (self.document.prefix(operation) + operation.path).split("/")
            pairs = zip(template, path.split("/"), strict=True)
            params = {name[1:-1]: value for name, value in pairs if name[:1] == "{"}
        return Request(first[0], path, query, headers, body, label, params)


class _Behind:
    """One kept connection to the server."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._connection: http.client.HTTPConnection | None = None
        self.stream: http.client.HTTPResponse | None = None

    @property
    def token(self) -> str:
        return self._proxy.token

    def send(self, request: Request) -> Reply:
        """The server's reply; the body of an event stream is left to `stream`."""
        if request.path.startswith("/_mock"):
            return Reply(404, [("Content-Type", "text/html")], b"<html></html>")
        response = self._response(request)
        headers = [
            (k, v)
            for k, v in response.getheaders()
            if k.lower() not in _HOP_BY_HOP and not k.lower().startswith(_OWN)
        ]
        if (response.getheader("content-type") or "").startswith("text/event-stream"):
            self.stream = response
            return Reply(response.status, headers)
        reply = Reply(response.status, headers, response.read())
        if request.method == "HEAD" and (length := response.getheader("content-length")):
            reply.headers.append(("Content-Length", length))
        return reply

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Reply:
        path, _, query = path.partition("?")
        headers = [("Coder-Session-Token", token or self.token)]
        data = b"" if body is None else json.dumps(body).encode()
        return self.send(Request(method, BASE + path, query, headers, data))

    def _response(self, request: Request) -> http.client.HTTPResponse:
        target = f"{request.path}?{request.query}" if request.query else request.path
        for attempt in (1, 2):
            connection = self._connected()
            try:
                connection.putrequest(
                    request.method, target, skip_host=True, skip_accept_encoding=True
                )
                for name, value in request.headers:
                    if name.lower() not in _HOP_BY_HOP:
                        connection.putheader(name, value)
                if not request.header("host"):
                    connection.putheader("Host", "coder.test")
                if request.body or request.method in {"POST", "PUT", "PATCH"}:
                    connection.putheader("Content-Length", str(len(request.body)))
                connection.endheaders(request.body or None)
                return connection.getresponse()
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("two attempts answer or raise")

    def _connected(self) -> http.client.HTTPConnection:
        if self.stream is not None:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._proxy.upstream, timeout=_SECONDS)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def close(self) -> None:
        self.stream = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Conversation:
    """One request and what is answered."""

    def __init__(
        self,
        proxy: Proxy,
        client: socket.socket,
        source: BinaryIO,
        behind: _Behind,
        request: Request,
    ) -> None:
        self.proxy, self.client, self.source, self.behind = proxy, client, source, behind
        self.request = request
        self.mutation = proxy.mutation
        self._number = 0

    def run(self) -> bool:
        """Answer; False when the connection is over."""
        if self.request.header("upgrade").lower() == "websocket":
            self._websocket()
            return False
        reply = self.mutation.answer(self.request, self.behind)
        if self.behind.stream is not None and reply.ok and not reply.body:
            self._events(self.behind.stream, reply)
            return False
        return self._plain(reply)

    def _plain(self, reply: Reply) -> bool:
        if reply.dropped:
            return False
        headers = [(k, v) for k, v in reply.headers if k.lower() not in _HOP_BY_HOP]
        body = reply.body
        if self.request.method == "HEAD":
            headers += [(k, v) for k, v in reply.headers if k.lower() == "content-length"]
            body = b""
        elif reply.status not in _BODILESS:
            headers.append(("Content-Length", str(len(body) + reply.missing)))
        if reply.missing:
            headers.append(("Connection", "close"))
        written = self.mutation.written(self.request, replace(reply, body=body), headers)
        if written is not None:
            for number, piece in enumerate(written.pieces):
                time.sleep(written.seconds if number else 0.0)
                self.client.sendall(piece)
            return written.stays
        self.client.sendall(head(reply.status, headers) + body)
        return not reply.missing

    # Event streams

    def _events(self, stream: http.client.HTTPResponse, reply: Reply) -> None:
        reply = self.mutation.opened(self.request, reply)
        if reply.body or not reply.ok:
            self._plain(reply)
            return
        headers = [(k, v) for k, v in reply.headers if k.lower() not in _HOP_BY_HOP]
        self.client.sendall(head(reply.status, [*headers, ("Transfer-Encoding", "chunked")]))
        for frame in self.mutation.first(self.request):
            self._event(frame)
        buffer = b""
        while chunk := stream.read1(65536):
            *whole, buffer = (buffer + chunk).split(b"\n\n")
            for block in whole:
                lines = [line.partition(": ") for line in block.decode().split("\n")]
                event = next((text for name, _, text in lines if name == "event"), "")
                data = "\n".join(text for name, _, text in lines if name == "data")
                for frame in self.mutation.frames(self.request, Frame(data, event), self._number):
                    self._event(frame)
                self._number += 1
        if self.mutation.closed(self.request, 1000) is None:
            time.sleep(_SECONDS)
        self.client.sendall(b"0\r\n\r\n")

    def _event(self, frame: Frame) -> None:
        if frame.raw:
            self.client.sendall(f"{len(frame.raw):x}\r\n".encode() + frame.raw + b"\r\n")
            return
        lines = [f"event: {frame.event}"] if frame.event else []
        if frame.text:
            lines += [f"data: {line}" for line in frame.text.strip().split("\n")]
        data = "\n".join(lines).encode() + b"\n\n"
        self.client.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    # WebSockets

    def _websocket(self) -> None:
        server = socket.create_connection(self.proxy.upstream, timeout=_SECONDS)
        self.proxy.hold(server)
        try:
            target = self.request.path + (f"?{self.request.query}" if self.request.query else "")
            lines = [f"GET {target} HTTP/1.1", *(f"{k}: {v}" for k, v in self.request.headers)]
            server.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            answers = server.makefile("rb")
            first = answers.readline().decode("latin-1").split()
            headers: Headers = []
            while line := answers.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                if not name.lower().startswith(_OWN):
                    headers.append((name.strip(), value.strip()))
            reply = Reply(int(first[1]), headers)
            if reply.status != 101:
                reply.body = answers.read(int(reply.header("content-length") or 0))
                self._plain(self.mutation.opened(self.request, reply))
                return
            reply = self.mutation.opened(self.request, reply)
            if reply.status != 101:
                self._plain(reply)
                return
            self.client.sendall(head(101, reply.headers))
            for frame in self.mutation.first(self.request):
                self._message(frame)
            threading.Thread(target=self._up, args=(server,), daemon=True).start()
            self._down(answers)
        finally:
            self.proxy.release(server)

    def _message(self, frame: Frame) -> None:
        self.client.sendall(frame.raw or _framed(_TEXT, frame.text.encode()))

    def _up(self, server: socket.socket) -> None:
        """What the client says goes on as it is."""
        with contextlib.suppress(OSError, ValueError):
            while data := self.source.read1(65536):  # type: ignore[attr-defined]
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _down(self, answers: BinaryIO) -> None:
        while len(head := answers.read(2)) == 2:
            size = head[1] & 0x7F
            if size == 126:
                size = struct.unpack("!H", answers.read(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", answers.read(8))[0]
            payload = answers.read(size)
            code = head[0] & 0x0F
            if code == _TEXT:
                frame = Frame(payload.decode())
                for one in self.mutation.frames(self.request, frame, self._number):
                    self._message(one)
                self._number += 1
            elif code == _CLOSE:
                given = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                number = self.mutation.closed(self.request, given)
                if number is None:
                    time.sleep(_SECONDS)
                    return
                self.client.sendall(_framed(_CLOSE, struct.pack("!H", number) + payload[2:]))
                return
            else:
                self.client.sendall(_framed(code, payload))


def _framed(code: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes([0x80 | code])
    if size < 126:
        head += bytes([size])
    elif size < 65536:
        head += bytes([126]) + struct.pack("!H", size)
    else:
        head += bytes([127]) + struct.pack("!Q", size)
    return head + payload


@contextmanager
def proxying(url: str, mutation: Mutation, *, version: str, token: str) -> Iterator[Proxy]:
    """A fault in front of a server."""
    host, _, port = url.removeprefix("http://").partition(":")
    document = Document(coder_openapi.load(version), version)
    proxy = Proxy((host, int(port)), document, mutation)
    proxy.token = token
    try:
        yield proxy
    finally:
        proxy.close()
