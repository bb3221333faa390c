"""What streams may do: pings and comments in between, the same again, pauses, other portions."""

from __future__ import annotations

import json
import time

from tests.mutation.model import Frame, Mutation, Reply, Request
from tests.mutation.variations.model import Variation

NOTES = "rule"
WATCH = ("/watch", "/watch-ws")
PING = bytes([0x89, 0x02]) + b"hi"
"""A ping of the WebSocket protocol."""


def _is_socket(request: Request) -> bool:
    return request.header("upgrade").lower() == "websocket"


class _Between(Mutation):
    """Comments, pings and an unknown field between the messages of event streams."""

    def first(self, request: Request) -> list[Frame]:
        if _is_socket(request):
            return [Frame("", raw=PING)]
        return [Frame("", raw=b": welcome\n\n"), Frame("", raw=b"retry: 3000\n\n")]

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        if _is_socket(request):
            return [Frame("", raw=PING), frame, Frame("", raw=PING)]
        return [Frame("", raw=b": still here\n\n"), frame, Frame("", event="ping")]


class _JsonPings(Mutation):
    """Sockets that wrap their messages send pings of their own between them."""

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json
        wrapped = isinstance(value, dict) and value.get("type") in {"data", "ping"}
        return (
            [frame, Frame('{"type":"ping","data":null}')]
            if _is_socket(request) and wrapped
            else [frame]
        )


class _Again(Mutation):
    """Watches send the same state a second time."""

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return [frame, frame] if request.path.endswith(WATCH) else [frame]


class _Late(Mutation):
    """Messages come late."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        time.sleep(self.seconds)
        return [frame]


class _LateHeads(Mutation):
    """Streams open late."""

    def opened(self, request: Request, reply: Reply) -> Reply:
        time.sleep(0.5)
        return reply


class _Portions(Mutation):
    """Logs of agents, arrays per message, come one by one."""

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json
        if not isinstance(value, list) or len(value) < 2 or "/logs" not in request.path:
            return [frame]
        return [Frame(json.dumps([one])) for one in value]


STREAMS = [
    Variation(
        "pings-and-comments",
        "streams",
        "Event streams have comments, retry times and extra pings; sockets have protocol pings.",
        f"{NOTES} A.12: heartbeats; event streams may hold comments, sockets pings at any time.",
        _Between,
    ),
    Variation(
        "pings-in-json",
        "streams",
        "Sockets that wrap their messages send more pings.",
        f"{NOTES} A.12: a message is a ping, data or an error.",
        _JsonPings,
    ),
    Variation(
        "the-same-again",
        "streams",
        "Watches send each state twice.",
        f"{NOTES}: the whole workspace is sent on every relevant event, whatever it changed.",
        _Again,
    ),
    Variation(
        "messages-come-late",
        "streams",
        "Each message of a stream takes 0.3 s longer.",
        "Nothing promises how soon a message comes.",
        lambda: _Late(0.3),
    ),
    Variation(
        "streams-open-late",
        "streams",
        "Each stream opens half a second late.",
        "Nothing promises how soon a stream opens.",
        _LateHeads,
    ),
    Variation(
        "agent-logs-in-small-portions",
        "streams",
        "Messages of agent logs hold one line each.",
        f"{NOTES} E.3: an array per change; how many lines make one is not said.",
        _Portions,
    ),
]
