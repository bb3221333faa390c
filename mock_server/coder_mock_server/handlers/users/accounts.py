"""Users: list, create, read, change, suspend, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.people import ALLOWED_STATUSES, taken
from coder_mock_server.errors import ApiError, Forbidden, Invalid, NotFound, Validation
from coder_mock_server.handlers.users import listing
from coder_mock_server.handlers.users.rules import (
    RBAC,
    check_password,
    end_sessions,
    hashed,
    may_personally,
    refused_below,
)
from coder_mock_server.presenters import users as present
from coder_mock_server.wire_in import Body


def get_users(call: Call, world: World) -> Reply:
    """The users that the caller may read, as far as they match, one page of them."""
    users, count = listing.page_of_users(call, world)
    return Reply.ok({"users": [present.user_view(world, user) for user in users], "count": count})


def create_new_user(call: Call, world: World) -> Reply:
    """A new user, dormant until he signs in, member of the organizations given."""
    body = call.body()
    body.validate(
        ("email", "required,email"),
        ("username", "required,username"),
        ("name", "user_real_name"),
    )
    home = world.state.default_organization().id
    organizations = _organization_ids(body, home)
    if not organizations and not world.policy.organization_required:
        organizations = [home]
    if not organizations:
        raise Invalid(
            "No organization specified to place the user as a member of. It is required to "
            "specify at least one organization id to place the user in.",
            Validation("organization_ids", "Missing values, this cannot be empty"),
            detail="required at least 1 value for the array 'organization_ids'",
        )
    other = taken(world.state, username=body.text("username"), email=body.text("email"))
    if other is not None and lookup.can(call, world, "read", lookup.user_thing(other)):
        raise ApiError(409, "User already exists.")
    for id in organizations:
        if world.state.organizations.get(id) is None:
            raise NotFound(f'Organization does not exist with the provided id "{id}".')
    login_type = _login_type(body)
    status = body.text("user_status") or ("dormant" if world.policy.new_users_dormant else "active")
    if status not in ALLOWED_STATUSES:
        raise refused_below(
            "Internal error creating user.",
            f'pq: invalid input value for enum user_status: "{status}"',
        )
    if not lookup.can(call, world, "create", Thing("user")):
        raise ApiError(403, "You are not authorized to create users.")
    password = body.text("password")
    now = world.now()
    user = r.User(
        id=world.ids.uuid(),
        username=body.text("username"),
        email=body.text("email"),
        name=body.text("name"),
        created_at=now,
        updated_at=now,
        status=status,  # type: ignore[arg-type] # one of ALLOWED_STATUSES
        login_type=login_type,
        password_hash=hashed(world, password) if password else "",
    )
    world.state.users.put(user)
    for id in organizations:
        world.state.members.put(r.Member(id, user.id, now, now))
    return Reply.created(present.user(world, user))


def _organization_ids(body: Body, default: str) -> list[str]:
    """Those asked for, the nil UUID meaning the default one; older clients name one elsewhere."""
    ids = [default if id == r.NIL_UUID else id for id in body.strings("organization_ids")]
    single = body.optional("organization_id") or body.extra("organization_id")
    if not ids and isinstance(single, str) and single not in ("", r.NIL_UUID):
        found = lookup.parse_uuid(single)
        if found is None:
            problem = lookup.uuid_problem(single)
            raise ApiError(400, "Request body must be valid JSON.", problem)
        ids = [found]
    return list(dict.fromkeys(ids))


def _login_type(body: Body) -> str:
    """How the new user will sign in, when that is possible here and fits the password."""
    login_type = body.text("login_type") or "password"
    # What documents of 2023 have instead.
    if body.boolean("disable_login"):
        login_type = "none"
    if login_type != "password" and body.text("password"):
        raise ApiError(
            400, f'Password cannot be set for non-password ("{login_type}") authentication.'
        )
    if login_type == "password":
        check_password(body.text("password"))
    elif login_type == "oidc":
        raise ApiError(400, "You must configure OIDC before creating OIDC users.")
    elif login_type not in ("none", "github"):
        raise ApiError(
            400, f'Unsupported login type "{login_type}" for manually creating new users.'
        )
    return login_type


def get_user_by_name(call: Call, world: World) -> Reply:
    """One user; by id deleted ones too."""
    return Reply.ok(present.user_view(world, lookup.user(call, world)))


def delete_user(call: Call, world: World) -> Reply:
    """Delete a user who has no workspaces; his name and address are free again."""
    user = lookup.user(call, world)
    if not lookup.can(call, world, "delete", lookup.user_thing(user)):
        raise Forbidden()
    if user.id == call.actor.id:
        raise ApiError(403, "You cannot delete yourself!")
    if any(not one.deleted for one in world.state.workspaces.by("owner", user.id)):
        raise ApiError(
            417,
            "You cannot delete a user that has workspaces. Delete their workspaces and try again!",
        )
    end_sessions(world, user.id)
    world.state.users.put(replace(user, deleted=True, updated_at=world.now()))
    return Reply.message("User has been deleted!")


def update_user_profile(call: Call, world: World) -> Reply:
    """Rename a user, and say what he is called in full."""
    user = lookup.user(call, world)
    body = call.body()
    body.validate(("username", "required,username"), ("name", "user_real_name"))
    other = taken(world.state, username=body.text("username"))
    if other is not None and other.id != user.id:
        raise ApiError(
            409,
            "A user with this username already exists.",
            validations=(Validation("username", "This username is already in use."),),
        )
    if not may_personally(call, world, "update", user):
        raise refused_below("Internal error updating user.")
    changed = replace(
        user, username=body.text("username"), name=body.text("name"), updated_at=world.now()
    )
    return Reply.ok(present.user(world, world.state.users.put(changed)))


def suspend_user_account(call: Call, world: World) -> Reply:
    """Shut a user out; his keys stay, but count for nothing meanwhile."""
    user = lookup.user(call, world)
    if user.id == call.actor.id:
        raise ApiError(400, "You cannot suspend yourself.")
    if "owner" in user.roles:
        raise ApiError(
            400,
            'You cannot suspend a user with the "owner" role. You must remove the role first.',
        )
    return _put_status(call, world, user, "suspended")


def activate_user_account(call: Call, world: World) -> Reply:
    """Let a user in again."""
    return _put_status(call, world, lookup.user(call, world), "active")


def _put_status(call: Call, world: World, user: r.User, status: r.UserStatus) -> Reply:
    if not lookup.can(call, world, "update", lookup.user_thing(user)):
        raise refused_below(f'Internal error updating user\'s status to "{status}".', RBAC)
    changed: dict[str, Any] = {"status": status, "updated_at": world.now()}
    return Reply.ok(present.user(world, world.state.users.put(replace(user, **changed))))
