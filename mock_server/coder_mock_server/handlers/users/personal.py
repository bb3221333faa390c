"""What belongs to one user alone: password, looks, sign-in, SSH key, values used before."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup, passwords
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError, Invalid, NotFound, Validation
from coder_mock_server.handlers.users.rules import (
    check_password,
    end_sessions,
    hashed,
    key_thing,
    may_personally,
    refused_below,
)
from coder_mock_server.presenters import users as present
from coder_mock_server.sshkeys import key_pair
from coder_mock_server.wire_in import QueryReader

FONTS = ("ibm-plex-mono", "fira-code", "source-code-pro", "jetbrains-mono")
WRONG_OLD = "Old password is incorrect."


def update_user_password(call: Call, world: World) -> Reply:
    """Change a password; every session of the user ends with it."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "update", user):
        raise NotFound()
    body = call.body()
    body.validate(("password", "required"))
    if user.login_type != "password":
        raise ApiError(400, "Users without password login type cannot change their password.")
    old, new = body.text("old_password"), body.text("password")
    check_password(new, "Invalid password.")
    own = user.id == call.actor.id
    if own and not old:
        raise ApiError(400, "Old password is required.")
    if old and not passwords.matches(old, user.password_hash):
        raise Invalid(WRONG_OLD, Validation("old_password", WRONG_OLD))
    if own and passwords.matches(new, user.password_hash):
        raise ApiError(400, "New password cannot match old password.")
    if not lookup.can(call, world, "delete", key_thing(user.id)):
        raise refused_below(
            "Internal error updating user's password.",
            "execute transaction: delete api keys by user ID: unauthorized: rbac: forbidden",
        )
    end_sessions(world, user.id)
    now = world.now()
    world.state.users.put(replace(user, password_hash=hashed(world, new), updated_at=now))
    return Reply.no_content()


def get_user_appearance_settings(call: Call, world: World) -> Reply:
    """Theme and terminal font, empty until set."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "read", user):
        raise refused_below("Error reading user settings.")
    return Reply.ok(_appearance(user))


def update_user_appearance_settings(call: Call, world: World) -> Reply:
    """Set theme and terminal font."""
    user = lookup.user(call, world)
    body = call.body()
    body.validate(("theme_preference", "required"), ("terminal_font", "required"))
    if body.text("terminal_font") not in FONTS:
        raise ApiError(400, "Unsupported font family.")
    if not may_personally(call, world, "update", user):
        raise refused_below("Internal error updating user.")
    user = replace(
        user,
        theme_preference=body.text("theme_preference"),
        terminal_font=body.text("terminal_font"),
        updated_at=world.now(),
    )
    return Reply.ok(_appearance(world.state.users.put(user)))


def _appearance(user: r.User) -> dict[str, str]:
    return {"theme_preference": user.theme_preference, "terminal_font": user.terminal_font}


def get_user_login_type(call: Call, world: World) -> Reply:
    """How the caller signs in; of others nobody is told."""
    user = lookup.user(call, world)
    if user.id != call.actor.id:
        raise ApiError(403, "You are not authorized to view this user's login type.")
    return Reply.ok({"login_type": user.login_type})


def get_user_git_ssh_key(call: Call, world: World) -> Reply:
    """The public key of a user's pair, which is made when somebody first asks for it."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "read", user):
        raise refused_below("Internal error fetching user's SSH key.")
    return Reply.ok(present.ssh_key(ssh_key_of(world, user.id)))


def regenerate_user_ssh_key(call: Call, world: World) -> Reply:
    """A new pair in place of the old one."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "update", user):
        raise refused_below("Internal error updating user's git SSH key.")
    old = ssh_key_of(world, user.id)
    public, private = key_pair(world.ids.bytes(32))
    new = replace(old, updated_at=world.now(), public_key=public, private_key=private)
    return Reply.ok(present.ssh_key(world.state.ssh_keys.put(new)))


def ssh_key_of(world: World, user_id: str) -> r.GitSshKey:
    """The user's key pair; made now if there is none. Call it inside a transaction."""
    found = world.state.ssh_keys.get(user_id)
    if found is not None:
        return found
    now = world.now()
    public, private = key_pair(world.ids.bytes(32))
    return world.state.ssh_keys.put(r.GitSshKey(user_id, now, now, public, private))


def get_autofill_build_parameters_for_user(call: Call, world: World) -> Reply:
    """The values that the user last gave to each parameter of a template."""
    user = lookup.user(call, world)
    reader = QueryReader(call.query)
    template_id = reader.uuid("template_id", required=True)
    reader.finish("Invalid query parameters.", strict=True)
    state = world.state
    builds = [
        build
        for workspace in state.workspaces.by("owner", user.id)
        if workspace.template_id == template_id and not workspace.deleted
        for build in state.builds.by("workspace", workspace.id)
        if build.transition == "start" and build.initiator_id == user.id
    ]
    values: dict[str, str] = {}
    for build in sorted(builds, key=lambda build: build.created_at):
        values.update(build.parameters)
    return Reply.ok([{"name": name, "value": values[name]} for name in sorted(values)])
