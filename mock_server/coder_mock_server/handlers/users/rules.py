"""What several operations on users share."""

from __future__ import annotations

from coder_mock_server import passwords
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import ApiError, Invalid, Validation
from coder_mock_server.lookup import can

RBAC = "unauthorized: rbac: forbidden"
"""What the database layer says where no handler refused before it."""
NOT_UNIQUE = "This value is already in use and should be unique."


def refused_below(message: str, detail: str = RBAC) -> ApiError:
    """500: the handler did not ask, and the layer below it refused."""
    return ApiError(500, message, detail)


def check_password(password: str, message: str = "Password not strong enough!") -> None:
    """Refuse a weak password."""
    if why := passwords.weakness(password):
        raise Invalid(message, Validation("password", why))


def hashed(world: World, password: str) -> str:
    """What is kept of a password."""
    return passwords.hash_password(password, world.ids.bytes(16))


def may_personally(call: Call, world: World, action: str, user: r.User) -> bool:
    """Whether the caller may read or update what belongs to this user alone."""
    return can(call, world, f"{action}_personal", Thing("user", owner_id=user.id))


def key_thing(user_id: str) -> Thing:
    """An API key as permissions see it."""
    return Thing("api_key", owner_id=user_id)


def end_sessions(world: World, user_id: str) -> None:
    """Remove every key of the user."""
    for key in world.state.api_keys.by("user", user_id):
        world.state.api_keys.remove(key.id)
