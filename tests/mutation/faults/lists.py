"""How lists, pages, searches and single reads are made to disagree, and their labels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.mutation.faults.edits import (
    NOBODY,
    Edit,
    body,
    listing,
    objects,
    put,
)
from tests.mutation.model import Reply, Request, Upstream

WORKSPACES, WORKSPACE = "GET /workspaces", "GET /workspaces/{workspace}"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"
BUILDS, BUILD = "GET /workspaces/{workspace}/builds", "GET /workspacebuilds/{workspacebuild}"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"
PARAMETERS = "GET /workspacebuilds/{workspacebuild}/parameters"
RESOURCES = "GET /workspacebuilds/{workspacebuild}/resources"
USERS, USER = "GET /users", "GET /users/{user}"
TEMPLATES, TEMPLATE = "GET /templates", "GET /templates/{template}"
OF_ORGANIZATION = "GET /organizations/{organization}/templates"
TEMPLATE_BY_NAME = "GET /organizations/{organization}/templates/{templatename}"
VERSIONS, VERSION = (
    "GET /templates/{template}/versions",
    "GET /templateversions/{templateversion}",
)
VERSION_BY_NAME = "GET /templates/{template}/versions/{templateversionname}"
ORGANIZATIONS, ORGANIZATION = "GET /organizations", "GET /organizations/{organization}"
MEMBERS = "GET /organizations/{organization}/members"
PAGED = "GET /organizations/{organization}/paginated-members"
GROUPS, GROUP = "GET /groups", "GET /groups/{group}"
AGENT, AUDIT = "GET /workspaceagents/{workspaceagent}", "GET /audit"
INBOX, ENTITLEMENTS = "GET /notifications/inbox", "GET /entitlements"
QUOTA = "GET /workspace-quota/{user}"


def queried(request: Request, **changed: Any) -> Request:
    """The request with other values in its query; None takes a key away."""
    pairs = dict(parse_qsl(request.query, keep_blank_values=True))
    for name, value in changed.items():
        if value is None:
            pairs.pop(name, None)
        else:
            pairs[name] = str(value)
    return request.other(query=urlencode(pairs))


def number(request: Request, name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else 0


def shifted(by: int) -> Callable[[Request, Upstream], Reply | None]:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        offset = number(request, "offset")
        return upstream.send(queried(request, offset=offset + by)) if offset else None

    return give


def without(*names: str) -> Callable[[Request, Upstream], Reply | None]:
    """Some keys of the query are not read."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if not any(name in request.args for name in names):
            return None
        sound = upstream.send(request)
        return upstream.send(queried(request, **dict.fromkeys(names))) if sound.ok else sound

    return give


def term(key: str) -> Callable[[Request], bool]:
    return lambda request: f"{key}:" in request.args.get("q", "")


def any_search(request: Request) -> bool:
    return bool(request.args.get("q", "").strip())


def plain(request: Request) -> bool:
    """A whole list: neither searched nor cut."""
    return not request.args.get("q") and "limit" not in request.args


def first_page(items: str) -> Edit:
    """The count is that of the page."""

    def change(value: Any) -> None:
        if isinstance(value, dict):
            value["count"] = len(value.get(items) or ())

    return body(change)


def drop_last(items: list[Any]) -> list[Any]:
    return items[:-1]


def drop_first(items: list[Any]) -> list[Any]:
    return items[1:]


def double(items: list[Any]) -> list[Any]:
    return [*items, items[0]] if items else items


def backwards(items: list[Any]) -> list[Any]:
    return items[::-1]


def restless(place: str) -> Callable[[], Edit]:
    """A list comes in another order each time."""

    def make() -> Edit:
        chance = random.Random(5)
        return listing(place, lambda items: chance.sample(items, len(items)))

    return make


