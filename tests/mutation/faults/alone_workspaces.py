"""Faults of workspaces that one invariant finds, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.mutation.faults.edits import NOBODY, Inject, answered, both, edited, member
from tests.mutation.faults.everywhere import (
    Change,
    Object,
    builds_of,
    each,
    everywhere,
    setting,
    workspaces_of,
)
from tests.mutation.faults.lists import BUILDS, BY_NAME, WORKSPACE, WORKSPACES, queried
from tests.mutation.faults.writes import CREATE, DORMANT, FAVORITE, PROMOTE, RENAME, UNFAVORITE
from tests.mutation.model import Fault, Frame, Mutation, Reply, Request, Upstream


def _fault(
    id_: str, alone: str, description: str, inject: Inject, *operations: str, **more: Any
) -> Fault:
    kind = more.pop("kind", "state")
    return Fault(
        f"{kind}-{id_}",
        kind,
        description,
        f"rule: {alone}",
        operations,
        inject,
        alone=alone,
        **more,
    )


def _sleeping(change: Any) -> Inject:
    """The reply to going dormant or waking up, changed."""
    return edited(DORMANT, by=each(workspaces_of, change))


def _other_owner(workspace: Object) -> None:
    workspace["latest_build"]["workspace_owner_name"] = "somebody"


def _flipped(workspace: Object) -> None:
    workspace["outdated"] = not workspace["outdated"]


def _sick(workspace: Object) -> None:
    workspace["health"] = {"healthy": False, "failing_agents": [NOBODY]}


def _deleted_before(workspace: Object) -> None:
    if workspace["dormant_at"]:
        workspace["deleting_at"] = "2024-01-01T00:00:00Z"


def _starts(workspace: Object) -> None:
    if not workspace.get("autostart_schedule"):
        workspace["next_start_at"] = "2031-01-01T00:00:00Z"


class _Promoted(Mutation):
    """A workspace never hears of another active version than the first it heard of."""

    def __init__(self) -> None:
        self.active: dict[str, str] = {}

    def changed(self, value: Any) -> bool:
        found = list(workspaces_of(value)) if value is not None else []
        for one in found:
            first = self.active.setdefault(one["id"], one["template_active_version_id"])
            one["template_active_version_id"] = first
            one["outdated"] = one["latest_build"]["template_version_id"] != first
        return bool(found)

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok else None
        if self.changed(value):
            reply.json = value
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json
        return [frame.with_json(value) if self.changed(value) else frame]


def _kept_deadline() -> Change:
    """A build that had a deadline keeps it."""
    kept: dict[str, str] = {}

    def change(build: Object) -> None:
        if build["deadline"]:
            kept[build["id"]] = build["deadline"]
        build["deadline"] = kept.get(build["id"])

    return change


def _without_newest(request: Request, upstream: Upstream) -> Reply | None:
    """The list of builds begins with the second."""
    whole = upstream.call("GET", f"/workspaces/{request.params['workspace']}/builds")
    reply = upstream.send(request)
    if not reply.ok or not whole.ok or len(whole.json) < 2:
        return None
    offset = int(request.args.get("offset") or 0)
    if "limit" in request.args or "offset" in request.args:
        reply = upstream.send(queried(request, offset=offset + 1))
    else:
        reply.json = [one for one in reply.json if one["id"] != whole.json[0]["id"]]
    return reply


def _deleted_too(request: Request, upstream: Upstream) -> Reply | None:
    """Deleted workspaces are listed among the others, in every search and page."""
    asked = request.args
    sound = upstream.send(request)
    whole = upstream.send(queried(request, limit=None, offset=None))
    if not sound.ok or not whole.ok:
        return sound
    gone = [one for one in _deleted(upstream) if _fits(one, asked.get("q", ""))]
    ranked = sorted([*whole.json["workspaces"], *gone], key=_rank)
    offset, limit = int(asked.get("offset") or 0), int(asked.get("limit") or 0)
    shown = ranked[offset:][: limit or None]
    sound.json = {"workspaces": shown, "count": len(ranked)}
    return sound


def _deleted(upstream: Upstream) -> list[Object]:
    """The deleted workspaces that jobs tell of."""
    found = []
    for organization in upstream.call("GET", "/organizations").json:
        jobs = upstream.call("GET", f"/organizations/{organization['id']}/provisionerjobs?limit=0")
        for id_ in dict.fromkeys(job["metadata"].get("workspace_id") for job in jobs.json):
            if id_ and upstream.call("GET", f"/workspaces/{id_}").status == 410:
                found.append(upstream.call("GET", f"/workspaces/{id_}?include_deleted=true").json)
    return found


def _fits(workspace: Object, search: str) -> bool:
    """Whether a search means a workspace, as far as the suite's searches go."""
    own = {
        "owner": workspace["owner_name"],
        "name": workspace["name"],
        "template": workspace["template_name"],
        "organization": workspace["organization_name"],
        "status": workspace["latest_build"]["status"],
        "outdated": str(workspace["outdated"]).lower(),
        "dormant": str(workspace["dormant_at"] is not None).lower(),
    }
    used = datetime.fromisoformat(workspace["last_used_at"])
    for term in search.split():
        key, _, value = term.partition(":")
        if key == "last_used_before":
            fits = used < datetime.fromisoformat(value.strip('"'))
        elif key == "last_used_after":
            fits = used > datetime.fromisoformat(value.strip('"'))
        else:
            fits = own.get(key) == value
        if not fits:
            return False
    return True


