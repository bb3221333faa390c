"""The event file: one JSON object per line, written as things happen.

Each has ``event`` (the event's name with underscores) and ``at`` (seconds since the run began).
Exchanges come without headers and bodies. An interrupted run is resumed from this file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, BinaryIO

import orjson

from coder_contract_tests.events import Event, ExchangeSeen, FindingAccepted, FindingRaised
from coder_contract_tests.exchange import Exchange


class EventFile:
    """A listener that writes every event as a line."""

    def __init__(self, file: BinaryIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._began = clock()

    def __call__(self, event: Event) -> None:
        line = {
            "event": _name(event),
            "at": round(self._clock() - self._began, 4),
            **_members(event),
        }
        self._file.write(orjson.dumps(line) + b"\n")
        if not isinstance(event, ExchangeSeen):
            self._file.flush()


def _name(event: Event) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()


def _members(event: Event) -> dict[str, Any]:
    if isinstance(event, ExchangeSeen):
        return exchange_members(event.exchange)
    if isinstance(event, FindingRaised):
        return {"finding": asdict(event.finding)}
    if isinstance(event, FindingAccepted):
        return {
            "finding": asdict(event.finding),
            "reason": event.reason,
            "expires": event.expires,
        }
    return {member.name: getattr(event, member.name) for member in fields(event)}


def exchange_members(exchange: Exchange) -> dict[str, Any]:
    """What a line says about an exchange."""
    return {
        "number": exchange.number,
        "phase": exchange.phase,
        "operation": exchange.label,
        "request": f"{exchange.method} {exchange.target}",
        "status": exchange.status,
        "seconds": round(exchange.elapsed_seconds, 6),
        "bytes": len(exchange.body),
        "cut": exchange.cut,
    }
