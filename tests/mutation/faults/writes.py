"""How writes are lost, half done or wrongly allowed, and the labels of what writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import (
    NOBODY,
    Edit,
    Inject,
    edited,
    reached,
)
from tests.mutation.model import JSON, Reply, Request, Upstream

Give = Callable[[Request, Upstream], Reply | None]

TTL, AUTOSTART = "PUT /workspaces/{workspace}/ttl", "PUT /workspaces/{workspace}/autostart"
AUTOUPDATES = "PUT /workspaces/{workspace}/autoupdates"
DORMANT, EXTEND = "PUT /workspaces/{workspace}/dormant", "PUT /workspaces/{workspace}/extend"
FAVORITE = "PUT /workspaces/{workspace}/favorite"
UNFAVORITE = "DELETE /workspaces/{workspace}/favorite"
SHARE, UNSHARE = (
    "POST /workspaces/{workspace}/port-share",
    "DELETE /workspaces/{workspace}/port-share",
)
RENAME, CREATE = "PATCH /workspaces/{workspace}", "POST /users/{user}/workspaces"
BUILD, CANCEL = (
    "POST /workspaces/{workspace}/builds",
    "PATCH /workspacebuilds/{workspacebuild}/cancel",
)
WORKSPACE, WORKSPACES = "GET /workspaces/{workspace}", "GET /workspaces"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"
READ_BUILD = "GET /workspacebuilds/{workspacebuild}"
USERS, NEW_USER, DROP_USER = "GET /users", "POST /users", "DELETE /users/{user}"
USER, PROFILE, PASSWORD = (
    "GET /users/{user}",
    "PUT /users/{user}/profile",
    "PUT /users/{user}/password",
)
ROLES, SUSPEND = "PUT /users/{user}/roles", "PUT /users/{user}/status/suspend"
ACTIVATE, LOGIN, LOGOUT = (
    "PUT /users/{user}/status/activate",
    "POST /users/login",
    "POST /users/logout",
)
APPEARANCE, SSH_KEY = "PUT /users/{user}/appearance", "PUT /users/{user}/gitsshkey"
PREFERENCES = "PUT /users/{user}/notifications/preferences"
NEW_TOKEN, DROP_KEY = "POST /users/{user}/keys/tokens", "DELETE /users/{user}/keys/{keyid}"
MEMBER_ROLES = "PUT /organizations/{organization}/members/{user}/roles"
DROP_MEMBER = "DELETE /organizations/{organization}/members/{user}"
TEMPLATE, PATCH_TEMPLATE = "GET /templates/{template}", "PATCH /templates/{template}"
DROP_TEMPLATE, PROMOTE = "DELETE /templates/{template}", "PATCH /templates/{template}/versions"
NEW_TEMPLATE = "POST /organizations/{organization}/templates"
RENAME_VERSION = "PATCH /templateversions/{templateversion}"
ARCHIVE = "POST /templateversions/{templateversion}/archive"
CANCEL_VERSION = "PATCH /templateversions/{templateversion}/cancel"
UPLOAD = "POST /files"


# Replies of our own


def always_json(status: int, value: Any) -> Give:
    return lambda request, upstream: made(request, upstream, status, value)


def stamped(request: Request, upstream: Upstream) -> list[tuple[str, str]]:
    """The headers of a healthy reply, without those of its body."""
    stamped = upstream.call("GET", "/buildinfo").headers
    return [(k, v) for k, v in stamped if k.lower() != "content-type"]


def made(request: Request, upstream: Upstream, status: int, value: Any) -> Reply:
    reply = Reply(status, [*stamped(request, upstream), ("Content-Type", JSON)])
    reply.json = value
    return reply


def lost(status: int = 204, *, valid: Callable[[Request], bool] | None = None) -> Give:
    """Swallowed: the write never reaches the server, and is answered with success."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if valid is not None and not valid(request):
            return None
        return Reply(status, stamped(request, upstream))

    return give