def _rank(one: Object) -> tuple[Any, ...]:
    build = one["latest_build"]
    runs = build["transition"] == "start" and build["job"]["status"] == "succeeded"
    return not one["favorite"], not runs, one["owner_name"].lower(), one["name"].lower()


def _deleted_by_id(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    return (
        upstream.send(request.other(query="include_deleted=true")) if reply.status == 410 else reply
    )


def _more_than_mine(request: Request, upstream: Upstream) -> Reply | None:
    """Among ours there is one of somebody else, of those that cost nothing."""
    if request.args.get("q") != "owner:me":
        return None
    reply = upstream.send(request)
    value = reply.json
    mine = {one["id"] for one in value["workspaces"]}
    for one in upstream.call("GET", "/workspaces").json["workspaces"]:
        if one["id"] not in mine and not one["latest_build"]["daily_cost"]:
            value["workspaces"] = [*value["workspaces"], one]
            value["count"] += 1
            reply.json = value
            break
    return reply


def _other_case(request: Request, reply: Reply) -> None:
    name = (request.json or {}).get("name", "")
    if reply.status == 409 and name.isupper():
        reply.status = 400


def _one_validation(request: Request, reply: Reply) -> None:
    value = reply.json
    given = request.json or {}
    asked = ("template_id" in given) + ("template_version_id" in given)
    if reply.status == 400 and asked != 1 and len(value.get("validations") or ()) > 1:
        value["validations"] = value["validations"][:1]
        reply.json = value


def _as_conflict(request: Request, reply: Reply) -> None:
    """A new name that is refused is refused as taken."""
    if reply.status == 400 and b"renam" in reply.body.lower():
        reply.status = 409


class _NotAgain(Mutation):
    """What is no favourite any more cannot be made none again."""

    def __init__(self) -> None:
        self.done: set[str] = set()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == FAVORITE and reply.ok:
            self.done.discard(request.path)
        if request.label == UNFAVORITE and reply.ok:
            if request.path in self.done:
                reply.refuse(400, "The workspace is no favorite.")
            self.done.add(request.path)
        return reply


def _older_version(request: Request, upstream: Upstream) -> Reply | None:
    """A workspace is made of the first version of its template that was ever active."""
    wanted = request.json
    if not isinstance(wanted, dict) or "template_version_id" in wanted:
        return None
    if not wanted.get("template_id"):
        return None
    listed = upstream.call("GET", f"/templates/{wanted['template_id']}/versions").json
    template = upstream.call("GET", f"/templates/{wanted['template_id']}").json
    if not isinstance(listed, list) or not isinstance(template, dict):
        return None
    for one in listed:
        if one["id"] == template.get("active_version_id"):
            return None
        if one["job"]["status"] == "succeeded":
            given = {k: v for k, v in wanted.items() if k != "template_id"}
            return upstream.send(request.with_json({**given, "template_version_id": one["id"]}))
    return None


ALONE_WORKSPACES: tuple[Fault, ...] = (
    _fault(
        "dormant-build-owner",
        "WS-01",
        "the workspace that goes to sleep shows a build of somebody else's",
        _sleeping(_other_owner),
        DORMANT,
    ),
    _fault(
        "newest-build-unlisted",
        "WS-02",
        "the newest build is not in the list of builds",
        answered(BUILDS, by=_without_newest),
        BUILDS,
        WORKSPACE,
        kind="relations",
        writes=False,
    ),
    _fault(
        "dormant-outdated",
        "WS-03",
        "the workspace that goes to sleep is outdated exactly when it is not",
        _sleeping(_flipped),
        DORMANT,
    ),
    _fault(
        "promoted-unheard",
        "WS-04",
        "workspaces never hear that another version is active",
        _Promoted,
        PROMOTE,
    ),
    _fault(
        "dormant-health",
        "WS-05",
        "the workspace that goes to sleep is unhealthy for an agent that it does not have",
        _sleeping(_sick),
        DORMANT,
    ),
    _fault(
        "dormant-deleted-before",
        "WS-06",
        "the workspace that goes to sleep is to be deleted before it does",
        _sleeping(_deleted_before),
        DORMANT,
    ),
    _fault(
        "dormant-ttl",
        "WS-08",
        "the workspace that goes to sleep lives for 31 days",
        _sleeping(setting(ttl_ms=31 * 86_400_000)),
        DORMANT,
    ),
    _fault(
        "ttl-by-name",
        "WS-17",
        "a workspace by name has another time to live than by id",
        edited(BY_NAME, by=member("ttl_ms", 60_000)),
        BY_NAME,
        kind="relations",
        writes=False,
    ),
    _fault(
        "deleted-among-all",
        "WS-11",
        "deleted workspaces are listed, found and counted like the others",
        both(answered(WORKSPACES, by=_deleted_too), answered(WORKSPACE, by=_deleted_by_id)),
        WORKSPACES,
        kind="relations",
        writes=False,
    ),
    _fault(
        "more-than-mine",
        "WS-14",
        "a workspace of somebody else is found among our own",
        answered(WORKSPACES, by=_more_than_mine),
        WORKSPACES,
        kind="relations",
        writes=False,
    ),
    _fault(
        "name-in-capitals",
        "WS-19",
        "a name that is taken in small letters is a bad request in capitals, not a conflict",
        edited(CREATE, by=_other_case, on="error"),
        CREATE,
    ),
    _fault(
        "templates-one-validation",
        "WS-21",
        "of two fields that exclude each other only one is named",
        edited(CREATE, by=_one_validation, on="error"),
        CREATE,
    ),
    _fault(
        "created-of-older-version",
        "WS-22",
        "a new workspace has an older version of its template than the active one",
        answered(CREATE, by=_older_version),
        CREATE,
    ),
    _fault(
        "rename-conflict",
        "WS-27",
        "a new name where none is allowed is a conflict",
        edited(RENAME, by=_as_conflict, on="error"),
        RENAME,
    ),
    _fault(
        "deadline-kept",
        "WS-29",
        "without a time to live the running build has a deadline yet, wherever it is shown",
        lambda: everywhere(builds_of, _kept_deadline())(),
        "*",
    ),
    _fault(
        "created-next-start",
        "WS-30",
        "a new workspace without a schedule is about to be started",
        edited(CREATE, by=each(workspaces_of, _starts)),
        CREATE,
    ),
    _fault(
        "unfavourite-twice",
        "WS-31",
        "what is no favourite cannot become none",
        _NotAgain,
        UNFAVORITE,
    ),
)
