"""Faults that remember: what was written, who signed in, what must not be seen again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import Inject, answered, is_one_of
from tests.mutation.faults.writes import LOGIN, PASSWORD, TTL, WORKSPACE, ttl_fits
from tests.mutation.model import Mutation, Reply, Request, Upstream


class _Twin(Mutation):
    """A write that is passed on and then taken back, or done to another object, too."""

    def __init__(self, label: str, after: Callable[[Request, Reply, Upstream], None]) -> None:
        self.label, self.after = label, after

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label:
            self.after(request, reply, upstream)
        return reply


def afterwards(label: str, do: Callable[[Request, Reply, Upstream], None]) -> Inject:
    return lambda: _Twin(label, do)


class Reverting(Mutation):
    """A ttl goes back to what it was some requests after it was set."""

    def __init__(self) -> None:
        self.left = -1
        self.undo: tuple[str, Any] | None = None

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == TTL and self.undo is None and ttl_fits(request):
            path = f"/workspaces/{request.params['workspace']}"
            was = upstream.call("GET", path, token=request.token).json
            reply = upstream.send(request)
            self.undo = (f"{path}/ttl", {"ttl_ms": was.get("ttl_ms")})
            self.left = 15
            return reply
        if self.undo is not None:
            self.left -= 1
            if self.left == 0:
                upstream.call("PUT", *self.undo)
                self.undo = None
        return upstream.send(request)


class _Sessions(Mutation):
    """Sessions that should have ended are kept: known by the password their user signed in with."""

    def __init__(self, ends: Callable[[Request], bool]) -> None:
        self.ends = ends
        self.renewed: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        self.changed: dict[str, str] = {}

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        token = request.token
        reply = upstream.send(request.as_user(self.renewed.get(token, token)) if token else request)
        if request.label == LOGIN and reply.ok:
            self.emails[reply.json["session_token"]] = request.json["email"]
        if request.label == PASSWORD and reply.ok and token in self.emails:
            body = {"email": self.emails[token], "password": request.json["password"]}
            again = upstream.call("POST", "/users/login", body)
            if again.ok:
                self.renewed[token] = again.json["session_token"]
        return reply


def kept_sessions() -> Mutation:
    return _Sessions(lambda request: request.label == PASSWORD)


class Suspended(Mutation):
    """A suspended user goes on as before."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.status == 401 and b"suspended" in reply.body and request.label != LOGIN:
            return upstream.send(request.as_user(upstream.token))
        return reply


class _Gates(Mutation):
    """Refusals of others' things to ordinary members are not made for these operations."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if (
            reply.status in {403, 404, 500}
            and request.token
            and request.token != upstream.token
            and is_one_of(request, self.labels)
        ):
            passed = upstream.send(request.as_user(upstream.token))
            return passed if passed.ok else reply
        return reply


def opened_to(*labels: str) -> Inject:
    return lambda: _Gates(labels)


class Hidden(Mutation):
    """What a creation answered with is found nowhere."""

    def __init__(self, creates: str, *reads: str) -> None:
        self.creates, self.reads = creates, reads
        self.hidden: set[str] = set()
        self.names: set[str] = set()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok else None
        if request.label == self.creates and isinstance(value, dict) and "id" in value:
            self.hidden.add(value["id"])
            self.names.add(str(value.get("name") or value.get("username") or ""))
        elif self.hidden and value is not None and is_one_of(request, self.reads):
            if isinstance(value, dict) and value.get("id") in self.hidden:
                reply.refuse(404, "Resource not found or you do not have access to this resource")
            else:
                for found in [value] if isinstance(value, list) else list(value.values()):
                    if isinstance(found, list):
                        kept = [
                            one
                            for one in found
                            if not isinstance(one, dict) or one.get("id") not in self.hidden
                        ]
                        found[:] = kept
                reply.json = value
        return reply


class Deadline(Mutation):
    """A deadline is shown although the ttl was taken away."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok and request.label == WORKSPACE else None
        if isinstance(value, dict):
            build = value["latest_build"]
            if build["deadline"]:
                self.kept[build["id"]] = build["deadline"]
            elif build["id"] in self.kept:
                build["deadline"] = self.kept[build["id"]]
                reply.json = value
        return reply


def zombie() -> Mutation:
    """A deleted workspace stays readable by id."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status == 410:
            return upstream.send(request.other(query="include_deleted=true"))
        return reply

    return answered(WORKSPACE, by=give)()