def echoed(read: str, *, valid: Callable[[Request], bool]) -> Give:
    """Swallowed, and answered with the object as it would have become."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if not valid(request):
            return None
        path = read.format(**request.params)
        now = upstream.call("GET", path, token=request.token)
        if not now.ok:
            return None
        value = now.json
        if isinstance(value, dict):
            value.update({k: v for k, v in (request.json or {}).items() if k in value})
        return made(request, upstream, 200, value)

    return give


def by_us(request: Request, upstream: Upstream) -> bool:
    return request.token == upstream.token


def with_members(*names: str) -> Callable[[Request], bool]:
    def valid(request: Request) -> bool:
        value = request.json
        return isinstance(value, dict) and all(value.get(name) for name in names)

    return valid


def ttl_fits(request: Request) -> bool:
    value = (request.json or {}).get("ttl_ms")
    return isinstance(value, int) and 60_000 <= value <= 2_592_000_000


def schedule_fits(request: Request) -> bool:
    value = (request.json or {}).get("schedule")
    return isinstance(value, str) and "Berlin" in value


def updates_fit(request: Request) -> bool:
    return (request.json or {}).get("automatic_updates") in {"always", "never"}


def remove(path: str) -> Callable[[Request, Reply, Upstream], None]:
    """What was created is removed at once."""

    def do(request: Request, reply: Reply, upstream: Upstream) -> None:
        value = reply.json
        if reply.ok and isinstance(value, dict):
            key = str(value.get("key", "")).split("-")[0]
            upstream.call("DELETE", path.format(**{**request.params, **value, "keyid": key}))

    return do


def spread_ttl(request: Request, reply: Reply, upstream: Upstream) -> None:
    """The ttl of every workspace of the caller's neighbours changes, too."""
    if not reply.ok:
        return
    listed = upstream.call("GET", "/workspaces").json or {}
    for one in listed.get("workspaces", ()):
        if one["id"] != request.params["workspace"]:
            upstream.call("PUT", f"/workspaces/{one['id']}/ttl", request.json)


def spread_roles(request: Request, reply: Reply, upstream: Upstream) -> None:
    if not reply.ok:
        return
    for one in (upstream.call("GET", "/users").json or {}).get("users", ()):
        upstream.call("PUT", f"/users/{one['id']}/roles", request.json)


def although_refused(request: Request, reply: Reply, upstream: Upstream) -> None:
    """A refused ttl is stored all the same, as something valid."""
    if reply.status == 400 and isinstance(request.json, dict):
        path = f"/workspaces/{request.params['workspace']}/ttl"
        upstream.call("PUT", path, {"ttl_ms": 5_400_000})


def template_although_refused(request: Request, reply: Reply, upstream: Upstream) -> None:
    if reply.status == 400:
        path = f"/templates/{request.params['template']}"
        now = upstream.call("GET", path).json
        keep = ("allow_user_autostart", "allow_user_autostop", "default_ttl_ms", "icon")
        kept = {name: now[name] for name in keep if name in now}
        upstream.call("PATCH", path, {**kept, "name": now["name"], "description": "half done"})


