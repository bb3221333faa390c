"""Faults of templates, users, errors and streams that one invariant finds, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from tests.mutation.faults.edits import NOBODY, Inject, answered, edited, member, objects
from tests.mutation.faults.everywhere import (
    Object,
    everywhere,
    organizations_of,
    recut,
    streamed,
    templates_of,
    versions_of,
)
from tests.mutation.faults.lists import (
    AUDIT,
    BY_NAME,
    GROUP,
    GROUPS,
    ORGANIZATION,
    USER,
    VERSIONS,
    WORKSPACE,
    WORKSPACES,
    number,
    queried,
)
from tests.mutation.faults.streams import INBOX, WATCH, WATCH_WS
from tests.mutation.faults.writes import (
    ARCHIVE,
    CREATE,
    DROP_TEMPLATE,
    FAVORITE,
    LOGOUT,
    PROMOTE,
    TTL,
)
from tests.mutation.model import Fault, Frame, Mutation, Reply, Request, Upstream

VERSION = "GET /templateversions/{templateversion}"
TEMPLATES, TEMPLATE = "GET /templates", "GET /templates/{template}"
OF_ORGANIZATION = "GET /organizations/{organization}/groups"


def _fault(
    id_: str, alone: str, description: str, inject: Inject, *operations: str, **more: Any
) -> Fault:
    kind = more.pop("kind", "state")
    more.setdefault("writes", kind in {"state", "streams"})
    return Fault(
        f"{kind}-{id_}",
        kind,
        description,
        f"rule: {alone}",
        operations or ("*",),
        inject,
        alone=alone,
        **more,
    )


def _restated(label: str, words: bytes, status: int) -> Inject:
    """A refusal in these words, with another status."""

    def edit(request: Request, reply: Reply) -> None:
        if words in reply.body:
            reply.status = status

    return edited(label, by=edit, on="error")


def _reworded(label: str, words: str, instead: str) -> Inject:
    """A refusal in these words, in others."""

    def edit(request: Request, reply: Reply) -> None:
        value = reply.json
        if isinstance(value, dict) and value.get("message") == words:
            reply.json = {**value, "message": instead}

    return edited(label, by=edit, on="error")


class _ArchivedActive(Mutation):
    """Active versions are archived, and left out of lists like others that are."""

    def __init__(self) -> None:
        self.active: set[str] = set()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if not self.active:
            listed = upstream.call("GET", "/templates").json
            self.active = {one["active_version_id"] for one in listed}
        reply = upstream.send(request)
        value = reply.json if reply.ok else None
        found = [one for one in versions_of(value) if one["id"] in self.active] if value else []
        for one in found:
            one["archived"] = True
        is_plain = request.args.get("include_archived") != "true"
        if request.label == VERSIONS and reply.ok and is_plain:
            whole = upstream.send(queried(request, limit=None, offset=None, after_id=None))
            rest = [one for one in whole.json or () if one["id"] not in self.active]
            ids, after = [one["id"] for one in rest], request.args.get("after_id", "")
            rest = rest[ids.index(after) + 1 :] if after in ids else rest
            offset, limit = (int(request.args.get(name) or 0) for name in ("offset", "limit"))
            value = rest[offset:][: limit or None]
            found = value or [{}]
        if found:
            reply.json = value
        return reply


def _archived_too(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    return upstream.send(queried(request, include_archived="true")) if reply.ok else reply


def _missing_active(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    one = upstream.call("GET", "/templates").json[1]
    if reply.ok and request.params["templateversion"] == one["active_version_id"]:
        reply.refuse(404, "Resource not found or you do not have access to this resource")
    return reply


def _above(template: Object) -> None:
    template["build_time_stats"]["start"] = {"P50": 9000, "P95": 3000}


def _no_default(organization: Object) -> None:
    organization["is_default"] = False


class _Everyone(Mutation):
    """The group Everyone has an id of its own, by which it is found and listed."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        meant = request.other(path=request.path)
        if request.params.get("group", "").startswith("e0e0e0e0"):
            real = self.real(request.params["group"], upstream)
            meant = request.other(path=request.path.replace(request.params["group"], real))
        reply = upstream.send(meant)
        value = reply.json if reply.ok else None
        changed = False
        for one in objects(value):
            if one.get("name") == "Everyone" and "quota_allowance" in one:
                one["id"] = f"e0e0e0e0{one['id'][8:]}"
                changed = True
        if changed:
            reply.json = value
        return reply

    @staticmethod
    def real(id_: str, upstream: Upstream) -> str:
        organizations = upstream.call("GET", "/organizations").json
        return next((one["id"] for one in organizations if one["id"][8:] == id_[8:]), NOBODY)


