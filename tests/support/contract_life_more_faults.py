"""More twins: templates, users, agents, errors and streams."""

from __future__ import annotations

from tests.mutation.model import Frame
from tests.support.contract_life import Changed, Lost, members, status
from tests.support.contract_life_faults import Broken
from tests.support.contract_life_mutations import (
    Closed,
    Deprecated,
    Early,
    Frames,
    Gossip,
    Opened,
    Telling,
    as_before,
    edit,
    hides_state,
    imported,
    no_detail,
    no_field,
    no_status,
    pending_is_ready,
    twice,
)

WORKSPACE = "GET /workspaces/{workspace}"
TTL = "PUT /workspaces/{workspace}/ttl"
WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
INBOX = "GET /notifications/inbox/watch"
VERSION = "GET /templateversions/{templateversion}"
PROMOTE = "PATCH /templates/{template}/versions"


MORE_BROKEN: tuple[Broken, ...] = (
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
        lambda: Changed("PATCH /templates/{template}", twice),
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
            "GET /templateversions/{templateversion}/rich-parameters", pending_is_ready
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
        lambda: Changed("GET /workspaceagents/{workspaceagent}/listening-ports", hides_state),
    ),
    Broken(
        "a hidden object told of",
        "ERR-02",
        WORKSPACE,
        "access",
        lambda: Changed(WORKSPACE, Telling()),
    ),
    Broken("an empty body", "ERR-04", TTL, "workspace settings", lambda: Changed(TTL, no_detail)),
    Broken(
        "a field that is none",
        "ERR-05",
        "POST /users",
        "users",
        lambda: Changed("POST /users", no_field),
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
        lambda: Frames(WATCH_WS, lambda frame, number: edit(frame, lambda value: {"id": 5})),
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
            lambda frame, number: edit(
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
            WATCH, lambda frame, number: edit(frame, lambda value: {**value, "ttl_ms": 61_000})
        ),
    ),
    Broken(
        "a build that is not told",
        "WAT-02",
        WATCH_WS,
        "builds",
        lambda: Frames(WATCH_WS, lambda frame, number, kept=[]: as_before(frame, number, kept)),  # type: ignore[misc]
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
        lambda: Changed(VERSION, imported),
    ),
    Broken(
        "a search by status that misses",
        "workspace_life_follows_the_model",
        "GET /workspaces",
        "model",
        lambda: Changed("GET /workspaces", no_status),
    ),
)
