"""What a web browser does with a server: a cookie jar, requests side by side, websockets.

    with Browser(url) as browser:
        browser.post("/users/login", {"email": ..., "password": ...})
        me, mine = browser.together(("GET", "/users/me"), ("GET", "/users/me/appearance"))
        with browser.socket(f"/workspaces/{id}/watch-ws") as socket: ...

Paths are below /api/v2 unless they start with two slashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

BASE = "/api/v2"
PATIENCE = 20.0
"""Seconds of wall time after which something that must come is missed."""
AT_ONCE = 6
"""Connections that a browser opens to one host."""
MOST_TRIES = 2000

T = TypeVar("T")


class Socket:
    """A websocket whose messages are JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self) -> Any:
        """The next message, which must be one line of text."""
        text = self.connection.recv(timeout=PATIENCE)
        assert isinstance(text, str), f"a binary message: {text!r}"
        assert text.endswith("\n"), f"no line feed at the end: {text!r}"
        return json.loads(text)

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Read on until a message is wanted; gives that one."""
        for _ in range(MOST_TRIES):
            message = self.next()
            if wanted(message):
                return message
        raise AssertionError("the message never came")

    def rest(self) -> tuple[list[Any], int]:
        """All messages up to the server's close, and its code."""
        messages: list[Any] = []
        while True:
            try:
                messages.append(self.next())
            except ConnectionClosed:
                code = self.connection.close_code
                assert code is not None
                return messages, code

    def say(self, value: Any) -> None:
        """Send JSON."""
        self.connection.send(json.dumps(value))


class Browser:
    """One visitor; a context manager."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = {"X-CSRF-TOKEN": ""} if headers is None else headers
        limits = httpx.Limits(max_connections=AT_ONCE)
        self.client = httpx.Client(
            base_url=url, headers=self.headers, timeout=PATIENCE, limits=limits
        )
        self._threads = ThreadPoolExecutor(AT_ONCE)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown()
        self.client.close()

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request; without a body it has no content type."""
        where = path[1:] if path.startswith("//") else BASE + path
        if body is None:
            return self.client.request(method, where)
        return self.client.request(method, where, json=body)

    def get(self, path: str) -> httpx.Response:
        """GET."""
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        """POST."""
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any = None) -> httpx.Response:
        """PUT."""
        return self.ask("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> httpx.Response:
        """PATCH."""
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> httpx.Response:
        """DELETE."""
        return self.ask("DELETE", path)

    def read(self, path: str, status: int = 200) -> Any:
        """The JSON of a GET that must have this status."""
        return self.expect(status, "GET", path)

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """The JSON (`None` without a body) of a request that must have this status."""
        answer = self.ask(method, path, body)
        assert answer.status_code == status, f"{method} {path}: {answer} {answer.text}"
        return answer.json() if answer.content else None

    def together(self, *requests: tuple[Any, ...]) -> list[httpx.Response]:
        """Requests sent side by side; their answers in the order given."""
        return list(self._threads.map(lambda request: self.ask(*request), requests))

    def read_together(self, *paths: str) -> list[Any]:
        """GETs side by side, all of which must be 200."""
        return list(self._threads.map(self.read, paths))

    def poll(self, path: str, wanted: Callable[[Any], bool]) -> Any:
        """Read again and again until the answer is wanted."""
        for _ in range(MOST_TRIES):
            found = self.read(path)
            if wanted(found):
                return found
        raise AssertionError(f"{path} never became what was wanted; last: {found}")

    @contextmanager
    def socket(self, path: str) -> Iterator[Socket]:
        """A websocket with the visitor's cookies, opened by a page of the same host."""
        with connect(
            self.url.replace("http://", "ws://") + BASE + path,
            additional_headers=self._handshake(),
            origin=None,
            subprotocols=None,
            open_timeout=PATIENCE,
            max_size=None,
        ) as connection:
            yield Socket(connection)

    def _handshake(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        sent = {"Origin": self.url, "Cookie": cookies}
        if "Coder-Session-Token" in self.headers:
            sent = {"Coder-Session-Token": self.headers["Coder-Session-Token"]}
        return sent
