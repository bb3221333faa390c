"""Faults of searches, of names, of what belongs together, and of what browsers are told."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.mutation.faults.edits import (
    Inject,
    answered,
    body,
    edited,
    header,
    listing,
    member,
    objects,
    raw,
    status,
    without,
)
from tests.mutation.faults.lists import AUDIT, BUILDS, USERS, WORKSPACES, term
from tests.mutation.model import Fault, Reply, Request, Upstream

DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
JOBS = "GET /organizations/{organization}/provisionerjobs"
BUILD = "GET /workspacebuilds/{workspacebuild}"
RESOURCES = f"{BUILD}/resources"
VERSION_RESOURCES = "GET /templateversions/{templateversion}/resources"
DRY_RESOURCES = "GET /templateversions/{templateversion}/dry-run/{jobID}/resources"
ORGANIZATION = "GET /organizations/{organization}"
THEIRS, ROLES = "GET /users/{user}/organizations", "GET /users/{user}/roles"
LOGIN, FILE = "POST /users/login", "GET /files/{fileID}"
DRY_RUN = "POST /templateversions/{templateversion}/dry-run"
TTL = "PUT /workspaces/{workspace}/ttl"


def _ignores(label: str, parameter: str) -> Inject:
    """A list that does not look at a parameter."""

    def give(request: Request, upstream: Upstream) -> Reply:
        parts = [one for one in request.query.split("&") if one.partition("=")[0] != parameter]
        return upstream.send(request.other(query="&".join(parts)))

    return answered(label, by=give, when=lambda request: parameter in request.args)


def _forgets(label: str, key: str) -> Inject:
    """A search that does not look at the terms with a key."""

    def give(request: Request, upstream: Upstream) -> Reply:
        kept = [one for one in request.args["q"].split() if not one.startswith(f"{key}:")]
        parts = [one for one in request.query.split("&") if one.partition("=")[0] != "q"]
        query = "&".join([*parts, f"q={quote(' '.join(kept))}"])
        return upstream.send(request.other(query=query))

    return answered(label, by=give, when=term(key))


def _echoes_origin(request: Request, reply: Reply) -> None:
    if origin := request.header("origin"):
        reply.set("Access-Control-Allow-Origin", origin)


def _preflight(request: Request, upstream: Upstream) -> Reply:
    reply = upstream.send(request)
    if request.method == "OPTIONS" and request.path.endswith("/templates"):
        reply.set("Access-Control-Allow-Origin", "*")
    return reply


def _readable(request: Request, reply: Reply) -> None:
    told = reply.header("set-cookie")
    reply.set("Set-Cookie", told.replace("; HttpOnly", ""))


def _by_name(request: Request, reply: Reply) -> None:
    if "-" not in request.params["organization"]:
        reply.json = {**reply.json, "display_name": request.params["organization"]}


def _unavailable(value: Any) -> None:
    for one in objects(value):
        if one.get("status") == "pending":
            one.pop("available_workers", None)


def _for_stops(value: Any) -> None:
    for one in objects(value):
        if "workspace_transition" in one:
            one["workspace_transition"] = "stop"


def _unloved(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda one: bool(one["favorite"]))


def _empty_as_null(name: str) -> Any:
    def change(value: Any) -> None:
        for one in objects(value):
            if name in one and not one[name]:
                one[name] = None

    return body(change)


def _fault(
    id_: str, kind: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    return Fault(id_, kind, description, oracle, (operation,), inject, "furnished", **more)


def _read(*given: Any) -> Fault:
    return _fault(*given, writes=False)


STRANGERS: tuple[Fault, ...] = (
    _read("strange-origin", "wire", WORKSPACES, "a strange origin may read the reply",
          "recorded: conventions/foreign-origin", edited(WORKSPACES, by=_echoes_origin)),
    _read("strange-preflight", "wire", "GET /templates", "a preflight lets everybody in",
          "recorded: conventions/preflight", answered("*", by=_preflight)),
    _read("kept-by-caches", "wire", "GET /users/{user}", "JSON that caches may keep",
          "rule: A.7", edited("GET /users/{user}", by=header("Cache-Control", "max-age=600"))),
    _read("an-etag", "wire", "GET /deployment/config", "JSON with an ETag", "rule: A.7",
          edited("GET /deployment/config", by=header("ETag", '"1"'))),
    _fault("a-204-to-guess", "wire", TTL, "a reply without body lacks nosniff", "rule: A.7",
           edited(TTL, by=without("X-Content-Type-Options"))),
    _fault("a-dry-run-is-200", "wire", DRY_RUN, "200 in place of 201", "docs: templates.md",
           edited(DRY_RUN, by=status(200))),
    _fault("a-cookie-for-scripts", "wire", LOGIN, "the session's cookie lacks HttpOnly",
           "recorded: conventions/login", edited(LOGIN, by=_readable)),
    _read("timings-null", "wire", f"{BUILD}/timings", "no timings are null, not empty",
          "recorded: builds/b2-timings",
          edited(f"{BUILD}/timings", by=_empty_as_null("agent_script_timings"))),
    _fault("audit-diff-null", "wire", AUDIT, "an empty diff is null", "recorded: admin/audit",
           edited(AUDIT, by=_empty_as_null("diff"))),
    _fault("workers-untold", "worker", JOBS,
           "a waiting job names no daemon, though there is one for it", "rule: B.3",
           edited(JOBS, by=body(_unavailable))),
    _read("builds-since-ignored", "relations", BUILDS, "since gives all builds",
          "recorded: builds (since)", _ignores(BUILDS, "since")),
    _read("users-created-ignored", "relations", USERS, "created_before gives all users",
          "rule: F.5", _forgets(USERS, "created_before")),
    _read("users-role-ignored", "relations", USERS, "a search by role gives all users",
          "recorded: users/list-by-role", _forgets(USERS, "role")),
    _read("workspaces-used-ignored", "relations", WORKSPACES,
          "last_used_before gives all workspaces", "recorded: workspaces/q-last-used",
          _forgets(WORKSPACES, "last_used_before")),
    _fault("workspaces-parameter-ignored", "relations", WORKSPACES,
           "a search by parameter gives all workspaces", "recorded: workspaces/q-param-value",
           _forgets(WORKSPACES, "param")),
    _fault("audit-actor-ignored", "relations", AUDIT, "a search by user gives every entry",
           "recorded: admin/audit-of-bob", _forgets(AUDIT, "username")),
    _fault("audit-day-ignored", "relations", AUDIT, "date_to gives every entry", "rule: F.8",
           _forgets(AUDIT, "date_to")),
    _read("daemons-ids-ignored", "relations", DAEMONS, "an unknown id gives all daemons",
          "rule: B.6", _ignores(DAEMONS, "ids")),
    _read("daemons-tags-ignored", "relations", DAEMONS, "unknown tags give all daemons",
          "recorded: provisioner-jobs/daemon-by-tags", _ignores(DAEMONS, "tags")),
    _read("another-name-another-organization", "relations", ORGANIZATION,
          "asked by its name an organization is called otherwise", "rule: A.3",
          edited(ORGANIZATION, by=_by_name)),
    _read("a-user-of-nowhere", "relations", THEIRS, "a user's organizations are left out",
          "recorded: users/my-organizations", edited(THEIRS, by=listing("", lambda items: []))),
    _read("roles-untold", "relations", ROLES, "a user's roles are left out",
          "recorded: users/roles-of-admin", edited(ROLES, by=member("roles", []))),
    _fault("favourites-last", "relations", WORKSPACES, "one's favourites come last",
           "rule: WS-12", edited(WORKSPACES, by=listing("workspaces", _unloved))),
    _read("a-resource-short", "relations", RESOURCES, "a build's list lacks a resource",
          "recorded: builds/b1-resources",
          edited(RESOURCES, by=listing("", lambda items: items[:-1]))),
    _fault("starts-only", "relations", VERSION_RESOURCES, "what stays on a stop is left out",
           "recorded: agents/version-resources",
           edited(VERSION_RESOURCES, by=listing("", lambda items: [
               one for one in items if one["workspace_transition"] == "start"]))),
    _fault("a-dry-run-for-stops", "relations", DRY_RESOURCES, "a dry run's resources are a stop's",
           "recorded: templates/dry-run-resources",
           edited(DRY_RESOURCES, by=body(_for_stops))),
    _fault("a-file-short", "relations", FILE, "a file comes back without its last byte",
           "rule: F.3", edited(FILE, by=raw(lambda data: data[:-1]))),
)  # fmt: skip
