"""The only way out: a keep-alive HTTP client behind the safety guard.

Every request of a run leaves through `Client.send`. It refuses what may change the target unless
writes were allowed or every reply so far carried the mock's own header, follows no redirect, reads
no body without end, waits when it is told to slow down, and masks what it hands on.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from coder_contract_tests.document import Operation
from coder_contract_tests.errors import CredentialsRefused, NotCoder, Unreachable, WriteRefused
from coder_contract_tests.exchange import TOKEN_HEADER, Exchange, Masker, parsed
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.pace import Pace
from coder_contract_tests.target import Target

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MOCK_HEADER = "x-coder-mock"
LOGIN_PATH = "/api/v2/users/login"
LOGOUT_PATH = "/api/v2/users/logout"
SAFE_POSTS = frozenset({LOGIN_PATH, "/api/v2/authcheck"})
COOKIE = "coder_session_token"
UNKNOWN_TOKEN = "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb"
"""Of the right form, but nobody's."""
BODY_LIMIT = 64 * 1024 * 1024
STREAM_SECONDS = 1.5
STREAM_QUIET_SECONDS = 0.2
"""A stream that has sent data and then rests this long is left."""
STREAM_BYTES = 1024 * 1024
LONGEST_WAIT_SECONDS = 65
USER_AGENT = "coder-contract"


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply as it came, secrets and all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    cut: str


