"""What a fault is, and what it sees and changes: requests, replies and messages of streams."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qs

Headers = list[tuple[str, str]]

BASE = "/api/v2"


@dataclass(frozen=True, slots=True)
class Request:
    """A request on its way to the server."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    label: str = ""
    """Of the operation it belongs to; empty for none."""
    params: dict[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")

    @property
    def token(self) -> str:
        """The session shown, in the server's own order: cookie, query, header."""
        cookie = re.search(r"coder_session_token=([^;]+)", self.header("cookie"))
        if cookie:
            return cookie[1]
        asked = self.args.get("coder_session_token")
        return asked or self.header("coder-session-token")

    @property
    def args(self) -> dict[str, str]:
        """The query's first values."""
        return {k: v[0] for k, v in parse_qs(self.query, keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def other(self, **changed: Any) -> Request:
        """The same request, but for these attributes."""
        return replace(self, **changed)

    def as_user(self, token: str) -> Request:
        """The same request in another session."""
        kept = [(k, v) for k, v in self.headers if k.lower() not in _IDENTITY]
        query = re.sub(r"(^|&)coder_session_token=[^&]*", "", self.query).lstrip("&")
        return replace(self, headers=[*kept, ("Coder-Session-Token", token)], query=query)

    def with_json(self, value: Any) -> Request:
        """The same request with another body."""
        return replace(self, body=json.dumps(value).encode())


_IDENTITY = {"coder-session-token", "cookie", "authorization"}


@dataclass(slots=True)
class Reply:
    """A reply on its way back; what is set here is what leaves."""

    status: int
    headers: Headers
    body: bytes = b""
    missing: int = 0
    """How many bytes more the reply announces than it sends."""
    dropped: bool = False
    """The connection ends without a reply."""

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @json.setter
    def json(self, value: Any) -> None:
        self.body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")

    def set(self, name: str, value: str) -> None:
        """One header with this value in place of all of that name."""
        self.unset(name)
        self.headers.append((name, value))

    def unset(self, name: str) -> None:
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]

    def refuse(self, status: int, message: str, detail: str = "") -> None:
        """Turn the reply into an error of the API's usual form."""
        self.status = status
        self.set("Content-Type", JSON)
        self.json = {"message": message, **({"detail": detail} if detail else {})}

    def answer(self, status: int, value: Any) -> None:
        """Turn the reply into a JSON one."""
        self.status = status
        self.set("Content-Type", JSON)
        self.json = value

    def nothing(self, status: int = 204) -> None:
        """Turn the reply into one without body."""
        self.status, self.body = status, b""
        self.unset("Content-Type")


JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of a stream: an event with its name, or a WebSocket's text."""

    text: str
    event: str = ""
    raw: bytes = b""
    """Written as it is in place of a message, such as a comment or a ping between messages."""

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def with_json(self, value: Any) -> Frame:
        return replace(self, text=json.dumps(value))


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as bytes."""

    pieces: tuple[bytes, ...]
    seconds: float = 0.0
    """Between two pieces."""
    stays: bool = True
    """Whether the connection takes another request."""


def head(status: int, headers: Headers, reason: str | None = None) -> bytes:
    """Status line and headers."""
    said = http.client.responses.get(status, "Status") if reason is None else reason
    lines = [f"HTTP/1.1 {status} {said}", *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Upstream(Protocol):
    """The server behind, reachable past the fault."""

    @property
    def token(self) -> str:
        """Of the user that the run examines the server as."""

    def send(self, request: Request) -> Reply:
        """What the server answers to a request."""

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Reply:
        """What the server answers to a request of our own, below the API's base."""


class Mutation:
    """Passes everything on as it is; a fault changes what it is about."""

    idle_seconds: float | None = None
    """How long a connection may rest between two requests; None for as long as it likes."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        """The reply that leaves."""
        return upstream.send(request)

    def opened(self, request: Request, reply: Reply) -> Reply:
        """The head of a stream that leaves."""
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        """What leaves for the stream's message with this number, counted from 0."""
        return [frame]

    def first(self, request: Request) -> list[Frame]:
        """What leaves before the server's first message."""
        return []

    def closed(self, request: Request, code: int) -> int | None:
        """The close code that leaves; None when the stream stays open."""
        return code

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        """The bytes of a reply that is no stream, with these headers; None for the usual ones."""
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken promise, what says that it is one, and who must be named for it."""

    id: str
    kind: str
    description: str
    oracle: str
    operations: tuple[str, ...]
    """Patterns of labels; an error that names one of them counts."""
    inject: Callable[[], Mutation]
    scenario: str = "small-team"
    writes: bool = True
    """Whether the run may write; a fault that shows in reads needs none."""
    examples: int = 0
    """Generated requests per operation."""
    incomplete: str = ""
    """Why the run cannot be complete under this fault."""
    flags: tuple[str, ...] = ()
    """Further flags of the server."""
    alone: str = ""
    """The invariant that must be the only one to find it; empty where others may, too."""
