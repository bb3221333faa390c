"""A tiny healthy server with jobs in every state, and hooks to break one promise at a time."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support import contract_manners as manners
from tests.support import contract_objects as objects
from tests.support.contract_manners import TOKEN, Reply
from tests.support.contract_more_routes import more_routes
from tests.support.contract_search import (
    SEARCHED,
    STATUSES,
    fits,
    matches,
    refused_term,
    since,
    sought,
    tagged,
)

EMAIL, PASSWORD = "admin@example.com", "tiny-password-1"
ORIGIN_TIME = datetime(2025, 5, 19, 12, 0, tzinfo=UTC)


__all__ = ["TOKEN", "Reply"]


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
MEMBER = uuid(11)
PUBLIC = ("/buildinfo",)
USERS = ("me", "admin", "member", OWNER, MEMBER)
ORGANIZATIONS = ("coder", "second", "default", FIRST, SECOND)


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
                "created_at": at(0),
                "provisioners": ["terraform"],
                "tags": dict(TAGS),
                "last_seen_at": seconds_ago(5),
                "status": "busy",
                "current_job": {"id": uuid(306), "status": "running"},
                "previous_job": {"id": uuid(303), "status": "failed"},
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
        self.heeds_tags = True
        self.alter = alter
        self.ahead = timedelta(0)
        """By which its clock differs from ours."""
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

    def resources(self, number: int) -> list[dict[str, Any]]:
        """What a succeeded build made; the agents stand in the first one only."""
        if number != 302:
            return []
        resource = {"id": uuid(550), "job_id": uuid(302), "name": "box", "hide": False}
        resource["workspace_transition"] = "start"
        return [{**resource, "agents": objects.agents(uuid, at, uuid(550))}]

    def build(self, number: int) -> dict[str, Any]:
        job = self.embedded(number)
        status = {"succeeded": "running", "running": "starting"}.get(job["status"], job["status"])
        return {
            "id": uuid(number + 100),
            "created_at": at(number),
            "updated_at": at(number + 2),
            "build_number": 1,
            "transition": "start",
            "status": status,
            "workspace_id": uuid(number + 200),
            "workspace_name": f"ws{number}",
            "workspace_owner_id": OWNER,
            "workspace_owner_name": "admin",
            "initiator_id": OWNER,
            "template_version_id": VERSION,
            "deadline": None,
            "max_deadline": None,
            "daily_cost": 2,
            "matched_provisioners": {"count": 0, "available": 0, "most_recently_seen": None},
            "reason": "initiator",
            "job": job,
            "resources": self.resources(number),
        }

    def builds(self, number: int, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        return manners.page(since([self.build(number)], query), query)

    def workspace(self, number: int) -> dict[str, Any]:
        failing = [uuid(603)] if number == 302 else []
        return {
            "id": uuid(number + 200),
            "created_at": at(number),
            "updated_at": at(number),
            "name": f"ws{number}",
            "owner_id": OWNER,
            "owner_name": "admin",
            "organization_id": FIRST,
            "organization_name": "coder",
            "template_id": TEMPLATE,
            "template_name": "box",
            "template_active_version_id": VERSION,
            "outdated": False,
            "favorite": False,
            "ttl_ms": 3_600_000,
            "next_start_at": None,
            "dormant_at": None,
            "deleting_at": None,
            "health": {"healthy": not failing, "failing_agents": failing},
            "latest_build": self.build(number),
        }

    @property
    def workspace_numbers(self) -> list[int]:
        return [302, 303, 306, 307]

    def version(self) -> dict[str, Any]:
        return {
            "id": VERSION,
            "name": "v1",
            "created_at": at(301),
            "updated_at": at(303),
            "template_id": TEMPLATE,
            "organization_id": FIRST,
            "archived": False,
            "readme": "",
            "job": self.embedded(301),
        }

    def agent(self, number: int) -> dict[str, Any]:
        found = objects.agents(uuid, at, uuid(550))
        return next(one for one in found if one["id"] == uuid(number))

    def listed_workspaces(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """In order, and only what the search asks for."""
        found = [self.workspace(number) for number in self.workspace_numbers]
        for element in query.get("q", [""])[0].split():
            key, _, value = element.rpartition(":")
            found = [one for one in found if matches(one, key, value.lower(), OWNER)]
        return found

    def bad_search(self, text: str) -> Reply | None:
        key, colon, value = text.partition(":")
        wrong = None
        if ":" in value:
            wrong = ("q", f"Query element \"{text}\" can only contain 1 ':'")
        elif colon and not (key and value):
            wrong = ("q", f"Query element \"{text}\" cannot start or end with ':'")
        elif colon and key not in SEARCHED:
            wrong = (key, f'"{key}" is not a valid query param')
        elif key == "status" and value not in STATUSES:
            wrong = (
                key, f'Query param "status" has invalid value: "{value}" is not a valid value'
            )  # fmt: skip
        return manners.error(400, "Invalid workspace search query.", "", wrong) if wrong else None

    def _workspaces(self, query: dict[str, list[str]]) -> Reply:
        for element in query.get("q", [""])[0].split():
            if refusal := self.bad_search(element):
                return refusal
        found = self.listed_workspaces(query)
        return Reply(200, {"workspaces": manners.page(found, query), "count": len(found)})

    def _users(self, query: dict[str, list[str]]) -> Reply:
        found = self.users()
        if query.get("q", [""])[0].startswith("nosuch:"):
            wrong = ("nosuch", '"nosuch" is not a valid query param')
            return manners.error(400, "Invalid user search query.", "", wrong)
        for element in query.get("q", [""])[0].split():
            key, _, value = element.partition(":") if ":" in element else ("", "", element)
            found = [one for one in found if fits(one, key, value)]
        if after := query.get("after_id"):
            ids = [one["id"] for one in found]
            found = found[ids.index(after[0]) + 1 :] if after[0] in ids else []
        listed = manners.page(found, query)
        return Reply(200, {"users": listed, "count": len(found) if listed else 0})

    def users(self) -> list[dict[str, Any]]:
        return [
            {
                "id": id_,
                "username": name,
                "created_at": at(1 if name == "admin" else 5),
                "updated_at": at(5),
                "status": "active",
                "roles": [{"name": "owner"}] if name == "admin" else [],
                "organization_ids": [FIRST, SECOND],
            }
            for id_, name in ((OWNER, "admin"), (MEMBER, "member"))
        ]

    def user(self, named: str) -> dict[str, Any]:
        known = {"me": OWNER, "admin": OWNER, "member": MEMBER}
        return next(one for one in self.users() if one["id"] == known.get(named, named))

    def roles(self, named: str) -> dict[str, Any]:
        roles = [one["name"] for one in self.user(named)["roles"]]
        return {"roles": roles, "organization_roles": {FIRST: []}}

    def logs(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        after = int(query.get("after", ["-1"])[0])
        return [{"id": one, "output": "line"} for one in self.log_ids if one > after]

    def reply(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        """The reply to a request, altered where a fault is switched on."""
        self.seen.append((method, target))
        parts = urlsplit(target)
        path = unquote(parts.path.removeprefix("/api/v2"))
        path = re.sub(r"^/organizations/(coder|default)(?=/|$)", f"/organizations/{FIRST}", path)
        query = parse_qs(parts.query, keep_blank_values=True)
        found = manners.dressed(self._route(method, path, query, headers, body))
        found.headers |= self.headers
        return self.alter(method, target, found) if self.alter else found

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes
    ) -> Reply:
        if method == "OPTIONS" and headers.get("Access-Control-Request-Method"):
            return Reply(200, None)
        if (method, path) == ("POST", "/users/login"):
            return manners.sign_in(body, EMAIL, PASSWORD)
        if path == "/buildinfo" and method == "GET":
            return Reply(200, {"version": "v2.22.0-tiny"})
        refusal = None if path in PUBLIC else manners.stranger(path, query, headers)
        refusal = refusal or manners.bad_id(path, USERS, ORGANIZATIONS)
        if refusal is not None:
            return refusal
        query.pop("coder_session_token", None)
        if method != "GET":
            return Reply(405, None, {"Allow": "GET, POST" if path == "/users" else "GET"})
        refusal = manners.bad_query(path, query)
        if refusal is not None:
            return refusal
        if any(not _is_natural(value) for value in query.get("after", ())):
            return manners.error(400, "Query parameters have invalid values.")
        for pattern, handler in self._routes():
            match = re.fullmatch(pattern, path)
            if match:
                return handler(query, *match.groups())
        return manners.error(404, "Route not found.")

    def _routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        one = r"([^/]+)"
        organization = f"/organizations/{one}"
        organizations = [
            {"id": FIRST, "name": "coder", "is_default": True},
            {"id": SECOND, "name": "second", "is_default": False},
        ]
        template = {
            "id": TEMPLATE,
            "name": "box",
            "organization_id": FIRST,
            "organization_name": "coder",
            "active_version_id": VERSION,
            "active_user_count": 1,
            "created_at": at(2),
            "updated_at": at(2),
            "build_time_stats": {
                name: {"P50": 100, "P95": 200} for name in ("start", "stop", "delete")
            },
        }
        builds = {uuid(number + 100): number for number in self.workspace_numbers}
        workspaces = {uuid(number + 200): number for number in self.workspace_numbers}
        agents = {uuid(number): number for number in (601, 602, 603)}

        def found(values: dict[str, int], key: str, make: Callable[[int], Any]) -> Reply:
            return Reply(200, make(values[key])) if key in values else manners.missing()

        return [
            (f"/users/{one}", lambda q, user: Reply(200, self.user(user))),
            *more_routes(uuid, at, self.timings, builds),
            ("/users", self._users),
            (f"/users/{one}/organizations", lambda q, user: Reply(200, organizations)),
            (f"/users/{one}/roles", lambda q, user: Reply(200, self.roles(user))),
            ("/entitlements", lambda q: Reply(200, objects.entitlements())),
            ("/groups", lambda q: Reply(200, objects.groups(FIRST))),
            (
                f"{organization}/members/{one}/workspace-quota",
                lambda q, o, u: Reply(
                    200, {"credits_consumed": 8 if o == FIRST else 0, "budget": -1}
                ),
            ),
            (
                f"{organization}/templates",
                lambda q, o: Reply(200, sought([template] if o == FIRST else [], q)),
            ),
            (
                f"/users/{one}/workspace/{one}",
                lambda q, u, n: found(
                    {f"ws{n}": n for n in self.workspace_numbers}, n.lower(), self.workspace
                ),
            ),
            (
                f"/workspaceagents/{one}",
                lambda q, a: found(agents, a, self.agent) if a in agents else _no_agent(),
            ),
            (
                f"/workspaceagents/{one}/logs",
                lambda q, a: Reply(200, self.logs(q)) if a in agents else _no_agent(),
            ),
            (
                f"/workspaceagents/{one}/listening-ports",
                lambda q, a: self.ports(agents[a]) if a in agents else _no_agent(),
            ),
            (
                f"/workspacebuilds/{one}/parameters",
                lambda q, b: found(builds, b, lambda n: [{"name": "region", "value": "eu"}]),
            ),
            (
                f"/templateversions/{one}/rich-parameters",
                lambda q, v: found({VERSION: 0}, v, lambda n: [{"name": "region"}]),
            ),
            (f"/workspacebuilds/{one}/resources", lambda q, b: found(builds, b, self.resources)),
            (f"/workspacebuilds/{one}/timings", lambda q, b: found(builds, b, self.timings)),
            ("/organizations", lambda q: Reply(200, organizations)),
            ("/templates", lambda q: refused_term(q) or Reply(200, sought([template], q))),
            (
                f"/templates/{one}/versions",
                lambda q, t: found({TEMPLATE: 0}, t, lambda n: manners.page([self.version()], q)),
            ),
            (
                f"/templateversions/{one}",
                lambda q, v: found({VERSION: 0}, v, lambda n: self.version()),
            ),
            (
                f"/templateversions/{one}/logs",
                lambda q, v: found({VERSION: 0}, v, lambda n: self.logs(q)),
            ),
            ("/workspaces", self._workspaces),
            (f"/workspaces/{one}", lambda q, w: found(workspaces, w, self.workspace)),
            (
                f"/workspaces/{one}/builds",
                lambda q, w: found(
                    workspaces,
                    w,
                    lambda n: [] if q.get("after_id") else self.builds(n, q),
                ),
            ),
            (f"/workspaces/{one}/watch", lambda q, w: found(workspaces, w, self.frame)),
            (
                f"/users/{one}/workspace/ws{one}/builds/1",
                lambda q, u, n: Reply(200, self.build(int(n))),
            ),
            (f"/workspacebuilds/{one}", lambda q, b: found(builds, b, self.build)),
            (
                f"/workspacebuilds/{one}/logs",
                lambda q, b: found(builds, b, lambda n: self.logs(q)),
            ),
            (f"{organization}/provisionerjobs", self._job_list),
            (f"{organization}/provisionerjobs/{one}", self._job),
            (f"{organization}/provisionerdaemons", self._daemon_list),
        ]

    def ports(self, number: int) -> Reply:
        state = self.agent(number)["status"]
        if state != "connected":
            return manners.error(
                400, f'Agent state is "{state}", it must be in the "connected" state.'
            )
        return Reply(200, {"ports": []})

    def timings(self, number: int) -> dict[str, Any]:
        return {
            "provisioner_timings": [
                {"job_id": uuid(number), "stage": "plan", "started_at": at(1), "ended_at": at(2)}
            ],
            "agent_script_timings": [],
            "agent_connection_timings": [],
        }

    def frame(self, number: int) -> dict[str, Any]:
        return self.workspace(number)

    def _of(self, organization: str) -> list[dict[str, Any]]:
        # By the id a job is stored under, so that a fault in the member does not move it.
        second = {uuid(309)}
        return [job for job in self.jobs if (job["id"] in second) == (organization == SECOND)]

    def _job_list(self, query: dict[str, list[str]], organization: str) -> Reply:
        listed = self._of(organization)
        if "ids" in query:
            wanted = query["ids"][0].split(",")
            listed = [job for job in listed if job["id"] in wanted]
        if "status" in query:
            statuses = query["status"][0].split(",")
            listed = [job for job in listed if job["status"] in statuses]
        if self.heeds_tags:
            listed = tagged(listed, query)
        return Reply(200, manners.page(listed, query, 50))

    def _job(self, query: dict[str, list[str]], organization: str, job: str) -> Reply:
        found = [one for one in self._of(organization) if one["id"] == job]
        return Reply(200, found[0]) if found else manners.missing()

    def _daemon_list(self, query: dict[str, list[str]], organization: str) -> Reply:
        listed = [one for one in self.daemons if one["organization_id"] == organization]
        if "ids" in query:
            listed = [one for one in listed if one["id"] in query["ids"][0].split(",")]
        return Reply(200, manners.page(tagged(listed, query), query, 50))


def _no_agent() -> Reply:
    words = "Agent doesn't exist with that id, or you do not have access to it."
    return manners.error(404, words)


def _is_natural(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


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
            reply.media_type = "text/event-stream"
            reply.headers |= {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            data = b"event: ping\n\nevent: data\ndata: " + data + b"\n\n"
        self.send_response_only(reply.status)
        present = datetime.now(UTC) + self.server.tiny.ahead
        self.send_header("Date", format_datetime(present, usegmt=True))
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
