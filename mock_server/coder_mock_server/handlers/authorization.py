"""Authorization page: signing in, passwords, and asking what one may do."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from coder_mock_server import lookup, passwords
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import groups
from coder_mock_server.domain.access import Subject, Thing, may
from coder_mock_server.errors import ApiError, Forbidden, Invalid, Unauthorized, Validation
from coder_mock_server.handlers.users.rules import (
    check_password,
    end_sessions,
    hashed,
    may_personally,
)
from coder_mock_server.notifications import delivery
from coder_mock_server.notifications.kinds import PASSCODE
from coder_mock_server.security import new_token
from coder_mock_server.wire import session_cookie

INCORRECT = "Incorrect email or password."
PASSCODE_LIFE = timedelta(minutes=20)
CONVERSION_LIFE = timedelta(minutes=5)
MAX_LOOKUPS = 10
_log = logging.getLogger(__name__)


def log_in_user(call: Call, world: World) -> Reply:
    """A session for the right password."""
    body = call.body()
    body.validate(("email", "required,email"), ("password", "required"))
    user = world.state.users.one("email", body.text("email").lower())
    if user is None or not passwords.matches(body.text("password"), user.password_hash):
        raise Unauthorized("", INCORRECT)
    if user.login_type != "password":
        raise ApiError(
            403,
            'Incorrect login type, attempting to use "password" but user is of login type '
            f'"{user.login_type}"',
        )
    if user.status == "suspended":
        raise Unauthorized(
            "", "Your account is suspended. Contact an admin to reactivate your account."
        )
    if user.status == "dormant":
        # He is seen only when he uses the session.
        world.state.users.put(replace(user, status="active", updated_at=world.now()))
    token, _ = new_token(world, user.id, ip_address=call.client)
    reply = Reply.created({"session_token": token})
    reply.cookies = (session_cookie(token),)
    return reply


def validate_user_password(call: Call, world: World) -> Reply:
    """Whether a password would be strong enough."""
    body = call.body()
    body.validate(("password", "required"))
    details = passwords.weakness(body.text("password"))
    return Reply.ok({"valid": not details, "details": details})


def request_one_time_passcode(call: Call, world: World) -> Reply:
    """Make a passcode; whether the address is known cannot be told from the answer.

    Our choice: since nobody is sent mail, the log tells the passcode.
    """
    body = call.body()
    body.validate(("email", "required,email"))
    user = world.state.users.one("email", body.text("email").lower())
    if user is not None:
        passcode = world.ids.uuid()
        world.state.users.put(
            replace(
                user,
                passcode_hash=hashed(world, passcode),
                passcode_expires_at=world.now() + PASSCODE_LIFE,
            )
        )
        delivery.send(world, PASSCODE, user, {"one_time_passcode": passcode}, (user.id,))
        _log.warning("one-time passcode of %s: %s", user.email, passcode)
    return Reply.no_content()


def change_password_with_a_one_time_passcode(call: Call, world: World) -> Reply:
    """Set a password with the passcode that was asked for before."""
    body = call.body()
    body.validate(
        ("email", "required,email"), ("password", "required"), ("one_time_passcode", "required")
    )
    new = body.text("password")
    check_password(new, "Invalid password.")
    user = world.state.users.one("email", body.text("email").lower())
    now = world.now()
    if (
        user is None
        or user.passcode_expires_at < now
        or not passwords.matches(body.text("one_time_passcode"), user.passcode_hash)
    ):
        raise ApiError(400, "Incorrect email or one-time passcode.")
    if passwords.matches(new, user.password_hash):
        raise ApiError(400, "New password cannot match old password.")
    end_sessions(world, user.id)
    world.state.users.put(
        replace(user, password_hash=hashed(world, new), passcode_hash="", updated_at=now)
    )
    return Reply.no_content()


def convert_user_from_password_to_oauth_authentication(call: Call, world: World) -> Reply:
    """Begin to sign in by another service."""
    user = lookup.user(call, world)
    body = call.body()
    body.validate(("to_type", "required"), ("password", "required"))
    to_type = body.text("to_type")
    if to_type not in ("github", "oidc"):
        raise ApiError(400, f'Cannot convert to login type "{to_type}".')
    if not may_personally(call, world, "update", user):
        raise Forbidden()
    if not passwords.matches(body.text("password"), user.password_hash):
        raise Unauthorized("", INCORRECT)
    return Reply.created(
        {
            "state_string": f"convert-{world.ids.text(32)}",
            "expires_at": world.now() + CONVERSION_LIFE,
            "to_type": to_type,
            "user_id": user.id,
        }
    )


def check_authorization(call: Call, world: World) -> Reply:
    """Which of the named actions the caller may do."""
    checks: dict[str, Any] = call.body().mapping("checks")
    with_id = sum(1 for check in checks.values() if _object(check).get("resource_id"))
    if with_id > MAX_LOOKUPS:
        raise ApiError(
            400,
            f'Endpoint only supports using "resource_id" field {MAX_LOOKUPS} times, found '
            f"{with_id} usages. Remove {with_id - MAX_LOOKUPS} objects with this field set.",
        )
    who = lookup.subject(call, world)
    return Reply.ok({key: _check(world, who, key, check) for key, check in sorted(checks.items())})


def _object(check: Any) -> dict[str, Any]:
    found = check.get("object") if isinstance(check, dict) else None
    return found if isinstance(found, dict) else {}


def _check(world: World, who: Subject, key: str, check: Any) -> bool:
    thing = _object(check)
    kind = thing.get("resource_type") or ""
    if not kind:
        raise ApiError(400, f'Object\'s "resource_type" field must be defined for key "{key}".')
    action = check.get("action") or ""
    if text := thing.get("resource_id"):
        stored = _stored(world, kind, text)
        return stored is not None and may(who, "read", stored) and may(who, action, stored)
    owner = thing.get("owner_id") or None
    return may(
        who,
        action,
        Thing(
            kind,
            organization_id=thing.get("organization_id") or None,
            owner_id=who.user_id if owner == "me" else owner,
            any_organization=thing.get("any_org") is True,
        ),
    )


def _stored(world: World, kind: str, text: str) -> Thing | None:
    """The thing with this id; what else the check says about it does not matter."""
    id = lookup.parse_uuid(text)
    if id is None:
        raise Invalid(
            f'Object "{text}" id is not a valid uuid.',
            Validation("resource_id", lookup.uuid_problem(text)),
        )
    state = world.state
    if kind in ("workspace", "workspace_dormant"):
        workspace = state.workspaces.get(id)
        return None if workspace is None else lookup.workspace_thing(workspace)
    if kind == "template":
        template = state.templates.get(id)
        return None if template is None else lookup.template_thing(template)
    if kind == "user":
        user = state.users.get(id)
        return None if user is None else lookup.user_thing(user)
    if kind == "group":
        group = groups.find(state, id)
        return None if group is None else lookup.group_thing(group)
    text = f'Object type "{kind}" does not support "resource_id" field.'
    raise Invalid(text, Validation("resource_type", text))
