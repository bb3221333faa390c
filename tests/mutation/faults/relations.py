"""Faults that show only when replies are held against each other, or against what was asked."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.mutation.faults.edits import (
    DROP,
    NOBODY,
    Edit,
    Inject,
    answered,
    body,
    edited,
    fresh,
    listing,
    member,
    objects,
    put,
    refused,
)
from tests.mutation.model import Fault, Reply, Request, Upstream

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


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    more.setdefault("writes", False)
    also = more.pop("also", ())
    return Fault(
        f"relations-{id_}", "relations", description, oracle, (operation, *also), inject, **more
    )


def _query(request: Request, **changed: Any) -> Request:
    """The request with other values in its query; None takes a key away."""
    pairs = dict(parse_qsl(request.query, keep_blank_values=True))
    for name, value in changed.items():
        if value is None:
            pairs.pop(name, None)
        else:
            pairs[name] = str(value)
    return request.other(query=urlencode(pairs))


def _number(request: Request, name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdigit() else 0


def _shifted(by: int) -> Callable[[Request, Upstream], Reply | None]:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        offset = _number(request, "offset")
        return upstream.send(_query(request, offset=offset + by)) if offset else None

    return give


def _without(*names: str) -> Callable[[Request, Upstream], Reply | None]:
    """Some keys of the query are not read."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if not any(name in request.args for name in names):
            return None
        sound = upstream.send(request)
        return upstream.send(_query(request, **dict.fromkeys(names))) if sound.ok else sound

    return give


def _term(key: str) -> Callable[[Request], bool]:
    return lambda request: f"{key}:" in request.args.get("q", "")


def _any_search(request: Request) -> bool:
    return bool(request.args.get("q", "").strip())


def _plain(request: Request) -> bool:
    """A whole list: neither searched nor cut."""
    return not request.args.get("q") and "limit" not in request.args


def _first_page(items: str) -> Edit:
    """The count is that of the page."""

    def change(value: Any) -> None:
        if isinstance(value, dict):
            value["count"] = len(value.get(items) or ())

    return body(change)


def _drop_last(items: list[Any]) -> list[Any]:
    return items[:-1]


def _drop_first(items: list[Any]) -> list[Any]:
    return items[1:]


def _double(items: list[Any]) -> list[Any]:
    return [*items, items[0]] if items else items


def _backwards(items: list[Any]) -> list[Any]:
    return items[::-1]


def _restless(place: str) -> Callable[[], Edit]:
    """A list comes in another order each time."""

    def make() -> Edit:
        chance = random.Random(5)
        return listing(place, lambda items: chance.sample(items, len(items)))

    return make


def _other_of(lister: str, place: str) -> Callable[[Request, Upstream], Reply | None]:
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


