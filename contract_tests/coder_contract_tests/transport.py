"""The only way out: an HTTP client with kept connections behind the safety guard.

Every request of a run leaves through `Client.send`. It refuses what may change the target unless
writes were allowed or every reply so far carried the mock's own header, waits when it is told to
slow down, and masks what it hands on.
"""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from coder_contract_tests.connections import (
    BODY_LIMIT,
    SAFE_METHODS,
    Connections,
    Reply,
    UnderWay,
)
from coder_contract_tests.document import Operation
from coder_contract_tests.errors import CredentialsRefused, NotCoder, Unreachable, WriteRefused
from coder_contract_tests.exchange import TOKEN_HEADER, Exchange, Masker, parsed
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.pace import Pace
from coder_contract_tests.target import Target

MOCK_HEADER = "x-coder-mock"
LOGIN_PATH = "/api/v2/users/login"
LOGOUT_PATH = "/api/v2/users/logout"
SAFE_POSTS = frozenset({LOGIN_PATH, "/api/v2/authcheck"})
COOKIE = "coder_session_token"
UNKNOWN_TOKEN = "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb"
"""Of the right form, but nobody's."""
LONGEST_WAIT_SECONDS = 65
VERSION_HEADER = "x-coder-build-version"
GATEWAY_SECONDS = 1.0
GATEWAY_REPLIES = 8
"""So many replies of a proxy before the target, which could not reach it, are asked for again."""
USER_AGENT = "coder-contract"


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply as it came, secrets and all."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    cut: str


@dataclass(frozen=True, eq=False, slots=True)
class Outgoing:
    """A request of a run."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    anonymous: bool = False
    phase: str = ""
    operation: Operation | None = None

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, eq=False, slots=True)
class Started:
    """A request that is under way, its entry in the ledger, and when it left."""

    request: Outgoing
    entry: int
    at: float
    under_way: UnderWay


class Client:
    """Sends requests to one origin over kept connections, and nothing that is not allowed."""

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
        self._connections = Connections(target, body_limit)
        self._replies = {"mock": 0, "other": 0}
        self.pace = Pace(requests_per_second=target.rate, sleep=sleep)
        self.ledger: Ledger | None = None
        """Where creations are written down before they leave; set by runs that may write."""
        self._last_body = b""
        self._gateway_replies = 0

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
        json_type = (("Content-Type", "application/json"),)
        request = Outgoing("POST", path, headers=json_type, body=body, anonymous=True)
        status, headers, content, _ = self._finish(self._begin(request))
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
        return self._connections.connect()

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
        request = Outgoing(method, path, query, headers, body, anonymous=True)
        entry = self._about_to_create(request)
        reply = self._finish(self._begin(request))
        status, got, content, cut = self._patient(request, reply)
        self.pace.after(f"{method} {path}", status)
        self._write_down(entry, request, status, content)
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
            connection = self._connections.connect()
            sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(headers)}
            connection.request(method, f"{path}?{query}" if query else path, body, sent)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            if connection is not None:
                connection.close()
            raise self._connections.unreachable(error) from error

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
        request = Outgoing(method, path, query, headers, body, anonymous, phase, operation)
        return self.end(self.start(request))

    def start(self, request: Outgoing) -> Started:
        """Send one request, and leave the reply for `end`; others may be under way meanwhile."""
        self.guard(request.method, request.path)
        self.pace.before()
        entry = self._about_to_create(request)
        at = time.perf_counter()
        return Started(request, entry, at, self._begin(request))

    def end(self, sent: Started) -> Exchange:
        """The masked exchange of a started request; `Unreachable` when no reply came."""
        request = sent.request
        status, got, content, cut = self._patient(request, self._finish(sent.under_way))
        elapsed = time.perf_counter() - sent.at
        self._last_body = content
        operation = request.operation
        self.pace.after(
            operation.label if operation else f"{request.method} {request.path}", status
        )
        self._write_down(sent.entry, request, status, content)
        text, data = self.masker.text, self.masker.data
        clean = data(content)
        media_type = _header(got, "content-type").split(";")[0].strip().lower()
        return Exchange(
            number=sent.under_way.number,
            phase=request.phase,
            method=request.method,
            origin=self.target.origin,
            path=text(request.path),
            query=text(request.query),
            request_headers=self.masker.headers(request.headers),
            request_body=None if request.body is None else data(request.body),
            status=status,
            headers=self.masker.headers(got),
            body=clean,
            elapsed_seconds=elapsed,
            received_at=time.time(),
            cut=cut,
            operation=operation,
            anonymous=request.anonymous,
            json=parsed(clean, media_type),
        )

    def forget(self, sent: Started) -> None:
        """Give up the reply of a started request."""
        if sent.under_way.connection is not None:
            sent.under_way.connection.close()

    def _about_to_create(self, request: Outgoing) -> int:
        if self.ledger is None or request.method in SAFE_METHODS:
            return 0
        short = request.path.removeprefix(self.target.prefix)
        return self.ledger.about_to_create(request.method, short, request.body)

    def _write_down(self, entry: int, request: Outgoing, status: int, content: bytes) -> None:
        """What a write made or removed; the reply is read before its secrets are masked."""
        if self.ledger is None or request.method in SAFE_METHODS:
            return
        if entry:
            self.ledger.created(entry, status, content)
        elif status < 300 or status in {404, 410}:
            short = request.path.removeprefix(self.target.prefix)
            self.ledger.removed(request.method, short, request.body)

    def close(self) -> None:
        self._connections.close()

    def _is_of_a_gateway(self, status: int, headers: tuple[tuple[str, str], ...]) -> bool:
        """Whether a reply comes from a proxy that could not reach the target for a moment.

        The target names its version in every reply. A proxy that always fails is not spared.
        """
        if status not in {502, 503, 504} or _header(headers, VERSION_HEADER):
            return False
        self._gateway_replies += 1
        return self._gateway_replies <= GATEWAY_REPLIES

    def _patient(self, request: Outgoing, reply: Reply) -> Reply:
        """The reply, or the one that came when the target had been given the rest it asked for."""
        for _ in range(2):
            seconds = self._rest(request, reply)
            if not seconds:
                break
            self.waited_seconds += seconds
            self._sleep(seconds)
            reply = self._finish(self._begin(request))
        return reply

    def _rest(self, request: Outgoing, reply: Reply) -> float:
        """Seconds until the request may be sent again; 0 where the reply is the answer."""
        if request.method in SAFE_METHODS and self._is_of_a_gateway(reply[0], reply[1]):
            return GATEWAY_SECONDS
        told = _header(reply[1], "retry-after")
        if reply[0] != 429 or not told.isdigit() or int(told) > LONGEST_WAIT_SECONDS:
            return 0.0
        return float(told)

    def _begin(self, request: Outgoing) -> UnderWay:
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **dict(request.headers)}
        if not request.anonymous and self._token:
            sent.setdefault(TOKEN_HEADER, self._token)
        self.requests += 1
        return self._connections.begin(
            self.requests, request.method, request.target, sent, request.body
        )

    def _finish(self, sent: UnderWay) -> Reply:
        reply = self._connections.finish(sent)
        self._replies["mock" if _header(reply[1], MOCK_HEADER) else "other"] += 1
        return reply


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