def other_of(lister: str, place: str) -> Callable[[Request, Upstream], Reply | None]:
    """Another object of the kind is given than the one asked for."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        value = reply.json
        listed = upstream.call("GET", lister).json
        found = listed.get(place) if place and isinstance(listed, dict) else listed
        if not reply.ok or not isinstance(value, dict) or not isinstance(found, list):
            return reply
        for other in found:
            if other.get("id") != value.get("id"):
                asked = request.path.rsplit("/", 1)[0] + "/" + other["id"]
                instead = upstream.send(request.other(path=asked))
                return instead if instead.ok else reply
        return reply

    return give


def other_version(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    value = reply.json
    if not reply.ok or not value.get("template_id"):
        return reply
    for other in upstream.call("GET", f"/templates/{value['template_id']}/versions").json or ():
        if other["id"] != value["id"]:
            return upstream.call("GET", f"/templateversions/{other['id']}")
    return reply


def me_for_all(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    return upstream.call("GET", "/users/me") if reply.ok else reply


def first_build(request: Request, upstream: Upstream) -> Reply | None:
    if request.params.get("buildnumber") in {"1", None}:
        return None
    path = request.path.rsplit("/", 1)[0] + "/1"
    return upstream.send(request.other(path=path))


def leaky(request: Request, upstream: Upstream) -> Reply | None:
    """The organization in the path is not looked at."""
    reply = upstream.send(request)
    everything = upstream.call("GET", "/templates")
    if reply.ok and everything.ok:
        reply.body = everything.body
    return reply


def leaky_members(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if not reply.ok:
        return reply
    found = {one["user_id"]: one for one in reply.json}
    for organization in upstream.call("GET", "/organizations").json or ():
        more = upstream.call("GET", f"/organizations/{organization['id']}/members").json or ()
        for one in more:
            found.setdefault(
                one["user_id"], {**one, "organization_id": reply.json[0]["organization_id"]}
            )
    reply.json = sorted(found.values(), key=lambda one: str(one["username"]).lower())
    return reply


def exact_name(request: Request, upstream: Upstream) -> Reply | None:
    """Names are compared with capitals."""
    reply = upstream.send(request)
    value = reply.json
    if reply.ok and value["name"] != request.params["workspacename"]:
        reply.refuse(404, "Resource not found or you do not have access to this resource")
    return reply


def unknown_terms_pass(request: Request, upstream: Upstream) -> Reply:
    """Search keys that nobody knows filter nothing."""
    reply = upstream.send(request)
    if reply.status == 400 and any_search(request):
        return upstream.send(queried(request, q=""))
    return reply


def older_build(request: Request, upstream: Upstream) -> Reply | None:
    """latest_build is the first build."""
    reply = upstream.send(request)
    value = reply.json
    if reply.ok and value["latest_build"]["build_number"] > 1:
        path = f"/users/{value['owner_name']}/workspace/{value['name']}/builds/1"
        first = upstream.call("GET", path)
        if first.ok:
            value["latest_build"] = first.json
            reply.json = value
    return reply


def memory() -> Edit:
    """What was answered first is answered for ever."""
    first: dict[str, bytes] = {}

    def edit(request: Request, reply: Reply) -> None:
        reply.body = first.setdefault(f"{request.path}?{request.query}", reply.body)

    return edit


def fits_page(limit: int) -> Edit:
    """No page has more than so many entries, whatever was asked."""

    def edit(request: Request, reply: Reply) -> None:
        if "limit" not in request.args:
            value = reply.json
            value["workspaces"] = value["workspaces"][:limit]
            reply.json = value

    return edit


def deleted_too(request: Request, upstream: Upstream) -> Reply | None:
    """A workspace that was deleted stays in the list."""
    reply = upstream.send(request)
    value = reply.json
    if reply.ok and value["workspaces"] and not request.args.get("q"):
        gone = dict(value["workspaces"][-1])
        gone["id"] = NOBODY
        gone["name"] = f"{gone['name'][:20]}-gone"
        gone["latest_build"] = {
            **gone["latest_build"],
            "status": "deleted",
            "transition": "delete",
            "workspace_id": NOBODY,
            "workspace_name": gone["name"],
        }
        value["workspaces"].append(gone)
        value["count"] += 1
        reply.json = value
    return reply


def every(where: str, change: Callable[[dict[str, Any]], Any]) -> Edit:
    """Every object that has this member."""

    def edit(value: Any) -> None:
        for one in objects(value):
            if where in one:
                change(one)

    return body(edit)


def agents(change: Callable[[dict[str, Any]], Any]) -> Edit:
    return every("lifecycle_state", change)


def setting(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(one: dict[str, Any]) -> None:
        for name, value in members.items():
            put(one, name, value)

    return change


def where(key: str, value: Any, **members: Any) -> Callable[[dict[str, Any]], None]:
    def change(one: dict[str, Any]) -> None:
        if one.get(key) == value:
            setting(**members)(one)

    return change


def later(one: dict[str, Any]) -> None:
    if one.get("deadline"):
        one["max_deadline"] = "2020-01-01T00:00:00Z"


def all_defaults(value: Any) -> Any:
    return [{**one, "is_default": True} for one in value]


def _unsorted(value: Any) -> Any:
    return value[1:] + value[:1] if isinstance(value, list) else value