def _by_name_only(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda one: (one["owner_name"].lower(), one["name"].lower()))


def _same_again(request: Request, upstream: Upstream) -> Reply | None:
    offset = number(request, "offset")
    reply = upstream.send(request)
    value = reply.json
    if reply.ok and offset and value["workspaces"]:
        before = upstream.send(queried(request, offset=offset - 1, limit=1)).json
        value["workspaces"][:1] = before["workspaces"]
        reply.json = value
    return reply


def _backwards(items: list[Any]) -> list[Any]:
    return items[::-1]


def _other_field(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.status == 400 and isinstance(value, dict) and value.get("validations"):
        for one in value["validations"]:
            one["field"] = "TTLMillis"
        reply.json = value


def _speechless(request: Request, reply: Reply) -> None:
    value = reply.json
    if reply.status == 400 and isinstance(value, dict) and value.get("validations"):
        del value["message"]
        reply.json = value


def _strict(request: Request, upstream: Upstream) -> Reply | None:
    """Unknown members are refused before anything is done."""
    if set(request.json or {}) - {"ttl_ms"}:
        reply = upstream.send(request.with_json({"ttl_ms": 1}))
        reply.refuse(400, "Request body must be valid JSON.", 'unknown field "no_such_member"')
        return reply
    return None


def _nowhere(request: Request, reply: Reply) -> None:
    if reply.status == 404 and b"Route not found." in reply.body:
        reply.json = {"message": "There is nothing here."}


def _generous(request: Request, reply: Reply) -> None:
    limit = reply.header("x-ratelimit-limit")
    if limit:
        reply.set("X-RateLimit-Remaining", str(int(limit) + 1))


def _always_updated(value: Any) -> None:
    shown = value.get("data", value) if isinstance(value, dict) else {}
    if isinstance(shown, dict) and "automatic_updates" in shown:
        other = {"always": "never", "never": "always"}
        shown["automatic_updates"] = other[shown["automatic_updates"]]


class _Undead(Mutation):
    """Whoever signed out goes on, in the session of another."""

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.token in self.ended:
            return upstream.send(request.as_user(upstream.token))
        reply = upstream.send(request)
        if request.label == LOGOUT and reply.ok:
            self.ended.add(request.token)
        return reply


class _Told(Mutation):
    """A favourite makes news: a write that changes nothing else lets watchers know."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == FAVORITE and reply.ok:
            now = upstream.call("GET", f"/workspaces/{request.params['workspace']}").json
            active = {"id": now["template_active_version_id"]}
            upstream.call("PATCH", f"/templates/{now['template_id']}/versions", active)
        return reply


class _OldNews(Mutation):
    """The inbox begins with a notification of long ago."""

    def __init__(self) -> None:
        self.me = NOBODY

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if self.me == NOBODY:
            self.me = upstream.call("GET", "/users/me").json["id"]
        return upstream.send(request)

    def first(self, request: Request) -> list[Frame]:
        if request.label != INBOX:
            return []
        news = {
            "notification": {
                "id": NOBODY,
                "user_id": self.me,
                "template_id": NOBODY,
                "targets": [],
                "title": "Workspace deleted",
                "content": "It is gone.",
                "icon": "DEFAULT_ICON_WORKSPACE",
                "actions": [],
                "read_at": None,
                "created_at": "2024-05-19T08:00:00Z",
            },
            "unread_count": 0,
        }
        return [Frame(json.dumps(news))]


ALONE_PEOPLE: tuple[Fault, ...] = (
    _fault(
        "active-version-missing",
        "TPL-01",
        "the active version of one template is not found",
        answered(VERSION, by=_missing_active),
        VERSION,
        kind="relations",
    ),
    _fault(
        "template-in-use-missing",
        "TPL-04",
        "the deletion of a template that is in use finds none, which is no bad request",
        _restated(DROP_TEMPLATE, b"must be deleted", 404),
        DROP_TEMPLATE,
    ),
    _fault(
        "promote-unfinished",
        "TPL-05",
        "the promotion of a version that was not imported is a bad request, not forbidden",
        _restated(PROMOTE, b"built successfully", 400),
        PROMOTE,
    ),
    _fault(
        "active-and-archived",
        "TPL-06",
        "active versions are archived, wherever they are shown",
        _ArchivedActive,
        kind="relations",
    ),
    _fault(
        "archived-listed",
        "TPL-07",
        "archived versions are listed although nobody asked for them",
        answered(VERSIONS, by=_archived_too),
        VERSIONS,
    ),
    _fault(
        "archived-already",
        "TPL-09",
        "whoever archives a version twice is told something else",
        _reworded(ARCHIVE, "Template version already archived", "There is nothing to do."),
        ARCHIVE,
    ),
    _fault(
        "deprecated-forbidden",
        "TPL-10",
        "a workspace of a deprecated template is forbidden, not a bad request",
        _restated(CREATE, b"deprecated", 403),
        CREATE,
    ),
    _fault(
        "half-above-most",
        "TPL-11",
        "half of the builds take longer than nearly all of them",
        everywhere(templates_of, _above),
        kind="relations",
    ),
    _fault(
        "no-default",
        "USR-08",
        "no organization is the default one, wherever they are shown",
        everywhere(organizations_of, _no_default),
        kind="relations",
    ),
    _fault(
        "everyone-apart",
        "USR-09",
        "the group Everyone has an id of its own, wherever it is shown",
        _Everyone,
        GROUPS,
        GROUP,
        OF_ORGANIZATION,
        "GET /organizations/{organization}/groups/{groupName}",
        kind="relations",
    ),
    _fault(
        "audit-backwards",
        "USR-10",
        "the audit log is read from its beginning, page by page",
        recut(AUDIT, "audit_logs", _backwards, limit=1000),
        AUDIT,
        kind="relations",
    ),
    _fault(
        "started-not-first",
        "WS-12",
        "workspaces are listed by owner and name alone, page by page",
        recut(WORKSPACES, "workspaces", _by_name_only),
        WORKSPACES,
        kind="relations",
    ),
    _fault(
        "signed-out-goes-on",
        "USR-07",
        "the session that signing out ended is taken for another",
        _Undead,
        LOGOUT,
    ),
    _fault(
        "stranger-in-other-words",
        "ERR-01",
        "whoever shows no session hears something else",
        _reworded(
            WORKSPACE,
            "You are signed out or your session has expired. Please sign in again to continue.",
            "Please sign in.",
        ),
        WORKSPACE,
        kind="wire",
    ),
    _fault(
        "missing-in-other-words",
        "ERR-02",
        "what is missing is told apart from what may not be seen",
        _reworded(
            TEMPLATE,
            "Resource not found or you do not have access to this resource",
            "There is no such template.",
        ),
        TEMPLATE,
        kind="wire",
    ),
    _fault(
        "organization-in-other-words",
        "ERR-03",
        "an unknown organization has words of its own",
        _reworded(
            ORGANIZATION,
            "Resource not found or you do not have access to this resource",
            "There is no such organization.",
        ),
        ORGANIZATION,
        kind="wire",
    ),
    _fault(
        "field-of-the-server",
        "ERR-05",
        "a validation names the server's own field, not the request's",
        edited(TTL, by=_other_field, on="error"),
        TTL,
    ),
    _fault(
        "unknown-member-strict",
        "ERR-06",
        "a body with an unknown member is refused before anything is done",
        answered(TTL, by=_strict),
        TTL,
    ),
    _fault(
        "validation-without-message",
        "ERR-11",
        "a refusal with validations has no message",
        edited(TTL, by=_speechless, on="error"),
        TTL,
    ),
    _fault(
        "workspace-organization",
        "WS-23",
        "a workspace by name is in another organization than its template",
        edited(BY_NAME, by=member("organization_id", NOBODY)),
        BY_NAME,
        kind="relations",
    ),
    _fault(
        "workspace-pages-gap",
        "WS-10",
        "a page begins with the end of the one before, in place of its own beginning",
        answered(WORKSPACES, by=_same_again),
        WORKSPACES,
        kind="relations",
    ),
    _fault(
        "unknown-path-in-other-words",
        "ERR-08",
        "a path that nobody knows is missing in other words",
        edited("*", "", by=_nowhere, on="error"),
        kind="wire",
    ),
    _fault(
        "limit-exceeded-by-rest",
        "ERR-12",
        "more requests are left than the limit allows",
        edited(USER, by=_generous, on="any"),
        USER,
        kind="wire",
        flags=("--rate-limits",),
    ),
    _fault(
        "watch-updates",
        "WAT-01",
        "watchers see other automatic updates than readers",
        streamed(WATCH, _always_updated),
        WATCH,
        kind="streams",
    ),
    _fault(
        "watch-favourite",
        "WAT-03",
        "a favourite makes news",
        _Told,
        WATCH,
        WATCH_WS,
        kind="streams",
    ),
    _fault(
        "inbox-old-news",
        "WAT-06",
        "the inbox begins with a notification of long ago",
        _OldNews,
        INBOX,
        kind="streams",
    ),
)
