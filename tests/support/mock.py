"""A mock server inside the test's process: requests over ASGI, time in the test's hand.

    mock = Mock(scenario="empty")
    mock.first_user()
    mock.get("/users/me").json["username"]
    mock.clock.advance(seconds=10)

Paths are below /api/v2 unless they start with two slashes. Whatever the server logs as its own bug
fails the test when the mock is closed (or at once, as an `AssertionError` of the request).
"""

from __future__ import annotations

import asyncio
import json as jsons
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from coder_mock_server.app import application
from coder_mock_server.call import World
from coder_mock_server.clock import Clock
from coder_mock_server.server import Server
from coder_mock_server.settings import Settings
from coder_mock_server.store.state import State

T = TypeVar("T")
BASE = "/api/v2"
FIRST_USER = {"email": "admin@example.com", "username": "admin", "password": "Mock-Password-1!"}
START = datetime(2025, 6, 2, 9, tzinfo=UTC)
"""Mock time at the start: a Monday morning."""
STREAM_SECONDS = 5.0
"""How long a stream may take to give the messages that a test waits for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Lower-case names, in the order they were sent."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return jsons.loads(self.body)

    @property
    def message(self) -> str:
        """The `message` of an error or acknowledgement."""
        return str(self.json["message"])

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.headers if key == name.lower()]


@dataclass(frozen=True, slots=True)
class Messages:
    """What a websocket said until it was left or closed."""

    status: int
    """101, or that of the refusal."""
    texts: list[str]
    close: tuple[int, str] | None
    refusal: Answer | None = None


class Mock:
    """One server in this process; a context manager."""

    def __init__(self, **settings: Any) -> None:
        given = {"scenario": "empty", "frozen": True, "daemons": 1, **settings}
        self.bugs: list[str] = []
        made = Settings(**given)
        clock = Clock(start=START, speed=made.speed, frozen=made.frozen)
        self.server = Server(made, log=self.bugs.append, clock=clock)
        self.app = application(self.server)
        self._runner = asyncio.Runner()
        self.token = ""
        try:
            self.run(self.server.start())
        except BaseException:
            self._runner.close()
            raise
        if self.server.loaded.token:
            self.token = self.server.loaded.token

    def __enter__(self) -> Mock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def world(self) -> World:
        """What exists."""
        return self.server.world

    @property
    def state(self) -> State:
        """The store's tables."""
        return self.server.world.state

    @property
    def clock(self) -> Clock:
        """Mock time; frozen unless the settings say otherwise."""
        return self.server.world.clock

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's event loop."""
        return self._runner.run(coroutine)

    def close(self) -> None:
        """Stop the server."""
        self.run(self.server.stop())
        self._runner.close()
        assert not self.bugs, "\n".join(self.bugs)

    # --- requests

    def request(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        raw: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; `token=""` sends none, the default is that of the last sign-in."""
        body = raw if raw is not None else b"" if json is None else jsons.dumps(json).encode()
        sent = {"content-type": "application/json", **(headers or {})} if body else headers or {}
        scope = self._scope("http", path, token, {**sent, "content-length": str(len(body))})
        scope["method"] = method
        return self.run(_exchange(self.app, scope, body))

    def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        """POST."""
        return self.request("POST", path, json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        """PUT."""
        return self.request("PUT", path, json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        """PATCH."""
        return self.request("PATCH", path, json, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def events(self, path: str, count: int, **options: Any) -> list[tuple[str, str]]:
        """The first `count` server-sent events, as (event, data), then the client hangs up."""
        scope = self._scope("http", path, options.get("token"), options.get("headers") or {})
        scope["method"] = "GET"
        return self.run(_events(self.app, scope, count))

    def websocket(
        self,
        path: str,
        count: int,
        *,
        say: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Messages:
        """Up to `count` messages of a websocket, or all until it closes."""
        scope = self._scope("websocket", path, token, headers or {})
        scope["subprotocols"] = []
        scope["extensions"] = {"websocket.http.response": {}}
        return self.run(_websocket(self.app, scope, count, say))

    # --- usual preparations

    def first_user(self) -> dict[str, Any]:
        """Make the first user, an owner, and sign in as him; gives the answer's ids."""
        answer = self.post("/users/first", FIRST_USER, token="")
        assert answer.status == 201, answer
        self.sign_in(FIRST_USER["email"], FIRST_USER["password"])
        made: dict[str, Any] = answer.json
        return made

    def sign_in(self, email: str, password: str) -> str:
        """Sign in; later requests send this token."""
        answer = self.post("/users/login", {"email": email, "password": password}, token="")
        assert answer.status == 201, answer
        self.token = answer.json["session_token"]
        return self.token

    def advance(self, seconds: float) -> None:
        """Let mock time pass and the simulator do what fell due."""
        self.clock.advance(seconds)
        self.run(self.server.pipeline.catch_up())

    def _scope(
        self, kind: str, path: str, token: str | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        parts = urlsplit(path[1:] if path.startswith("//") else BASE + path)
        token = self.token if token is None else token
        sent = {"host": "mock.test", **{k.lower(): v for k, v in headers.items()}}
        if token:
            sent.setdefault("coder-session-token", token)
        return {
            "type": kind,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http" if kind == "http" else "ws",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in sent.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("mock.test", 80),
        }


def _decoded(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in headers)


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> Answer:
    status, headers, parts = 0, (), []
    inbox = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": body, "more_body": False},
    ]

    async def receive() -> dict[str, Any]:
        # Whoever asks again after the body waits for the client to leave, as a stream does.
        return inbox.pop() if len(inbox) > 1 else inbox[0]

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, _decoded(headers), b"".join(parts))


async def _events(app: Any, scope: dict[str, Any], count: int) -> list[tuple[str, str]]:
    enough = asyncio.Event()
    text = ""
    sent_request = False

    async def receive() -> dict[str, Any]:
        nonlocal sent_request
        if not sent_request:
            sent_request = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal text
        text += message.get("body", b"").decode()
        if text.count("\n\n") >= count:
            enough.set()

    async with asyncio.timeout(STREAM_SECONDS):
        await app(scope, receive, send)
    events = []
    for block in text.split("\n\n")[:count]:
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        events.append((lines.get("event", ""), lines.get("data", "")))
    return events


async def _websocket(app: Any, scope: dict[str, Any], count: int, say: str | None) -> Messages:
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    texts: list[str] = []
    status, headers, body, close = 0, (), b"", None

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers, body, close
        kind = message["type"]
        if kind == "websocket.accept":
            status = 101
            if say is not None:
                inbox.put_nowait({"type": "websocket.receive", "text": say})
        elif kind == "websocket.send":
            data = message.get("text")
            texts.append(data if data is not None else message["bytes"].decode("latin-1"))
            if len(texts) >= count:
                inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        elif kind == "websocket.close":
            status = status or 403
            close = (message.get("code", 1000), message.get("reason") or "")
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        elif kind == "websocket.http.response.start":
            status, headers = message["status"], message["headers"]
        elif kind == "websocket.http.response.body":
            body += message.get("body", b"")

    async with asyncio.timeout(STREAM_SECONDS):
        await app(scope, inbox.get, send)
    refusal = None if status == 101 else Answer(status, _decoded(headers), body)
    return Messages(status, texts[:count], close, refusal)
