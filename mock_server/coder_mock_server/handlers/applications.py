"""Applications page: where workspace applications are, and how a browser gets to sign in there."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from coder_mock_server import security
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.errors import ApiError, Unauthorized

APP_KEY_SECONDS = 60


def get_applications_host(call: Call, world: World) -> Reply:
    """The pattern of host names of applications: none is set, so they have paths."""
    return Reply.ok({"host": ""})


def redirect_to_uri_with_encrypted_api_key(call: Call, world: World) -> Reply:
    """Back to an application on another host, with a key; only to hosts that are known."""
    try:
        actor = call.signed_in or security.authenticate(call, world)
    except (Unauthorized, ApiError):
        asked = f"{call.base_url}{call.url_path}"
        target = f"/login?redirect={quote(asked, safe='')}"
        return Reply(303, None, headers={"Location": target}, has_body=False)
    text = call.query.get("redirect_uri") or ""
    if not text:
        raise ApiError(400, "Missing redirect_uri query parameter.")
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError as error:
        raise ApiError(400, "Invalid redirect_uri.", str(error)) from None
    if not host or not _is_proxy(world, f"{parts.scheme}://{parts.netloc}"):
        raise ApiError(
            400, "Invalid redirect_uri.", "The redirect_uri must belong to a workspace proxy."
        )
    token, _ = security.new_token(
        world,
        actor.id,
        lifetime_seconds=APP_KEY_SECONDS,
        login_type=actor.key.login_type,
        scope="application_connect",
        ip_address=call.client,
    )
    joint = "&" if parts.query else "?"
    return Reply(
        303,
        None,
        headers={"Location": f"{text}{joint}coder_application_connect_api_key={token}"},
        has_body=False,
    )


def _is_proxy(world: World, origin: str) -> bool:
    return any(
        not proxy.deleted and proxy.url and proxy.url.rstrip("/") == origin
        for proxy in world.state.workspace_proxies
    )
