"""Twins of the rules about searches, names, resources, and what browsers are told."""

from __future__ import annotations

from typing import Any

from tests.support.contract_faults import BUILD, DAEMONS, LIST, WORKSPACES, Fault
from tests.support.contract_manners import Reply
from tests.support.contract_more_faults import TEMPLATES, USER, USERS, body, when
from tests.support.contract_server import FIRST, MEMBER, at, uuid

BUILDS = "GET /workspaces/{workspace}/builds"
RESOURCES = "GET /workspacebuilds/{workspacebuild}/resources"
THEIRS = "GET /users/{user}/organizations"
ROLES = "GET /users/{user}/roles"
TIMINGS = "GET /workspaces/{workspace}/timings"
DAYS = "GET /insights/daus"
PREVIOUS = (
    "GET /organizations/{organization}/templates/{templatename}/versions/{templateversionname}"
    "/previous"
)
_SUCCEEDED = uuid(402)


def _asks(part: str) -> Any:
    """Whether a request was answered that has this in its target."""
    return lambda method, target, reply: part in target and reply.status == 200


def _with_headers(end: str, **headers: str) -> Any:
    def inject(tiny: Any) -> None:
        def alter(method: str, target: str, reply: Reply) -> Reply:
            if target.partition("?")[0].endswith(end) and reply.status == 200:
                reply.headers |= {name.replace("_", "-"): one for name, one in headers.items()}
            return reply

        tiny.alter = alter

    return inject


def _preflight_lets_in(tiny: Any) -> None:
    def alter(method: str, target: str, reply: Reply) -> Reply:
        if method == "OPTIONS" and target.partition("?")[0].endswith("/api/v2/templates"):
            reply.headers["Access-Control-Allow-Origin"] = "*"
        return reply

    tiny.alter = alter


def _for_nobody(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in one if key != "available_workers"} for one in jobs]


def _without_last(daemons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "previous_job": None} for one in daemons]


def _expired(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "users": [{**one, "expires_at": at(0)} for one in value["users"]]}


def _stopping(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "workspace_transition": "stop"} for one in items]


SEARCH_FAULTS: tuple[Fault, ...] = (
    Fault("since ignored", "time_window_is_exact", BUILDS,
          lambda tiny: setattr(tiny, "builds", lambda number, query: [tiny.build(number)])),
    Fault("an older user left out", "time_window_is_exact", USERS,
          when(_asks("created_after"), body={"users": [], "count": 0})),
    Fault("an unknown id ignored", "nobody_is_found", DAEMONS,
          when(_asks("ids=11111111"), body=[{"id": uuid(40), "organization_id": uuid(1)}])),
    Fault("unknown tags ignored", "nobody_is_found", DAEMONS,
          when(_asks("such%20tag"), body=[{"id": uuid(40), "organization_id": uuid(1)}])),
    Fault("an owner left out by role", "searches_are_exact", USERS,
          when(_asks("role%3Aowner"), body={"users": [], "count": 0})),
    Fault("the name ignored behind its owner", "searches_are_exact", WORKSPACES,
          when(_asks("q=admin/"), body={"workspaces": [], "count": 0})),
    Fault("a daemon left out that could take it", "JOB-13", LIST,
          body(f"{FIRST}/provisionerjobs", _for_nobody), include=(LIST, DAEMONS)),
    Fault("somebody else by name", "names_mean_the_same", USER,
          body("/users/admin", lambda user: {**user, "roles": []})),
    Fault("somebody of nowhere", "people_belong_where_they_are_told_to", THEIRS,
          body(f"/users/{MEMBER}/organizations", lambda items: items[:1]),
          include=(THEIRS, USERS, USER)),
    Fault("roles forgotten", "people_belong_where_they_are_told_to", ROLES,
          body("/roles", lambda value: {**value, "roles": []}), include=(ROLES, USERS, USER)),
    Fault("a resource forgotten", "resources_are_of_their_build", RESOURCES,
          body(f"{_SUCCEEDED}/resources", lambda items: items[1:]),
          include=(RESOURCES, BUILD, WORKSPACES)),
    Fault("a start's resource for a stop", "resources_are_of_their_transition", BUILD,
          body(f"/workspacebuilds/{_SUCCEEDED}",
               lambda build: {**build, "resources": _stopping(build["resources"])})),
    Fault("a version before itself", "previous_version_is_another", PREVIOUS,
          body("/previous", lambda version: {**version, "name": "v1"})),
    Fault("a day left out", "days_have_no_gap", DAYS,
          body("/daus", lambda value: {**value, "entries": value["entries"][1:]})),
    Fault("days backwards", "days_have_no_gap", DAYS,
          body("/daus", lambda value: {**value, "entries": value["entries"][::-1]})),
    Fault("no timings of a workspace", "timings_are_the_latest_builds", TIMINGS,
          body(f"/workspaces/{uuid(502)}/timings",
               lambda value: {name: [] for name in value}),
          include=(TIMINGS, "GET /workspacebuilds/*", "GET /workspaces*")),
    Fault("another version of the build", "one_build_has_one_version", "GET /buildinfo",
          body("/buildinfo", lambda value: {**value, "version": "v1.0.0"})),
    Fault("no last job", "previous_job_is_the_last", DAEMONS,
          body(f"{FIRST}/provisionerdaemons", _without_last), include=(DAEMONS, LIST)),
    Fault("expired before it was made", "times_are_plausible", USERS,
          body("/users", _expired)),
    Fault("a stranger let in", "strange_origins_are_refused", TEMPLATES,
          _with_headers("/api/v2/templates",
                        Access_Control_Allow_Origin="https://stranger.example")),
    Fault("a preflight that lets everybody in", "strange_origins_are_refused", TEMPLATES,
          _preflight_lets_in),
    Fault("an answer kept by caches", "answers_are_not_kept", TEMPLATES,
          _with_headers("/api/v2/templates", Cache_Control="public, max-age=60"),
          include=("GET /*",)),
    Fault("an answer's type guessed", "answers_are_not_kept", TEMPLATES,
          _with_headers("/api/v2/templates", X_Content_Type_Options="sniff"),
          include=("GET /*",)),
)  # fmt: skip
