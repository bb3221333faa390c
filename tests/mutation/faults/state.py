"""Faults of behaviour: writes that are answered and lost, half done, or wrongly allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import (
    NOBODY,
    Edit,
    Inject,
    answered,
    edited,
    fresh,
    is_one_of,
    member,
    reached,
)
from tests.mutation.model import JSON, Fault, Mutation, Reply, Request, Upstream

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


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    also = more.pop("also", ())
    return Fault(f"state-{id_}", "state", description, oracle, (operation, *also), inject, **more)


# Replies of our own


def _json(status: int, value: Any) -> Give:
    return lambda request, upstream: _made(request, upstream, status, value)


def _stamped(request: Request, upstream: Upstream) -> list[tuple[str, str]]:
    """The headers of a healthy reply, without those of its body."""
    stamped = upstream.call("GET", "/buildinfo").headers
    return [(k, v) for k, v in stamped if k.lower() != "content-type"]


def _made(request: Request, upstream: Upstream, status: int, value: Any) -> Reply:
    reply = Reply(status, [*_stamped(request, upstream), ("Content-Type", JSON)])
    reply.json = value
    return reply


def _lost(status: int = 204, *, valid: Callable[[Request], bool] | None = None) -> Give:
    """Swallowed: the write never reaches the server, and is answered with success."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        if valid is not None and not valid(request):
            return None
        return Reply(status, _stamped(request, upstream))

    return give


def _echoed(read: str, *, valid: Callable[[Request], bool]) -> Give:
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
        return _made(request, upstream, 200, value)

    return give


def _by_us(request: Request, upstream: Upstream) -> bool:
    return request.token == upstream.token


def _has(*names: str) -> Callable[[Request], bool]:
    def valid(request: Request) -> bool:
        value = request.json
        return isinstance(value, dict) and all(value.get(name) for name in names)

    return valid


def _ttl_fits(request: Request) -> bool:
    value = (request.json or {}).get("ttl_ms")
    return isinstance(value, int) and 60_000 <= value <= 2_592_000_000


def _schedule_fits(request: Request) -> bool:
    value = (request.json or {}).get("schedule")
    return isinstance(value, str) and "Berlin" in value


def _updates_fit(request: Request) -> bool:
    return (request.json or {}).get("automatic_updates") in {"always", "never"}


class _Twin(Mutation):
    """A write that is passed on and then taken back, or done to another object, too."""

    def __init__(self, label: str, after: Callable[[Request, Reply, Upstream], None]) -> None:
        self.label, self.after = label, after

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if request.label == self.label:
            self.after(request, reply, upstream)
        return reply


def _afterwards(label: str, do: Callable[[Request, Reply, Upstream], None]) -> Inject:
    return lambda: _Twin(label, do)


def _remove(path: str) -> Callable[[Request, Reply, Upstream], None]:
    """What was created is removed at once."""

    def do(request: Request, reply: Reply, upstream: Upstream) -> None:
        value = reply.json
        if reply.ok and isinstance(value, dict):
            key = str(value.get("key", "")).split("-")[0]
            upstream.call("DELETE", path.format(**{**request.params, **value, "keyid": key}))

    return do


def _spread_ttl(request: Request, reply: Reply, upstream: Upstream) -> None:
    """The ttl of every workspace of the caller's neighbours changes, too."""
    if not reply.ok:
        return
    listed = upstream.call("GET", "/workspaces").json or {}
    for one in listed.get("workspaces", ()):
        if one["id"] != request.params["workspace"]:
            upstream.call("PUT", f"/workspaces/{one['id']}/ttl", request.json)


def _spread_roles(request: Request, reply: Reply, upstream: Upstream) -> None:
    if not reply.ok:
        return
    for one in (upstream.call("GET", "/users").json or {}).get("users", ()):
        upstream.call("PUT", f"/users/{one['id']}/roles", request.json)


def _although_refused(request: Request, reply: Reply, upstream: Upstream) -> None:
    """A refused ttl is stored all the same, as something valid."""
    if reply.status == 400 and isinstance(request.json, dict):
        path = f"/workspaces/{request.params['workspace']}/ttl"
        upstream.call("PUT", path, {"ttl_ms": 5_400_000})


def _template_although_refused(request: Request, reply: Reply, upstream: Upstream) -> None:
    if reply.status == 400:
        path = f"/templates/{request.params['template']}"
        now = upstream.call("GET", path).json
        keep = ("allow_user_autostart", "allow_user_autostop", "default_ttl_ms", "icon")
        kept = {name: now[name] for name in keep if name in now}
        upstream.call("PATCH", path, {**kept, "name": now["name"], "description": "half done"})