class Client:
    """Sends requests to one origin over one kept connection, and nothing that is not allowed."""

    def __init__(
        self,
        target: Target,
        *,
        sleep: Callable[[float], None] = time.sleep,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self.target = target
        self.masker = Masker(secret for secret in (target.token, target.password) if secret)
        self.requests = 0
        self.waited_seconds = 0.0
        self._token = target.token
        self._sleep = sleep
        self._body_limit = body_limit
        self._connection: http.client.HTTPConnection | None = None
        self._replies = {"mock": 0, "other": 0}
        self.pace = Pace(requests_per_second=target.rate, sleep=sleep)
        self.ledger: Ledger | None = None
        """Where creations are written down before they leave; set by runs that may write."""
        self._last_body = b""

    @property
    def is_mock(self) -> bool:
        """Whether every reply so far said that it comes from the mock."""
        return self._replies["mock"] > 0 and self._replies["other"] == 0

    @property
    def may_write(self) -> bool:
        """Whether requests that change things may leave."""
        return self.target.allow_writes or self.is_mock

    def guard(self, method: str, path: str) -> None:
        """Raise `WriteRefused` unless this request is harmless or writes are allowed."""
        if method in SAFE_METHODS or self.may_write:
            return
        if method == "POST" and path.removeprefix(self.target.prefix) in SAFE_POSTS:
            return
        raise WriteRefused(f"{method} {path} may change the target; writes were not allowed")

    def login(self, username: str, password: str) -> None:
        """Sign in, and use that session from now on; the token never shows in an exchange."""
        body = orjson.dumps({"email": username, "password": password})
        path = self.target.prefix + LOGIN_PATH
        self.guard("POST", path)
        status, headers, content, _ = self._reply(
            "POST", path, (("Content-Type", "application/json"),), body, anonymous=True
        )
        answer = parsed(content, _header(headers, "content-type").split(";")[0])
        token = answer.get("session_token") if isinstance(answer, dict) else None
        if status in {401, 403, 400}:
            said = answer.get("message", "") if isinstance(answer, dict) else ""
            raise CredentialsRefused(
                f"{self.target.origin} refuses to sign in {username!r}: {status} {said}".rstrip()
            )
        if status not in {200, 201} or not isinstance(token, str):
            raise NotCoder(f"{self.target.origin}: signing in answered {status} without a token")
        self.masker.learn(token)
        self._token = token

    def secret(self, member: str) -> str:
        """A secret in the last reply, to act with; exchanges only show it masked."""
        answer = parsed(self._last_body, "application/json")
        found = answer.get(member) if isinstance(answer, dict) else None
        if not isinstance(found, str):
            return ""
        self.masker.learn(found)
        return found

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own, for a stream that stays open beside other requests."""
        return self._connect()

    def token_of(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The headers with our session where they hold no other one."""
        if not self._token or any(name.lower() == TOKEN_HEADER.lower() for name, _ in headers):
            return headers
        return (*headers, (TOKEN_HEADER, self._token))

    def credentials(self, identity: str) -> tuple[tuple[tuple[str, str], ...], str]:
        """Headers and query that show another identity than our session in its usual header."""
        token = self._token
        if identity == "wrong":
            return ((TOKEN_HEADER, UNKNOWN_TOKEN),), ""
        if identity == "cookie":
            return (("Cookie", f"{COOKIE}={token}"),), ""
        if identity == "query":
            return (), f"{COOKIE}={token}"
        if identity == "bearer":
            return (("Authorization", f"Bearer {token}"),), ""
        return (), ""

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> Raw:
        """Send a request with these headers only; the reply holds its secrets, so never show it."""
        self.guard(method, path)
        self.pace.before()
        entry = self._about_to_create(method, path, body)
        target = f"{path}?{query}" if query else path
        status, got, content, cut = self._patient_reply(method, target, headers, body, True)
        self.pace.after(f"{method} {path}", status)
        self._write_down(entry, method, path, body, status, content)
        return Raw(status, got, content, cut)

    def open(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send on a connection of its own and leave the reply to be read: a stream, a socket."""
        self.guard(method, path)
        self.pace.before()
        self.requests += 1
        connection = None
        try:
            connection = self._connect()
            sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(headers)}
            connection.request(method, f"{path}?{query}" if query else path, body, sent)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            if connection is not None:
                connection.close()
            raise self._unreachable(error) from error

    def use(self, token: str) -> None:
        """Go on with this session."""
        self.masker.learn(token)
        self._token = token

    @property
    def token(self) -> str:
        """Our session token, to send and never to show."""
        return self._token

    @property
    def has_token(self) -> bool:
        return bool(self._token)

    def logout(self) -> None:
        """End the session that `login` began, where writes are allowed and the target answers."""
        if self.target.token or not self._token or not self.may_write:
            return
        with contextlib.suppress(Unreachable):
            self.send("POST", self.target.prefix + LOGOUT_PATH)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
        anonymous: bool = False,
        phase: str = "",
        operation: Operation | None = None,
    ) -> Exchange:
        """Send one request and return the masked exchange; `Unreachable` when no reply came."""
        self.guard(method, path)
        target = f"{path}?{query}" if query else path
        self.pace.before()
        entry = self._about_to_create(method, path, body)
        started = time.perf_counter()
        status, got, content, cut = self._patient_reply(method, target, headers, body, anonymous)
        elapsed = time.perf_counter() - started
        self._last_body = content
        self.pace.after(operation.label if operation else f"{method} {path}", status)
        self._write_down(entry, method, path, body, status, content)
        text, data = self.masker.text, self.masker.data
        shown = self.masker.headers(got)
        clean = data(content)
        media_type = _header(got, "content-type").split(";")[0].strip().lower()
        return Exchange(
            number=self.requests,
            phase=phase,
            method=method,
            origin=self.target.origin,
            path=text(path),
            query=text(query),
            request_headers=self.masker.headers(headers),
            request_body=None if body is None else data(body),
            status=status,
            headers=shown,
            body=clean,
            elapsed_seconds=elapsed,
            received_at=time.time(),
            cut=cut,
            operation=operation,
            anonymous=anonymous,
            json=parsed(clean, media_type),
        )

    def _about_to_create(self, method: str, path: str, body: bytes | None) -> int:
        if self.ledger is None or method in SAFE_METHODS:
            return 0
        return self.ledger.about_to_create(method, path.removeprefix(self.target.prefix), body)

    def _write_down(
        self, entry: int, method: str, path: str, body: bytes | None, status: int, content: bytes
    ) -> None:
        """What a write made or removed; the reply is read before its secrets are masked."""
        if self.ledger is None or method in SAFE_METHODS:
            return
        short = path.removeprefix(self.target.prefix)
        if entry:
            self.ledger.created(entry, status, content)
        elif status < 300 or status in {404, 410}:
            self.ledger.removed(method, short, body)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _patient_reply(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes | None,
        anonymous: bool,
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes, str]:
        for _ in range(2):
            reply = self._reply(method, target, headers, body, anonymous=anonymous)
            wait = _header(reply[1], "retry-after")
            if reply[0] != 429 or not wait.isdigit() or int(wait) > LONGEST_WAIT_SECONDS:
                return reply
            self.waited_seconds += int(wait)
            self._sleep(float(wait))
        return self._reply(method, target, headers, body, anonymous=anonymous)

    def _reply(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes | None,
        *,
        anonymous: bool,
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes, str]:
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(headers)}
        if not anonymous and self._token:
            sent.setdefault(TOKEN_HEADER, self._token)
        self.requests += 1
        kept = self._connection is not None
        try:
            response = self._exchange(method, target, sent, body)
        except (ConnectionError, http.client.BadStatusLine) as error:
            # A kept connection may have been closed by the server between two requests; the
            # request never arrived then. Only what changes nothing is sent twice.
            self.close()
            if not kept or method not in SAFE_METHODS:
                raise self._unreachable(error) from error
            try:
                response = self._exchange(method, target, sent, body)
            except (OSError, http.client.HTTPException) as again:
                self.close()
                raise self._unreachable(again) from again
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error
        got = tuple(response.getheaders())
        self._replies["mock" if _header(got, MOCK_HEADER) else "other"] += 1
        content, cut = self._body(response)
        if cut or response.will_close:
            self.close()
        return response.status, got, content, cut

    def _exchange(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        if self._connection is not None and _is_dropped(self._connection.sock):
            # Closed while it rested; a write on it could not be sent a second time.
            self.close()
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request(method, target, body=body, headers=headers)
        return self._connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.target.url)
        timeout = self.target.timeout_seconds
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.target.ca_file or None)
            connection = http.client.HTTPSConnection(
                host, parts.port, timeout=timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
        connection.connect()
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _body(self, response: http.client.HTTPResponse) -> tuple[bytes, str]:
        """What came as body, and why reading ended early (empty when it did not)."""
        stream = (response.getheader("content-type") or "").startswith("text/event-stream")
        limit = STREAM_BYTES if stream else self._body_limit
        seconds = STREAM_SECONDS if stream else self.target.timeout_seconds
        deadline = time.monotonic() + seconds
        sock = self._connection.sock if self._connection is not None else None
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
                    sock.settimeout(self.target.timeout_seconds)
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

    def _unreachable(self, error: Exception) -> Unreachable:
        origin = self.target.origin
        if isinstance(error, ssl.SSLError):
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            return Unreachable(
                f"{origin}: TLS failed: {reason}. Check the address, or name the authority with "
                "--ca-file"
            )
        if isinstance(error, TimeoutError):
            return Unreachable(
                f"{origin}: no answer within {self.target.timeout_seconds:g} s (--timeout-seconds)"
            )
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"{origin}: connection refused. Is the server running there?")
        if isinstance(error, socket.gaierror):
            return Unreachable(f"{origin}: no such host ({error.strerror or error})")
        if isinstance(error, http.client.BadStatusLine | http.client.RemoteDisconnected):
            return Unreachable(f"{origin}: the connection was closed without an HTTP reply")
        return Unreachable(f"{origin}: {error or type(error).__name__}")


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


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
