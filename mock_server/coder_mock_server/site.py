"""What the host serves beside the API: liveness, the document, its browser, the control routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from coder_mock_server import cors
from coder_mock_server.call import Call
from coder_mock_server.control.routes import PREFIX
from coder_mock_server.control.routes import answer as control
from coder_mock_server.docs_page import docs_answer
from coder_mock_server.errors import ApiError
from coder_mock_server.pipeline import refusal
from coder_mock_server.rendering import Header, Rendered

if TYPE_CHECKING:
    from coder_mock_server.server import Server

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ReadBody = Callable[[Receive], Awaitable[bytes]]

TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
SCIM_DISABLED = ApiError(
    404,
    "SCIM is disabled, please contact your administrator if you believe this is an error",
    "SCIM endpoints are disabled if no SCIM is configured. Configure "
    "'CODER_SCIM_AUTH_HEADER' to enable.",
)
HTML: Header = (b"content-type", b"text/html; charset=utf-8")
NO_PAGES = ("bin", "derp", "docs", "scim", "swagger", PREFIX.strip("/"))
"""First segments of paths below which nothing is taken for a page of the web UI."""
PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Coder mock server</title>
<h1>There is no web UI here</h1>
<p>A Coder server answers every path outside its API with its single-page application. This mock
server has only the API: see its <a href="/docs">operations</a> and
<a href="/openapi.json">document</a>. A client that got this page in place of JSON lacks the base
path of the API in its address.
</html>
"""
SWAGGER_DISABLED = ApiError(404, "Swagger documentation is disabled.")


class Site:
    """Answers the paths that the document does not have."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def takes_first(self, call: Call) -> bool:
        """Whether the path is answered here although the document has it, too."""
        return not self._server.world.licensed and call.url_path.startswith("/scim/")

    async def answer(
        self, call: Call, receive: Receive, read_body: ReadBody
    ) -> tuple[Rendered, str] | None:
        """The answer and its mark; `None` when the path is none of ours either."""
        path = "/" + call.url_path.strip("/")
        if path == "/healthz":
            return Rendered(200, (TEXT,), b"OK"), "site"
        if path == cors.LATENCY_CHECK:
            return Rendered(200, (TEXT, *cors.ANY_ORIGIN), b"OK"), "site"
        if path == "/swagger" or path.startswith("/swagger/"):
            return refusal(SWAGGER_DISABLED), "site"
        if path.startswith("/scim/v2/") and not self._server.world.licensed:
            return refusal(SCIM_DISABLED), "site"
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            return await control(self._server, call, await read_body(receive)), "control"
        if path == "/openapi.json" and call.method == "GET":
            return self._server.document_answer(), "site"
        if path == "/docs" or path.startswith("/docs/"):
            page = docs_answer(self._server, call, path) if call.method == "GET" else None
            return None if page is None else (page, "site")
        return None

    def page(self, call: Call, base: str) -> Rendered | None:
        """What stands for the web UI, if a path that nothing else answers is one of its pages."""
        segments = [segment for segment in call.url_path.split("/") if segment]
        api = base.strip("/").split("/")
        is_other = segments[: len(api)] == api or (bool(segments) and segments[0] in NO_PAGES)
        if call.method != "GET" or call.is_websocket or is_other:
            return None
        return Rendered(200, (HTML,), PAGE)

    async def lifespan(self, receive: Receive, send: Send) -> None:
        """Start and stop with the server process."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._server.start()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._server.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