class _Reverting(Mutation):
    """A ttl goes back to what it was some requests after it was set."""

    def __init__(self) -> None:
        self.left = -1
        self.undo: tuple[str, Any] | None = None

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.label == TTL and self.undo is None and _ttl_fits(request):
            path = f"/workspaces/{request.params['workspace']}"
            was = upstream.call("GET", path, token=request.token).json
            reply = upstream.send(request)
            self.undo = (f"{path}/ttl", {"ttl_ms": was.get("ttl_ms")})
            self.left = 15
            return reply
        if self.undo is not None:
            self.left -= 1
            if self.left == 0:
                upstream.call("PUT", *self.undo)
                self.undo = None
        return upstream.send(request)


class _Sessions(Mutation):
    """Sessions that should have ended are kept: known by the password their user signed in with."""

    def __init__(self, ends: Callable[[Request], bool]) -> None:
        self.ends = ends
        self.renewed: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        self.changed: dict[str, str] = {}

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        token = request.token
        reply = upstream.send(request.as_user(self.renewed.get(token, token)) if token else request)
        if request.label == LOGIN and reply.ok:
            self.emails[reply.json["session_token"]] = request.json["email"]
        if request.label == PASSWORD and reply.ok and token in self.emails:
            body = {"email": self.emails[token], "password": request.json["password"]}
            again = upstream.call("POST", "/users/login", body)
            if again.ok:
                self.renewed[token] = again.json["session_token"]
        return reply


def _kept_sessions() -> Mutation:
    return _Sessions(lambda request: request.label == PASSWORD)


class _Suspended(Mutation):
    """A suspended user goes on as before."""

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if reply.status == 401 and b"suspended" in reply.body and request.label != LOGIN:
            return upstream.send(request.as_user(upstream.token))
        return reply


class _Gates(Mutation):
    """Refusals of others' things to ordinary members are not made for these operations."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        if (
            reply.status in {403, 404}
            and request.token
            and request.token != upstream.token
            and is_one_of(request, self.labels)
        ):
            passed = upstream.send(request.as_user(upstream.token))
            return passed if passed.ok else reply
        return reply


def _open(*labels: str) -> Inject:
    return lambda: _Gates(labels)


def _on(status: int, answer: int, value: Any = None, *, when: Callable[[Request], bool]) -> Give:
    """One kind of refusal becomes a success."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status != status or not when(request):
            return reply
        if value is None:
            return Reply(answer, _stamped(request, upstream))
        return _made(request, upstream, answer, value)

    return give


def _same_name(request: Request, upstream: Upstream) -> Reply | None:
    """A second workspace of a name is created: the first one, under another id."""
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    name = request.json["name"]
    value = upstream.call("GET", f"/users/me/workspace/{name}").json
    return _made(request, upstream, 201, {**value, "id": NOBODY, "name": name})


