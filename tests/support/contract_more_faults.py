"""Twins of the probes, of the relations, and of the invariants of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.contract_faults import BUILD, DAEMONS, LIST, WORKSPACES, Fault, answer, edited
from tests.support.contract_manners import Reply, error, missing
from tests.support.contract_server import FIRST, MEMBER, SECOND, VERSION, TinyCoder, at, uuid

Inject = Callable[[TinyCoder], None]
TEMPLATES = "GET /templates"
ORGANIZATIONS = "GET /organizations"
USER = "GET /users/{user}"
USERS = "GET /users"
BY_ID = "GET /workspaces/{workspace}"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"
BUILDS = "GET /workspaces/{workspace}/builds"
VERSIONS = "GET /templates/{template}/versions"
ONE_VERSION = "GET /templateversions/{templateversion}"
AGENT = "GET /workspaceagents/{workspaceagent}"
LOGIN = "POST /users/login"
INBOX = "GET /notifications/inbox"
QUOTA = "GET /organizations/{organization}/members/{user}/workspace-quota"
OF_ONE = "GET /organizations/{organization}/templates"


def when(condition: Callable[[str, str, Reply], bool], **attributes: Any) -> Inject:
    """Another reply where method, target and reply meet a condition."""

    def inject(tiny: TinyCoder) -> None:
        def alter(method: str, target: str, reply: Reply) -> Reply:
            return edited(**attributes)(reply) if condition(method, target, reply) else reply

        tiny.alter = alter

    return inject


def at_path(end: str, method: str = "GET", status: int = 0) -> Callable[[str, str, Reply], bool]:
    """Whether a request is for paths that end so, and was to be answered with this status."""

    def met(asked: str, target: str, reply: Reply) -> bool:
        path = target.partition("?")[0]
        return asked == method and path.endswith(end) and (not status or reply.status == status)

    return met


def body(end: str, change: Callable[[Any], Any], *, query: str = "") -> Inject:
    """Another body where a path ends so and the reply is a success."""

    def edit(reply: Reply) -> Reply:
        if reply.status == 200:
            reply.body = change(reply.body)
        return reply

    return answer(end, edit, when=query)


def workspace(**members: Any) -> Inject:
    """Other members for the first workspace, wherever it is shown."""

    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.workspace
        tiny.workspace = lambda number: (  # type: ignore[method-assign]
            {**healthy(number), **members} if number == 302 else healthy(number)
        )

    return inject


def build(number: int, **members: Any) -> Inject:
    """Other members for one build, wherever it is shown."""

    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.build
        tiny.build = lambda one: (  # type: ignore[method-assign]
            {**healthy(one), **members} if one == number else healthy(one)
        )

    return inject


def agent(index: int, **members: Any) -> Inject:
    """Other members for an agent in its build; None takes one away."""

    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.resources

        def resources(number: int) -> list[dict[str, Any]]:
            made = healthy(number)
            for resource in made:
                one = resource["agents"][index]
                one.update(members)
                for name in [name for name, value in members.items() if value is ...]:
                    del one[name]
            return made

        tiny.resources = resources  # type: ignore[method-assign]

    return inject


def app(**members: Any) -> Inject:
    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.resources

        def resources(number: int) -> list[dict[str, Any]]:
            made = healthy(number)
            for resource in made:
                resource["agents"][0]["apps"][0].update(members)
            return made

        tiny.resources = resources  # type: ignore[method-assign]

    return inject


def searching(change: Callable[[dict[str, list[str]]], dict[str, list[str]]]) -> Inject:
    """The list of workspaces as if something else had been asked."""

    def inject(tiny: TinyCoder) -> None:
        healthy = tiny._workspaces
        tiny._workspaces = lambda query: healthy(change(query))  # type: ignore[method-assign]

    return inject


def _hides_one(tiny: TinyCoder) -> None:
    healthy = tiny.listed_workspaces
    tiny.listed_workspaces = lambda query: [  # type: ignore[method-assign]
        one for one in healthy(query) if one["name"] != "ws303"
    ]


def _flips(tiny: TinyCoder) -> None:
    asked = {"times": 0}

    def edit(reply: Reply) -> Reply:
        asked["times"] += 1
        if reply.status == 200 and asked["times"] % 2:
            reply.body = [{**one, "name": "other"} for one in reply.body]
        return reply

    answer("/api/v2/templates", edit)(tiny)


def _without(name: str) -> Callable[[dict[str, list[str]]], dict[str, list[str]]]:
    return lambda query: {key: value for key, value in query.items() if key != name}


def _any_search(tiny: TinyCoder) -> None:
    tiny.bad_search = lambda text: None  # type: ignore[method-assign]
    tiny.listed_workspaces = lambda query: [  # type: ignore[method-assign]
        tiny.workspace(number) for number in tiny.workspace_numbers
    ]


def _first(**members: Any) -> Callable[[Any], Any]:
    return lambda items: [{**one, **members} for one in items[:1]] + items[1:]


def _with(**members: Any) -> Callable[[Any], Any]:
    return lambda value: {**value, **members}


def _lacks_a_feature(value: Any) -> Any:
    return {**value, "features": {k: v for k, v in value["features"].items() if k != "scim"}}


_SUCCEEDED, _PENDING = uuid(402), 307
_TEMPLATES = "/api/v2/templates"
_HEALTHY = {"healthy": True, "failing_agents": [uuid(603)]}

CHECK_FAULTS: tuple[Fault, ...] = (
    Fault("JSON without charset", "body_is_sent_plain", TEMPLATES,
          when(at_path(_TEMPLATES), media_type="application/json")),
    Fault("an encoding nobody asked for", "body_is_sent_plain", TEMPLATES,
          lambda tiny: setattr(tiny, "alter", _encoded)),
    Fault("a member too many", "members_are_documented", ORGANIZATIONS,
          body("/organizations", _first(colour="red")), level="note"),
    Fault("an integer with a fraction", "numbers_are_whole", BUILD, build(302, build_number=1.0)),
    Fault("a key twice", "keys_stand_once", "GET /buildinfo",
          when(at_path("/buildinfo"), raw=b'{"version":"v1","version":"v2"}')),
    Fault("a build made tomorrow", "times_are_plausible", BUILD,
          build(302, created_at="2999-01-01T00:00:00Z", updated_at="2999-01-01T00:00:00Z")),
    Fault("a time with an offset", "times_are_plausible", BUILD,
          build(302, created_at="2025-05-19T12:00:00+02:00")),
    Fault("an update before the creation", "times_are_plausible", BUILD,
          build(302, updated_at="2024-01-01T00:00:00Z")),
    Fault("more bytes than announced", "reply_is_complete", TEMPLATES,
          when(at_path(_TEMPLATES, status=200), raw=b"[]      ", length=2)),
    Fault("a null name", "response_matches_schema", TEMPLATES, body(_TEMPLATES, _first(name=None))),
    Fault("201 for a read", "status_is_documented", TEMPLATES,
          when(at_path(_TEMPLATES, status=200), status=201)),
)  # fmt: skip


def _encoded(method: str, target: str, reply: Reply) -> Reply:
    if target.endswith(_TEMPLATES):
        reply.headers["Content-Encoding"] = "gzip"
    return reply


def _limited(method: str, target: str, reply: Reply) -> Reply:
    reply.headers |= {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "9"}
    return reply


def _same_id(method: str, target: str, reply: Reply) -> Reply:
    if target.endswith(_TEMPLATES):
        reply.headers["X-Coder-Request-Id"] = uuid(999)
    return reply


def _other_version(method: str, target: str, reply: Reply) -> Reply:
    if target.endswith(_TEMPLATES):
        reply.headers["X-Coder-Build-Version"] = "v1.0.0"
    return reply


def _says(text: str) -> dict[str, str]:
    return {"message": text}


PROBE_FAULTS: tuple[Fault, ...] = (
    Fault("anybody may read", "ERR-01", TEMPLATES,
          when(at_path(_TEMPLATES, status=401), status=200, body=[])),
    Fault("strangers in other words", "ERR-01", TEMPLATES,
          when(at_path(_TEMPLATES, status=401), body=_says("No."))),
    Fault("a broken token in other words", "token_is_read_where_promised", USER,
          when(lambda m, t, r: r.status == 401 and "got 3" in str(r.body), body=_says("No."))),
    Fault("HEAD unlike GET", "ERR-07", TEMPLATES,
          when(at_path(_TEMPLATES, "HEAD"), status=404, body=None)),
    Fault("405 without Allow", "ERR-07", TEMPLATES, when(at_path(_TEMPLATES, "HEAD"), headers={})),
    Fault("an unknown path found", "ERR-08", "GET /api/v2/no/such/route",
          when(at_path("/no/such/route"), body=_says("Nothing here.")), include=(WORKSPACES,)),
    Fault("a preflight refused", "preflight_is_answered", TEMPLATES,
          when(at_path(_TEMPLATES, "OPTIONS", 200), status=403, body=_says("No."))),
    Fault("a malformed id not found", "malformed_id_is_refused", BUILD,
          when(at_path("/workspacebuilds/abc"), status=404, body=missing().body)),
    Fault("an unknown id in other words", "ERR-02", BUILD,
          when(at_path("11111111-1111-4111-8111-111111111111"), body=_says("No build."))),
    Fault("an unknown user not found", "ERR-03", USER,
          when(at_path("/users/no-such-name-1"), status=404, body=missing().body)),
    Fault("a negative limit accepted", "ERR-10", WORKSPACES,
          when(lambda m, t, r: "limit=-1" in t, status=200, body={"workspaces": [], "count": 0})),
    Fault("an unknown key refused", "unknown_keys_are_as_promised", TEMPLATES,
          when(lambda m, t, r: f"{_TEMPLATES}?no_such" in t, status=400, body=_says("What?"))),
    Fault("an unknown key accepted", "unknown_keys_are_as_promised", DAEMONS,
          when(lambda m, t, r: "daemons?" in t and "no_such" in t, status=200, body=[])),
    Fault("a broken body in other words", "ERR-04", LOGIN,
          when(at_path("/users/login", "POST", 400), body=_says("Broken.")),
          include=(LOGIN, WORKSPACES)),
    Fault("unknown members refused", "ERR-06", LOGIN,
          when(at_path("/users/login", "POST", 401), status=400,
               body=error(400, "Validation failed.").body),
          include=(LOGIN, WORKSPACES)),
    Fault("a validation of nothing", "ERR-05", WORKSPACES,
          when(lambda m, t, r: "limit=abc" in t,
               body=error(400, "Query parameters have invalid values.", "", ("", "no")).body)),
    Fault("a request id used twice", "ERR-09", TEMPLATES,
          lambda tiny: setattr(tiny, "alter", _same_id)),
    Fault("another version", "ERR-09", TEMPLATES,
          lambda tiny: setattr(tiny, "alter", _other_version), include=("GET /*",)),
    Fault("more left than allowed", "ERR-12", TEMPLATES,
          lambda tiny: setattr(tiny, "alter", _limited)),
    Fault("a listed build not found", "listed_things_are_readable", BUILD,
          when(at_path(f"/workspacebuilds/{_SUCCEEDED}"), status=404, body=missing().body)),
)  # fmt: skip

RELATION_FAULTS: tuple[Fault, ...] = (
    Fault("another build than asked for", "object_is_the_one_asked_for", BUILD,
          body(f"/workspacebuilds/{_SUCCEEDED}", _with(id=uuid(403)))),
    Fault("a count too high", "count_is_true", WORKSPACES, body("/workspaces", _with(count=9))),
    Fault("a count too low", "count_is_true", WORKSPACES, body("/workspaces", _with(count=0))),
    Fault("users in no order", "order_is_documented", USERS,
          body("/users", lambda value: {**value, "users": value["users"][::-1]})),
    Fault("a template twice", "list_has_nothing_twice", TEMPLATES,
          body(_TEMPLATES, lambda items: items * 2)),
    Fault("offset ignored", "pages_join_to_the_list", WORKSPACES, searching(_without("offset"))),
    Fault("limit ignored", "pages_join_to_the_list", WORKSPACES, searching(_without("limit"))),
    Fault("search ignored", "filter_is_exact", WORKSPACES, searching(_without("q"))),
    Fault("an id in capitals", "uuids_are_in_small_letters", WORKSPACES,
          workspace(template_id="ABCDEF01-3c0e-4a4f-9d5c-000000000010")),
    Fault("no dormant one found", "workspace_terms_are_exact", WORKSPACES,
          body("/workspaces", lambda v: {"workspaces": [], "count": 0}, query="has-agent")),
    Fault("unknown terms taken", "unknown_search_terms_are_refused", USERS,
          when(lambda m, target, reply: "/users?q=nosuch" in target, status=200,
               body={"users": [], "count": 0})),
    Fault("a match left out", "filter_is_exact", WORKSPACES,
          body("/workspaces", lambda v: {"workspaces": v["workspaces"][1:],
                                         "count": v["count"] - 1}, query="status%3A")),
    Fault("a template lost in its organization", "lists_agree", OF_ONE,
          body(f"{FIRST}/templates", lambda items: []), include=(OF_ONE, TEMPLATES)),
    Fault("a template leaked to another organization", "lists_agree", OF_ONE,
          body(f"{SECOND}/templates", lambda items: [{"id": uuid(20), "name": "box"}]),
          include=(OF_ONE, TEMPLATES)),
    Fault("a workspace not listed", "everything_is_listed", WORKSPACES, _hides_one,
          include=(WORKSPACES, BY_ID, LIST)),
    Fault("another organization by name", "values_agree", BY_NAME,
          body("/workspace/ws302", _with(organization_id=SECOND)),
          include=(BY_NAME, BY_ID, WORKSPACES)),
    Fault("another template's name", "values_agree", TEMPLATES,
          body(_TEMPLATES, _first(name="crate")), include=(TEMPLATES, OF_ONE, WORKSPACES, BY_ID)),
    Fault("a name that wavers", "reads_are_stable", TEMPLATES, _flips),
)  # fmt: skip

OBJECT_FAULTS: tuple[Fault, ...] = (
    Fault("another name in the build", "WS-01", WORKSPACES, build(302, workspace_name="other")),
    Fault("a build that is not the latest", "WS-02", BUILDS,
          body(f"{uuid(502)}/builds", lambda b: [{**b[0], "id": uuid(9), "build_number": 2}, *b]),
          include=(BUILDS, BY_ID)),
    Fault("outdated for no reason", "WS-03", WORKSPACES, workspace(outdated=True)),
    Fault("healthy with a failing agent", "WS-05", WORKSPACES, workspace(health=_HEALTHY)),
    Fault("deleted awake", "WS-06", WORKSPACES, workspace(deleting_at=at(900))),
    Fault("a stranger's favourite", "WS-07", WORKSPACES,
          workspace(favorite=True, owner_id=MEMBER)),
    Fault("a negative time to live", "WS-08", WORKSPACES, workspace(ttl_ms=-5)),
    Fault("a deleted workspace listed", "WS-11", WORKSPACES, build(302, status="deleted")),
    Fault("not one of our own", "WS-14", WORKSPACES,
          body("/workspaces", lambda v: {"workspaces": [], "count": 0}, query="q=owner:me")),
    Fault("any search accepted", "WS-16", WORKSPACES, _any_search),
    Fault("capitals not found", "WS-18", BY_NAME,
          when(at_path("/workspace/WS302"), status=404, body=missing().body)),
    Fault("a start without schedule", "WS-30", WORKSPACES, workspace(next_start_at=at(900))),
    Fault("a first build numbered two", "BLD-01", BUILDS, build(302, build_number=2)),
    Fault("stopped by a start", "BLD-04", BUILD, build(302, status="stopped")),
    Fault("resources before the work", "BLD-06", BUILD,
          build(_PENDING, resources=[{"id": uuid(551), "name": "early"}])),
    Fault("a deadline before the work", "BLD-08", BUILD, build(_PENDING, deadline=at(900))),
    Fault("parameters forgotten", "BLD-11", "GET /workspacebuilds/{workspacebuild}/parameters",
          body("/parameters", lambda items: []),
          include=("GET /workspacebuilds/*", "GET /templateversions/*", WORKSPACES)),
    Fault("provisioners for finished work", "BLD-15", BUILD,
          build(302, matched_provisioners={"count": 1, "available": 1,
                                           "most_recently_seen": at(1)})),
    Fault("timings of another job", "BLD-17", "GET /workspacebuilds/{workspacebuild}/timings",
          body("/timings", lambda v: {**v, "provisioner_timings": [
              {**v["provisioner_timings"][0], "job_id": uuid(999)}]}),
          include=("GET /workspacebuilds/*", WORKSPACES)),
    Fault("built on a whim", "BLD-18", BUILD, build(302, reason="whim")),
    Fault("an agent of another resource", "AGT-01", WORKSPACES, agent(0, resource_id=uuid(9))),
    Fault("connected since never", "AGT-02", WORKSPACES, agent(1, first_connected_at=...)),
    Fault("lost before it was met", "AGT-03", WORKSPACES, agent(2, disconnected_at=at(1))),
    Fault("connecting, but met", "AGT-04", WORKSPACES, agent(0, last_connected_at=at(1))),
    Fault("ready, but never started", "AGT-05", WORKSPACES, agent(1, started_at=...)),
    Fault("unwell for no reason", "AGT-06", WORKSPACES, agent(2, health={"healthy": False})),
    Fault("an app's health unchecked", "AGT-07", WORKSPACES, app(health="healthy")),
    Fault("a subdomain without subdomain", "AGT-08", WORKSPACES, app(subdomain=False)),
    Fault("an agent's parent", "AGT-09", WORKSPACES, agent(0, parent_id=uuid(602))),
    Fault("ports of nobody", "AGT-10", "GET /workspaceagents/{workspaceagent}/listening-ports",
          lambda tiny: setattr(tiny, "ports", lambda number: Reply(200, {"ports": []})),
          include=("GET /workspaceagents/*", WORKSPACES)),
    Fault("an agent's log backwards", "AGT-11", "GET /workspaceagents/{workspaceagent}/logs",
          body(f"{uuid(601)}/logs", lambda lines: lines[::-1])),
    Fault("another template's version", "TPL-01", ONE_VERSION,
          body(f"/templateversions/{VERSION}", _with(template_id=SECOND)),
          include=(ONE_VERSION, TEMPLATES)),
    Fault("an active version archived", "TPL-06", VERSIONS,
          body("/versions", _first(archived=True), query="include_archived")),
    Fault("an archived version listed", "TPL-07", VERSIONS,
          body("/versions", _first(archived=True))),
    Fault("no build times", "TPL-11", TEMPLATES, body(_TEMPLATES, _first(build_time_stats={}))),
    Fault("two default organizations", "USR-08", ORGANIZATIONS,
          body("/organizations", lambda items: [{**one, "is_default": True} for one in items])),
    Fault("Everyone elsewhere", "USR-09", "GET /groups", body("/groups", _first(id=uuid(9)))),
    Fault("an unread count that varies", "USR-11", INBOX,
          body("/inbox", _with(unread_count=3), query="read_status=unread")),
    Fault("a feature not named", "USR-12", "GET /entitlements",
          body("/entitlements", _lacks_a_feature)),
    Fault("a budget without groups", "USR-13", QUOTA,
          body("/workspace-quota", _with(budget=7)), include=(QUOTA, "GET /entitlements")),
)  # fmt: skip

MORE_FAULTS = (*CHECK_FAULTS, *PROBE_FAULTS, *RELATION_FAULTS, *OBJECT_FAULTS)
