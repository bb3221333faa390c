"""More twins: templates, users, agents, errors and streams."""

from __future__ import annotations

from tests.mutation.model import Frame
from tests.support.contract_life import Changed, Lost, members, status
from tests.support.contract_life_faults import Broken
from tests.support.contract_life_mutations import (
    Closed,
    Deprecated,
    Dropped,
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
    no_parameter,
    no_status,
    of_jobs,
    pending_is_ready,
    twice,
    untaken_runs,
    without,
)

WORKSPACE = "GET /workspaces/{workspace}"
TTL = "PUT /workspaces/{workspace}/ttl"
WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
METADATA_WS = "GET /workspaceagents/{workspaceagent}/watch-metadata-ws"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
INBOX = "GET /notifications/inbox/watch"
VERSION = "GET /templateversions/{templateversion}"
VERSIONS = "POST /organizations/{organization}/templateversions"
BUILDS = "POST /workspaces/{workspace}/builds"
JOBS = "GET /organizations/{organization}/provisionerjobs"
JOB = f"{JOBS}/{{job}}"
DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
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
        "silent metadata",
        "stream_starts_in_time",
        METADATA_WS,
        "streams",
        lambda: Frames(METADATA_WS, lambda frame, number: []),
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
    # Jobs that wait, run or are being canceled, and what they were asked for with.
    Broken(
        "a pending job that is not listed",
        "reads_agree_on_a_write",
        JOBS,
        "template versions",
        lambda: Changed(JOBS, of_jobs("pending", lambda job: None)),
    ),
    Broken(
        "a pending job without a place",
        "JOB-16",
        JOB,
        "template versions",
        lambda: Changed(JOB, of_jobs("pending", lambda job: {**job, "queue_position": 0})),
    ),
    Broken(
        "a running job without its worker's name",
        "JOB-12",
        JOB,
        "builds",
        lambda: Changed(JOB, of_jobs("running", without("worker_name"))),
    ),
    Broken(
        "a job that loses its worker's name with its cancel",
        "JOB-12",
        JOBS,
        "builds",
        lambda: Changed(JOBS, of_jobs("canceling", without("worker_name"))),
    ),
    Broken(
        "a canceling job shown as running",
        "reads_agree_on_a_write",
        JOB,
        "builds",
        lambda: Changed(JOB, of_jobs("canceling", lambda job: {**job, "status": "running"})),
    ),
    Broken(
        "a daemon idle at work",
        "JOB-25",
        DAEMONS,
        "builds",
        lambda: Changed(
            DAEMONS,
            of_jobs("busy", lambda one: {**without("current_job")(one), "status": "idle"}),
        ),
    ),
    Broken(
        "a version's tags lost",
        "write_reply_shows_the_write",
        VERSIONS,
        "template versions",
        lambda: Dropped(VERSIONS, "tags", lambda tags: {}),
    ),
    Broken(
        "a tagged import that is taken",
        "created_is_there",
        VERSIONS,
        "template versions",
        lambda: Changed(VERSION, untaken_runs),
    ),
    Broken(
        "a slow build's parameter lost",
        "created_is_there",
        BUILDS,
        "builds",
        lambda: Dropped(BUILDS, "rich_parameter_values", no_parameter("seconds")),
    ),
    Broken(
        "a template's tags lost",
        "change_is_kept",
        BUILDS,
        "builds",
        lambda: Dropped(BUILDS, "rich_parameter_values", no_parameter("daemon_scope")),
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