def _same_user(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    value = upstream.call("GET", "/users/me").json
    body = request.json
    made = {**value, "id": NOBODY, "username": body["username"], "email": body["email"]}
    return _made(request, upstream, 201, {**made, "status": "dormant", "roles": []})


def _same_template(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 409:
        return reply
    listed = upstream.call("GET", "/templates").json
    value = next(
        (one for one in listed if one["name"].lower() == request.json["name"].lower()), listed[0]
    )
    return _made(request, upstream, 201, {**value, "id": NOBODY})


def _latest(request: Request, upstream: Upstream) -> Any:
    path = f"/workspaces/{request.params['workspace']}"
    value = upstream.call("GET", path).json
    return value.get("latest_build") if isinstance(value, dict) else None


def _build_refused_passes(*statuses: int, when: Callable[[Request], bool]) -> Give:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status not in statuses or not when(request):
            return reply
        latest = _latest(request, upstream)
        if not isinstance(latest, dict):
            return reply
        number = latest["build_number"] + 1
        return _made(request, upstream, 201, {**latest, "id": NOBODY, "build_number": number})

    return give


def _is(name: str, *values: Any) -> Callable[[Request], bool]:
    def when(request: Request) -> bool:
        body = request.json
        return isinstance(body, dict) and body.get(name) in values

    return when


def _fixed_changes(request: Request) -> bool:
    body = request.json or {}
    listed = body.get("rich_parameter_values") or () if isinstance(body, dict) else ()
    return any(one.get("name") == "fixed" and one.get("value") == "b" for one in listed)


def _no_number() -> Edit:
    """Every build is the first one."""

    def edit(request: Request, reply: Reply) -> None:
        value = reply.json
        for place in ("", "latest_build", "*", "workspaces.*.latest_build"):
            for one in reached(value, place.split(".") if place else []):
                if isinstance(one, dict) and "build_number" in one:
                    one["build_number"] = 1
        reply.json = value

    return edit


def _canceled(request: Request, upstream: Upstream) -> Reply | None:
    """A cancel that is answered and does nothing."""
    path = f"/workspacebuilds/{request.params['workspacebuild']}"
    now = upstream.call("GET", path).json
    if not isinstance(now, dict) or now["job"]["status"] not in {"pending", "running"}:
        return None
    said = {"message": "Job has been marked as canceled..."}
    return _made(request, upstream, 200, said)


def _deleted_is(status: int) -> Give:
    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status == 410:
            reply.refuse(status, "Resource not found or you do not have access to this resource")
        return reply

    return give


def _never_with_deleted(request: Request, upstream: Upstream) -> Reply | None:
    return upstream.send(request.other(query=""))


def _zombie() -> Mutation:
    """A deleted workspace stays readable by id."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        if reply.status == 410:
            return upstream.send(request.other(query="include_deleted=true"))
        return reply

    return answered(WORKSPACE, by=give)()


class _Hidden(Mutation):
    """What a creation answered with is found nowhere."""

    def __init__(self, creates: str, *reads: str) -> None:
        self.creates, self.reads = creates, reads
        self.hidden: set[str] = set()
        self.names: set[str] = set()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok else None
        if request.label == self.creates and isinstance(value, dict) and "id" in value:
            self.hidden.add(value["id"])
            self.names.add(str(value.get("name") or value.get("username") or ""))
        elif self.hidden and value is not None and is_one_of(request, self.reads):
            if isinstance(value, dict) and value.get("id") in self.hidden:
                reply.refuse(404, "Resource not found or you do not have access to this resource")
            else:
                for found in [value] if isinstance(value, list) else list(value.values()):
                    if isinstance(found, list):
                        kept = [
                            one
                            for one in found
                            if not isinstance(one, dict) or one.get("id") not in self.hidden
                        ]
                        found[:] = kept
                reply.json = value
        return reply


def _promoted_lost(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templates/{request.params['template']}"
    listed = upstream.call("GET", f"{path}/versions").json or ()
    wanted = (request.json or {}).get("id")
    mine = next((one for one in listed if one["id"] == wanted), None)
    if mine is None or mine["job"]["status"] != "succeeded":
        return None
    return _made(request, upstream, 200, {"message": "Updated the active template version!"})


def _any_promoted(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status in {400, 403} and request.token == upstream.token and (request.json or {}):
        return _made(request, upstream, 200, {"message": "Updated the active template version!"})
    return reply


def _before_the_end(request: Request, upstream: Upstream) -> Reply | None:
    """Parameters of a version that is still being imported are an empty list."""
    reply = upstream.send(request)
    return _made(request, upstream, 200, []) if reply.status == 425 else reply


def _always_200(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.status != 304:
        return reply
    if "template" in request.params:
        path = f"/templates/{request.params['template']}"
    else:
        path = f"/workspaces/{request.params['workspace']}"
    return _made(request, upstream, 200, upstream.call("GET", path).json)


def _other_active(request: Request, upstream: Upstream) -> Reply | None:
    """Builds without a version take the active one, not that of the build before."""
    body = request.json
    if not isinstance(body, dict) or body.get("transition") != "start":
        return None
    if body.get("template_version_id"):
        return None
    path = f"/workspaces/{request.params['workspace']}"
    active = upstream.call("GET", path).json.get("template_active_version_id")
    return upstream.send(request.with_json({**body, "template_version_id": active}))


class _Deadline(Mutation):
    """A deadline is shown although the ttl was taken away."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        value = reply.json if reply.ok and request.label == WORKSPACE else None
        if isinstance(value, dict):
            build = value["latest_build"]
            if build["deadline"]:
                self.kept[build["id"]] = build["deadline"]
            elif build["id"] in self.kept:
                build["deadline"] = self.kept[build["id"]]
                reply.json = value
        return reply


def _no_upload(request: Request, reply: Reply) -> None:
    reply.json = {"hash": NOBODY}


def _silent_upload() -> Inject:
    return edited(UPLOAD, by=_no_upload)


def _unnamed(request: Request, upstream: Upstream) -> Reply | None:
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


def _roles_lost(request: Request, upstream: Upstream) -> Reply | None:
    names = (request.json or {}).get("roles")
    if not isinstance(names, list) or not set(names) <= {"auditor"} or not names:
        return None
    now = upstream.call("GET", f"/users/{request.params['user']}").json
    roles = [{"name": "auditor", "display_name": "Auditor"}]
    return _made(request, upstream, 200, {**now, "roles": roles})


def _member_roles_lost(request: Request, upstream: Upstream) -> Reply | None:
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


def _key_kept(request: Request, upstream: Upstream) -> Reply | None:
    """A new key pair is promised; the next read has the old one."""
    now = upstream.call("GET", "/users/me/gitsshkey", token=request.token)
    if not now.ok:
        return None
    value = now.json
    value["public_key"] = value["public_key"][:-12] + "AAAABBBBCCC\n"
    return _made(request, upstream, 200, value)


def _preferences_lost(request: Request, upstream: Upstream) -> Reply | None:
    now = upstream.call("GET", "/users/me/notifications/preferences", token=request.token)
    return _made(request, upstream, 200, now.json) if now.ok else None


def _shared_lost(request: Request, upstream: Upstream) -> Reply | None:
    body = request.json
    if not isinstance(body, dict) or body.get("share_level") != "public":
        return None
    if body.get("port") != 8080 or body.get("protocol") not in {"http", "https"}:
        return None
    if body.get("agent_name") == "none":
        return None
    value = {"workspace_id": request.params["workspace"], **body}
    return _made(request, upstream, 200, value)


def _extended_lost(request: Request, upstream: Upstream) -> Reply | None:
    """Only valid extensions are swallowed: the server judges, and the old deadline comes back."""
    path = f"/workspaces/{request.params['workspace']}"
    was = upstream.call("GET", path, token=request.token).json
    reply = upstream.send(request)
    if reply.ok and isinstance(was, dict) and was["latest_build"].get("deadline"):
        upstream.call("PUT", f"{path}/extend", {"deadline": was["latest_build"]["deadline"]})
    return reply


def _dormant_lost(request: Request, upstream: Upstream) -> Reply | None:
    if (request.json or {}).get("dormant") is not True or not _by_us(request, upstream):
        return None
    now = upstream.call("GET", f"/workspaces/{request.params['workspace']}").json
    return _made(request, upstream, 200, {**now, "dormant_at": "2025-06-02T09:00:00Z"})


def _archived_lost(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templateversions/{request.params['templateversion']}"
    now = upstream.call("GET", path).json
    if not isinstance(now, dict) or now.get("archived"):
        return None
    said = {"message": f"template version {now['id']} archived!"}
    return _made(request, upstream, 200, said)


def _kept(path: str, status: int, value: Any = None) -> Give:
    """A removal of what is there is answered with success and not done."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        there = upstream.call("GET", path.format(**request.params), token=request.token)
        if not there.ok:
            return None
        if value is None:
            return Reply(status, _stamped(request, upstream))
        return _made(request, upstream, status, value)

    return give


def _no_workspaces(request: Request, upstream: Upstream) -> Reply | None:
    """A user without workspaces is said to be deleted."""
    found = upstream.call("GET", f"/users/{request.params['user']}").json
    if not isinstance(found, dict) or request.token != upstream.token:
        return None
    if request.params["user"] == "me":
        return None
    mine = upstream.call("GET", f"/workspaces?q=owner:{found['username']}").json
    if mine["count"]:
        return None
    return _made(request, upstream, 200, {"message": "User has been deleted!"})


def _no_builds(request: Request, upstream: Upstream) -> Reply | None:
    path = f"/templates/{request.params['template']}"
    found = upstream.call("GET", path).json
    if not isinstance(found, dict) or request.token != upstream.token:
        return None
    mine = upstream.call("GET", f"/workspaces?q=template:{found['name']}").json
    if mine["count"]:
        return None
    return _made(request, upstream, 200, {"message": "Template has been deleted!"})


def _delete_build_lost(request: Request, upstream: Upstream) -> Reply | None:
    """A delete build is run as a stop, and says that it is a delete."""
    body = request.json
    if not isinstance(body, dict) or body.get("transition") != "delete" or body.get("orphan"):
        return None
    reply = upstream.send(request.with_json({**body, "transition": "stop"}))
    value = reply.json
    if reply.ok:
        reply.json = {**value, "transition": "delete"}
    return reply


_STAYS = "what was said to be removed cannot be cleaned up"

STATE: tuple[Fault, ...] = (
    # Writes that are answered and lost
    _fault(
        "ttl-lost",
        TTL,
        "a ttl is not kept",
        "docs: workspaces.md",
        answered(TTL, by=_lost(valid=_ttl_fits)),
    ),
    _fault(
        "autostart-lost",
        AUTOSTART,
        "a schedule is not kept",
        "docs: workspaces.md",
        answered(AUTOSTART, by=_lost(valid=_schedule_fits)),
    ),
    _fault(
        "autostart-stays",
        AUTOSTART,
        "a schedule cannot be taken away",
        "docs: workspaces.md",
        answered(
            AUTOSTART,
            by=_lost(
                valid=lambda q: isinstance(q.json, dict) and q.json.get("schedule", "") is None
            ),
        ),
    ),
    _fault(
        "autoupdates-lost",
        AUTOUPDATES,
        "automatic updates are not kept",
        "docs: workspaces.md",
        answered(AUTOUPDATES, by=_lost(valid=_updates_fit)),
    ),
    _fault(
        "favorite-lost",
        FAVORITE,
        "a favourite is not kept",
        "docs: workspaces.md",
        answered(FAVORITE, by=lambda q, u: _lost()(q, u) if _by_us(q, u) else None),
        also=(UNFAVORITE,),
    ),
    _fault(
        "unfavorite-lost",
        UNFAVORITE,
        "a favourite stays one",
        "docs: workspaces.md",
        answered(UNFAVORITE, by=lambda q, u: _lost()(q, u) if _by_us(q, u) else None),
    ),
    _fault(
        "dormant-lost",
        DORMANT,
        "a workspace does not become dormant",
        "rule: WS-24",
        answered(DORMANT, by=_dormant_lost),
    ),
    _fault(
        "extend-lost",
        EXTEND,
        "an extension is not kept",
        "docs: workspaces.md",
        answered(EXTEND, by=_extended_lost),
    ),
    _fault(
        "share-lost",
        SHARE,
        "a changed port share is not kept",
        "docs: portsharing.md",
        answered(SHARE, by=_shared_lost),
    ),
    _fault(
        "unshare-lost",
        UNSHARE,
        "a port share stays",
        "docs: portsharing.md",
        answered(UNSHARE, by=_kept("/workspaces/{workspace}", 200)),
    ),
    _fault(
        "profile-lost",
        PROFILE,
        "a new user name is not kept",
        "docs: users.md",
        answered(PROFILE, by=_unnamed),
    ),
    _fault(
        "roles-lost",
        ROLES,
        "given roles are not kept",
        "docs: users.md",
        answered(ROLES, by=_roles_lost),
    ),
    _fault(
        "member-roles-lost",
        MEMBER_ROLES,
        "given roles in an organization are not kept",
        "docs: members.md",
        answered(MEMBER_ROLES, by=_member_roles_lost),
    ),
    _fault(
        "appearance-lost",
        APPEARANCE,
        "a chosen theme is not kept",
        "docs: users.md",
        answered(
            APPEARANCE,
            by=_echoed("/users/{user}/appearance", valid=_is("terminal_font", "fira-code")),
        ),
    ),
    _fault(
        "ssh-key-kept",
        SSH_KEY,
        "a new SSH key is not kept",
        "docs: users.md",
        answered(SSH_KEY, by=_key_kept),
    ),
    _fault(
        "preferences-lost",
        PREFERENCES,
        "notification preferences are not kept",
        "docs: notifications.md",
        answered(PREFERENCES, by=_preferences_lost),
    ),
    _fault(
        "template-lost",
        PATCH_TEMPLATE,
        "a changed template is not kept",
        "docs: templates.md",
        answered(
            PATCH_TEMPLATE,
            by=_echoed(
                "/templates/{template}", valid=_is("description", "changed by a contract run")
            ),
        ),
    ),
    _fault(
        "template-half",
        PATCH_TEMPLATE,
        "one setting of a template is not kept",
        "docs: templates.md",
        answered(
            PATCH_TEMPLATE,
            by=lambda q, u: (
                u.send(q.with_json({**q.json, "icon": "/icon/other.svg"}))
                if isinstance(q.json, dict) and q.json.get("icon")
                else None
            ),
        ),
    ),
    _fault(
        "promote-lost",
        PROMOTE,
        "a version is not made active",
        "docs: templates.md",
        answered(PROMOTE, by=_promoted_lost),
    ),
    _fault(
        "archive-lost",
        ARCHIVE,
        "a version is not archived",
        "rule: TPL-09",
        answered(ARCHIVE, by=_archived_lost),
    ),
    _fault(
        "cancel-lost",
        CANCEL,
        "a cancel does nothing",
        "rule: BLD-14",
        answered(CANCEL, by=_canceled),
        also=(BUILD,),
    ),
    _fault(
        "activate-lost",
        ACTIVATE,
        "a suspended user stays so",
        "docs: users.md",
        answered(ACTIVATE, by=_echoed("/users/{user}", valid=lambda q: True)),
    ),
    _fault(
        "suspend-lost",
        SUSPEND,
        "a user is not suspended",
        "rule: USR-04",
        answered(
            SUSPEND,
            by=lambda q, u: (
                _made(
                    q,
                    u,
                    200,
                    {**u.call("GET", f"/users/{q.params['user']}").json, "status": "suspended"},
                )
                if q.params["user"] != "me" and _by_us(q, u)
                else None
            ),
        ),
    ),
    _fault("ttl-reverts", TTL, "a ttl goes back after a while", "docs: workspaces.md", _Reverting),
    # Creations
    _fault(
        "token-gone",
        NEW_TOKEN,
        "a new token does not exist",
        "docs: users.md",
        _afterwards(NEW_TOKEN, _remove("/users/{user}/keys/{keyid}")),
    ),
    _fault(
        "user-gone",
        NEW_USER,
        "a new user does not exist",
        "docs: users.md",
        _afterwards(NEW_USER, _remove("/users/{id}")),
    ),
    _fault(
        "template-gone",
        NEW_TEMPLATE,
        "a new template does not exist",
        "docs: templates.md",
        _afterwards(NEW_TEMPLATE, _remove("/templates/{id}")),
    ),
    _fault(
        "workspace-hidden",
        CREATE,
        "a new workspace is found nowhere",
        "docs: workspaces.md",
        lambda: _Hidden(CREATE, WORKSPACE, WORKSPACES, BY_NAME),
        incomplete=_STAYS,
    ),
    _fault(
        "workspace-unlisted",
        WORKSPACES,
        "a new workspace is not listed",
        "docs: workspaces.md",
        lambda: _Hidden(CREATE, WORKSPACES),
        also=(CREATE,),
    ),
    _fault(
        "build-hidden",
        BUILD,
        "a new build is found nowhere",
        "docs: builds.md",
        lambda: _Hidden(BUILD, READ_BUILD, "GET /workspaces/{workspace}/builds"),
        incomplete=_STAYS,
        also=(READ_BUILD,),
    ),
    _fault(
        "upload-other",
        UPLOAD,
        "an upload gives another file's id",
        "docs: files.md",
        _silent_upload(),
    ),
    _fault(
        "created-name",
        CREATE,
        "a workspace is created under another name",
        "docs: workspaces.md",
        edited(CREATE, by=member("name", "other-name")),
    ),
    _fault(
        "created-build",
        CREATE,
        "a new workspace's first build has number 2",
        "rule: WS-20",
        edited(CREATE, by=member("latest_build.build_number", 2)),
    ),
    _fault(
        "created-reason",
        CREATE,
        "a new workspace was made by autostart",
        "rule: WS-20",
        edited(CREATE, by=member("latest_build.reason", "autostart")),
    ),
    _fault(
        "created-status",
        NEW_USER,
        "a new user is active at once",
        "rule: USR-01",
        edited(NEW_USER, by=member("status", "active")),
    ),
    _fault(
        "build-name",
        BUILD,
        "a posted build is running at once",
        "rule: BLD-07",
        edited(BUILD, by=member("job.status", "running")),
    ),
    _fault(
        "build-transition",
        BUILD,
        "a posted build says another transition",
        "docs: builds.md",
        edited(BUILD, by=member("transition", lambda old: "stop" if old == "start" else "start")),
    ),
    _fault(
        "build-version-active",
        BUILD,
        "a start takes the active version, not that of the build before",
        "rule: BLD-10",
        answered(BUILD, by=_other_active),
    ),
    _fault(
        "build-number",
        BUILD,
        "the build number does not move",
        "rule: BLD-01",
        fresh(
            BUILD,
            READ_BUILD,
            WORKSPACE,
            WORKSPACES,
            BY_NAME,
            "GET /workspaces/{workspace}/builds",
            make=_no_number,
        ),
        also=("GET /workspaces/{workspace}/builds",),
    ),
    # Removals
    _fault(
        "key-stays",
        DROP_KEY,
        "a deleted token stays",
        "docs: users.md",
        answered(DROP_KEY, by=_kept("/users/{user}/keys/{keyid}", 204)),
        incomplete=_STAYS,
    ),
    _fault(
        "user-stays",
        DROP_USER,
        "a deleted user stays",
        "docs: users.md",
        answered(DROP_USER, by=_no_workspaces),
        incomplete=_STAYS,
    ),
    _fault(
        "template-stays",
        DROP_TEMPLATE,
        "a deleted template stays",
        "rule: TPL-04",
        answered(DROP_TEMPLATE, by=_no_builds),
        incomplete=_STAYS,
    ),
    _fault(
        "workspace-stays",
        BUILD,
        "a delete build deletes nothing",
        "rule: WS-26",
        answered(BUILD, by=_delete_build_lost),
        incomplete=_STAYS,
        also=(READ_BUILD,),
    ),
    _fault(
        "member-stays",
        DROP_MEMBER,
        "a removed member stays",
        "docs: members.md",
        answered(DROP_MEMBER, by=_kept("/users/{user}", 204)),
    ),
    _fault(
        "deleted-404",
        WORKSPACE,
        "a deleted workspace is 404 by id, not 410",
        "rule: WS-26",
        answered(WORKSPACE, by=_deleted_is(404)),
    ),
    _fault(
        "deleted-200", WORKSPACE, "a deleted workspace stays readable by id", "rule: WS-26", _zombie
    ),
    _fault(
        "include-deleted",
        BY_NAME,
        "include_deleted changes nothing by name",
        "rule: WS-26",
        answered(BY_NAME, by=_never_with_deleted),
    ),
    # Wrongly allowed
    _fault(
        "conflict-workspace",
        CREATE,
        "a name is taken twice",
        "rule: WS-19",
        answered(CREATE, by=_same_name),
    ),
    _fault(
        "conflict-user",
        NEW_USER,
        "an email is taken twice",
        "rule: USR-02",
        answered(NEW_USER, by=_same_user),
    ),
    _fault(
        "conflict-template",
        NEW_TEMPLATE,
        "a template's name is taken twice",
        "rule: TPL-02",
        answered(NEW_TEMPLATE, by=_same_template),
    ),
    _fault(
        "conflict-build",
        BUILD,
        "a build beside an active one",
        "rule: BLD-05",
        answered(BUILD, by=_build_refused_passes(409, when=lambda q: True)),
    ),
    _fault(
        "conflict-status",
        CREATE,
        "400 where 409 belongs",
        "rule: WS-19",
        edited(
            CREATE,
            by=lambda q, r: setattr(r, "status", 400) if r.status == 409 else None,
            on="error",
        ),
    ),
    _fault(
        "both-templates",
        CREATE,
        "a workspace of a template and a version at once",
        "rule: WS-21",
        answered(
            CREATE,
            by=lambda q, u: (
                u.send(q.with_json({k: v for k, v in q.json.items() if k != "template_version_id"}))
                if isinstance(q.json, dict)
                and {"template_id", "template_version_id"} <= set(q.json)
                else None
            ),
        ),
    ),
    _fault(
        "immutable",
        BUILD,
        "an immutable parameter is changed",
        "rule: BLD-12",
        answered(BUILD, by=_build_refused_passes(400, when=_fixed_changes)),
    ),
    _fault(
        "orphan-start",
        BUILD,
        "a start may be an orphan",
        "rule: BLD-16",
        answered(BUILD, by=_build_refused_passes(400, when=_is("orphan", True))),
    ),
    _fault(
        "foreign-version",
        BUILD,
        "a version of another template is built",
        "rule: BLD-09",
        answered(
            BUILD,
            by=_build_refused_passes(
                400, when=lambda q: bool((q.json or {}).get("template_version_id"))
            ),
        ),
    ),
    _fault(
        "dormant-start",
        BUILD,
        "a dormant workspace is started",
        "rule: WS-25",
        answered(BUILD, by=_build_refused_passes(403, when=_is("transition", "start"))),
    ),
    _fault(
        "ttl-bounds",
        TTL,
        "a ttl of a second is taken",
        "rule: WS-08",
        answered(TTL, by=_on(400, 204, when=_is("ttl_ms", 1000))),
    ),
    _fault(
        "schedule-form",
        AUTOSTART,
        "an impossible schedule is taken",
        "rule: C.5",
        answered(AUTOSTART, by=_on(400, 204, when=_has("schedule"))),
    ),
    _fault(
        "extend-short",
        EXTEND,
        "an extension into the past is taken",
        "rule: WS-28",
        answered(EXTEND, by=_on(400, 200, {"message": "Deadline updated."}, when=_has("deadline"))),
    ),
    _fault(
        "rename",
        RENAME,
        "a workspace is renamed although that is not allowed",
        "rule: WS-27",
        answered(RENAME, by=_on(400, 204, when=_has("name"))),
    ),
    _fault(
        "cancel-done",
        CANCEL,
        "a finished build is canceled",
        "rule: BLD-13",
        answered(
            CANCEL,
            by=_on(
                400, 200, {"message": "Job has been marked as canceled..."}, when=lambda q: True
            ),
        ),
    ),
    _fault(
        "cancel-text",
        CANCEL,
        "another message for a cancel that comes too late",
        "rule: BLD-13",
        edited(CANCEL, by=member("message", "Too late."), on="error"),
    ),
    _fault(
        "promote-any",
        PROMOTE,
        "versions that failed, or of another template, are made active",
        "rule: TPL-05",
        answered(PROMOTE, by=_any_promoted),
    ),
    _fault(
        "parameters-early",
        "GET /templateversions/{templateversion}/rich-parameters",
        "parameters before the end of the import",
        "rule: TPL-08",
        answered("GET /templateversions/{templateversion}/rich-parameters", by=_before_the_end),
    ),
    _fault(
        "archive-twice",
        ARCHIVE,
        "a version is archived twice",
        "rule: TPL-09",
        answered(ARCHIVE, by=_on(400, 200, {"message": "archived"}, when=lambda q: True)),
    ),
    _fault(
        "unchanged-200",
        PATCH_TEMPLATE,
        "200 where nothing changed",
        "rule: TPL-03",
        answered(PATCH_TEMPLATE, by=_always_200),
    ),
    _fault(
        "dormant-200",
        DORMANT,
        "200 for what is so already",
        "rule: WS-24",
        answered(DORMANT, by=_always_200),
    ),
    _fault(
        "deadline-stays",
        TTL,
        "the deadline stays after the ttl went",
        "rule: WS-29",
        _Deadline,
        also=(WORKSPACE,),
    ),
    _fault(
        "template-in-use",
        DROP_TEMPLATE,
        "a template with workspaces is deleted",
        "rule: TPL-04",
        answered(
            DROP_TEMPLATE,
            by=_on(400, 200, {"message": "Template has been deleted!"}, when=lambda q: True),
        ),
    ),
    _fault(
        "user-in-use",
        DROP_USER,
        "a user with workspaces is deleted",
        "rule: USR-03",
        answered(
            DROP_USER, by=_on(417, 200, {"message": "User has been deleted!"}, when=lambda q: True)
        ),
    ),
    _fault(
        "delete-self",
        DROP_USER,
        "one deletes oneself",
        "rule: USR-03",
        answered(
            DROP_USER, by=_on(403, 200, {"message": "User has been deleted!"}, when=lambda q: True)
        ),
    ),
    _fault(
        "own-roles",
        ROLES,
        "one changes one's own roles",
        "rule: USR-05",
        answered(
            ROLES,
            by=lambda q, u: (
                _made(q, u, 200, u.call("GET", "/users/me").json)
                if u.send(q).status == 400 and q.json
                else None
            ),
            when=lambda q: q.params.get("user") == "me",
        ),
    ),
    _fault(
        "suspend-self",
        SUSPEND,
        "one suspends oneself",
        "rule: USR-05",
        answered(
            SUSPEND,
            by=lambda q, u: _made(q, u, 200, u.call("GET", "/users/me").json),
            when=lambda q: q.params.get("user") == "me",
        ),
    ),
    # Permission and sessions
    _fault(
        "access-read",
        WORKSPACE,
        "members read others' workspaces",
        "rule: A.8",
        _open(WORKSPACE),
    ),
    _fault(
        "access-build",
        READ_BUILD,
        "members read others' builds",
        "rule: A.8",
        _open(READ_BUILD),
    ),
    _fault("access-write", TTL, "members change others' workspaces", "rule: A.8", _open(TTL)),
    _fault(
        "access-template",
        PATCH_TEMPLATE,
        "members change templates",
        "rule: A.8",
        _open(PATCH_TEMPLATE),
    ),
    _fault(
        "access-config",
        "GET /deployment/config",
        "members read the configuration",
        "rule: A.8",
        _open("GET /deployment/config"),
    ),
    _fault(
        "access-jobs",
        "GET /organizations/{organization}/provisionerjobs",
        "members read provisioner jobs",
        "rule: B.4",
        _open("GET /organizations/{organization}/provisionerjobs"),
    ),
    _fault(
        "access-list",
        WORKSPACES,
        "members see everybody's workspaces",
        "rule: C.3",
        answered(
            WORKSPACES,
            by=lambda q, u: (
                u.send(q.as_user(u.token))
                if q.token not in {u.token, ""} and not q.args.get("q") and u.send(q).ok
                else None
            ),
        ),
    ),
    _fault("access-users", NEW_USER, "members create users", "rule: A.8", _open(NEW_USER)),
    _fault(
        "password-keeps",
        PASSWORD,
        "sessions go on after a new password",
        "rule: USR-06",
        _kept_sessions,
    ),
    _fault(
        "password-lost",
        PASSWORD,
        "a new password is not kept",
        "docs: users.md",
        answered(
            PASSWORD,
            by=lambda q, u: (
                Reply(204, _stamped(q, u))
                if isinstance(q.json, dict)
                and len(q.json.get("password", "")) > 12
                and q.json.get("old_password") != "wrong"
                else None
            ),
        ),
    ),
    _fault(
        "logout-keeps",
        LOGOUT,
        "a session goes on after signing out",
        "rule: USR-07",
        answered(LOGOUT, by=_json(200, {"message": "Logged out!"})),
    ),
    _fault("suspended-acts", SUSPEND, "a suspended user goes on", "rule: USR-04", _Suspended),
    # Too much
    _fault(
        "ttl-spreads",
        TTL,
        "a ttl is set for every workspace",
        "a write changes what it names",
        _afterwards(TTL, _spread_ttl),
    ),
    _fault(
        "roles-spread",
        ROLES,
        "roles are given to everybody",
        "a write changes what it names",
        _afterwards(ROLES, _spread_roles),
    ),
    _fault(
        "refused-done",
        TTL,
        "a refused ttl changes the workspace all the same",
        "a refusal changes nothing",
        _afterwards(TTL, _although_refused),
    ),
    _fault(
        "refused-template",
        PATCH_TEMPLATE,
        "a refused change of a template is half done",
        "a refusal changes nothing",
        _afterwards(PATCH_TEMPLATE, _template_although_refused),
    ),
)
