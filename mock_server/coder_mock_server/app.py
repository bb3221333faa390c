"""Puts the parts together: `create_app(settings)` is the server as a Connexion application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from coder_mock_server.middleware import SpecMiddleware
from coder_mock_server.server import Server
from coder_mock_server.site import Site

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def application(server: Server) -> App:
    """The ASGI application of a server, Connexion's stack built when something falls through."""

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError

    return front(server, nothing)


def front(server: Server, behind: App) -> SpecMiddleware:
    """The compiled middleware of a server, in front of another application."""
    return SpecMiddleware(
        behind,
        router=server.router,
        pipeline=server.pipeline,
        journal=server.journal,
        site=Site(server),
        plans=server.plans,
        base=server.document.base,
        stopping=server.stopping,
    )
