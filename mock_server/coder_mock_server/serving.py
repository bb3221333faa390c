"""Runs a server on uvicorn: the listening socket, the lines that say it is ready, the end."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from coder_mock_server.app import application
from coder_mock_server.errors import UsageError
from coder_mock_server.server import Server
from coder_mock_server.settings import Settings

GRACE_SECONDS = 1
"""How long open streams may take to end."""
PING_SECONDS = 15.0
"""Between protocol pings on websockets."""


class _Uvicorn(uvicorn.Server):
    """uvicorn, telling when it is ready and leaving signals to us."""

    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready
        self.received: signal.Signals | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Here, not as the application's lifespan: uvicorn would hide why it failed.
        gc.disable()
        try:
            await self._ready.server.start()
            # What was made so far stays: no collection need ever look at it.
            gc.freeze()
        finally:
            gc.enable()
        await super().startup(sockets)
        self._ready.announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self._ready.server.stop()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Note the signal and end; uvicorn would raise it once more at the end."""
        loop = asyncio.get_running_loop()

        def stop(received: signal.Signals) -> None:
            self._ready.server.stopping.set()
            # Whoever presses Ctrl+C twice will not wait for open streams.
            self.force_exit = received is signal.SIGINT and self.received is signal.SIGINT
            self.received = received
            self.should_exit = True

        for name in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(name, stop, name)
            except NotImplementedError:
                signal.signal(name, lambda number, _: stop(signal.Signals(number)))
        yield


class _Websocket(WebSocketsSansIOProtocol):
    """uvicorn's websockets, compressed unless the client asks for plain ones in the query."""

    def handle_connect(self, event: Request) -> None:
        """Answer the handshake."""
        if "no_compression" in parse_qs(urlsplit(event.path).query, keep_blank_values=True):
            self.conn.available_extensions = []
        super().handle_connect(event)


class _WithoutNoise(logging.Filter):
    """Drops what uvicorn says of each refused websocket: that it was refused is no error."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "without completing handshake" not in record.getMessage()


class Ready:
    """The lines on standard output once requests are served."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self._url = url

    def announce(self) -> None:
        """URL, users with passwords, token, and that it is ready."""
        settings = self.server.settings
        loaded = self.server.loaded
        say = sys.stdout.write
        version = self.server.document.version or settings.spec
        say(f"Coder API {version} ({settings.edition}), scenario {settings.scenario}\n")
        say(f"url: {self._url}\n")
        for name, email, password in loaded.users:
            say(f"user: {name} <{email}> password: {password}\n")
        if loaded.token:
            say(f"token: {loaded.token}\n")
        say(f"ready: {self._url} (docs at {self._url}/docs; stop with Ctrl+C)\n")
        sys.stdout.flush()


def serve(settings: Settings) -> int:
    """Serve until a signal comes; the exit code."""
    with _listen(settings) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://{_for_url(host)}:{port}"
        server = Server(settings)
        if not _is_loopback(host):
            sys.stderr.write(f"coder-mock: listening on {host}: whoever reaches it may use it\n")
        runner = _Uvicorn(_config(server), Ready(server, url))
        with _logs(settings.log_level):
            runner.run(sockets=[listener])
    return 130 if runner.received is signal.SIGINT else 0


@contextmanager
def _logs(level: str) -> Generator[None, None, None]:
    """Our own log to standard error while the server runs; uvicorn sets up its own."""
    quiet = _WithoutNoise()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("coder-mock: %(message)s"))
    log, theirs = logging.getLogger("coder_mock_server"), logging.getLogger("uvicorn.error")
    before = log.level
    log.addHandler(handler)
    log.setLevel(level.upper())
    theirs.addFilter(quiet)
    try:
        yield
    finally:
        theirs.removeFilter(quiet)
        log.removeHandler(handler)
        log.setLevel(before)


def _config(server: Server) -> uvicorn.Config:
    debug = server.settings.log_level == "debug"
    return uvicorn.Config(
        application(server),
        loop="auto",
        http="httptools",
        ws=_Websocket,
        lifespan="off",
        access_log=False,
        log_level="debug" if debug else "warning",
        server_header=False,
        date_header=True,
        # As a server that was told of no proxy: who connects is who asks.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_ping_interval=PING_SECONDS,
    )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named, so that connections send at once (TCP_NODELAY) on whichever event loop.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "choose another --port (0 takes a free one)"
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _for_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
