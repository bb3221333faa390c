"""Faults of behaviour and of streams, one class or change for each way to break a promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.model import Frame, Mutation, Reply, Request, Upstream

CREATE, TTL = "POST /users/{user}/workspaces", "PUT /workspaces/{workspace}/ttl"
WORKSPACE, INBOX = "GET /workspaces/{workspace}", "GET /notifications/inbox/watch"


class Unfaithful(Mutation):
    """A write that hits another object of its kind, too."""

    def __init__(self) -> None:
        self.created = ""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == CREATE and request.token != upstream.token:
            reply = upstream.send(request)
            self.created = str((reply.json or {}).get("id", ""))
            self.owner = request.token
            return reply
        reply = upstream.send(request)
        if (
            request.label == TTL
            and reply.ok
            and self.created not in {"", request.params["workspace"]}
        ):
            path = f"/workspaces/{self.created}/ttl"
            upstream.call("PUT", path, request.json, token=self.owner)
        return reply


class Reverted(Mutation):
    """A change that shows at first and is taken back some reads later."""

    def __init__(self) -> None:
        self.reads = 0

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == "GET /users/{user}/appearance" and reply.ok:
            self.reads += 1
            if self.reads > 5:
                reply.json = {"theme_preference": "", "terminal_font": ""}
        return reply


class Frames(Mutation):
    """Changes the messages of one stream."""

    def __init__(self, label: str, change: Callable[[Frame, int], list[Frame]]) -> None:
        self.label, self.change = label, change

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return self.change(frame, number) if request.label == self.label else [frame]


class Closed(Mutation):
    """Another close code for one stream; None leaves it open."""

    def __init__(self, label: str, code: int | None) -> None:
        self.label, self.code = label, code

    def closed(self, request: Request, code: int) -> int | None:
        return self.code if request.label == self.label else code


class Early(Mutation):
    """Says something on a stream before anything happened."""

    def first(self, request: Request) -> list[Frame]:
        return [Frame('{"notification":null,"unread_count":3}')] if request.label == INBOX else []


def edit(frame: Frame, change: Callable[[Any], Any]) -> list[Frame]:
    value = frame.json
    if isinstance(value, dict) and "latest_build" in value:
        return [frame.with_json(change(value))]
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        return [frame.with_json({**value, "data": change(value["data"])})]
    return [frame]


def as_before(frame: Frame, number: int, kept: list[Any]) -> list[Frame]:
    """Every frame tells of the build that was the latest at first."""

    def change(value: dict[str, Any]) -> dict[str, Any]:
        kept.append(value["latest_build"])
        return {**value, "latest_build": kept[0]}

    return edit(frame, change)


def gone_lenient(request: Request, reply: Reply) -> None:
    if reply.status == 410:
        reply.answer(404, {"message": "Gone."})


def twice(request: Request, reply: Reply) -> None:
    if reply.status == 304:
        reply.answer(200, {})


def pending_is_ready(request: Request, reply: Reply) -> None:
    if reply.status == 425:
        reply.answer(200, [])


def not_foreign(request: Request, reply: Reply) -> None:
    if reply.status == 404 and "11111111" not in request.path:
        reply.refuse(404, "There is such an object, but not for you.")


def no_field(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.status == 400 and isinstance(value, dict) and value.get("validations"):
        value["validations"][0]["field"] = "somewhere"
        reply.json = value


def no_detail(request: Request, reply: Reply) -> None:
    value = reply.json
    if isinstance(value, dict) and value.get("detail") == "EOF":
        reply.json = {**value, "detail": "empty"}


def lists_without(request: Request, reply: Reply) -> None:
    if reply.ok and "name%3A" in request.query:
        reply.json = {"workspaces": [], "count": 0}


def pre_success(*path: str, value: Any) -> Callable[[Request, Reply], None]:
    """A member of a build that is canceled."""

    def change(request: Request, reply: Reply) -> None:
        build = reply.json
        if reply.ok and isinstance(build, dict) and build["job"]["status"] == "canceled":
            inner = build
            for part in path[:-1]:
                inner = inner[part]
            inner[path[-1]] = value
            reply.json = build

    return change


def no_cancel_mark(request: Request, reply: Reply) -> None:
    build = reply.json
    if reply.ok and isinstance(build, dict) and build.get("job", {}).get("status") == "failed":
        build["job"].pop("canceled_at", None)
        reply.json = build


def sleepless(request: Request, reply: Reply) -> None:
    if reply.status == 403 and "start" in str(request.body):
        reply.answer(400, {"message": "No."})


def hides_state(request: Request, reply: Reply) -> None:
    if reply.status == 400:
        reply.refuse(400, "Not now.")


def of_member(request: Request) -> bool:
    return request.json is not None and "ttl_ms" in request.json


def when(**wanted: Any) -> Callable[[Request], bool]:
    return lambda request: (
        isinstance(request.json, dict)
        and all(request.json.get(key) == value for key, value in wanted.items())
    )


class Gossip(Mutation):
    """Tells watchers of a favourite, by the news of a version that was active already."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == "PUT /workspaces/{workspace}/favorite" and reply.ok:
            found = upstream.call("GET", f"/workspaces/{request.params['workspace']}").json
            active = {"id": found["template_active_version_id"]}
            upstream.call("PATCH", f"/templates/{found['template_id']}/versions", active)
        return reply


