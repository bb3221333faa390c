"""From a request to the one who sent it: session tokens, their refusals, and what use records."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta

from coder_mock_server.call import Actor, Call, World
from coder_mock_server.domain.records import ZERO_TIME, ApiKey, User
from coder_mock_server.errors import ApiError, Unauthorized
from coder_mock_server.wire import SESSION_COOKIE

HEADER = "coder-session-token"
ID_LENGTH, SECRET_LENGTH = 10, 22
SESSION_SECONDS = 86_400
REFRESH = timedelta(hours=1)
"""How often at most the use of a key and the sight of its user are written down."""
NO_TOKEN = f'Cookie "{SESSION_COOKIE}" or query parameter must be provided.'


def given_token(call: Call) -> str:
    """The token of a call: cookie before query before header; empty without any."""
    cookies = call.headers.get("cookie")
    if cookies and SESSION_COOKIE in cookies and (token := _cookie(cookies)):
        return token
    return call.query.get(SESSION_COOKIE) or call.headers.get(HEADER) or ""


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value.strip('"')
    return ""


def split_token(token: str) -> tuple[str, str]:
    """Key id and secret; `ValueError` says what is malformed."""
    parts = token.split("-")
    if len(parts) != 2:
        raise ValueError(f"incorrect amount of API key parts, expected 2 got {len(parts)}")
    id, secret = parts
    if len(id) != ID_LENGTH:
        raise ValueError(f"invalid API key ID length, expected {ID_LENGTH} got {len(id)}")
    if len(secret) != SECRET_LENGTH:
        raise ValueError(
            f"invalid API key secret length, expected {SECRET_LENGTH} got {len(secret)}"
        )
    return id, secret


def authenticate(call: Call, world: World) -> Actor:
    """Who calls, or the 401 that the API gives. Writes nothing; see `record_use`."""
    token = given_token(call)
    if not token:
        raise Unauthorized(NO_TOKEN)
    try:
        id, secret = split_token(token)
    except ValueError as error:
        raise Unauthorized(f"Invalid API key format: {error}") from None
    key = world.state.api_keys.get(id)
    if key is None:
        raise Unauthorized("API key is invalid.")
    if not hmac.compare_digest(hashed(secret), key.hashed_secret):
        raise Unauthorized("API key secret is invalid.")
    now = world.now()
    if key.expires_at < now:
        raise Unauthorized(f'API key expired at "{go_time(key.expires_at)}".')
    user = world.state.users[key.user_id]
    if user.status == "suspended":
        raise ApiError(
            401,
            'User is not active (status = "suspended"). '
            "Contact an admin to reactivate your account.",
        )
    return Actor(user, key)


def needs_record(actor: Actor, now: datetime) -> bool:
    """Whether this use of the key must be written down."""
    key, user = actor.key, actor.user
    return (
        user.status == "dormant"
        or now - key.last_used >= REFRESH
        or now - user.last_seen_at >= REFRESH
    )


def record_use(actor: Actor, world: World) -> Actor:
    """Write down that the key was used; call it inside a transaction.

    At most once an hour (in mock time), but at once for a dormant user, whom it activates. The
    end of a session moves along while it is in use.
    """
    now = world.now()
    if not needs_record(actor, now):
        return actor
    key, user = actor.key, actor.user
    if now - key.last_used >= REFRESH:
        lifetime = timedelta(seconds=key.lifetime_seconds)
        slides = key.expires_at - now <= lifetime - REFRESH
        key = replace(
            key,
            last_used=now,
            expires_at=now + lifetime if slides else key.expires_at,
            updated_at=now if slides else key.updated_at,
        )
        world.state.api_keys.put(key)
    user = seen(user, now)
    world.state.users.put(user)
    return Actor(user, key)


def seen(user: User, now: datetime) -> User:
    """The user as he is after he was here: active, and seen now if the last time is an hour ago."""
    if user.status == "dormant":
        return replace(user, status="active", last_seen_at=now, updated_at=now)
    if now - user.last_seen_at >= REFRESH:
        return replace(user, last_seen_at=now)
    return user


def new_token(
    world: World,
    user_id: str,
    *,
    lifetime_seconds: int = SESSION_SECONDS,
    login_type: str = "password",
    scope: str = "all",
    token_name: str = "",
    lifetime: timedelta | None = None,
    ip_address: str = "",
    token: str = "",
) -> tuple[str, ApiKey]:
    """Make a key and store it; gives the token, which nothing else remembers, and the key.

    `token` makes a given one instead (a scenario's, the same at every start). `lifetime` is for
    those that are no whole seconds.
    """
    if not token:
        token = f"{world.ids.text(ID_LENGTH)}-{world.ids.text(SECRET_LENGTH)}"
    id, secret = split_token(token)
    now = world.now()
    key = ApiKey(
        id=id,
        user_id=user_id,
        hashed_secret=hashed(secret),
        created_at=now,
        updated_at=now,
        expires_at=now + (lifetime or timedelta(seconds=lifetime_seconds)),
        last_used=ZERO_TIME,
        login_type=login_type,
        scope=scope,
        token_name=token_name,
        lifetime_seconds=lifetime_seconds,
        ip_address=ip_address,
    )
    world.state.api_keys.put(key)
    return token, key


def hashed(secret: str) -> bytes:
    """What the store keeps of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def go_time(moment: datetime) -> str:
    """A time as Go prints it: `2026-11-22 16:44:21.164855 +0000 UTC`."""
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return f"{text} +0000 UTC"
