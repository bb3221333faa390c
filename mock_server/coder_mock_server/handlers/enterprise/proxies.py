"""Workspace proxies: list, make, change, delete."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import proxies as rules
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import WorkspaceProxy
from coder_mock_server.errors import ApiError, Invalid, NotFound, Validation
from coder_mock_server.handlers.general import deployment_id
from coder_mock_server.handlers.users.rules import refused_below
from coder_mock_server.presenters import proxies as present
from coder_mock_server.security import hashed

INTERNAL = "An internal server error occurred."
SECRET_BYTES = 32
PROXY = Thing("workspace_proxy")


def regions(world: World) -> list[WorkspaceProxy]:
    """The primary region first, then the proxies, as far as the licence goes."""
    state, id = world.state, deployment_id(world.settings.seed)
    first = rules.primary(state, id, state.default_organization().created_at)
    return [first, *(rules.live(state, id) if world.licensed else ())]


def get_workspace_proxies(call: Call, world: World) -> Reply:
    """All of them, the primary one too."""
    if not lookup.can(call, world, "read", PROXY):
        raise NotFound()
    found = [_shown(call, world, one) for one in regions(world)]
    return Reply.ok({"regions": found} if world.policy.enveloped_lists else found)


def _shown(call: Call, world: World, proxy: WorkspaceProxy) -> dict[str, object]:
    return present.proxy(proxy, call.base_url, world.policy.build_version, world.now())


def get_workspace_proxy(call: Call, world: World) -> Reply:
    """One, by id or name."""
    return Reply.ok(_shown(call, world, _proxy(call, world)))


def _proxy(call: Call, world: World) -> WorkspaceProxy:
    text = call.path["workspaceproxy"]
    id = lookup.parse_uuid(text)
    for one in regions(world):
        if id == one.id or text == one.name:
            if lookup.can(call, world, "read", PROXY):
                return one
            break
    raise NotFound()


def create_workspace_proxy(call: Call, world: World) -> Reply:
    """A new proxy, and the token with which it will register itself."""
    body = call.body()
    body.validate(("name", "required"))
    name = body.text("name")
    if name.lower() == rules.PRIMARY:
        raise Invalid(
            f'The name "{name}" is reserved for the primary region.',
            Validation("name", "Reserved name"),
            detail="Cannot name a workspace proxy 'primary'.",
        )
    if not lookup.can(call, world, "create", PROXY):
        raise refused_below(INTERNAL)
    _refuse_taken(world, name)
    now = world.now()
    proxy = WorkspaceProxy(
        id=world.ids.uuid(),
        name=name,
        created_at=now,
        updated_at=now,
        display_name=body.text("display_name"),
        icon=body.text("icon"),
    )
    proxy, token = _with_token(world, proxy)
    return _answer(call, world, world.state.workspace_proxies.put(proxy), token, 201)


def _refuse_taken(world: World, name: str) -> None:
    if world.state.workspace_proxies.one("name", name) is not None:
        raise ApiError(409, f'Workspace proxy with name "{name}" already exists.')


def _with_token(world: World, proxy: WorkspaceProxy) -> tuple[WorkspaceProxy, str]:
    secret = world.ids.bytes(SECRET_BYTES).hex()
    return replace(proxy, hashed_secret=hashed(secret)), f"{proxy.id}:{secret}"


def _answer(
    call: Call, world: World, proxy: WorkspaceProxy, token: str, status: int = 200
) -> Reply:
    shown = _shown(call, world, proxy)
    if not world.policy.enveloped_lists:
        return Reply(status, shown)
    return Reply(status, {"proxy": shown, "proxy_token": token})


def update_workspace_proxy(call: Call, world: World) -> Reply:
    """Rename a proxy, change its looks, give it a new token."""
    proxy = _proxy(call, world)
    body = call.body()
    body.validate(
        ("id", "required"),
        ("name", "required"),
        ("display_name", "required"),
        ("icon", "required"),
    )
    name = body.text("name")
    if not lookup.can(call, world, "update", PROXY):
        raise refused_below(INTERNAL)
    if name != proxy.name:
        if proxy.name == rules.PRIMARY:
            raise Invalid(
                "Cannot update name of default primary proxy, did you mean to update the "
                "'display name'?",
                Validation("name", "Cannot update name"),
            )
        _refuse_taken(world, name)
    token = ""
    if body.boolean("regenerate_token") and proxy.name != rules.PRIMARY:
        proxy, token = _with_token(world, proxy)
    proxy = replace(
        proxy,
        name=name,
        display_name=body.text("display_name"),
        icon=body.text("icon"),
        updated_at=world.now(),
    )
    return _answer(call, world, world.state.workspace_proxies.put(proxy), token)


def delete_workspace_proxy(call: Call, world: World) -> Reply:
    """Delete a proxy, but not the primary one."""
    proxy = _proxy(call, world)
    if not lookup.can(call, world, "delete", PROXY):
        raise refused_below(INTERNAL)
    if proxy.name == rules.PRIMARY:
        raise ApiError(400, "Cannot delete primary proxy")
    gone = replace(proxy, deleted=True, updated_at=world.now())
    world.state.workspace_proxies.put(gone)
    return Reply.message("Proxy has been deleted!")
