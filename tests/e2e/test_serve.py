"""The installed command as a process: ready line, requests, signals."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

COMMAND = Path(sys.executable).with_name("coder-mock")


class Served:
    """A running server and what it said when it was ready."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [str(COMMAND), "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("ready: "):
                break
        self.url = self.said("url")

    def said(self, what: str) -> str:
        """The rest of the line that begins so."""
        return next(line.split(": ", 1)[1] for line in self.lines if line.startswith(f"{what}: "))

    def ask(self, path: str, body: Any = None, token: str = "") -> Any:
        """The JSON that a path answers."""
        headers = {"Coder-Session-Token": token, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def end(self, with_signal: signal.Signals) -> tuple[int, str]:
        """The exit code and what was said on standard error."""
        self.process.send_signal(with_signal)
        _, error = self.process.communicate(timeout=20)
        return self.process.returncode, error


@contextmanager
def serving(*arguments: str) -> Iterator[Served]:
    served = Served(*arguments)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


def test_a_token_works_at_once_and_is_the_same_at_every_start() -> None:
    tokens = []
    for _ in range(2):
        with serving() as served:
            token = served.said("token")
            assert served.ask("/api/v2/users/me", token=token)["username"] == "admin"
            tokens.append(token)
    assert tokens[0] == tokens[1]


def test_the_users_that_are_named_can_sign_in() -> None:
    with serving() as served:
        user = next(line for line in served.lines if line.startswith("user: "))
        found = re.fullmatch(r"user: \S+ <(\S+)> password: (\S+)", user)
        assert found is not None
        body = {"email": found[1], "password": found[2]}
        assert served.ask("/api/v2/users/login", body)["session_token"]


@pytest.mark.parametrize(
    ("with_signal", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["int", "term"]
)
def test_a_signal_ends_it_quietly_even_with_a_stream_open(
    with_signal: signal.Signals, code: int
) -> None:
    with serving() as served:
        token = served.said("token")
        workspace = served.ask("/api/v2/workspaces", token=token)["workspaces"][0]["id"]
        request = urllib.request.Request(
            f"{served.url}/api/v2/workspaces/{workspace}/watch",
            headers={"Coder-Session-Token": token},
        )
        with urllib.request.urlopen(request, timeout=10) as stream:
            assert stream.readline()
            assert served.end(with_signal) == (code, "")


def test_connexions_own_stack_serves_too() -> None:
    with serving("--stack", "connexion", "--scenario", "empty") as served:
        body = {"email": "a@example.com", "username": "admin", "password": "Mock-Password-1!"}
        assert served.ask("/api/v2/users/first", body)["user_id"]


def test_a_folder_of_docs_can_be_served(docs_folder: Path) -> None:
    with serving("--spec", str(docs_folder / "2025-05-19"), "--scenario", "empty") as served:
        assert served.ask("/openapi.json")["info"]["version"] == "2025-05-19"


@pytest.mark.parametrize(("query", "compressed"), [("", True), ("?no_compression", False)])
def test_websockets_are_compressed_unless_the_query_says_otherwise(
    query: str, compressed: bool
) -> None:
    with serving("--scenario", "empty") as served:
        url = served.url.replace("http://", "ws://")
        with connect(f"{url}/api/v2/derp-map{query}") as socket:
            assert "Regions" in json.loads(socket.recv())
            assert socket.response is not None
            assert ("Sec-WebSocket-Extensions" in socket.response.headers) is compressed
