"""How one reaches an agent: connection information, the relay map, tunnels and terminals.

The fake has no network of its own: tunnels are accepted and stay silent, a terminal plays a shell.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from coder_mock_server import lookup, security
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain import agents as rules
from coder_mock_server.domain.usage import put_usage
from coder_mock_server.errors import ApiError, Invalid, Validation
from coder_mock_server.store.topics import Topic
from coder_mock_server.terminal import Session, Shell
from coder_mock_server.wire import encode
from coder_mock_server.wire_in import QueryReader

MAJOR, MINOR = 2, 4
VERSION = re.compile(r"(\d+)\.(\d+)", re.ASCII)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{status} - {title}</title>
</head>
<body>
<h1>{status} - {title}</h1>
<p>{text}</p>
<p><a href="/workspaces">Back to the workspaces</a></p>
</body>
</html>
"""
PAGES = {
    404: ("Application Not Found", "There is no such app, or it is not open to you."),
    500: ("Internal Server Error", "The request does not name an app."),
    502: ("Application Unavailable", "The agent is not connected, so nothing answers there."),
}


def get_connection_info_for_workspace_agent(call: Call, world: World) -> Reply:
    """What a client needs to know before it connects, in any state of the agent."""
    lookup.agent(call, world)
    return Reply.ok(_connection(call))


def get_generic_connection_info(call: Call, world: World) -> Reply:
    """The same without an agent."""
    return Reply.ok(_connection(call))


def get_derp_map_updates(call: Call, world: World) -> StreamReply:
    """The map of relays; it never changes here."""

    async def source() -> AsyncIterator[StreamItem]:
        yield StreamItem("data", encode(derp_map(call)))
        await asyncio.Event().wait()

    return StreamReply(source, "binary")


def coordinate_workspace_agent(call: Call, world: World) -> StreamReply:
    """A tunnel's signalling; nobody answers on the other side."""
    lookup.agent(call, world)
    check_version(call, default="1.0")
    return StreamReply(_silence, "binary", on_message=_drop)


def user_scoped_tailnet_rpc_connection(call: Call, world: World) -> StreamReply:
    """The same for all workspaces of a user at once; the protocol within it is nobody's here."""
    check_version(call, default="2.0")
    return StreamReply(_silence, "binary", on_message=_drop)


async def _silence() -> AsyncIterator[StreamItem]:
    await asyncio.Event().wait()
    yield StreamItem("ping")


def _drop(_: bytes | str) -> None:
    pass


def check_version(call: Call, default: str) -> None:
    """Refuse versions of the agent protocol that the server does not speak."""
    text = call.query.get("version") or default
    problem = _version_problem(text)
    if problem:
        raise Invalid("Unknown or unsupported API version", Validation("version", problem))


def _version_problem(text: str) -> str:
    found = VERSION.fullmatch(text)
    if found is None:
        return f"invalid version string: {text}"
    major, minor = int(found[1]), int(found[2])
    if major > MAJOR:
        return f"server is at version {MAJOR}.{MINOR}, behind requested major version {text}"
    if major < MAJOR:
        return f"version {text} is no longer supported"
    if minor > MINOR:
        return f"server is at version {MAJOR}.{MINOR}, behind requested minor version {text}"
    return ""


def open_pty_to_workspace_agent(call: Call, world: World) -> Reply | StreamReply:
    """A terminal. Our choice: it plays a shell, since nothing runs behind it.

    It is served like an app of the workspace: refusals are pages, and nobody is told who he is not.
    """
    if lookup.parse_uuid(call.path["workspaceagent"]) is None:
        return app_page(500)
    try:
        call.signed_in = security.record_use(security.authenticate(call, world), world)
        agent = lookup.agent(call, world)
    except ApiError:
        return app_page(404)
    workspace = world.state.workspaces[world.state.builds.by("job", agent.job_id)[0].workspace_id]
    if not lookup.can(call, world, "application_connect", lookup.workspace_thing(workspace)):
        return app_page(404)
    if rules.agent_status(agent, world.now()) != "connected":
        return app_page(502)
    reader = QueryReader(call.query)
    reconnect = reader.uuid("reconnect", required=True)
    width = reader.positive_int32("width", 80)
    height = reader.positive_int32("height", 24)
    reader.finish("Invalid query parameters.")
    put_usage(world.state, workspace, "reconnecting-pty", world.now())
    command = call.query.get("command") or ""

    def make() -> Session:
        shell = Shell(
            user="coder",
            host=workspace.name,
            home=rules.expanded_directory(agent) or rules.HOME,
            clock=world.now,
            environment=dict(agent.environment_variables),
        )
        return Session(shell, command)

    session = world.terminals.session(agent.id, reconnect or "", make)
    session.shell.resize(width, height)

    def is_over() -> bool:
        known = world.state.agents.get(agent.id)
        gone = known is None or rules.agent_status(known, world.now()) != "connected"
        return gone or session.shell.ended

    async def source() -> AsyncIterator[StreamItem]:
        position = 0
        with world.store.hub.subscribe(Topic("workspace", workspace.id)) as subscription:
            session.attach(subscription.notify)
            try:
                while True:
                    data, position = session.after(position)
                    if data:
                        yield StreamItem("data", data)
                    if is_over():
                        return
                    await subscription.changed()
            finally:
                session.detach(subscription.notify)

    return StreamReply(source, "binary", on_message=session.receive, close_reason="")


def app_page(status: int) -> Reply:
    """The page that stands for an app that cannot be shown."""
    title, text = PAGES[status]
    page = PAGE.format(status=status, title=title, text=text)
    return Reply.data(page.encode(), "text/html; charset=utf-8", status)


def _connection(call: Call) -> dict[str, Any]:
    return {
        "derp_map": derp_map(call),
        "derp_force_websockets": False,
        "disable_direct_connections": False,
        "hostname_suffix": "coder",
    }


def derp_map(call: Call) -> dict[str, Any]:
    """The one relay there is: the server itself, as the client reached it."""
    access = urlsplit(call.base_url)
    is_plain = access.scheme != "https"
    node = {
        "Name": "999b",
        "RegionID": 999,
        "HostName": access.hostname or "",
        "STUNPort": -1,
        "DERPPort": access.port or (80 if is_plain else 443),
    }
    if is_plain:
        node["ForceHTTP"] = True
    region = {
        "EmbeddedRelay": True,
        "RegionID": 999,
        "RegionCode": "coder",
        "RegionName": "Coder Embedded Relay",
        "Nodes": [node],
    }
    return {"Regions": {"999": region}}
