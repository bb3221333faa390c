"""How an application gets to act for a user: consent, codes, tokens.

The application is looked for before the session, so these operations sign in by themselves.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from coder_mock_server import lookup, security
from coder_mock_server.call import Actor, Call, Reply, World
from coder_mock_server.domain.licensed import OAuth2App, OAuth2Code, OAuth2Secret, OAuth2Token
from coder_mock_server.errors import ApiError, Invalid, NotFound, Unauthorized, Validation
from coder_mock_server.handlers.enterprise.oauth2_apps import new_secret, split_secret

CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=30)
BAD_PARAMETERS = "Invalid query params."
GRANTS = ("authorization_code", "refresh_token")
Form = dict[str, str]
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Authorize {name}</title></head>
<body>
<h1>Authorize {name}</h1>
<p>{name} asks for access to the account of {user}.</p>
<p><a href="{cancel}">Cancel</a> <a href="{allow}">Allow</a></p>
</body>
</html>
"""


def ask_for_consent(call: Call, world: World) -> Reply:
    """A page that asks the user; on the way back from that page the code for the application."""
    app, reply = _app_and_session(call, world)
    if reply is not None:
        return reply
    callback = _callback(call, app)
    if call.query.get("response_type") != "code":
        raise _required(call, "response_type")
    state = call.query.get("state") or ""
    if not _comes_from_page(call):
        return _page(call, app, callback, state)
    user_id = call.actor.id
    for code in world.state.oauth2_codes.by("app", app.id):
        if code.user_id == user_id:
            world.state.oauth2_codes.remove(code.prefix)
    full, prefix, secret = new_secret(world)
    expires = world.now() + CODE_LIFE
    world.state.oauth2_codes.put(
        OAuth2Code(prefix, app.id, user_id, security.hashed(secret), expires)
    )
    return _redirect(_with_query(callback, {"code": full, "state": state}), 307)


def oauth2_authorization_request(call: Call, world: World) -> Reply:
    """Consent is asked for by GET alone; this way of asking ends behind the session."""
    _, reply = _app_and_session(call, world)
    return reply or Reply(405, None, headers={"Allow": "GET"}, has_body=False)


def _app_and_session(call: Call, world: World) -> tuple[OAuth2App, Reply | None]:
    app = _app(world, call.query.get("client_id") or "")
    try:
        _sign_in(call, world)
    except Unauthorized:
        asked = call.url_path + "?" + urlencode([(k, call.query.get(k)) for k in call.query.keys()])  # noqa: SIM118
        return app, _redirect(f"/login?redirect={quote(asked, safe='')}", 303)
    return app, None


def _app(world: World, text: str) -> OAuth2App:
    if not text:
        raise ApiError(400, "Missing OAuth2 client ID.")
    id = lookup.parse_uuid(text)
    if id is None:
        raise ApiError(400, "Invalid OAuth2 client ID.", lookup.uuid_problem(text))
    found = world.state.oauth2_apps.get(id)
    if found is None:
        raise NotFound()
    return found


def _sign_in(call: Call, world: World) -> Actor:
    call.signed_in = security.record_use(security.authenticate(call, world), world)
    return call.signed_in


def _callback(call: Call, app: OAuth2App) -> str:
    """Where the application wants the code: its own address, or one below that."""
    asked = call.query.get("redirect_uri")
    if not asked:
        return app.callback_url
    wanted, own = urlsplit(asked), urlsplit(app.callback_url)
    if (wanted.scheme, wanted.netloc) != (own.scheme, own.netloc) or not wanted.path.startswith(
        own.path
    ):
        detail = f'Query param "redirect_uri" must be a subset of {app.callback_url}'
        raise Invalid(BAD_PARAMETERS, Validation("redirect_uri", detail))
    return asked


def _required(call: Call, name: str) -> Invalid:
    text = call.query.get(name)
    wrong = f'has invalid value: "{text}" is not a valid value'
    problem = wrong if text else "is required and cannot be empty"
    return Invalid(BAD_PARAMETERS, Validation(name, f'Query param "{name}" {problem}'))


def _comes_from_page(call: Call) -> bool:
    before = urlsplit(call.headers.get("referer") or "")
    here = urlsplit(call.base_url)
    return before.netloc == here.netloc and before.path == call.url_path


