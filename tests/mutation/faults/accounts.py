"""Faults of what is set on accounts, apps, templates and the deployment: half kept, or for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import Inject, answered, edited, status
from tests.mutation.faults.writes import (
    BUILD,
    DORMANT,
    DROP_KEY,
    NEW_TEMPLATE,
    NEW_TOKEN,
    NEW_USER,
    PASSWORD,
    PATCH_TEMPLATE,
    PROFILE,
    ROLES,
    SSH_KEY,
    TEMPLATE,
    UNSHARE,
    USER,
    WORKSPACE,
    Give,
    turned,
)
from tests.mutation.model import Fault, Reply, Request, Upstream

TOKENS = "GET /users/{user}/keys/tokens"
KEY, SSH = "GET /users/{user}/keys/{keyid}", "GET /users/{user}/gitsshkey"
APP = "/oauth2-provider/apps/{app}"
SECRETS, DROP_SECRET = f"GET {APP}/secrets", f"DELETE {APP}/secrets/{{secretID}}"
INBOX = "GET /notifications/inbox"
READ = "PUT /notifications/inbox/{id}/read-status"
ALL_READ = "PUT /notifications/inbox/mark-all-as-read"
NOTICES, HEALTH = "PUT /notifications/settings", "PUT /debug/health/settings"
STATE = "GET /workspacebuilds/{workspacebuild}/state"
DOWNLOAD, USAGE = "GET /files/{fileID}", "POST /workspaces/{workspace}/usage"
SHARES = "GET /workspaces/{workspace}/port-share"
_USERS, _ADMIN = "docs: users.md; recorded: users", "recorded: admin"
_TEMPLATES = "docs: templates.md; recorded: templates"
_WORKSPACES = "docs: workspaces.md; recorded: workspace-settings"


def _unsent(*names: str) -> Give:
    """Members of the request that never reach the server."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        value = request.json
        if not isinstance(value, dict) or not any(value.get(name) for name in names):
            return None
        kept = {name: one for name, one in value.items() if name not in names}
        return upstream.send(request.with_json(kept))

    return give


def _stored(request: Request, upstream: Upstream, path: str = "") -> Any:
    """The object as it is before the write."""
    asked = request.other(method="GET", body=b"", path=path or request.path, query="")
    return upstream.send(asked).json or {}