def turned(status: int, answer: int, value: Any = None, *, when: Callable[[Request], bool]) -> Give:
    """One kind of refusal becomes a success."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status != status or not when(request):
            return reply
        if value is None:
            return Reply(answer, stamped(request, upstream))
        return made(request, upstream, answer, value)

    return give


def same_name(request: Request, upstream: Upstream) -> Reply | None:
    """A second workspace of a name is created: the first one, under another id."""
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    name = request.json["name"]
    value = upstream.call("GET", f"/users/me/workspace/{name}").json
    return made(request, upstream, 201, {**value, "id": NOBODY, "name": name})


def same_user(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    value = upstream.call("GET", "/users/me").json
    body = request.json
    user = {**value, "id": NOBODY, "username": body["username"], "email": body["email"]}
    return made(request, upstream, 201, {**user, "status": "dormant", "roles": []})


def same_template(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    listed = upstream.call("GET", "/templates").json
    value = next(
        (one for one in listed if one["name"].lower() == request.json["name"].lower()), listed[0]
    )
    return made(request, upstream, 201, {**value, "id": NOBODY})


def _latest(request: Request, upstream: Upstream) -> Any:
    path = f"/workspaces/{request.params['workspace']}"
    value = upstream.call("GET", path).json
    return value.get("latest_build") if isinstance(value, dict) else None


def build_refused_passes(*statuses: int, when: Callable[[Request], bool]) -> Give:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status not in statuses or not when(request):
            return reply
        latest = _latest(request, upstream)
        if not isinstance(latest, dict):
            return reply
        number = latest["build_number"] + 1
        return made(request, upstream, 201, {**latest, "id": NOBODY, "build_number": number})

    return give


def says(name: str, *values: Any) -> Callable[[Request], bool]:
    def when(request: Request) -> bool:
        body = request.json
        return isinstance(body, dict) and body.get(name) in values

    return when


def fixed_changes(request: Request) -> bool:
    body = request.json or {}
    listed = body.get("rich_parameter_values") or () if isinstance(body, dict) else ()
    return any(one.get("name") == "fixed" and one.get("value") == "b" for one in listed)


def no_number() -> Edit:
    """Every build is the first one."""

    def edit(request: Request, reply: Reply) -> None:
        value = reply.json
        for place in ("", "latest_build", "*", "workspaces.*.latest_build"):
            for one in reached(value, place.split(".") if place else []):
                if isinstance(one, dict) and "build_number" in one:
                    one["build_number"] = 1
        reply.json = value

    return edit


def canceled(request: Request, upstream: Upstream) -> Reply | None:
    """A cancel that is answered and does nothing."""
    path = f"/workspacebuilds/{request.params['workspacebuild']}"
    now = upstream.call("GET", path).json
    if not isinstance(now, dict) or now["job"]["status"] not in {"pending", "running"}:
        return None
    said = {"message": "Job has been marked as canceled..."}
    return made(request, upstream, 200, said)


def deleted_is(status: int) -> Give:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status == 410:
            reply.refuse(status, "Resource not found or you do not have access to this resource")
        return reply

    return give


def never_with_deleted(request: Request, upstream: Upstream) -> Reply | None:
    return upstream.send(request.other(query=""))


def promoted_lost(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templates/{request.params['template']}"
    listed = upstream.call("GET", f"{path}/versions").json or ()
    wanted = (request.json or {}).get("id")
    mine = next((one for one in listed if one["id"] == wanted), None)
    if mine is None or mine["job"]["status"] != "succeeded":
        return None
    return made(request, upstream, 200, {"message": "Updated the active template version!"})


def any_promoted(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status in {400, 403} and request.token == upstream.token and (request.json or {}):
        return made(request, upstream, 200, {"message": "Updated the active template version!"})
    return reply


def before_the_end(request: Request, upstream: Upstream) -> Reply | None:
    """Parameters of a version that is still being imported are an empty list."""
    reply = upstream.send(request)
    return made(request, upstream, 200, []) if reply.status == 425 else reply


def always_200(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 304:
        return reply
    if "template" in request.params:
        path = f"/templates/{request.params['template']}"
    else:
        path = f"/workspaces/{request.params['workspace']}"
    return made(request, upstream, 200, upstream.call("GET", path).json)


def other_active(request: Request, upstream: Upstream) -> Reply | None:
    """Builds without a version take the active one, not that of the build before."""
    body = request.json
    if not isinstance(body, dict) or body.get("transition") != "start":
        return None
    if body.get("template_version_id"):
        return None
    path = f"/workspaces/{request.params['workspace']}"
    active = upstream.call("GET", path).json.get("template_active_version_id")
    return upstream.send(request.with_json({**body, "template_version_id": active}))


def _no_upload(request: Request, reply: Reply) -> None:
    reply.json = {"hash": NOBODY}


def silent_upload() -> Inject:
    return edited(UPLOAD, by=_no_upload)


def unnamed(request: Request, upstream: Upstream) -> Reply | None:
    """A new name of a user is not kept, though everything else is."""
    body = request.json
    if not isinstance(body, dict) or not body.get("username", "").endswith("x"):
        return None
    now = upstream.call("GET", f"/users/{request.params['user']}").json
    reply = upstream.send(request.with_json({**body, "username": now["username"]}))
    value = reply.json
    if reply.ok:
        value["username"] = body["username"]
        reply.json = value
    return reply


def roles_lost(request: Request, upstream: Upstream) -> Reply | None:
    names = (request.json or {}).get("roles")
    if not isinstance(names, list) or not set(names) <= {"auditor"} or not names:
        return None
    now = upstream.call("GET", f"/users/{request.params['user']}").json
    roles = [{"name": "auditor", "display_name": "Auditor"}]
    return made(request, upstream, 200, {**now, "roles": roles})


def member_roles_lost(request: Request, upstream: Upstream) -> Reply | None:
    names = (request.json or {}).get("roles")
    if names != ["organization-auditor"]:
        return None
    reply = upstream.send(request.with_json({"roles": []}))
    value = reply.json
    if reply.ok:
        shown = {"name": names[0], "display_name": "Organization Auditor"}
        shown["organization_id"] = value.get("organization_id", "")
        value["roles"] = [shown]
        reply.json = value
    return reply


def key_kept(request: Request, upstream: Upstream) -> Reply | None:
    """A new key pair is promised; the next read has the old one."""
    now = upstream.call("GET", "/users/me/gitsshkey", token=request.token)
    if not now.ok:
        return None
    value = now.json
    value["public_key"] = value["public_key"][:-12] + "AAAABBBBCCC\n"
    return made(request, upstream, 200, value)


def preferences_lost(request: Request, upstream: Upstream) -> Reply | None:
    now = upstream.call("GET", "/users/me/notifications/preferences", token=request.token)
    return made(request, upstream, 200, now.json) if now.ok else None


def shared_lost(request: Request, upstream: Upstream) -> Reply | None:
    body = request.json
    if not isinstance(body, dict) or body.get("share_level") != "public":
        return None
    if body.get("port") != 8080 or body.get("protocol") not in {"http", "https"}:
        return None
    if body.get("agent_name") == "none":
        return None
    value = {"workspace_id": request.params["workspace"], **body}
    return made(request, upstream, 200, value)


def extended_lost(request: Request, upstream: Upstream) -> Reply | None:
    """Only valid extensions are swallowed: the server judges, and the old deadline comes back."""
    path = f"/workspaces/{request.params['workspace']}"
    was = upstream.call("GET", path, token=request.token).json
    reply = upstream.send(request)
    if reply.ok and isinstance(was, dict) and was["latest_build"].get("deadline"):
        upstream.call("PUT", f"{path}/extend", {"deadline": was["latest_build"]["deadline"]})
    return reply


def dormant_lost(request: Request, upstream: Upstream) -> Reply | None:
    if (request.json or {}).get("dormant") is not True or not by_us(request, upstream):
        return None
    now = upstream.call("GET", f"/workspaces/{request.params['workspace']}").json
    return made(request, upstream, 200, {**now, "dormant_at": "2025-06-02T09:00:00Z"})


def archived_lost(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templateversions/{request.params['templateversion']}"
    now = upstream.call("GET", path).json
    if not isinstance(now, dict) or now.get("archived"):
        return None
    said = {"message": f"template version {now['id']} archived!"}
    return made(request, upstream, 200, said)


def kept(path: str, status: int, value: Any = None) -> Give:
    """A removal of what is there is answered with success and not done."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        there = upstream.call("GET", path.format(**request.params), token=request.token)
        if not there.ok:
            return None
        if value is None:
            return Reply(status, stamped(request, upstream))
        return made(request, upstream, status, value)

    return give


