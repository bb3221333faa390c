"""The API browser at `/docs`: a bundled page over the served document, without a network.

The browser is RapiDoc 9.3.8 (MIT; its licence lies beside it), one file that loads nothing else.
"""

from __future__ import annotations

import gzip
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from coder_mock_server.rendering import Rendered

if TYPE_CHECKING:
    from coder_mock_server.call import Call
    from coder_mock_server.server import Server

STATIC = Path(__file__).parent / "static"
FILES = {
    "rapidoc-min.js": "text/javascript; charset=utf-8",
    "rapidoc-LICENSE.txt": "text/plain; charset=utf-8",
}
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
"""The page asks for the browser with its version."""


def docs_answer(server: Server, call: Call, path: str) -> Rendered | None:
    """The page, or a file that it needs; `None` for any other path."""
    if path == "/docs":
        page = (STATIC / "docs.html").read_text(encoding="utf-8")
        page = page.replace("{{version}}", escape(server.document.version))
        page = page.replace("{{token}}", escape(server.loaded.token or ""))
        headers = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-cache"),
        )
        return Rendered(200, headers, page.encode())
    name = path.removeprefix("/docs/")
    if name not in FILES:
        return None
    media_type = (b"content-type", FILES[name].encode())
    if "gzip" in call.headers.get("accept-encoding", ""):
        encoded = (b"content-encoding", b"gzip")
        return Rendered(200, (media_type, FOREVER, encoded), _compressed(name))
    return Rendered(200, (media_type, FOREVER), (STATIC / name).read_bytes())


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress((STATIC / name).read_bytes(), mtime=0)
