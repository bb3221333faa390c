"""A proxy that passes everything on and may alter JSON replies: a fault in front of any server."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Alter = Callable[[str, str, Any], Any]
"""From method, path with query, and JSON body to the body that leaves."""

_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    upstream: str
    alter: Alter

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Proxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        sent = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body or None, sent)
            answer = connection.getresponse()
            stream = (answer.getheader("content-type") or "").startswith("text/event-stream")
            data = b"" if stream else answer.read()
            self._answer(answer, self._altered(answer, data))
        finally:
            connection.close()

    def _altered(self, answer: http.client.HTTPResponse, data: bytes) -> bytes:
        if not data or "json" not in (answer.getheader("content-type") or ""):
            return data
        try:
            value = json.loads(data)
        except ValueError:
            return data
        return json.dumps(self.server.alter(self.command, self.path, value)).encode()

    def _answer(self, answer: http.client.HTTPResponse, data: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def proxying(upstream: str, alter: Alter) -> Iterator[str]:
    """Serve `upstream` on a free port, its JSON replies altered."""
    server = _Proxy(("127.0.0.1", 0), _Handler)
    server.upstream, server.alter = upstream, alter
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
