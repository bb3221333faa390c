"""A plain client of the API, for whoever furnishes a server or is busy on it beside a run."""

from __future__ import annotations

import http.client
import io
import json
import tarfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.mutation.model import BASE

PASSWORD = "Mutation-Run-1!"
LONGEST_WAIT_SECONDS = 30.0
PAUSE_SECONDS = 0.02


class RefusedError(Exception):
    """The server did not do what furnishing needs."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Requests to one server in one session."""

    url: str
    token: str = ""

    def as_user(self, token: str) -> Plain:
        """The same server in another session."""
        return Plain(self.url, token)

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON of a reply."""
        headers = {"Content-Type": kind, "Coder-Session-Token": self.token}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)) as line:
            line.request(method, BASE + path, data, headers)
            reply = line.getresponse()
            text = reply.read()
        return reply.status, json.loads(text) if text else None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What a request that must succeed gives."""
        status, answer = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise RefusedError(f"{method} {path}: {status} {answer}")
        return answer

    def try_call(self, method: str, path: str, body: Any = None) -> Any:
        """The same for what this version of the API need not have."""
        status, answer = self.ask(method, path, body)
        if status not in {200, 201, 204, 304, 404, 405}:
            raise RefusedError(f"{method} {path}: {status} {answer}")
        return answer

    def upload(self, files: Mapping[str, str]) -> str:
        """The id of an archive of these files."""
        status, answer = self.ask("POST", "/files", tar(files), "application/x-tar")
        if status not in {200, 201}:
            raise RefusedError(f"POST /files: {status} {answer}")
        return str(answer["hash"])

    def sign_in(self, email: str) -> str:
        """A new session of that user."""
        answer = self.call("POST", "/users/login", {"email": email, "password": PASSWORD})
        return str(answer["session_token"])

    def ended(self, path: str) -> str:
        """The status in which the job of a build or version ends."""
        return self.until(path, {"succeeded", "failed", "canceled"})

    def until(self, path: str, statuses: set[str]) -> str:
        """Wait until the job there has one of these statuses."""
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while time.monotonic() < end:
            status = str(self.call("GET", path)["job"]["status"])
            if status in statuses:
                return status
            time.sleep(PAUSE_SECONDS)
        raise RefusedError(f"{path}: still {status} after {LONGEST_WAIT_SECONDS:g} s")


def tar(files: Mapping[str, str]) -> bytes:
    """An archive as templates are uploaded."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()
