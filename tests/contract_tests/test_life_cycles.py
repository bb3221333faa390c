"""Life cycles and streams: nothing on a healthy server, each broken promise found and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from coder_contract_tests.lifecycles import LIFE_CYCLE_RULES
from tests.mutation.model import Frame, Mutation, Reply, Request, Upstream
from tests.support.contract_life import Changed, Life, Lost, living, members, play, status

WORKSPACE = "GET /workspaces/{workspace}"
TTL, BUILDS = "PUT /workspaces/{workspace}/ttl", "POST /workspaces/{workspace}/builds"
CREATE = "POST /users/{user}/workspaces"
CANCEL = "PATCH /workspacebuilds/{workspacebuild}/cancel"
WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
INBOX = "GET /notifications/inbox/watch"
VERSION = "GET /templateversions/{templateversion}"
PROMOTE = "PATCH /templates/{template}/versions"
MARKED = {"message": "Job has been marked as canceled..."}


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with living() as found:
        yield found


@pytest.mark.parametrize("flags", [(), ("--edition", "unlicensed", "--daemons", "1")])
def test_a_healthy_server_raises_nothing_and_keeps_nothing(flags: tuple[str, ...]) -> None:
    with living(*flags) as life:
        played = play(life)
    assert played.errors == []
    assert played.left_behind == ()
    assert played.incomplete == ""
    assert {rule.id for rule in LIFE_CYCLE_RULES} - played.judged == set()


@dataclass(frozen=True)
class Broken:
    """A fault, the rule that must notice it, whom it must name, and the chapter that shows it."""

    name: str
    check: str
    operation: str
    chapter: str
    make: Callable[[], Mutation]


class Unfaithful(Mutation):
    """A write that hits another object of its kind, too."""

    def __init__(self) -> None:
        self.first = ""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == CREATE and request.token != upstream.token:
            reply = upstream.send(request)
            self.first = str((reply.json or {}).get("id", ""))
            self.owner = request.token
            return reply
        reply = upstream.send(request)
        if (
            request.label == TTL
            and reply.ok
            and self.first not in {"", request.params["workspace"]}
        ):
            path = f"/workspaces/{self.first}/ttl"
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


def _edit(frame: Frame, change: Callable[[Any], Any]) -> list[Frame]:
    value = frame.json
    if isinstance(value, dict) and "latest_build" in value:
        return [frame.with_json(change(value))]
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        return [frame.with_json({**value, "data": change(value["data"])})]
    return [frame]


def _as_before(frame: Frame, number: int, kept: list[Any]) -> list[Frame]:
    """Every frame tells of the build that was the latest at first."""

    def change(value: dict[str, Any]) -> dict[str, Any]:
        kept.append(value["latest_build"])
        return {**value, "latest_build": kept[0]}

    return _edit(frame, change)


def _gone_lenient(request: Request, reply: Reply) -> None:
    if reply.status == 410:
        reply.answer(404, {"message": "Gone."})


def _twice(request: Request, reply: Reply) -> None:
    if reply.status == 304:
        reply.answer(200, {})


def _pending_is_ready(request: Request, reply: Reply) -> None:
    if reply.status == 425:
        reply.answer(200, [])


def _not_foreign(request: Request, reply: Reply) -> None:
    if reply.status == 404 and "11111111" not in request.path:
        reply.refuse(404, "There is such an object, but not for you.")


def _no_field(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.status == 400 and isinstance(value, dict) and value.get("validations"):
        value["validations"][0]["field"] = "somewhere"
        reply.json = value


def _no_detail(request: Request, reply: Reply) -> None:
    value = reply.json
    if isinstance(value, dict) and value.get("detail") == "EOF":
        reply.json = {**value, "detail": "empty"}


def _lists_without(request: Request, reply: Reply) -> None:
    if reply.ok and "name%3A" in request.query:
        reply.json = {"workspaces": [], "count": 0}


def _pre_success(*path: str, value: Any) -> Callable[[Request, Reply], None]:
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


def _no_cancel_mark(request: Request, reply: Reply) -> None:
    build = reply.json
    if reply.ok and isinstance(build, dict) and build.get("job", {}).get("status") == "failed":
        build["job"].pop("canceled_at", None)
        reply.json = build


def _sleepless(request: Request, reply: Reply) -> None:
    if reply.status == 403 and "start" in str(request.body):
        reply.answer(400, {"message": "No."})


def _hides_state(request: Request, reply: Reply) -> None:
    if reply.status == 400:
        reply.refuse(400, "Not now.")


def _of_member(request: Request) -> bool:
    return request.json is not None and "ttl_ms" in request.json


def _when(**wanted: Any) -> Callable[[Request], bool]:
    return lambda request: (
        isinstance(request.json, dict)
        and all(request.json.get(key) == value for key, value in wanted.items())
    )


NEVER_LATER: list[Any] = []

BROKEN: tuple[Broken, ...] = (
    # Writes that are answered and lost.
    Broken("a ttl lost", "change_is_kept", TTL, "workspace settings", lambda: Lost(TTL, 204)),
    Broken(
        "a schedule lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/autostart",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/autostart", 204),
    ),
    Broken(
        "automatic updates lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/autoupdates",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/autoupdates", 204),
    ),
    Broken(
        "a favourite lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/favorite", 204),
    ),
    Broken(
        "an unfavourite lost",
        "change_is_kept",
        "DELETE /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Lost("DELETE /workspaces/{workspace}/favorite", 204),
    ),
    Broken(
        "an extension lost",
        "change_is_kept",
        "PUT /workspaces/{workspace}/extend",
        "workspace settings",
        lambda: Lost("PUT /workspaces/{workspace}/extend", 200, {"message": "Deadline updated."}),
    ),
    Broken(
        "a share lost",
        "created_is_there",
        "POST /workspaces/{workspace}/port-share",
        "workspace settings",
        lambda: Lost("POST /workspaces/{workspace}/port-share", 200, {}, read="/buildinfo"),
    ),
    Broken(
        "an unshare lost",
        "removed_is_gone",
        "DELETE /workspaces/{workspace}/port-share",
        "workspace settings",
        lambda: Lost("DELETE /workspaces/{workspace}/port-share", 200),
    ),
    Broken(
        "a template's change lost",
        "change_is_kept",
        "PATCH /templates/{template}",
        "templates",
        lambda: Lost("PATCH /templates/{template}", 200, read="/templates/{template}"),
    ),
    Broken(
        "a version's change lost",
        "change_is_kept",
        "PATCH /templateversions/{templateversion}",
        "template versions",
        lambda: Lost(
            "PATCH /templateversions/{templateversion}",
            200,
            read="/templateversions/{templateversion}",
        ),
    ),
    Broken(
        "an archive lost",
        "change_is_kept",
        "POST /templateversions/{templateversion}/archive",
        "template versions",
        lambda: Lost("POST /templateversions/{templateversion}/archive", 200, "archived"),
    ),
    Broken(
        "a version's cancel lost",
        "change_is_kept",
        "PATCH /templateversions/{templateversion}/cancel",
        "template versions",
        lambda: Lost("PATCH /templateversions/{templateversion}/cancel", 200, MARKED),
    ),
    Broken(
        "a deletion of a template lost",
        "removed_is_gone",
        "DELETE /templates/{template}",
        "templates",
        lambda: Lost(
            "DELETE /templates/{template}", 200, {"message": "Template has been deleted!"}
        ),
    ),
    Broken(
        "a profile lost",
        "change_is_kept",
        "PUT /users/{user}/profile",
        "users",
        lambda: Lost("PUT /users/{user}/profile", 200, read="/users/{user}"),
    ),
    Broken(
        "roles lost",
        "write_reply_shows_the_write",
        "PUT /users/{user}/roles",
        "users",
        lambda: Lost("PUT /users/{user}/roles", 200, read="/users/{user}"),
    ),
    Broken(
        "an appearance lost",
        "change_is_kept",
        "PUT /users/{user}/appearance",
        "users",
        lambda: Lost("PUT /users/{user}/appearance", 200, read="/users/{user}/appearance"),
    ),
    Broken(
        "a read that forgets a suspension",
        "reads_agree_on_a_write",
        "GET /users/{user}",
        "sessions",
        lambda: Changed("GET /users/{user}", members(status="active")),
    ),
    Broken(
        "a token's deletion lost",
        "removed_is_gone",
        "DELETE /users/{user}/keys/{keyid}",
        "tokens",
        lambda: Lost("DELETE /users/{user}/keys/{keyid}", 204),
    ),
    Broken(
        "a list of members without roles",
        "reads_agree_on_a_write",
        "GET /organizations/{organization}/members",
        "members",
        lambda: Changed(
            "GET /organizations/{organization}/members",
            lambda request, reply: setattr(
                reply, "json", [{**one, "roles": []} for one in reply.json]
            ),
        ),
    ),
    # What the replies to writes say.
    Broken(
        "a creation that shows another name",
        "write_reply_shows_the_write",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, members(name="another")),
    ),
    Broken(
        "a created workspace that is not listed",
        "reads_agree_on_a_write",
        "GET /workspaces",
        "workspaces",
        lambda: Changed("GET /workspaces", _lists_without),
    ),
    Broken(
        "a valid write refused",
        "valid_write_succeeds",
        TTL,
        "workspace settings",
        lambda: Changed(TTL, status(400, of=(204,))),
    ),
    Broken(
        "an invalid write accepted",
        "wrong_write_is_refused",
        TTL,
        "workspace settings",
        lambda: Changed(TTL, lambda request, reply: reply.nothing(204)),
    ),
    Broken(
        "a refused write that works",
        "refused_write_changes_nothing",
        "PUT /workspaces/{workspace}/autoupdates",
        "workspace settings",
        lambda: Refused("PUT /workspaces/{workspace}/autoupdates"),
    ),
    Broken("two objects hit", "write_hits_its_object", TTL, "workspace settings", Unfaithful),
    Broken(
        "a change taken back", "change_lasts", "PUT /users/{user}/appearance", "users", Reverted
    ),
    Broken(
        "a deleted key that works",
        "ended_session_is_refused",
        "DELETE /users/{user}/keys/{keyid}",
        "tokens",
        lambda: Lost("DELETE /users/{user}/keys/{keyid}", 204),
    ),
    Broken(
        "others' workspaces for a member",
        "access_is_kept_apart",
        WORKSPACE,
        "access",
        lambda: Trusting(),
    ),
    # Invariants of workspaces.
    Broken(
        "workspaces that stay up to date",
        "WS-04",
        PROMOTE,
        "builds",
        lambda: Lost(PROMOTE, 200, {"message": "Updated the active template version!"}),
    ),
    Broken(
        "a taken name accepted",
        "WS-19",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, status(201, of=(409,))),
    ),
    Broken(
        "a first build that runs",
        "WS-20",
        CREATE,
        "workspaces",
        lambda: Changed(CREATE, members(latest_build__build_number=2)),
    ),
    Broken(
        "one validation too few",
        "WS-21",
        CREATE,
        "workspaces",
        lambda: Changed(
            CREATE,
            lambda request, reply: (
                reply.refuse(400, "Validation failed.") if reply.status == 400 else None
            ),
        ),
    ),
    Broken(
        "another version than the active one",
        "WS-22",
        CREATE,
        "workspaces",
        lambda: Changed(
            WORKSPACE,
            members(latest_build__template_version_id="6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77"),
        ),
    ),
    Broken(
        "dormancy twice",
        "WS-24",
        "PUT /workspaces/{workspace}/dormant",
        "builds",
        lambda: Changed("PUT /workspaces/{workspace}/dormant", _twice),
    ),
    Broken("a dormant start", "WS-25", BUILDS, "builds", lambda: Changed(BUILDS, _sleepless)),
    Broken(
        "a deleted workspace 404",
        "WS-26",
        WORKSPACE,
        "workspaces",
        lambda: Changed(WORKSPACE, _gone_lenient),
    ),
    Broken(
        "a rename accepted",
        "WS-27",
        "PATCH /workspaces/{workspace}",
        "workspace settings",
        lambda: Changed("PATCH /workspaces/{workspace}", status(204, of=(400,))),
    ),
    Broken(
        "an extension into the past",
        "WS-28",
        "PUT /workspaces/{workspace}/extend",
        "workspace settings",
        lambda: Changed("PUT /workspaces/{workspace}/extend", status(200, of=(400,))),
    ),
    Broken(
        "a deadline that stays",
        "WS-29",
        TTL,
        "workspace settings",
        lambda: Changed(WORKSPACE, members(latest_build__deadline="2099-01-01T00:00:00Z")),
    ),
    Broken(
        "a favourite only once",
        "WS-31",
        "PUT /workspaces/{workspace}/favorite",
        "workspace settings",
        lambda: Changed("PUT /workspaces/{workspace}/favorite", status(409), after=1),
    ),
    # Of builds.
    Broken(
        "two builds at once",
        "BLD-05",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, status(400, of=(409,))),
    ),
    Broken(
        "resources before their time",
        "BLD-06",
        "GET /workspacebuilds/{workspacebuild}",
        "builds",
        lambda: Changed(
            "GET /workspacebuilds/{workspacebuild}",
            _pre_success("resources", value=[{"name": "box"}]),
        ),
    ),
    Broken(
        "a posted build without queue",
        "BLD-07",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, members(job__queue_position=3)),
    ),
    Broken(
        "another deadline",
        "BLD-08",
        WORKSPACE,
        "workspaces",
        lambda: Changed(WORKSPACE, members(latest_build__deadline="2099-01-01T00:00:00Z")),
    ),
    Broken(
        "a foreign version accepted",
        "BLD-09",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS,
            lambda request, reply: (
                reply.answer(201, {}) if "doesn't match" in reply.body.decode() else None
            ),
        ),
    ),
    Broken(
        "another version on a start",
        "BLD-10",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS, members(template_version_id="6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77")
        ),
    ),
    Broken(
        "an immutable parameter changed",
        "BLD-12",
        BUILDS,
        "builds",
        lambda: Changed(
            BUILDS,
            lambda request, reply: (
                reply.refuse(400, "No.") if b"not mutable" in reply.body else None
            ),
        ),
    ),
    Broken(
        "a late cancel", "BLD-13", CANCEL, "builds", lambda: Changed(CANCEL, status(200, of=(400,)))
    ),
    Broken(
        "a pending build not canceled",
        "BLD-14",
        CANCEL,
        "builds",
        lambda: Lost(CANCEL, 200, MARKED),
    ),
    Broken(
        "an orphan started",
        "BLD-16",
        BUILDS,
        "builds",
        lambda: Changed(BUILDS, status(409), when=_when(orphan=True)),
    ),
    Broken(
        "start scripts without timings",
        "BLD-17",
        "GET /workspaces/{workspace}/timings",
        "streams",
        lambda: Changed("GET /workspaces/{workspace}/timings", members(agent_script_timings=[])),
    ),
    Broken(
        "a cancel forgotten",
        "JOB-04",
        "GET /workspacebuilds/{workspacebuild}",
        "builds",
        lambda: Changed("GET /workspacebuilds/{workspacebuild}", _no_cancel_mark),
    ),
    # Of templates.
    Broken(
        "a template's name twice",
        "TPL-02",
        "POST /organizations/{organization}/templates",
        "templates",
        lambda: Changed("POST /organizations/{organization}/templates", status(400, of=(409,))),
    ),
    Broken(
        "nothing changed, and 200",
        "TPL-03",
        "PATCH /templates/{template}",
        "templates",
        lambda: Changed("PATCH /templates/{template}", _twice),
    ),
    Broken(
        "a template with workspaces",
        "TPL-04",
        "DELETE /templates/{template}",
        "workspaces",
        lambda: Changed("DELETE /templates/{template}", status(409, of=(400,))),
    ),
    Broken(
        "a failed version promoted",
        "TPL-05",
        PROMOTE,
        "template versions",
        lambda: Changed(PROMOTE, status(200, of=(403,))),
    ),
    Broken(
        "parameters of a pending version",
        "TPL-08",
        "GET /templateversions/{templateversion}/rich-parameters",
        "template versions",
        lambda: Changed(
            "GET /templateversions/{templateversion}/rich-parameters", _pending_is_ready
        ),
    ),
    Broken(
        "archived twice",
        "TPL-09",
        "POST /templateversions/{templateversion}/archive",
        "template versions",
        lambda: Changed("POST /templateversions/{templateversion}/archive", status(200, of=(400,))),
    ),
    Broken(
        "a deprecated template listed",
        "TPL-10",
        "GET /templates",
        "deprecation",
        lambda: Deprecated(),
    ),
    # Of users.
    Broken(
        "a new user active",
        "USR-01",
        "POST /users",
        "users",
        lambda: Changed("POST /users", members(status="active")),
    ),
    Broken(
        "a user twice",
        "USR-02",
        "POST /users",
        "users",
        lambda: Changed("POST /users", status(400, of=(409,))),
    ),
    Broken(
        "deleting oneself",
        "USR-03",
        "DELETE /users/{user}",
        "users",
        lambda: Changed("DELETE /users/{user}", status(200, of=(403,))),
    ),
    Broken(
        "a suspended user signed in",
        "USR-04",
        "PUT /users/{user}/status/suspend",
        "sessions",
        lambda: Lost("PUT /users/{user}/status/suspend", 200, read="/users/{user}"),
    ),
    Broken(
        "one's own roles",
        "USR-05",
        "PUT /users/{user}/roles",
        "users",
        lambda: Changed("PUT /users/{user}/roles", status(200, of=(400,))),
    ),
    Broken(
        "a password lost",
        "USR-06",
        "PUT /users/{user}/password",
        "sessions",
        lambda: Lost("PUT /users/{user}/password", 204),
    ),
    Broken(
        "a sign-out lost",
        "USR-07",
        "POST /users/logout",
        "sessions",
        lambda: Lost("POST /users/logout", 200, {"message": "Logged out!"}),
    ),
    # Of agents and errors.
    Broken(
        "ports of an agent that is away",
        "AGT-10",
        "GET /workspaceagents/{workspaceagent}/listening-ports",
        "access",
        lambda: Changed("GET /workspaceagents/{workspaceagent}/listening-ports", _hides_state),
    ),
    Broken(
        "a hidden object told of",
        "ERR-02",
        WORKSPACE,
        "access",
        lambda: Changed(WORKSPACE, Telling()),
    ),
    Broken("an empty body", "ERR-04", TTL, "workspace settings", lambda: Changed(TTL, _no_detail)),
    Broken(
        "a field that is none",
        "ERR-05",
        "POST /users",
        "users",
        lambda: Changed("POST /users", _no_field),
    ),
    Broken(
        "unknown members refused",
        "ERR-06",
        TTL,
        "workspace settings",
        lambda: Changed(TTL, status(400), when=lambda request: b"no_such_member" in request.body),
    ),
    # Streams.
    Broken(
        "an event stream of another kind",
        "stream_opens",
        WATCH,
        "streams",
        lambda: Opened(WATCH),
    ),
    Broken(
        "a silent watch",
        "stream_starts_in_time",
        WATCH_WS,
        "streams",
        lambda: Frames(WATCH_WS, lambda frame, number: []),
    ),
    Broken(
        "an event of another name",
        "stream_frames_match_schema",
        WATCH,
        "streams",
        lambda: Frames(
            WATCH,
            lambda frame, number: [
                Frame(frame.text, "news" if frame.event == "data" else frame.event)
            ],
        ),
    ),
    Broken(
        "a frame without workspace",
        "stream_frames_match_schema",
        WATCH_WS,
        "streams",
        lambda: Frames(WATCH_WS, lambda frame, number: _edit(frame, lambda value: {"id": 5})),
    ),
    Broken(
        "a wrong close code",
        "stream_closes_properly",
        WATCH_WS,
        "streams",
        lambda: Closed(WATCH_WS, 1000),
    ),
    Broken(
        "a frame of another workspace",
        "stream_tells_of_its_object",
        WATCH,
        "streams",
        lambda: Frames(
            WATCH,
            lambda frame, number: _edit(
                frame, lambda value: {**value, "id": "6b3a1f60-3c0e-4a4f-9d5c-0d9a3e1f2b77"}
            ),
        ),
    ),
    Broken(
        "an old workspace first",
        "WAT-01",
        WATCH,
        "streams",
        lambda: Frames(
            WATCH, lambda frame, number: _edit(frame, lambda value: {**value, "ttl_ms": 61_000})
        ),
    ),
    Broken(
        "a build that is not told",
        "WAT-02",
        WATCH_WS,
        "builds",
        lambda: Frames(WATCH_WS, lambda frame, number, kept=[]: _as_before(frame, number, kept)),  # type: ignore[misc]
    ),
    Broken(
        "a log that ends badly", "WAT-04", BUILD_LOGS, "streams", lambda: Closed(BUILD_LOGS, 1011)
    ),
    Broken(
        "a log line lost",
        "WAT-04",
        BUILD_LOGS,
        "streams",
        lambda: Frames(BUILD_LOGS, lambda frame, number: [] if number == 1 else [frame]),
    ),
    Broken(
        "an agent's log line by line",
        "WAT-05",
        AGENT_LOGS,
        "streams",
        lambda: Frames(AGENT_LOGS, lambda frame, number: [frame.with_json({"id": 1})]),
    ),
    Broken("an inbox that talks", "WAT-06", INBOX, "streams", Early),
    Broken("a favourite told", "WAT-03", WATCH, "builds", lambda: Gossip()),
    Broken(
        "agent log ids that stand still",
        "AGT-11",
        AGENT_LOGS,
        "streams",
        lambda: Frames(AGENT_LOGS, lambda frame, number: [frame.with_json([{"id": 5}, {"id": 5}])]),
    ),
    # Work, and random lives.
    Broken(
        "an empty archive imported",
        "work_ends",
        VERSION,
        "template versions",
        lambda: Changed(VERSION, _imported),
    ),
    Broken(
        "a search by status that misses",
        "workspace_life_follows_the_model",
        "GET /workspaces",
        "model",
        lambda: Changed("GET /workspaces", _no_status),
    ),
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


def _imported(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.ok and value["job"]["status"] == "failed":
        value["job"] = {k: v for k, v in value["job"].items() if k != "error"}
        value["job"]["status"] = "succeeded"
        reply.json = value


def _no_status(request: Request, reply: Reply) -> None:
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


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: f"{one.check}: {one.name}")
def test_a_broken_promise_is_found_and_named(broken: Broken, life: Life) -> None:
    played = play(life, broken.chapter, mutation=broken.make())
    found = {(one.check, one.operation) for one in played.findings if one.level == "error"}
    assert (broken.check, broken.operation) in found


def test_every_rule_has_a_fault_of_its_own() -> None:
    assert {rule.id for rule in LIFE_CYCLE_RULES} - {broken.check for broken in BROKEN} == set()
