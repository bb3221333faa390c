"""The check of times: of one form, in order, and not in the future."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Judgement, Seen
from coder_contract_tests.observe import moment

TIMES_ARE_PLAUSIBLE = Rule(
    id="times_are_plausible",
    kind="check",
    level="error",
    promise="times of records are RFC 3339 in UTC with a Z, neither an update nor an expiry is "
    "before the creation, and nothing that happened lies in the future",
    oracle="docs: schemas.md (format date-time); rule A.5 of the API's conventions",
    applies="created_at, updated_at, started_at, completed_at and canceled_at in successful "
    "replies; the future is judged by the Date header, not for a mock, whose clock may be moved",
)

NAMES = ("created_at", "updated_at", "started_at", "completed_at", "canceled_at")
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z")
AHEAD = timedelta(hours=1)
SLACK = timedelta(seconds=1)
SHOWN = 3


def times_are_plausible(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status != 200 or not exchange.is_json:
        return None
    now = None if seen.facts.is_mock else _now(exchange.header("date"))
    problems: list[Problem] = []
    judged = False
    for at, value in _objects(exchange.json, ""):
        judged = True
        for name, wrong in _wrongs(value, now):
            problems.append(Problem(exchange, f"{name} {wrong}", at=f"{at}/{name}"))
        if len(problems) >= SHOWN:
            break
    return problems[:SHOWN] if judged else None


def _wrongs(value: dict[str, Any], now: datetime | None) -> Iterator[tuple[str, str]]:
    for name in NAMES:
        text = value.get(name)
        if not isinstance(text, str):
            continue
        if not _FORM.match(text):
            yield name, f"is {text[:40]!r}, no time in UTC"
            continue
        when = moment(text)
        if when is not None and now is not None and when > now + AHEAD:
            yield name, f"is {text}, which lies in the future"
    created, updated = moment(value.get("created_at")), moment(value.get("updated_at"))
    if created and updated and updated + SLACK < created:
        yield "updated_at", f"{value['updated_at']} is before created_at {value['created_at']}"
    expires = moment(value.get("expires_at"))
    if created and expires and expires < created:
        yield "expires_at", f"{value['expires_at']} is before created_at {value['created_at']}"


def _objects(value: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if "created_at" in value or "started_at" in value:
            yield at, value
        for name, member in value.items():
            if isinstance(member, dict | list) and member:
                yield from _objects(member, f"{at}/{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            yield from _objects(item, f"{at}/{index}")


def _now(date: str) -> datetime | None:
    if not date:
        return None
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