def _half(name: str, *, fits: Callable[[Any], bool]) -> Give:
    """One member is echoed and not kept."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        value = request.json
        if not isinstance(value, dict) or not fits(value.get(name)):
            return None
        reply = upstream.send(
            request.with_json({**value, name: _stored(request, upstream).get(name)})
        )
        if reply.status == 304:
            reply.answer(200, _stored(request, upstream))
        if reply.ok:
            reply.json = {**reply.json, name: value[name]}
        return reply

    return give


def _nameless(request: Request, upstream: Upstream) -> Reply | None:
    value = request.json
    if not isinstance(value, dict) or "name" in value:
        return None
    now = _stored(request, upstream, request.path.removesuffix("/profile"))
    return upstream.send(request.with_json({**value, "name": now.get("name", "")}))


def _roles_added(request: Request, upstream: Upstream) -> Reply | None:
    value = request.json
    if not isinstance(value, dict) or not value.get("roles"):
        return None
    roles = {*value["roles"], *_stored(request, upstream).get("roles", ())}
    return upstream.send(request.with_json({"roles": sorted(roles)}))


def _takes_all(listed: str, name: str = "id") -> Give:
    """A removal takes everything of its list along."""

    def give(request: Request, upstream: Upstream) -> Reply | None:
        reply = upstream.send(request)
        path = "/api/v2" + listed.format(**request.params)
        for one in _stored(request, upstream, path) if reply.ok else ():
            gone = request.path.rsplit("/", 1)[0] + "/" + one[name]
            upstream.send(request.other(path=gone))
        return reply

    return give


def _ports_all(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.ok:
        for one in _stored(request, upstream).get("shares", ()):
            port = {"agent_name": one["agent_name"], "port": one["port"]}
            upstream.send(request.with_json(port))
    return reply


def _born_again(request: Request, reply: Reply) -> None:
    value = reply.json
    reply.json = {**value, "created_at": value["updated_at"]}


def _unread(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    if reply.ok and (request.json or {}).get("is_read"):
        upstream.send(request.with_json({"is_read": False}))
    return reply


def _nothing_marked(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.call("GET", "/users/me", token=request.token)
    reply.nothing()
    return reply


def _ttl_kept(request: Request, upstream: Upstream) -> Reply | None:
    value = request.json
    if not isinstance(value, dict) or "default_ttl_ms" in value:
        return None
    now = _stored(request, upstream).get("default_ttl_ms") or 0
    return upstream.send(request.with_json({**value, "default_ttl_ms": now}))


def _unused(request: Request, upstream: Upstream) -> Reply | None:
    """To be woken is no use: the reply tells the old time."""
    if (request.json or {}).get("dormant"):
        return None
    now = _stored(request, upstream, request.path.removesuffix("/dormant"))
    reply = upstream.send(request)
    if reply.status == 200 and now:
        reply.json = {**reply.json, "last_used_at": now["last_used_at"]}
    return reply


def _as_owner(request: Request, upstream: Upstream) -> Reply | None:
    """Whoever is signed in may do what the owner may."""
    reply = upstream.send(request)
    known = upstream.call("GET", "/users/me", token=request.token).ok if request.token else False
    if reply.status < 400 or not known or request.token == upstream.token:
        return reply
    allowed = upstream.send(request.as_user(upstream.token))
    return allowed if allowed.status < 400 else reply


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    also = more.pop("also", ())
    kind = more.pop("kind", "state")
    return Fault(f"{kind}-{id_}", kind, description, oracle, (operation, *also), inject, **more)


def _texts(request: Request) -> bool:
    return isinstance(request.json, dict)


ACCOUNTS: tuple[Fault, ...] = (
    _fault(
        "token-scope-unsent",
        NEW_TOKEN,
        "every token is one for everything",
        _USERS,
        answered(NEW_TOKEN, by=_unsent("scope")),
        also=(TOKENS, KEY, USER),
    ),
    _fault(
        "key-takes-all",
        DROP_KEY,
        "with one key go all tokens of the user",
        _USERS,
        answered(DROP_KEY, by=_takes_all("/users/{user}/keys/tokens")),
    ),
    _fault(
        "profile-name-stays",
        PROFILE,
        "a profile without a full name keeps the old one",
        _USERS,
        answered(PROFILE, by=_nameless),
    ),
    _fault(
        "roles-added",
        ROLES,
        "roles are added to those there were",
        _USERS,
        answered(ROLES, by=_roles_added),
    ),
    _fault(
        "user-status-unsent",
        NEW_USER,
        "a user made active is dormant",
        _USERS,
        answered(NEW_USER, by=_unsent("user_status")),
        also=(USER,),
    ),
    _fault(
        "ssh-key-born-again",
        SSH_KEY,
        "a new SSH key has another time of creation",
        _USERS,
        edited(SSH_KEY, by=_born_again),
        also=(SSH,),
    ),
    _fault(
        "password-same",
        PASSWORD,
        "one's password may be what it was",
        _USERS,
        answered(
            PASSWORD,
            by=turned(
                400,
                204,
                when=lambda r: (
                    _texts(r)
                    and "old_password" in r.json
                    and r.json["old_password"] == r.json.get("password")
                ),
            ),
        ),
    ),
    _fault(
        "inbox-entry-unread",
        READ,
        "an entry marked as read is unread",
        _ADMIN,
        answered(READ, by=_unread),
        also=(INBOX,),
    ),
    _fault(
        "inbox-unmarked",
        ALL_READ,
        "marking all as read does nothing",
        _ADMIN,
        answered(ALL_READ, by=_nothing_marked),
        also=(INBOX,),
    ),
    _fault(
        "notices-304",
        NOTICES,
        "settings as they are, put again, are 200",
        _ADMIN,
        edited(
            NOTICES, by=lambda q, r: r.answer(200, q.json) if r.status == 304 else None, on="error"
        ),
    ),
    _fault(
        "health-204",
        HEALTH,
        "dismissed sections, put again, are 200",
        _ADMIN,
        edited(HEALTH, by=lambda q, r: r.answer(200, q.json) if r.status == 204 else None),
    ),
    _fault(
        "template-flow-half",
        PATCH_TEMPLATE,
        "the flow of parameters is echoed and not kept",
        _TEMPLATES,
        answered(
            PATCH_TEMPLATE,
            by=_half("use_classic_parameter_flow", fits=lambda value: value is True),
        ),
        also=(TEMPLATE,),
    ),
    _fault(
        "template-bump-unsent",
        NEW_TEMPLATE,
        "a template is made without the bump it was asked for with",
        _TEMPLATES,
        answered(NEW_TEMPLATE, by=_unsent("activity_bump_ms")),
        also=(TEMPLATE,),
    ),
    _fault(
        "template-ttl-stays",
        PATCH_TEMPLATE,
        "an absent default ttl counts as unchanged",
        _TEMPLATES,
        answered(PATCH_TEMPLATE, by=_ttl_kept),
        also=(TEMPLATE,),
    ),
    _fault(
        "file-zip-ignored",
        DOWNLOAD,
        "asked for a zip, a tar comes",
        _TEMPLATES,
        answered(
            DOWNLOAD,
            by=lambda q, u: u.send(q.other(query="")) if "format" in q.args else None,
        ),
    ),
    _fault(
        "wake-no-use",
        DORMANT,
        "a workspace that was woken is as unused as before",
        _WORKSPACES,
        answered(DORMANT, by=_unused),
        also=(WORKSPACE,),
    ),
    _fault(
        "state-unsent",
        BUILD,
        "the state that a build brings is thrown away",
        "docs: builds.md; recorded: builds/broken-state",
        answered(BUILD, by=_unsent("state")),
        also=(STATE,),
    ),
    _fault(
        "port-takes-all",
        UNSHARE,
        "with one port the agent's others are shared no longer",
        "docs: portsharing.md",
        answered(UNSHARE, by=_ports_all),
        also=(SHARES,),
    ),
    _fault(
        "app-icon-half",
        f"PUT {APP}",
        "an app's icon is echoed and not kept",
        "docs: enterprise.md",
        answered(f"PUT {APP}", by=_half("icon", fits=bool)),
        also=(f"GET {APP}",),
    ),
    _fault(
        "secret-takes-all",
        DROP_SECRET,
        "with one secret go all of the app",
        "docs: enterprise.md",
        answered(DROP_SECRET, by=_takes_all("/oauth2-provider/apps/{app}/secrets")),
        also=(SECRETS,),
    ),
    # What an ordinary member, or who only manages users, may not.
    _fault(
        "user-admin-makes-owners",
        ROLES,
        "who manages users may give any role away",
        "recorded: users",
        edited(
            ROLES,
            by=status(200),
            on="error",
            when=lambda q: (q.json or {}).get("roles") == ["owner"],
        ),
        kind="permissions",
    ),
    _fault(
        "foreign-ssh-key",
        SSH,
        "a member reads another's SSH key",
        "recorded: conventions, users",
        answered(SSH, by=_as_owner),
        kind="permissions",
    ),
    _fault(
        "foreign-tokens",
        TOKENS,
        "a member reads another's tokens",
        "recorded: users/token-of-admin-by-bob",
        answered(TOKENS, by=_as_owner),
        kind="permissions",
    ),
    _fault(
        "foreign-usage",
        USAGE,
        "a member counts a use of another's workspace",
        "recorded: workspace-settings",
        answered(USAGE, by=_as_owner),
        kind="permissions",
    ),
    _fault(
        "notices-for-all",
        NOTICES,
        "a member pauses the notifications",
        "recorded: admin/notifications-settings-as-member",
        answered(NOTICES, by=_as_owner),
        kind="permissions",
    ),
)
