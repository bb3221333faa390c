"""Finds provisioner jobs in replies: the organization endpoints' own and embedded ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal

import orjson

from coder_contract_tests.exchange import NOTHING, Exchange

JOB_LIST = re.compile(r"/organizations/([^/]+)/provisionerjobs/?$")
JOB_BY_ID = re.compile(r"/organizations/([^/]+)/provisionerjobs/[^/]+$")
DAEMON_LIST = re.compile(r"/organizations/([^/]+)/provisionerdaemons/?$")
_DRY_RUN = re.compile(r"/templateversions/[^/]+/dry-run(/[^/]+)?$")

ACTIVE = frozenset({"pending", "running", "canceling"})
FINAL = frozenset({"succeeded", "failed", "canceled"})
ZERO_UUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as one reply showed it."""

    job: Mapping[str, Any]
    at: str
    endpoint: Literal["organization", "embedded"]
    exchange: Exchange

    @property
    def status(self) -> str:
        return str(self.job.get("status", ""))

    @property
    def id(self) -> str:
        return str(self.job.get("id", ""))

    def __str__(self) -> str:
        return f"job {self.id or '(no id)'} ({self.status})"


def jobs_in(exchange: Exchange) -> tuple[JobSeen, ...]:
    """Every provisioner job in a successful reply, event streams included."""
    if not 200 <= exchange.status < 300:
        return ()
    value = stream_values(exchange) if exchange.json is NOTHING else exchange.json
    if value is NOTHING:
        return ()
    if JOB_LIST.search(exchange.path) or JOB_BY_ID.search(exchange.path):
        return tuple(_own(value, exchange))
    if _DRY_RUN.search(exchange.path) and isinstance(value, dict):
        return (JobSeen(value, "", "embedded", exchange),)
    return tuple(_embedded(value, "", exchange))


def _own(value: Any, exchange: Exchange) -> Iterator[JobSeen]:
    if isinstance(value, dict):
        yield JobSeen(value, "", "organization", exchange)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield JobSeen(item, f"/{index}", "organization", exchange)


def _embedded(value: Any, at: str, exchange: Exchange) -> Iterator[JobSeen]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "job" and isinstance(item, dict) and "status" in item:
                yield JobSeen(item, f"{at}/job", "embedded", exchange)
            elif isinstance(item, dict | list):
                yield from _embedded(item, f"{at}/{key}", exchange)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _embedded(item, f"{at}/{index}", exchange)


def stream_values(exchange: Exchange) -> Any:
    """The JSON values of an event stream's whole frames as a list; `NOTHING` for other replies."""
    if exchange.media_type != "text/event-stream":
        return NOTHING
    values = []
    for frame in exchange.body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:
        data = b"".join(
            line[5:].strip() for line in frame.split(b"\n") if line.startswith(b"data:")
        )
        try:
            values.append(orjson.loads(data))
        except orjson.JSONDecodeError:
            continue
    return values


def told_at(exchange: Exchange) -> datetime | None:
    """What the target's own clock said when it replied, in whole seconds."""
    try:
        found = parsedate_to_datetime(exchange.header("date"))
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment(value: Any) -> datetime | None:
    """A time of the API as an aware datetime; None for what is none, and for the zero time."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=1 << 16)
def _moment(text: str) -> datetime | None:
    """Kept, since replies repeat the same objects."""
    if text.startswith("0001-01-01T00:00:00"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