def _other_version(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    value = reply.json
    if not reply.ok or not value.get("template_id"):
        return reply
    for other in upstream.call("GET", f"/templates/{value['template_id']}/versions").json or ():
        if other["id"] != value["id"]:
            return upstream.call("GET", f"/templateversions/{other['id']}")
    return reply


def _me_for_all(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    return upstream.call("GET", "/users/me") if reply.ok else reply


def _first_build(request: Request, upstream: Upstream) -> Reply | None:
    if request.params.get("buildnumber") in {"1", None}:
        return None
    path = request.path.rsplit("/", 1)[0] + "/1"
    return upstream.send(request.other(path=path))


def _leaky(request: Request, upstream: Upstream) -> Reply | None:
    """The organization in the path is not looked at."""
    reply = upstream.send(request)
    everything = upstream.call("GET", "/templates")
    if reply.ok and everything.ok:
        reply.body = everything.body
    return reply


def _leaky_members(request: Request, upstream: Upstream) -> Reply | None:
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


def _exact_name(request: Request, upstream: Upstream) -> Reply | None:
    """Names are compared with capitals."""
    reply = upstream.send(request)
    value = reply.json
    if reply.ok and value["name"] != request.params["workspacename"]:
        reply.refuse(404, "Resource not found or you do not have access to this resource")
    return reply


def _unknown_terms_pass(request: Request, upstream: Upstream) -> Reply:
    """Search keys that nobody knows filter nothing."""
    reply = upstream.send(request)
    if reply.status == 400 and _any_search(request):
        return upstream.send(_query(request, q=""))
    return reply


def _older_build(request: Request, upstream: Upstream) -> Reply | None:
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


def _memory() -> Edit:
    """What was answered first is answered for ever."""
    first: dict[str, bytes] = {}

    def edit(request: Request, reply: Reply) -> None:
        reply.body = first.setdefault(f"{request.path}?{request.query}", reply.body)

    return edit


def _fits_page(limit: int) -> Edit:
    """No page has more than so many entries, whatever was asked."""

    def edit(request: Request, reply: Reply) -> None:
        if "limit" not in request.args:
            value = reply.json
            value["workspaces"] = value["workspaces"][:limit]
            reply.json = value

    return edit


def _deleted_too(request: Request, upstream: Upstream) -> Reply | None:
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


def _each(where: str, change: Callable[[dict[str, Any]], Any]) -> Edit:
    """Every object that has this member."""

    def edit(value: Any) -> None:
        for one in objects(value):
            if where in one:
                change(one)

    return body(edit)


def _agents(change: Callable[[dict[str, Any]], Any]) -> Edit:
    return _each("lifecycle_state", change)


def _set(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(one: dict[str, Any]) -> None:
        for name, value in members.items():
            put(one, name, value)

    return change


def _when(key: str, value: Any, **members: Any) -> Callable[[dict[str, Any]], None]:
    def change(one: dict[str, Any]) -> None:
        if one.get(key) == value:
            _set(**members)(one)

    return change


def _later(one: dict[str, Any]) -> None:
    if one.get("deadline"):
        one["max_deadline"] = "2020-01-01T00:00:00Z"


def _all_defaults(value: Any) -> Any:
    return [{**one, "is_default": True} for one in value]


def _unsorted(value: Any) -> Any:
    return value[1:] + value[:1] if isinstance(value, list) else value


RELATIONS: tuple[Fault, ...] = (
    # Pages
    _fault(
        "page-overlap",
        WORKSPACES,
        "pages overlap by one",
        "rule: WS-10",
        answered(WORKSPACES, by=_shifted(-1)),
    ),
    _fault(
        "page-gap",
        USERS,
        "an entry is lost between pages",
        "rule: A.4",
        answered(USERS, by=_shifted(1)),
    ),
    _fault(
        "limit-ignored",
        USERS,
        "the limit is ignored",
        "rule: A.4",
        answered(USERS, by=_without("limit")),
    ),
    _fault(
        "limit-less",
        BUILDS,
        "pages have one entry less than asked for",
        "rule: A.4",
        edited(
            BUILDS,
            by=listing("", _drop_last),
            when=lambda q: _number(q, "limit") > 1,
        ),
    ),
    _fault(
        "offset-ignored",
        VERSIONS,
        "the offset is ignored",
        "rule: A.4",
        answered(VERSIONS, by=_without("offset")),
    ),
    _fault(
        "offset-ignored-members",
        PAGED,
        "the offset of members is ignored",
        "rule: A.4",
        answered(PAGED, by=_without("offset")),
    ),
    _fault(
        "after-ignored",
        BUILDS,
        "after_id is ignored",
        "rule: BLD-03",
        answered(BUILDS, by=_without("after_id")),
    ),
    _fault(
        "page-capped",
        WORKSPACES,
        "without a limit only five entries come",
        "rule: A.4",
        edited(WORKSPACES, by=_fits_page(5)),
    ),
    _fault(
        "twice",
        TEMPLATES,
        "one entry is listed twice",
        "the document's x-crud",
        edited(TEMPLATES, by=listing("", _double)),
    ),
    # Counts
    _fault(
        "count-one-more",
        WORKSPACES,
        "the count is one too many",
        "rule: WS-09",
        edited(WORKSPACES, by=member("count", lambda n: n + 1)),
    ),
    _fault(
        "count-one-less",
        PAGED,
        "the count of members is one too few",
        "rule: A.4",
        edited(PAGED, by=member("count", lambda n: n - 1)),
    ),
    _fault(
        "count-of-page",
        USERS,
        "the count is that of the page",
        "rule: A.4",
        edited(USERS, by=_first_page("users")),
    ),
    _fault(
        "count-audit",
        AUDIT,
        "the count of the audit log is that of the page",
        "rule: USR-10",
        edited(AUDIT, by=_first_page("audit_logs")),
    ),
    _fault(
        "count-zero",
        WORKSPACES,
        "the count is 0 while searching",
        "rule: WS-09",
        edited(WORKSPACES, by=member("count", 0), when=_any_search),
    ),
    # Filters
    _fault(
        "filter-ignored",
        WORKSPACES,
        "the whole search is ignored",
        "rule: WS-13",
        answered(WORKSPACES, by=_without("q")),
    ),
    _fault(
        "filter-owner",
        WORKSPACES,
        "owner: filters nothing",
        "rule: WS-14",
        answered(WORKSPACES, by=_without("q"), when=_term("owner")),
    ),
    _fault(
        "filter-status",
        WORKSPACES,
        "status: filters nothing",
        "rule: WS-13",
        answered(WORKSPACES, by=_without("q"), when=_term("status")),
    ),
    _fault(
        "filter-template",
        WORKSPACES,
        "template: filters nothing",
        "rule: C.3",
        answered(WORKSPACES, by=_without("q"), when=_term("template")),
    ),
    _fault(
        "filter-outdated",
        WORKSPACES,
        "outdated: is taken the other way round",
        "rule: WS-15",
        answered(
            WORKSPACES,
            by=lambda q, u: u.send(
                _query(
                    q,
                    q=q.args["q"]
                    .replace(":true", ":x")
                    .replace(":false", ":true")
                    .replace(":x", ":false"),
                )
            ),
            when=_term("outdated"),
        ),
    ),
    _fault(
        "filter-dormant",
        WORKSPACES,
        "dormant: filters nothing",
        "rule: C.3",
        answered(WORKSPACES, by=_without("q"), when=_term("dormant")),
        scenario="dormant-and-expiring",
    ),
    _fault(
        "filter-drops",
        WORKSPACES,
        "a search loses its last match",
        "rule: C.3",
        edited(WORKSPACES, by=listing("workspaces", _drop_last), when=_any_search),
    ),
    _fault(
        "filter-users-ignored",
        USERS,
        "the search of users is ignored",
        "docs: users.md",
        answered(USERS, by=_without("q")),
    ),
    _fault(
        "filter-users-drops",
        USERS,
        "a search of users loses its first match",
        "docs: users.md",
        edited(USERS, by=listing("users", _drop_first), when=_any_search),
    ),
    _fault(
        "filter-audit",
        AUDIT,
        "the search of the audit log is ignored",
        "docs: audit.md",
        answered(AUDIT, by=_without("q")),
    ),
    _fault(
        "filter-templates",
        TEMPLATES,
        "the search of templates is ignored",
        "docs: templates.md",
        answered(TEMPLATES, by=_without("q")),
    ),
    _fault(
        "filter-archived",
        VERSIONS,
        "include_archived changes nothing: archived versions are never listed",
        "rule: TPL-07",
        answered(VERSIONS, by=_without("include_archived")),
        writes=True,
    ),
    # Search grammar
    _fault(
        "search-unknown",
        WORKSPACES,
        "unknown search keys are ignored",
        "rule: WS-16",
        answered(WORKSPACES, by=_unknown_terms_pass),
    ),
    _fault(
        "search-unknown-500",
        WORKSPACES,
        "500 for an unknown search key",
        "rule: WS-16",
        edited(WORKSPACES, by=refused(500), on="error", when=_any_search),
    ),
    _fault(
        "search-unknown-users",
        USERS,
        "unknown search keys are ignored for users",
        "rule: A.9",
        answered(USERS, by=_unknown_terms_pass),
    ),
    _fault(
        "search-message",
        WORKSPACES,
        "an invalid search is refused with another message",
        "rule: WS-16",
        edited(WORKSPACES, by=refused(400, "Bad search."), on="error", when=_any_search),
    ),
    # Order
    _fault(
        "order-workspaces",
        WORKSPACES,
        "workspaces are listed backwards",
        "rule: WS-12",
        edited(WORKSPACES, by=listing("workspaces", _backwards)),
    ),
    _fault(
        "order-favourites",
        WORKSPACES,
        "started workspaces do not come first",
        "rule: WS-12",
        edited(
            WORKSPACES,
            by=listing(
                "workspaces",
                lambda items: sorted(items, key=lambda w: (w["owner_name"], w["name"])),
            ),
        ),
    ),
    _fault(
        "order-builds",
        BUILDS,
        "the oldest build is first",
        "rule: BLD-02",
        edited(BUILDS, by=listing("", _backwards)),
    ),
    _fault(
        "order-users",
        USERS,
        "users are listed backwards",
        "docs: users.md",
        edited(USERS, by=listing("users", _backwards)),
    ),
    _fault(
        "order-versions",
        VERSIONS,
        "the newest version is first",
        "rule: TPL-07",
        edited(VERSIONS, by=listing("", _backwards)),
    ),
    _fault(
        "order-audit",
        AUDIT,
        "the oldest entry of the audit log is first",
        "rule: USR-10",
        edited(AUDIT, by=listing("audit_logs", _backwards)),
    ),
    _fault(
        "order-restless",
        TEMPLATES,
        "the order changes from read to read",
        "HTTP: a read changes nothing",
        fresh(TEMPLATES, make=_restless("")),
    ),
    _fault(
        "order-parameters",
        PARAMETERS,
        "parameters of builds are not in the order of their names",
        "rule: BLD-11",
        edited(PARAMETERS, by=listing("", _backwards)),
    ),
    # Identity
    _fault(
        "other-workspace",
        WORKSPACE,
        "another workspace is given",
        "the document's x-crud",
        answered(WORKSPACE, by=_other_of("/workspaces", "workspaces")),
    ),
    _fault(
        "other-template",
        TEMPLATE,
        "another template is given",
        "the document's x-crud",
        answered(TEMPLATE, by=_other_of("/templates", "")),
    ),
    _fault(
        "other-version",
        VERSION,
        "another version of the template is given",
        "the document's x-crud",
        answered(VERSION, by=_other_version),
    ),
    _fault(
        "other-user",
        USER,
        "everybody is ourselves",
        "the document's x-crud",
        answered(USER, by=_me_for_all),
    ),
    _fault(
        "other-build",
        BY_NUMBER,
        "the first build whatever number is asked",
        "the document's x-crud",
        answered(BY_NUMBER, by=_first_build),
    ),
    _fault(
        "other-group",
        GROUP,
        "another id in a group",
        "the document's x-crud",
        edited(GROUP, by=member("id", NOBODY)),
    ),
    _fault(
        "other-resources",
        RESOURCES,
        "resources belong to another job",
        "rule: AGT-01",
        edited(RESOURCES, by=member("*.job_id", NOBODY)),
    ),
    _fault(
        "name-with-capitals",
        BY_NAME,
        "names are compared with capitals",
        "rule: WS-18",
        answered(BY_NAME, by=_exact_name),
    ),
    # Organizations
    _fault(
        "organization-leak",
        OF_ORGANIZATION,
        "templates of other organizations are listed",
        "docs: templates.md",
        answered(OF_ORGANIZATION, by=_leaky),
        scenario="two-organizations",
    ),
    _fault(
        "organization-leak-members",
        MEMBERS,
        "members of other organizations are listed",
        "docs: members.md",
        answered(MEMBERS, by=_leaky_members),
        scenario="two-organizations",
    ),
    _fault(
        "organization-wrong",
        WORKSPACES,
        "workspaces say another organization than their template",
        "rule: WS-23",
        edited(WORKSPACES, by=member("workspaces.*.organization_id", NOBODY)),
    ),
    _fault(
        "organization-lost",
        OF_ORGANIZATION,
        "a template is missing in its organization",
        "the document's x-same-as",
        edited(OF_ORGANIZATION, by=listing("", _drop_last)),
    ),
    _fault(
        "unlisted-user",
        USERS,
        "one user is in no list",
        "the document's x-crud",
        edited(
            USERS, by=listing("users", lambda items: [u for u in items if u["username"] != "sam"])
        ),
    ),
    _fault(
        "default-two",
        ORGANIZATIONS,
        "every organization is the default one",
        "rule: USR-08",
        edited(ORGANIZATIONS, by=body(_all_defaults)),
        scenario="two-organizations",
    ),
    _fault(
        "default-none",
        ORGANIZATIONS,
        "no organization is the default one",
        "rule: USR-08",
        edited(ORGANIZATIONS, by=member("*.is_default", False)),
        also=(ORGANIZATION,),
    ),
    _fault(
        "everyone",
        GROUPS,
        "the group Everyone has an id of its own",
        "rule: USR-09",
        edited(GROUPS, by=_each("quota_allowance", _when("name", "Everyone", id=NOBODY))),
        also=("GET /organizations/{organization}/groups", GROUP),
    ),
    # Agreement
    _fault(
        "get-differs",
        WORKSPACE,
        "a workspace by id has another ttl than in the list",
        "rule: WS-17",
        edited(WORKSPACE, by=member("ttl_ms", 60000)),
        also=(WORKSPACES, BY_NAME),
    ),
    _fault(
        "list-differs",
        TEMPLATES,
        "templates have another display name in the list than by id",
        "the document's x-crud",
        edited(TEMPLATES, by=member("*.display_name", lambda text: f"{text} (old)")),
        also=(TEMPLATE, TEMPLATE_BY_NAME, OF_ORGANIZATION),
    ),
    _fault(
        "name-differs",
        VERSION,
        "a version by id has another name than in the list",
        "the document's x-crud",
        edited(VERSION, by=member("name", "other-name")),
        also=(VERSIONS, VERSION_BY_NAME),
    ),
    _fault(
        "user-differs",
        USERS,
        "users have another email in the list than by id",
        "the document's x-crud",
        edited(USERS, by=member("users.*.email", "someone@example.com")),
        also=(USER, MEMBERS),
    ),
    _fault(
        "agent-differs",
        AGENT,
        "an agent by id has another name than in its build",
        "the document's x-crud",
        edited(AGENT, by=member("name", "other")),
        also=(BUILD, WORKSPACE, WORKSPACES),
    ),
    _fault(
        "stale",
        WORKSPACE,
        "a workspace by id stays as it was first seen",
        "a write shows in the next read",
        fresh(WORKSPACE, make=_memory),
        writes=True,
        also=("PUT /workspaces/{workspace}/*", "PUT /workspaces/{workspace}/ttl", "POST *"),
    ),
    _fault(
        "stale-template",
        TEMPLATE,
        "a template by id stays as it was first seen",
        "a write shows in the next read",
        fresh(TEMPLATE, make=_memory),
        writes=True,
        also=("PATCH /templates/{template}",),
    ),
    # Workspaces
    _fault(
        "build-of-other",
        WORKSPACES,
        "latest_build is of another workspace",
        "rule: WS-01",
        edited(WORKSPACES, by=member("workspaces.*.latest_build.workspace_id", NOBODY)),
    ),
    _fault(
        "build-owner",
        WORKSPACE,
        "latest_build has another owner's name",
        "rule: WS-01",
        edited(WORKSPACE, by=member("latest_build.workspace_owner_name", "nobody")),
    ),
    _fault(
        "build-not-latest",
        WORKSPACE,
        "latest_build is the first one",
        "rule: WS-02",
        answered(WORKSPACE, by=_older_build),
        also=(WORKSPACES, BUILDS),
    ),
    _fault(
        "outdated",
        WORKSPACES,
        "outdated is the contrary",
        "rule: WS-03",
        edited(WORKSPACES, by=member("workspaces.*.outdated", lambda flag: not flag)),
    ),
    _fault(
        "health",
        WORKSPACE,
        "an unhealthy workspace without failing agents",
        "rule: WS-05",
        edited(WORKSPACE, by=member("health", {"healthy": False, "failing_agents": []})),
    ),
    _fault(
        "deleting-at",
        WORKSPACES,
        "deleting_at while not dormant",
        "rule: WS-06",
        edited(WORKSPACES, by=member("workspaces.*.deleting_at", "2031-01-01T00:00:00Z")),
    ),
    _fault(
        "favourite-of-other",
        WORKSPACES,
        "other people's workspaces are our favourites",
        "rule: WS-07",
        edited(WORKSPACES, by=member("workspaces.*.favorite", True)),
    ),
    _fault(
        "ttl-odd",
        WORKSPACE,
        "a ttl that is no whole minute",
        "rule: WS-08",
        edited(WORKSPACE, by=member("ttl_ms", lambda ms: ms + 17)),
    ),
    _fault(
        "deleted-listed",
        WORKSPACES,
        "a deleted workspace is listed",
        "rule: WS-11",
        answered(WORKSPACES, by=_deleted_too),
    ),
    _fault(
        "next-start",
        WORKSPACE,
        "next_start_at without a schedule",
        "rule: WS-30",
        edited(
            WORKSPACE,
            by=lambda q, r: (
                member("next_start_at", "2031-01-01T00:00:00Z")(q, r)
                if "autostart_schedule" not in (r.json or {})
                else None
            ),
        ),
    ),
    # Builds
    _fault(
        "build-gap",
        BUILDS,
        "a build number is left out",
        "rule: BLD-01",
        edited(BUILDS, by=listing("", lambda items: items[:1] + items[2:]), when=_plain),
    ),
    _fault(
        "build-status",
        BUILD,
        "status is running after a stop",
        "rule: BLD-04",
        edited(BUILD, by=_each("build_number", _when("status", "stopped", status="running"))),
    ),
    _fault(
        "build-deadline",
        WORKSPACES,
        "deadline after max_deadline",
        "rule: BLD-08",
        edited(WORKSPACES, by=_each("build_number", _later)),
    ),
    _fault(
        "build-parameters",
        PARAMETERS,
        "a parameter of a build is missing",
        "rule: BLD-11",
        edited(PARAMETERS, by=listing("", _drop_first)),
    ),
    _fault(
        "build-matched",
        BUILD,
        "more daemons available than there are",
        "rule: BLD-15",
        edited(
            BUILD,
            by=member(
                "matched_provisioners", {"count": 0, "available": 3, "most_recently_seen": None}
            ),
        ),
    ),
    _fault(
        "build-reason",
        BUILDS,
        "a reason that does not exist",
        "rule: BLD-18",
        edited(BUILDS, by=member("*.reason", "magic")),
    ),
    # Agents
    _fault(
        "agent-resource",
        BUILD,
        "agents say that they belong to another resource",
        "rule: AGT-01",
        edited(BUILD, by=_agents(_set(resource_id=NOBODY))),
    ),
    _fault(
        "agent-connected",
        AGENT,
        "a connected agent that never connected",
        "rule: AGT-02",
        edited(
            AGENT,
            by=_agents(
                _when("status", "connected", first_connected_at=DROP, last_connected_at=DROP)
            ),
        ),
    ),
    _fault(
        "agent-disconnected",
        AGENT,
        "a disconnected agent without a time",
        "rule: AGT-03",
        edited(AGENT, by=_agents(_set(status="disconnected", disconnected_at=DROP))),
    ),
    _fault(
        "agent-connecting",
        BUILD,
        "an agent that connects has connected before",
        "rule: AGT-04",
        edited(
            BUILD, by=_agents(_set(status="connecting", first_connected_at="2025-01-01T00:00:00Z"))
        ),
    ),
    _fault(
        "agent-lifecycle",
        AGENT,
        "a ready agent that never started",
        "rule: AGT-05",
        edited(AGENT, by=_agents(_set(lifecycle_state="ready", started_at=DROP, ready_at=DROP))),
    ),
    _fault(
        "agent-health",
        AGENT,
        "an unhealthy agent without a reason",
        "rule: AGT-06",
        edited(AGENT, by=member("health", {"healthy": False, "reason": ""})),
    ),
    _fault(
        "app-health",
        BUILD,
        "the health of an application that is not checked",
        "rule: AGT-07",
        edited(
            BUILD,
            by=_each(
                "sharing_level",
                lambda app: put(
                    app,
                    "health",
                    "healthy" if not (app.get("healthcheck") or {}).get("url") else "disabled",
                ),
            ),
        ),
    ),
    _fault(
        "app-subdomain",
        WORKSPACES,
        "a subdomain name without a subdomain",
        "rule: AGT-08",
        edited(
            WORKSPACES, by=_each("sharing_level", _set(subdomain=False, subdomain_name="a--b--c"))
        ),
    ),
    _fault(
        "agent-parent",
        AGENT,
        "an agent with a parent",
        "rule: AGT-09",
        edited(AGENT, by=member("parent_id", NOBODY)),
    ),
    # Templates, users and the rest
    _fault(
        "active-version",
        TEMPLATE,
        "active_version_id is no version of the template",
        "rule: TPL-06",
        edited(TEMPLATE, by=member("active_version_id", NOBODY)),
        also=(TEMPLATES, VERSIONS),
    ),
    _fault(
        "active-archived",
        VERSIONS,
        "the active version is archived",
        "rule: TPL-06",
        edited(VERSIONS, by=member("*.archived", True)),
    ),
    _fault(
        "build-times",
        TEMPLATES,
        "build_time_stats lacks a transition",
        "rule: TPL-11",
        edited(TEMPLATES, by=member("*.build_time_stats.delete", DROP)),
    ),
    _fault(
        "unread",
        INBOX,
        "unread_count is one too many",
        "rule: USR-11",
        edited(INBOX, by=member("unread_count", lambda n: n + 1)),
    ),
    _fault(
        "entitlements",
        ENTITLEMENTS,
        "features are missing",
        "rule: USR-12",
        edited(ENTITLEMENTS, by=member("features", lambda found: dict(list(found.items())[:5]))),
    ),
    _fault(
        "entitlements-enabled",
        ENTITLEMENTS,
        "features are enabled to which nobody is entitled",
        "rule: USR-12",
        edited(
            ENTITLEMENTS, by=_each("entitlement", _set(entitlement="not_entitled", enabled=True))
        ),
    ),
    _fault(
        "quota",
        QUOTA,
        "credits are consumed that nobody spent",
        "rule: USR-13",
        edited(QUOTA, by=member("credits_consumed", lambda n: n + 7)),
    ),
    _fault(
        "quota-negative",
        "GET /organizations/{organization}/members/{user}/workspace-quota",
        "negative credits",
        "rule: USR-13",
        edited(
            "GET /organizations/{organization}/members/{user}/workspace-quota",
            by=member("credits_consumed", -3),
        ),
    ),
    _fault(
        "unreadable-differs",
        VERSION,
        "a missing object is told apart by its message",
        "rule: ERR-02",
        edited(VERSION, by=refused(404, "There is no such version."), on="error"),
    ),
    _fault(
        "made-after-change",
        TEMPLATES,
        "updated_at before created_at",
        "time",
        edited(TEMPLATES, by=member("*.updated_at", "2001-01-01T00:00:00Z")),
    ),
)
