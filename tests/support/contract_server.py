"""A tiny healthy server with jobs in every state, and hooks to break one promise at a time."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "abcdefghij-klmnopqrstuvwxyz012345"
EMAIL, PASSWORD = "admin@example.com", "tiny-password-1"
ORIGIN_TIME = datetime(2025, 5, 19, 12, 0, tzinfo=UTC)


def uuid(number: int) -> str:
    """A readable uuid: the number in its last digits."""
    return f"6b3a1f60-3c0e-4a4f-9d5c-{number:012d}"


def at(minutes: float) -> str:
    """A time of the API, counted in minutes from one fixed moment."""
    return (ORIGIN_TIME + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


FIRST, SECOND = uuid(1), uuid(2)
OWNER, TEMPLATE, VERSION = uuid(10), uuid(20), uuid(30)
DAEMON, OLD_DAEMON, PURGED_DAEMON = uuid(40), uuid(41), uuid(49)
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
TAGS = {"scope": "organization", "owner": ""}


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json; charset=utf-8"
    length: int | None = None


def _job(number: int, status: str, **members: Any) -> dict[str, Any]:
    job = {
        "id": uuid(number),
        "created_at": at(number),
        "status": status,
        "file_id": uuid(500),
        "tags": dict(TAGS),
        "queue_position": 0,
        "queue_size": 2,
        "organization_id": FIRST,
        "input": {"workspace_build_id": uuid(number + 100)},
        "type": "workspace_build",
        "metadata": {
            "template_version_name": "v1",
            "template_id": TEMPLATE,
            "template_name": "box",
            "template_display_name": "",
            "template_icon": "",
            "workspace_id": uuid(number + 200),
            "workspace_name": f"ws{number}",
        },
    }
    if status in {"running", "succeeded", "failed", "canceling"}:
        job |= {"started_at": at(number + 1), "worker_id": DAEMON, "worker_name": "host-0"}
    if status in {"succeeded", "failed"}:
        job["completed_at"] = at(number + 2)
    return {**job, **members}


def jobs() -> list[dict[str, Any]]:
    """A job in every state, the newest first."""
    imported = _job(
        301,
        "succeeded",
        type="template_version_import",
        input={"template_version_id": VERSION},
        metadata={
            "template_version_name": "v1",
            "template_id": TEMPLATE,
            "template_name": "box",
            "template_display_name": "",
            "template_icon": "",
        },
    )
    waiting = {"available_workers": [DAEMON]}
    elsewhere = _job(309, "succeeded", organization_id=SECOND, queue_size=2)
    listed = [
        imported,
        _job(302, "succeeded"),
        _job(303, "failed", error="terraform apply: exit status 1"),
        # Canceled while it was pending.
        _job(304, "canceled", canceled_at=at(306), completed_at=at(306), **waiting),
        _job(305, "canceling", canceled_at=at(307)),
        _job(306, "running"),
        _job(307, "pending", queue_position=1, **waiting),
        _job(308, "pending", queue_position=2, **waiting),
        elsewhere,
    ]
    return sorted(listed, key=lambda job: job["created_at"], reverse=True)


class TinyCoder:
    """The data and the routes; `alter` may change any reply before it leaves."""

    def __init__(self, alter: Callable[[str, str, Reply], Reply] | None = None) -> None:
        self.jobs = jobs()
        self.daemons = [
            {
                "id": DAEMON,
                "organization_id": FIRST,
                "name": "host-0",
                "tags": dict(TAGS),
                "last_seen_at": seconds_ago(5),
                "status": "busy",
                "current_job": {"id": uuid(306), "status": "running"},
            },
            {
                "id": OLD_DAEMON,
                "organization_id": FIRST,
                "name": "host-1",
                "tags": dict(TAGS),
                "last_seen_at": seconds_ago(86400),
                "status": "offline",
                "current_job": None,
            },
        ]
        self.log_ids = [11, 12, 15, 16]
        self.alter = alter
        self.seen: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}

    def embedded(self, number: int) -> dict[str, Any]:
        """A job as builds, versions and workspaces show it."""
        job = next(job for job in self.jobs if job["id"] == uuid(number))
        hidden = {"worker_name", "available_workers"}
        plain = {key: value for key, value in job.items() if key not in hidden}
        names = ("template_version_name", "template_name", "template_display_name", "template_icon")
        plain["metadata"] = {"template_id": ZERO_UUID}
        plain["metadata"] |= dict.fromkeys(names, "")
        if plain["status"] != "pending":
            plain["queue_size"] = 0
        return plain

    def build(self, number: int) -> dict[str, Any]:
        return {
            "id": uuid(number + 100),
            "build_number": 1,
            "workspace_id": uuid(number + 200),
            "workspace_name": f"ws{number}",
            "workspace_owner_id": OWNER,
            "template_version_id": VERSION,
            "deadline": None,
            "reason": "initiator",
            "job": self.embedded(number),
        }

    def workspace(self, number: int) -> dict[str, Any]:
        return {
            "id": uuid(number + 200),
            "name": f"ws{number}",
            "owner_id": OWNER,
            "organization_id": FIRST,
            "template_id": TEMPLATE,
            "latest_build": self.build(number),
        }

    @property
    def workspace_numbers(self) -> list[int]:
        return [302, 303, 306, 307]

    def version(self) -> dict[str, Any]:
        return {"id": VERSION, "name": "v1", "template_id": TEMPLATE, "job": self.embedded(301)}

    def logs(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        after = int(query.get("after", ["-1"])[0])
        return [{"id": one, "output": "line"} for one in self.log_ids if one > after]

    def reply(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        """The reply to a request, altered where a fault is switched on."""
        self.seen.append((method, target))
        parts = urlsplit(target)
        path = parts.path.removeprefix("/api/v2")
        query = parse_qs(parts.query, keep_blank_values=True)
        found = self._route(method, path, query, headers, body)
        found.headers.setdefault("X-Coder-Build-Version", "v2.22.0-tiny")
        found.headers |= self.headers
        return self.alter(method, target, found) if self.alter else found

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Reply:
        if path == "/buildinfo":
            return Reply(200, {"version": "v2.22.0-tiny"})
        if (method, path) == ("POST", "/users/login"):
            given = json.loads(body)
            if (given["email"], given["password"]) == (EMAIL, PASSWORD):
                return Reply(201, {"session_token": TOKEN})
            return Reply(401, {"message": "Incorrect email or password."})
        if headers.get("Coder-Session-Token") != TOKEN:
            return Reply(401, {"message": "You are signed out.", "detail": "API key is invalid."})
        if method != "GET":
            return Reply(405, None)
        if any(
            not _is_natural(value) for name in ("limit", "after") for value in query.get(name, ())
        ):
            return Reply(400, {"message": "Query parameters have invalid values."})
        for pattern, handler in self._routes():
            match = re.fullmatch(pattern, path)
            if match:
                return handler(query, *match.groups())
        return Reply(404, {"message": "Route not found."})

    def _routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        one = r"([^/]+)"
        organization = f"/organizations/{one}"
        me = {"id": OWNER, "username": "admin", "roles": [{"name": "owner"}]}
        organizations = [
            {"id": FIRST, "name": "coder", "is_default": True},
            {"id": SECOND, "name": "second", "is_default": False},
        ]
        template = {
            "id": TEMPLATE,
            "name": "box",
            "organization_id": FIRST,
            "active_version_id": VERSION,
        }
        builds = {uuid(number + 100): number for number in self.workspace_numbers}
        workspaces = {uuid(number + 200): number for number in self.workspace_numbers}

        def found(values: dict[str, int], key: str, make: Callable[[int], Any]) -> Reply:
            return Reply(200, make(values[key])) if key in values else _missing()

        return [
            (f"/users/{one}", lambda q, user: Reply(200, me)),
            ("/users", lambda q: Reply(200, {"users": [me], "count": 1})),
            ("/organizations", lambda q: Reply(200, organizations)),
            ("/templates", lambda q: Reply(200, [template])),
            (f"/templates/{one}/versions", lambda q, t: Reply(200, [self.version()])),
            (f"/templateversions/{one}", lambda q, v: Reply(200, self.version())),
            (f"/templateversions/{one}/logs", lambda q, v: Reply(200, self.logs(q))),
            (
                "/workspaces",
                lambda q: Reply(
                    200,
                    {"workspaces": [self.workspace(n) for n in workspaces.values()], "count": 4},
                ),
            ),
            (f"/workspaces/{one}", lambda q, w: found(workspaces, w, self.workspace)),
            (
                f"/workspaces/{one}/builds",
                lambda q, w: found(workspaces, w, lambda n: [self.build(n)]),
            ),
            (f"/workspaces/{one}/watch", lambda q, w: found(workspaces, w, self.frame)),
            (
                f"/users/{one}/workspace/ws{one}/builds/1",
                lambda q, u, n: Reply(200, self.build(int(n))),
            ),
            (f"/workspacebuilds/{one}", lambda q, b: found(builds, b, self.build)),
            (f"/workspacebuilds/{one}/logs", lambda q, b: Reply(200, self.logs(q))),
            (f"{organization}/provisionerjobs", self._job_list),
            (f"{organization}/provisionerjobs/{one}", self._job),
            (f"{organization}/provisionerdaemons", self._daemon_list),
        ]

    def frame(self, number: int) -> dict[str, Any]:
        return self.workspace(number)

    def _of(self, organization: str) -> list[dict[str, Any]]:
        # By the id a job is stored under, so that a fault in the member does not move it.
        second = {uuid(309)}
        return [job for job in self.jobs if (job["id"] in second) == (organization == SECOND)]

    def _job_list(self, query: dict[str, list[str]], organization: str) -> Reply:
        unknown = query.keys() - {"limit", "ids", "status", "tags"}
        if unknown:
            return Reply(400, {"message": "Invalid query parameters."})
        listed = self._of(organization)
        if "ids" in query:
            wanted = query["ids"][0].split(",")
            listed = [job for job in listed if job["id"] in wanted]
        if "status" in query:
            statuses = query["status"][0].split(",")
            listed = [job for job in listed if job["status"] in statuses]
        limit = int(query.get("limit", ["50"])[0])
        return Reply(200, listed[:limit] if limit else listed)

    def _job(self, query: dict[str, list[str]], organization: str, job: str) -> Reply:
        found = [one for one in self._of(organization) if one["id"] == job]
        return Reply(200, found[0]) if found else _missing()

    def _daemon_list(self, query: dict[str, list[str]], organization: str) -> Reply:
        if query.keys() - {"limit", "ids", "tags"}:
            return Reply(400, {"message": "Invalid query parameters."})
        return Reply(200, [one for one in self.daemons if one["organization_id"] == organization])


def _is_natural(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


def _missing() -> Reply:
    message = "Resource not found or you do not have access to this resource"
    return Reply(404, {"message": message})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tiny: TinyCoder

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        reply = self.server.tiny.reply(self.command, self.path, self.headers, body)
        stream = self.path.endswith("/watch") and reply.status == 200
        if reply.raw is not None:
            data = reply.raw
        elif reply.body is None and reply.status in {204, 405}:
            data = b""
        else:
            data = json.dumps(reply.body).encode()
        if stream:
            reply.media_type, data = "text/event-stream", b"event: data\ndata: " + data + b"\n\n"
        self.send_response_only(reply.status)
        self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if data and reply.media_type:
            self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(data) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
        if reply.length is not None and reply.length > len(data):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(tiny: TinyCoder) -> Iterator[str]:
    """Serve on a free port of the loopback and give the address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.tiny = tiny
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
