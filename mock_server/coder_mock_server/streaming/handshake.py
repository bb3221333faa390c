"""What a websocket handshake is refused for, worded as the API does, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from coder_mock_server.streaming.pump import Receive, Scope, Send
from coder_mock_server.wire import encode

_UPGRADE = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A handshake that is not accepted."""

    status: int
    reason: str
    mode: str

    def body(self) -> bytes:
        """A line of plain text, then the JSON that the endpoint adds to it."""
        detail = f"failed to accept WebSocket connection: {self.reason}"
        message = "Failed to accept websocket."
        if self.mode == "one-way":
            message = "Internal error setting up server-sent events."
            detail = f"cannot establish connection: {detail}"
        return self.reason.encode() + b"\n" + encode({"message": message, "detail": detail})


def refusal(
    scope: Scope, mode: str, origin_allowed: Callable[[str], bool] | None = None
) -> Refusal | None:
    """Why this request cannot become a websocket; `None` when it can."""
    headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
    if scope["type"] != "websocket":
        return Refusal(426, _violation(headers), mode)
    origin = headers.get("origin", b"").decode("latin-1")
    if not origin or (origin_allowed is not None and origin_allowed(origin)):
        return None
    host = headers.get("host", b"").decode("latin-1")
    try:
        theirs = urlsplit(origin).netloc
    except ValueError:
        theirs = origin
    if theirs.lower() == host.lower():
        return None
    return Refusal(403, f'request Origin "{theirs}" is not authorized for Host "{host}"', mode)


def _violation(headers: Mapping[str, bytes]) -> str:
    for name, token in (("Connection", "Upgrade"), ("Upgrade", "websocket")):
        value = headers.get(name.lower(), b"").decode("latin-1")
        if token.lower() not in [part.strip().lower() for part in value.split(",")]:
            return f'WebSocket protocol violation: {name} header "{value}" does not contain {token}'
    return 'WebSocket protocol violation: handshake request method is not GET but "POST"'


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    refusal: Refusal,
    headers: list[tuple[bytes, bytes]],
) -> None:
    """Answer with plain HTTP."""
    body = refusal.body()
    extra = [(b"content-type", b"text/plain; charset=utf-8")]
    extra.append((b"content-length", str(len(body)).encode()))
    if refusal.status == 426:
        extra += _UPGRADE
    await answer(scope, receive, send, refusal.status, [*extra, *headers], body)


async def answer(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    """A complete answer by plain HTTP; on a websocket it is the refusal of the handshake."""
    websocket = scope["type"] == "websocket"
    prefix = "http"
    if websocket:
        prefix = "websocket.http"
        await receive()  # The handshake.
    await send({"type": f"{prefix}.response.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body, "more_body": False})
    if websocket:
        # uvicorn complains of applications that return before the connection is closed, and
        # takes a turn of the loop to close it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