def of_jobs(status: str, change: Callable[[Any], Any]) -> Callable[[Request, Reply], None]:
    """Changes the jobs of one status in a reply: its only object, or entries of its list."""

    def changed(job: Any) -> Any:
        return change(job) if isinstance(job, dict) and job.get("status") == status else job

    def edited(request: Request, reply: Reply) -> None:
        if not reply.ok:
            return
        value = reply.json
        if isinstance(value, list):
            reply.json = [one for one in map(changed, value) if one is not None]
        else:
            reply.json = changed(value)

    return edited


def without(name: str) -> Callable[[Any], Any]:
    return lambda value: {k: v for k, v in value.items() if k != name}


def untaken_runs(request: Request, reply: Reply) -> None:
    """A version whose tag no daemon has is taken all the same."""
    value = reply.json
    if reply.ok and "contract" in value["job"]["tags"] and value["job"]["status"] == "pending":
        value["job"]["status"] = "running"
        reply.json = value


class Dropped(Mutation):
    """Passes a write on without something that was asked for."""

    def __init__(self, label: str, name: str, keep: Callable[[Any], Any]) -> None:
        self.label, self.name, self.keep = label, name, keep

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == self.label and isinstance(request.json, dict):
            asked = request.json
            if asked.get(self.name):
                request = request.with_json({**asked, self.name: self.keep(asked[self.name])})
        return upstream.send(request)


def no_parameter(name: str) -> Callable[[Any], Any]:
    return lambda values: [one for one in values if one.get("name") != name]


def imported(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.ok and value["job"]["status"] == "failed":
        value["job"] = {k: v for k, v in value["job"].items() if k != "error"}
        value["job"]["status"] = "succeeded"
        reply.json = value


def no_status(request: Request, reply: Reply) -> None:
    if reply.ok and "status%3A" in request.query:
        reply.json = {"workspaces": [], "count": 0}


class Refused(Mutation):
    """Refuses what is wrong, and does something none the less."""

    def __init__(self, label: str) -> None:
        self.label = label

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label and reply.status == 400:
            upstream.send(request.with_json({"automatic_updates": "never"}))
        return reply


class Trusting(Mutation):
    """Lets everybody read any workspace."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == WORKSPACE and reply.status == 404:
            return upstream.send(request.as_user(upstream.token))
        return reply


class Telling:
    """Another 404 for what is there but hidden."""

    def __call__(self, request: Request, reply: Reply) -> None:
        if reply.status == 404 and "0000000000aa" not in request.path:
            reply.refuse(404, "You may not see this workspace.")


class Deprecated(Mutation):
    """Lists deprecated templates like any other."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == "GET /templates" and not request.query:
            one, other = (
                upstream.send(request),
                upstream.send(request.other(query="q=deprecated:true")),
            )
            one.json = [*one.json, *other.json]
            return one
        return upstream.send(request)


class Opened(Mutation):
    """Another media type for a stream."""

    def __init__(self, label: str) -> None:
        self.label = label

    def opened(self, request: Request, reply: Reply) -> Reply:
        if request.label == self.label:
            reply.set("Content-Type", "application/json")
        return reply
