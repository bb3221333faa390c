"""Sessions and tokens of a user."""

from __future__ import annotations

from datetime import timedelta

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError, NotFound, Validation
from coder_mock_server.handlers.templates.names import generated_name
from coder_mock_server.handlers.users.rules import NOT_UNIQUE, key_thing, refused_below
from coder_mock_server.presenters import users as present
from coder_mock_server.security import new_token
from coder_mock_server.wire import expired_cookie
from coder_mock_server.wire_in import QueryReader

SECOND = 1_000_000_000
MAX_LIFETIME = 876_600 * 3600 * SECOND
"""A hundred years, in nanoseconds like every lifetime."""
DEFAULT_LIFETIME = 7 * 24 * 3600 * SECOND
SCOPES = ("", "all", "application_connect")
NOT_MADE = "Failed to create API key."


def log_out_user(call: Call, world: World) -> Reply:
    """End the session that asks, and the user's keys for opening applications."""
    actor = call.actor
    world.state.api_keys.remove(actor.key.id)
    for key in world.state.api_keys.by("user", actor.id):
        if key.scope == "application_connect" and key.login_type != "token":
            world.state.api_keys.remove(key.id)
    reply = Reply.message("Logged out!")
    reply.cookies = (expired_cookie(),)
    return reply


def create_new_session_key(call: Call, world: World) -> Reply:
    """A session of its own, as the web page and the command line ask for."""
    user = lookup.user(call, world)
    _may_create(call, world, user)
    token, _ = new_token(world, user.id, ip_address=call.client)
    return Reply.created({"key": token})


def create_token_api_key(call: Call, world: World) -> Reply:
    """A token with a name and a life of its own."""
    user = lookup.user(call, world)
    body = call.body()
    scope = body.text("scope")
    if scope not in SCOPES:
        raise refused_below(NOT_MADE, f'generate API key: invalid API key scope: "{scope}"')
    lifetime = body.integer("lifetime")
    if lifetime < 0:
        raise _lifetime("lifetime must be positive number greater than 0")
    if lifetime > MAX_LIFETIME:
        raise _lifetime(f"lifetime must be less than {MAX_LIFETIME}")
    lifetime = lifetime or DEFAULT_LIFETIME
    name = body.text("token_name") or generated_name(world.ids)
    _may_create(call, world, user)
    if _token(world, user.id, name) is not None:
        raise ApiError(
            409,
            f'A token with name "{name}" already exists.',
            validations=(Validation("name", NOT_UNIQUE),),
        )
    token, _ = new_token(
        world,
        user.id,
        lifetime_seconds=lifetime // SECOND,
        lifetime=timedelta(microseconds=lifetime // 1000),
        login_type="token",
        scope=scope or "all",
        token_name=name,
        ip_address=call.client,
    )
    return Reply.created({"key": token})


def _lifetime(detail: str) -> ApiError:
    return ApiError(400, "Failed to validate create API key request.", detail)


def _may_create(call: Call, world: World, user: r.User) -> None:
    if not lookup.can(call, world, "create", key_thing(user.id)):
        raise refused_below(NOT_MADE, "insert API key: unauthorized: rbac: forbidden")


def get_user_tokens(call: Call, world: World) -> Reply:
    """The user's tokens, or everybody's; `null` where there are none."""
    user = lookup.user(call, world)
    reader = QueryReader(call.query)
    everybody = reader.boolean("include_all")  # What is no boolean counts as false.
    who = lookup.subject(call, world)
    keys = list(world.state.api_keys) if everybody else world.state.api_keys.by("user", user.id)
    tokens = [
        present.api_key_with_owner(key, world.state.users[key.user_id])
        for key in keys
        if key.login_type == "token" and lookup.may(who, "read", key_thing(key.user_id))
    ]
    return Reply.ok(tokens or None)


def get_api_key_by_token_name(call: Call, world: World) -> Reply:
    """One of the user's tokens."""
    user = lookup.user(call, world)
    key = _token(world, user.id, call.path["keyname"])
    if key is None or not lookup.can(call, world, "read", key_thing(user.id)):
        raise NotFound()
    return Reply.ok(present.api_key(key))


def get_api_key_by_id(call: Call, world: World) -> Reply:
    """One of the user's keys, a session too."""
    return Reply.ok(present.api_key(_key(call, world, "read")))


def delete_api_key(call: Call, world: World) -> Reply:
    """End one of the user's keys."""
    world.state.api_keys.remove(_key(call, world, "delete").id)
    return Reply.no_content()


def _key(call: Call, world: World, action: str) -> r.ApiKey:
    user = lookup.user(call, world)
    key = world.state.api_keys.get(call.path["keyid"])
    if key is None or key.user_id != user.id:
        raise NotFound()
    if not lookup.can(call, world, action, key_thing(user.id)):
        raise NotFound()
    return key


def _token(world: World, user_id: str, name: str) -> r.ApiKey | None:
    keys = world.state.api_keys.by("user", user_id)
    return next((k for k in keys if k.login_type == "token" and k.token_name == name), None)
