"""Debug page: the health report and its settings, and looks into a server that has no inside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import health as rules
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.deployment import Setting
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.handlers.enterprise import proxies
from coder_mock_server.presenters import health as present
from coder_mock_server.presenters.proxies import proxy as present_proxy

HTML = "text/html; charset=utf-8"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body>
</html>
"""


def _check(call: Call, world: World) -> None:
    """Let those through who may look inside."""
    if not lookup.can(call, world, "read", Thing("debug_info")):
        raise Forbidden()


def debug_info_deployment_health(call: Call, world: World) -> Reply:
    """How the deployment is; computed anew each time, so `force` makes no difference."""
    _check(call, world)
    format = call.query.get("format") or "json"
    now, version = world.now(), world.policy.build_version
    listed = proxies.regions(world) if world.licensed else []
    shown = [present_proxy(one, call.base_url, version, now) for one in listed]
    body = present.report(world, call.base_url, now, shown)
    if format == "json":
        return Reply.ok(body)
    if format == "text":
        # The document knows the report as JSON only.
        text = present.text(body).encode()
        return Reply(200, text, "text/plain; charset=utf-8", raw=True)
    raise ApiError(
        400, f'Invalid format option "{format}".', 'Allowed values are: "json", "simple".'
    )


def get_health_settings(call: Call, world: World) -> Reply:
    """Which sections are dismissed."""
    _check(call, world)
    return Reply.ok({"dismissed_healthchecks": list(rules.dismissed_sections(world.state) or ())})


def update_health_settings(call: Call, world: World) -> Reply:
    """Dismiss exactly these sections; 204 when they are dismissed already."""
    if not lookup.can(call, world, "update", Thing("deployment_config")):
        raise Forbidden()
    body = call.body()
    wanted: tuple[str, ...] | None = None
    if body.has("dismissed_healthchecks"):
        wanted = tuple(body.strings("dismissed_healthchecks"))
    for name in wanted or ():
        if name not in rules.SECTIONS:
            raise ApiError(
                500,
                "Failed to validate health settings.",
                f"unknown healthcheck section: {name}",
            )
    if wanted == rules.dismissed_sections(world.state):
        return Reply.no_content()
    world.state.settings.put(Setting(rules.DISMISSED, wanted))
    return Reply.ok({"dismissed_healthchecks": None if wanted is None else list(wanted)})


def debug_info_wireguard_coordinator(call: Call, world: World) -> Reply:
    """A page about tunnels: there are none."""
    _check(call, world)
    return _page("Coordinator", "No agents and no clients are connected to each other.")


def debug_info_tailnet(call: Call, world: World) -> Reply:
    """A page about the network: there is none."""
    _check(call, world)
    return _page("Tailnet", "The server has no peers.")


def _page(title: str, text: str) -> Reply:
    page = PAGE.format(title=title, text=text)
    # The document describes no body.
    return Reply(200, page.encode(), HTML, raw=True)


def debug_a_users_sign_in(call: Call, world: World) -> Reply:
    """What the identity provider said of a user; nobody signs in that way here."""
    lookup.user(call, world)
    _check(call, world)
    raise ApiError(400, "User is not an OIDC user.")


def watch_relay_traffic(call: Call, world: World) -> StreamReply:
    """Traffic of the relay as it comes: none does."""
    _check(call, world)
    return StreamReply(_nothing, "sse")


async def _nothing() -> AsyncIterator[StreamItem]:
    await asyncio.Event().wait()
    yield StreamItem("ping")


def get_process_variables(call: Call, world: World) -> Reply:
    """Counters of the process, as far as a mock has any."""
    _check(call, world)
    rows = {name: len(table) for name, table in world.state.tables().items()}
    return Reply.ok({"cmdline": ["coder-mock", "serve"], "coder_mock_rows": rows})


def probe_websockets(call: Call, world: World) -> StreamReply:
    """Says back what it hears, to see whether websockets get through."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def source() -> AsyncIterator[StreamItem]:
        while True:
            yield StreamItem("data", await heard.get())

    def on_message(message: bytes | str) -> None:
        heard.put_nowait(message.encode() if isinstance(message, str) else message)

    return StreamReply(source, "binary", on_message=on_message)
