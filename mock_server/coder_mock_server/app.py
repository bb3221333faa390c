"""Puts the parts together: `create_app(settings)` is the server as a Connexion application.

Three layers: the front (journal, common headers, the compiled plans), behind it Connexion's own
stack for what the plans do not cover, and the server (document, world, handlers) that both run.
Connexion costs half a second to import and its stack as much to build, so `serve` starts without:
both happen when the first request falls through to it, or at once with `stack="connexion"`.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from coder_mock_server.middleware import SpecMiddleware, StandardFront
from coder_mock_server.server import Server
from coder_mock_server.site import Site

if TYPE_CHECKING:
    from connexion import AsyncApp

    from coder_mock_server.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def create_app(settings: Settings) -> AsyncApp:
    """The whole server as a Connexion application, ready for any ASGI server.

    Its one middleware is the front; Connexion's stack is behind that, see `application`.
    """
    _import_connexion()
    from connexion import AsyncApp

    server = Server(settings)
    return AsyncApp(__name__, middlewares=[lambda app: application(server)])


def _import_connexion() -> None:
    """Import it without the deprecation warnings that are its own affair, not our users'."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import connexion  # noqa: F401


def application(server: Server) -> SpecMiddleware:
    """The ASGI application of a server."""
    front = StandardFront if server.settings.stack == "connexion" else SpecMiddleware
    return front(
        StandardStack(server),
        router=server.router,
        pipeline=server.pipeline,
        journal=server.journal,
        site=Site(server),
        plans=server.plans,
        base=server.document.base,
        stopping=server.stopping,
    )


class StandardStack:
    """Connexion's own stack over the same document and handlers, built when first needed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._app is None:
            _import_connexion()
            from coder_mock_server.binding import standard_stack

            self._app = standard_stack(self._server)
        await self._app(scope, receive, send)
