"""Applications that may act for users, and their client secrets."""

from __future__ import annotations

from dataclasses import replace

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import OAuth2App, OAuth2Secret
from coder_mock_server.errors import ApiError, NotFound
from coder_mock_server.handlers.users.rules import refused_below
from coder_mock_server.presenters import enterprise as present
from coder_mock_server.security import hashed
from coder_mock_server.wire_in import Body

APP, SECRET = Thing("oauth2_app"), Thing("oauth2_app_secret")
PREFIX_LENGTH, SECRET_LENGTH, SHOWN = 10, 40, 6
SCHEME = "coder"
TAKEN = 'pq: duplicate key value violates unique constraint "oauth2_provider_apps_name_key"'


def split_secret(text: str) -> tuple[str, str]:
    """Prefix and secret of `coder_<prefix>_<secret>`; empty where it is none."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != SCHEME:
        return "", ""
    return parts[1], parts[2]


def new_secret(world: World) -> tuple[str, str, str]:
    """A fresh secret in full, its prefix, and the rest."""
    prefix, secret = world.ids.text(PREFIX_LENGTH), world.ids.text(SECRET_LENGTH)
    return f"{SCHEME}_{prefix}_{secret}", prefix, secret


def get_oauth2_applications(call: Call, world: World) -> Reply:
    """All applications, or those that a user has let in."""
    apps = list(world.state.oauth2_apps)
    text = call.query.get("user_id")
    if text:
        id = lookup.parse_uuid(text)
        if id is None:
            raise ApiError(400, "Invalid user UUID", f'queried user_id="{text}"')
        used = {token.app_id for token in world.state.oauth2_tokens.by("user", id)}
        apps = [app for app in apps if app.id in used]
    if not lookup.can(call, world, "read", APP):
        apps = []
    return Reply.ok([present.oauth2_app(app, call.base_url) for app in apps])


def get_oauth2_application(call: Call, world: World) -> Reply:
    """One application."""
    return Reply.ok(present.oauth2_app(_app(call, world), call.base_url))


def _app(call: Call, world: World) -> OAuth2App:
    found = world.state.oauth2_apps.get(lookup.path_uuid(call, "app"))
    if found is None or not lookup.can(call, world, "read", APP):
        raise NotFound()
    return found


def create_oauth2_application(call: Call, world: World) -> Reply:
    """A new application."""
    body = _checked(call)
    if not lookup.can(call, world, "create", APP):
        raise refused_below("Internal error creating OAuth2 application.")
    if world.state.oauth2_apps.one("name", body.text("name")) is not None:
        raise refused_below("Internal error creating OAuth2 application.", TAKEN)
    app = OAuth2App(
        world.ids.uuid(),
        body.text("name"),
        body.text("callback_url"),
        world.now(),
        body.text("icon"),
    )
    return Reply.created(present.oauth2_app(world.state.oauth2_apps.put(app), call.base_url))


def update_oauth2_application(call: Call, world: World) -> Reply:
    """Replace what is known of an application."""
    app = _app(call, world)
    body = _checked(call)
    if not lookup.can(call, world, "update", APP):
        raise refused_below("Internal error updating OAuth2 application.")
    other = world.state.oauth2_apps.one("name", body.text("name"))
    if other is not None and other.id != app.id:
        raise refused_below("Internal error updating OAuth2 application.", TAKEN)
    app = replace(
        app,
        name=body.text("name"),
        callback_url=body.text("callback_url"),
        icon=body.text("icon"),
    )
    return Reply.ok(present.oauth2_app(world.state.oauth2_apps.put(app), call.base_url))


def _checked(call: Call) -> Body:
    body = call.body()
    body.validate(("name", "required,oauth2_app_name"), ("callback_url", "required,http_url"))
    return body


def delete_oauth2_application(call: Call, world: World) -> Reply:
    """Delete an application; whom it acted for has no session of it any more."""
    app = _app(call, world)
    if not lookup.can(call, world, "delete", APP):
        raise refused_below("Internal error deleting OAuth2 application.")
    state = world.state
    for token in state.oauth2_tokens.by("app", app.id):
        state.api_keys.remove(token.key_id)
        state.oauth2_tokens.remove(token.prefix)
    for code in state.oauth2_codes.by("app", app.id):
        state.oauth2_codes.remove(code.prefix)
    for secret in state.oauth2_secrets.by("app", app.id):
        state.oauth2_secrets.remove(secret.id)
    state.oauth2_apps.remove(app.id)
    return Reply.no_content()


def get_oauth2_application_secrets(call: Call, world: World) -> Reply:
    """The client secrets of an application, shortened."""
    app = _app(call, world)
    if not lookup.can(call, world, "read", SECRET):
        raise refused_below("Internal error getting OAuth2 client secrets.")
    found = world.state.oauth2_secrets.by("app", app.id)
    return Reply.ok([present.oauth2_secret(secret) for secret in found])


def create_oauth2_application_secret(call: Call, world: World) -> Reply:
    """A new client secret, told in full this once."""
    app = _app(call, world)
    if not lookup.can(call, world, "create", SECRET):
        raise refused_below("Internal error creating OAuth2 client secret.")
    full, prefix, secret = new_secret(world)
    record = OAuth2Secret(
        world.ids.uuid(), app.id, world.now(), prefix, hashed(secret), secret[-SHOWN:]
    )
    world.state.oauth2_secrets.put(record)
    return Reply.created({"id": record.id, "client_secret_full": full})


def delete_oauth2_application_secret(call: Call, world: World) -> Reply:
    """Delete a client secret, and the sessions that it opened."""
    app = _app(call, world)
    secret = world.state.oauth2_secrets.get(lookup.path_uuid(call, "secretID"))
    if secret is None or secret.app_id != app.id:
        raise NotFound()
    if not lookup.can(call, world, "delete", SECRET):
        raise refused_below("Internal error deleting OAuth2 client secret.")
    for token in world.state.oauth2_tokens.by("app", app.id):
        if token.secret_id == secret.id:
            world.state.api_keys.remove(token.key_id)
            world.state.oauth2_tokens.remove(token.prefix)
    world.state.oauth2_secrets.remove(secret.id)
    return Reply.no_content()
