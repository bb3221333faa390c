"""Life cycles against a mock whose jobs are quick, with a fault between them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from coder_contract_tests.cleanup import sweep
from coder_contract_tests.discovery import discover
from coder_contract_tests.findings import Finding
from coder_contract_tests.ledger import Ledger
from coder_contract_tests.lifecycles import bench, play_life_cycles, watch_streams, watching
from coder_contract_tests.probe import choose_document, probe
from coder_contract_tests.selection import Selection
from coder_contract_tests.session import Session
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client
from tests.mutation.model import Mutation, Reply, Request, Upstream
from tests.mutation.proxy import proxying

VERSION = "2025-05-19"
SPEED = 8
QUEUE_SECONDS = 10.0
"""Enough for a mock, whose daemons take at once what they may take."""
JOB_SECONDS = 20.0
"""Enough for a mock whose clock is that quick."""


@dataclass(frozen=True)
class Life:
    """A running mock."""

    url: str
    token: str


@contextmanager
def living(*flags: str) -> Iterator[Life]:
    """A mock of its own, its clock some times as fast as ours."""
    command = [sys.executable, "-m", "coder_mock_server", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--scenario", "small-team", "--speed", str(SPEED), *flags],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said: dict[str, str] = {}
        assert process.stdout is not None
        for line in process.stdout:
            if match := re.match(r"(token|ready): (\S+)", line):
                said[match[1]] = match[2]
            if "ready" in said:
                break
        yield Life(said["ready"], said["token"])
    finally:
        process.terminate()
        process.communicate()


@dataclass(frozen=True)
class Played:
    """What came of some chapters."""

    findings: tuple[Finding, ...]
    judged: frozenset[str]
    skipped: dict[str, str]
    left_behind: tuple[str, ...]
    incomplete: str

    @property
    def errors(self) -> list[tuple[str, str, str]]:
        return [(f.check, f.operation, f.came) for f in self.findings if f.level == "error"]


def play(life: Life, *chapters: str, mutation: Mutation | None = None, seed: int = 1) -> Played:
    """Play chapters (none: all) and clean up; with a fault between the suite and the mock."""
    with proxying(life.url, mutation or Mutation(), version=VERSION, token=life.token) as proxy:
        client = Client(Target(proxy.url, token=life.token, allow_writes=True))
        try:
            found = probe(client)
            session = Session(
                client,
                choose_document(VERSION, client, found),
                Selection(seed=seed, max_examples=1),
                on_event=lambda event: None,
            )
            with tempfile.TemporaryDirectory(prefix="coder-contract-") as folder:
                client.ledger = Ledger(Path(folder) / "ledger.ndjson", proxy.url)
                session.facts = discover(session, is_mock=False, version=VERSION)
                incomplete = ""
                if not chapters or "streams" in chapters:
                    session.phase = "streams"
                    incomplete = watch_streams(session)
                wanted = tuple(one for one in chapters if one != "streams")
                if wanted or not chapters:
                    session.phase = "life cycles"
                    with (
                        patch.object(bench, "QUEUE_SECONDS", _patience()),
                        patch.object(bench, "JOB_SECONDS", JOB_SECONDS),
                        # No build of a clock that quick lasts long enough to be seen at work.
                        patch.object(watching, "LONG_SECONDS", float("inf")),
                    ):
                        incomplete = play_life_cycles(session, only=wanted) or incomplete
                left = tuple(map(str, sweep(client, client.ledger, sleep=_slept)))
        finally:
            client.close()
        assert not proxy.failures, proxy.failures[0]
    return Played(
        session.ledger.findings,
        frozenset(rule for _, rule in session.judged),
        dict(session.skipped),
        left,
        incomplete,
    )


def _patience() -> float:
    return min(bench.QUEUE_SECONDS, QUEUE_SECONDS)


def _slept(seconds: float) -> None:
    """The clean-up waits by the mock's clock."""
    time.sleep(seconds / SPEED)


class Changed(Mutation):
    """Changes the replies of one operation, from the nth on."""

    def __init__(
        self,
        label: str,
        change: Callable[[Request, Reply], None],
        *,
        when: Callable[[Request], bool] = lambda request: True,
        after: int = 0,
    ) -> None:
        self.label, self.change, self.when, self.after = label, change, when, after
        self.count = 0

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and self.when(request):
            self.count += 1
            if self.count > self.after:
                self.change(request, reply)
        return reply


class Lost(Mutation):
    """Answers a write as if it had been done, and does not pass it on."""

    def __init__(self, label: str, status: int, reply: Any = None, *, read: str = "") -> None:
        self.label, self.status, self.reply, self.read = label, status, reply, read

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        asked = request.json if isinstance(request.json, dict) else {}
        wrong = asked.get("ttl_ms") == 1000 or ("transition" in asked and "dry" in asked)
        if request.label != self.label or wrong:
            return upstream.send(request)
        body = self.reply
        if self.read:
            path = self.read
            for name, value in request.params.items():
                path = path.replace(f"{{{name}}}", value)
            body = {**(upstream.call("GET", path, token=request.token).json or {}), **asked}
        reply = Reply(self.status, [("Content-Type", "application/json; charset=utf-8")])
        reply.json = body
        if body is None:
            reply.nothing(self.status)
        return reply


def members(**changes: Any) -> Callable[[Request, Reply], None]:
    """Other values for members of a JSON object, if the request went well."""

    def change(request: Request, reply: Reply) -> None:
        value = reply.json
        if reply.ok and isinstance(value, dict):
            reply.json = _merged(value, changes)

    return change


def _merged(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    found = json.loads(json.dumps(value))
    for dotted, new in changes.items():
        *path, last = dotted.split("__")
        inner = found
        for part in path:
            inner = inner[part]
        inner[last] = new
    return dict(found)


def status(code: int, *, of: tuple[int, ...] = ()) -> Callable[[Request, Reply], None]:
    """Another status (for these ones)."""

    def change(request: Request, reply: Reply) -> None:
        if not of or reply.status in of:
            reply.answer(code, {"message": "Fine."})

    return change
