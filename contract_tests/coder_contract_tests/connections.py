"""Connections to one origin: requests are sent on them, and their replies are read with care.

No redirect is followed, no body is read without end, and what a reply announces and does not keep
is told with it.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from coder_contract_tests.errors import Unreachable
from coder_contract_tests.target import Target

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT = 64 * 1024 * 1024
STREAM_SECONDS = 1.5
STREAM_QUIET_SECONDS = 0.2
"""A stream that has sent data and then rests this long is left."""
STREAM_BYTES = 1024 * 1024

Reply = tuple[int, tuple[tuple[str, str], ...], bytes, str]
"""Status, headers, body, and why reading the body ended early."""


@dataclass(eq=False, slots=True)
class UnderWay:
    """A request that was sent on a connection, which its reply will come on."""

    number: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None
    connection: http.client.HTTPConnection | None
    is_kept: bool = False
    """Whether the connection had served another request before."""
    error: Exception | None = None


class Connections:
    """Kept connections, as many as requests are under way at a time."""

    def __init__(self, target: Target, body_limit: int) -> None:
        self._target = target
        self._body_limit = body_limit
        self.rested: list[http.client.HTTPConnection] = []
        """Open ones, ready for the next request."""

    def close(self) -> None:
        while self.rested:
            self.rested.pop().close()

    def begin(
        self, number: int, method: str, target: str, headers: dict[str, str], body: bytes | None
    ) -> UnderWay:
        """Send a request on a connection of its own; its reply is left for `finish`."""
        sent = UnderWay(number, method, target, headers, body, self._kept())
        sent.is_kept = sent.connection is not None
        self._write(sent)
        return sent

    def _kept(self) -> http.client.HTTPConnection | None:
        """A connection that rests and is still open."""
        while self.rested:
            connection = self.rested.pop()
            if not _is_dropped(connection.sock):
                return connection
            # Closed while it rested; a write on it could not be sent a second time.
            connection.close()
        return None

    def _write(self, sent: UnderWay) -> None:
        try:
            if sent.connection is None:
                sent.connection = self.connect()
            sent.connection.request(sent.method, sent.target, body=sent.body, headers=sent.headers)
        except (OSError, http.client.HTTPException) as error:
            sent.error = error

    def finish(self, sent: UnderWay) -> Reply:
        """The reply to a request that was sent; `Unreachable` when none came."""
        try:
            response = _response(sent)
        except (ConnectionError, http.client.BadStatusLine) as error:
            # A kept connection may have been closed by the server between two requests; the
            # request never arrived then. Only what changes nothing is sent twice.
            if not sent.is_kept or sent.method not in SAFE_METHODS:
                raise self.unreachable(error) from error
            sent.connection, sent.error = None, None
            self._write(sent)
            try:
                response = _response(sent)
            except (OSError, http.client.HTTPException) as again:
                raise self.unreachable(again) from again
        except (OSError, http.client.HTTPException) as error:
            raise self.unreachable(error) from error
        connection = sent.connection
        assert connection is not None
        content, cut = self._body(response, connection.sock)
        if cut or response.will_close:
            connection.close()
        else:
            self.rested.append(connection)
        return response.status, tuple(response.getheaders()), content, cut

    def connect(self) -> http.client.HTTPConnection:
        """A new connection, for whoever wants one of its own."""
        parts = urlsplit(self._target.url)
        timeout = self._target.timeout_seconds
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self._target.ca_file or None)
            connection = http.client.HTTPSConnection(
                host, parts.port, timeout=timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
        connection.connect()
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _body(
        self, response: http.client.HTTPResponse, sock: socket.socket | None
    ) -> tuple[bytes, str]:
        """What came as body, and why reading ended early (empty when it did not)."""
        stream = (response.getheader("content-type") or "").startswith("text/event-stream")
        limit = STREAM_BYTES if stream else self._body_limit
        seconds = STREAM_SECONDS if stream else self._target.timeout_seconds
        deadline = time.monotonic() + seconds
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                left = deadline - time.monotonic()
                if stream and _has_data(chunks):
                    left = min(left, STREAM_QUIET_SECONDS)
                if left <= 0:
                    return b"".join(chunks), _early(stream, f"no end within {seconds:g} s")
                if sock is not None:
                    sock.settimeout(left)
                chunk = response.read1(65536)
                if not chunk:
                    break
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    return b"".join(chunks), _early(stream, f"no end within {limit} bytes")
        except TimeoutError:
            return b"".join(chunks), _early(stream, f"no end within {seconds:g} s")
        except (OSError, http.client.HTTPException) as error:
            return b"".join(chunks), f"the connection broke in the middle of the body ({error!r})"
        finally:
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.settimeout(self._target.timeout_seconds)
        surplus = _surplus(response, sock)
        if surplus:
            response.close()
            return b"".join(chunks), f"bytes follow the announced end of the reply: {surplus!r}"
        missing = response.length
        # Reading in parts leaves the response open even at its end; only a closed one lets the
        # connection take the next request.
        response.close()
        if missing:
            return b"".join(chunks), f"{missing} bytes of the announced body never came"
        return b"".join(chunks), ""

    def unreachable(self, error: Exception) -> Unreachable:
        """What a person is told of a request that got no reply."""
        origin = self._target.origin
        if isinstance(error, ssl.SSLError):
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            return Unreachable(
                f"{origin}: TLS failed: {reason}. Check the address, or name the authority with "
                "--ca-file"
            )
        if isinstance(error, TimeoutError):
            return Unreachable(
                f"{origin}: no answer within {self._target.timeout_seconds:g} s (--timeout-seconds)"
            )
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"{origin}: connection refused. Is the server running there?")
        if isinstance(error, socket.gaierror):
            return Unreachable(f"{origin}: no such host ({error.strerror or error})")
        if isinstance(error, http.client.BadStatusLine | http.client.RemoteDisconnected):
            return Unreachable(f"{origin}: the connection was closed without an HTTP reply")
        return Unreachable(f"{origin}: {error or type(error).__name__}")


def _response(sent: UnderWay) -> http.client.HTTPResponse:
    """The head of the reply; the connection is closed where none comes."""
    try:
        if sent.error is not None:
            raise sent.error
        assert sent.connection is not None
        return sent.connection.getresponse()
    except (OSError, http.client.HTTPException):
        if sent.connection is not None:
            sent.connection.close()
        raise


def _surplus(response: http.client.HTTPResponse, sock: socket.socket | None) -> bytes:
    """The first bytes that came after the announced length; empty where there are none yet."""
    if sock is None or response.length != 0 or response.fp is None:
        return b""
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        return bytes(response.fp.peek(1)[:40])
    except (OSError, ValueError):
        return b""
    finally:
        with contextlib.suppress(OSError):
            sock.settimeout(timeout)


def _is_dropped(sock: socket.socket | None) -> bool:
    """Whether the server closed a connection: between replies nothing but its end can be read."""
    if sock is None:
        return False
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _has_data(chunks: list[bytes]) -> bool:
    """Whether a whole frame with data has come."""
    text = b"".join(chunks[-8:])
    return b"data:" in text and text.rstrip(b"\r").endswith((b"\n\n", b"\r\n\r\n"))


def _early(stream: bool, reason: str) -> str:
    """An event stream is left on purpose; anything else that does not end is cut."""
    return "left: an event stream has no end" if stream else reason