def _page(call: Call, app: OAuth2App, callback: str, state: str) -> Reply:
    again = urlencode([(key, call.query.get(key)) for key in call.query.keys()])  # noqa: SIM118
    cancel = _with_query(callback, {"error": "access_denied", "state": state})
    page = PAGE.format(
        name=escape(app.name),
        user=escape(call.actor.user.username),
        cancel=escape(cancel),
        allow=escape(f"{call.url_path}?{again}"),
    )
    return Reply.data(page.encode(), "text/html; charset=utf-8")


def _with_query(url: str, more: Form) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), *more.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _redirect(location: str, status: int) -> Reply:
    name = {303: "See Other", 307: "Temporary Redirect"}[status]
    page = f'<a href="{escape(location)}">{name}</a>.\n\n'.encode()
    reply = Reply.data(page, "text/html; charset=utf-8", status)
    reply.headers["Location"] = location
    return reply


def oauth2_token_exchange(call: Call, world: World) -> Reply:
    """A session of the user for his code, or for the token that renews one."""
    form = {**dict(parse_qsl(call.raw.decode("utf-8", "replace")))}
    app = _app(world, call.query.get("client_id") or form.get("client_id", ""))
    grant = form.get("grant_type", "")
    if grant not in GRANTS:
        wrong = f'has invalid value: "{grant}" is not a valid value'
        problem = wrong if grant else "is required and cannot be empty"
        text = f'Query param "grant_type" {problem}'
        raise Invalid(BAD_PARAMETERS, Validation("grant_type", text))
    if grant == "refresh_token":
        return _renewed(world, app, form)
    for name in ("client_secret", "code"):
        if not form.get(name):
            text = f'Query param "{name}" is required and cannot be empty'
            raise Invalid(BAD_PARAMETERS, Validation(name, text))
    secret = _client_secret(world, app, form["client_secret"])
    prefix, rest = split_secret(form["code"])
    code = world.state.oauth2_codes.get(prefix)
    if (
        code is None
        or code.app_id != app.id
        or code.expires_at < world.now()
        or not hmac.compare_digest(code.hashed_secret, security.hashed(rest))
    ):
        raise Unauthorized("", "Invalid code")
    world.state.oauth2_codes.remove(code.prefix)
    world.state.oauth2_secrets.put(replace(secret, last_used_at=world.now()))
    for token in world.state.oauth2_tokens.by("app", app.id):
        if token.user_id == code.user_id:
            _end(world, token)
    return _session(world, app, secret.id, code.user_id)


def _client_secret(world: World, app: OAuth2App, text: str) -> OAuth2Secret:
    prefix, rest = split_secret(text)
    found = world.state.oauth2_secrets.one("prefix", prefix)
    if (
        found is None
        or found.app_id != app.id
        or not hmac.compare_digest(found.hashed_secret, security.hashed(rest))
    ):
        raise Unauthorized("", "Invalid client secret")
    return found


def _renewed(world: World, app: OAuth2App, form: Form) -> Reply:
    prefix, rest = split_secret(form.get("refresh_token", ""))
    token = world.state.oauth2_tokens.get(prefix)
    if (
        token is None
        or token.app_id != app.id
        or token.expires_at < world.now()
        or not hmac.compare_digest(token.hashed_secret, security.hashed(rest))
    ):
        raise Unauthorized("", "Invalid token")
    _end(world, token)
    return _session(world, app, token.secret_id, token.user_id)


def _end(world: World, token: OAuth2Token) -> None:
    world.state.api_keys.remove(token.key_id)
    world.state.oauth2_tokens.remove(token.prefix)


def _session(world: World, app: OAuth2App, secret_id: str, user_id: str) -> Reply:
    user = world.state.users[user_id]
    access, key = security.new_token(
        world,
        user_id,
        login_type="oauth2_provider_app",
        token_name=f"{user.username}_{app.name}_oauth_session_token",
    )
    full, prefix, secret = new_secret(world)
    expires: datetime = world.now() + REFRESH_LIFE
    world.state.oauth2_tokens.put(
        OAuth2Token(prefix, app.id, secret_id, user_id, key.id, security.hashed(secret), expires)
    )
    return Reply.ok(
        {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": full,
            "expiry": key.expires_at,
        }
    )


def delete_oauth2_application_tokens(call: Call, world: World) -> Reply:
    """End every session that the application has of the caller."""
    app = _app(world, call.query.get("client_id") or "")
    actor = _sign_in(call, world)
    for token in world.state.oauth2_tokens.by("app", app.id):
        if token.user_id == actor.id:
            _end(world, token)
    return Reply.no_content()
