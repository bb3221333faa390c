"""The first user, and how one may sign in."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.licences import refresh
from coder_mock_server.domain.people import builtin_organization, live_users
from coder_mock_server.errors import ApiError
from coder_mock_server.handlers.users.rules import check_password, hashed
from coder_mock_server.names import name_from


def check_initial_user_created(call: Call, world: World) -> Reply:
    """Whether the server has been set up."""
    if not live_users(world.state):
        raise ApiError(404, "The initial user has not been created!")
    return Reply.message("The initial user has already been created!")


def create_initial_user(call: Call, world: World) -> Reply:
    """Set the server up with its owner."""
    body = call.body()
    body.validate(
        ("email", "required,email"),
        ("username", "required,username"),
        ("name", "user_real_name"),
        ("password", "required"),
    )
    if live_users(world.state):
        raise ApiError(409, "The initial user has already been created.")
    check_password(body.text("password"))
    now = world.now()
    owner = r.User(
        id=world.ids.uuid(),
        username=body.text("username"),
        email=body.text("email"),
        name=body.text("name"),
        created_at=now,
        updated_at=now,
        status="active",
        roles=("owner",),
        password_hash=hashed(world, body.text("password")),
    )
    world.state.users.put(owner)
    organization = _first_organization(world, owner)
    world.state.members.put(r.Member(organization.id, owner.id, now, now))
    refresh(world.state, now, asked=False)
    return Reply.created({"user_id": owner.id, "organization_id": organization.id})


def _first_organization(world: World, owner: r.User) -> r.Organization:
    """The built-in organization; servers of 2023 name it after the first user."""
    state, now = world.state, world.now()
    found = next((one for one in state.organizations if one.is_default), None)
    if found is None:
        found = builtin_organization(world.ids.uuid(), now)
    name = world.policy.first_organization or name_from(owner.username)
    if name and found.name != name:
        found = replace(found, name=name, updated_at=now)
    return state.organizations.put(found)


def get_authentication_methods(call: Call, world: World) -> Reply:
    """Passwords, and GitHub by its default provider."""
    return Reply.ok(
        {
            "password": {"enabled": True},
            "github": {"enabled": True, "default_provider_configured": True},
            "oidc": {"enabled": False, "signInText": "", "iconUrl": ""},
        }
    )


def get_github_device_auth(call: Call, world: World) -> Reply:
    """Fails: a real server asks GitHub for the code, and nobody is asked here."""
    raise ApiError(500, "An internal server error occurred.")


def openid_connect_callback(call: Call, world: World) -> Reply:
    """Never configured here."""
    raise ApiError(400, "The oauth2 method requested is not configured!")


def oauth_2_0_github_callback(call: Call, world: World) -> Reply:
    """The default provider signs in by device, so this leads to the page that shows the code."""
    location = f"/login/device?state={world.ids.text(43)}"
    page = f'<a href="{location}">Temporary Redirect</a>.\n\n'.encode()
    reply = Reply.data(page, "text/html; charset=utf-8", 307)
    reply.headers["Location"] = location
    return reply