def no_workspaces(request: Request, upstream: Upstream) -> Reply | None:
    """A user without workspaces is said to be deleted."""
    found = upstream.call("GET", f"/users/{request.params['user']}").json
    if not isinstance(found, dict) or request.token != upstream.token:
        return None
    if request.params["user"] == "me":
        return None
    mine = upstream.call("GET", f"/workspaces?q=owner:{found['username']}").json
    if mine["count"]:
        return None
    return made(request, upstream, 200, {"message": "User has been deleted!"})


def no_builds(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templates/{request.params['template']}"
    found = upstream.call("GET", path).json
    if not isinstance(found, dict) or request.token != upstream.token:
        return None
    mine = upstream.call("GET", f"/workspaces?q=template:{found['name']}").json
    if mine["count"]:
        return None
    return made(request, upstream, 200, {"message": "Template has been deleted!"})


def delete_build_lost(request: Request, upstream: Upstream) -> Reply | None:
    """A delete build is run as a stop, and says that it is a delete."""
    body = request.json
    if not isinstance(body, dict) or body.get("transition") != "delete" or body.get("orphan"):
        return None
    reply = upstream.send(request.with_json({**body, "transition": "stop"}))
    value = reply.json
    if reply.ok:
        reply.json = {**value, "transition": "delete"}
    return reply


STAYS = "what was said to be removed cannot be cleaned up"
