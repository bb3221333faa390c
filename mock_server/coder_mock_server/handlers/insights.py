"""Insights page: who worked when with what, counted from recorded usage and builds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import usage as rules
from coder_mock_server.domain.access import Thing, may
from coder_mock_server.domain.deployment import Usage
from coder_mock_server.errors import ApiError, Forbidden, Invalid, NotFound, Validation
from coder_mock_server.presenters import insights as present
from coder_mock_server.wire_in import QueryReader
from coder_mock_server.wire_in.gotime import RFC3339, TimeError, parse_time

INVALID = "Query parameter has invalid value."
WEEK = timedelta(days=7)
LONGEST_OFFSET = 15
"""Hours from UTC that a zone can be away; beyond that the database gives up."""
SECTIONS = ("interval_reports", "report")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)$")
RBAC = "unauthorized: rbac: forbidden"


@dataclass(frozen=True, slots=True)
class Window:
    """What a report is about."""

    start: datetime
    end: datetime
    template_ids: list[str]

    def rows(self, world: World) -> list[Usage]:
        """Recorded usage within it."""
        return rules.select(world.state, self.start, self.end, self.template_ids)


def get_deployment_daus(call: Call, world: World) -> Reply:
    """How many users worked on each of the last 60 days and today."""
    if not lookup.can(call, world, "read", Thing("deployment_stats")):
        raise Forbidden()
    return daily_users(world, _offset(call))


def get_insights_about_user_status_counts(call: Call, world: World) -> Reply:
    """How many users had which status at the beginning of each of these days."""
    offset = _offset(call)
    message = "Internal error fetching user status counts over time."
    if abs(offset) > LONGEST_OFFSET:
        raise ApiError(500, message)
    if not lookup.can(call, world, "read", Thing("user")):
        raise ApiError(500, message, RBAC)
    zone = timezone(timedelta(hours=offset))
    counts = rules.user_counts(world.state, world.now(), zone)
    return Reply.ok({"status_counts": present.status_counts(counts, zone)})


def _offset(call: Call) -> int:
    reader = QueryReader(call.query)
    offset = reader.integer("tz_offset", 0)
    reader.finish(strict=True)
    return offset


def daily_users(world: World, offset: int, template_id: str | None = None) -> Reply:
    """Users per day in a zone, of one template or of all."""
    if abs(offset) > LONGEST_OFFSET:
        return _no_such_zone("Internal error fetching DAUs.", offset)
    zone = timezone(timedelta(hours=offset))
    days = rules.daily_users(world.state, world.now(), zone, template_id)
    return Reply.ok(present.daus(days, offset))


def _no_such_zone(message: str, offset: int) -> Reply:
    # The real server goes on after the refusal and writes its (empty) answer behind it, so that
    # the body is no JSON document.
    lines = f'{{"message":"{message}"}}\n{{"entries":null,"tz_hour_offset":{offset}}}\n'
    return Reply(500, lines.encode(), "application/json; charset=utf-8", raw=True)


def get_insights_about_user_activity(call: Call, world: World) -> Reply:
    """For how many seconds each user worked."""
    window = _window(call, world, QueryReader(call.query))
    return Reply.ok({"report": present.user_activity(world, *_bounds(window), window.rows(world))})


def get_insights_about_user_latency(call: Call, world: World) -> Reply:
    """How quickly the workspaces of each user answered."""
    window = _window(call, world, QueryReader(call.query))
    return Reply.ok({"report": present.user_latency(world, *_bounds(window), window.rows(world))})


def get_insights_about_templates(call: Call, world: World) -> Reply:
    """Which applications and parameters were used, altogether and by day or week."""
    reader = QueryReader(call.query)
    texts = _texts(reader)
    interval = reader.text("interval")
    template_ids = reader.uuids("template_ids")
    sections = reader.strings("sections") or list(SECTIONS)
    reader.finish(strict=True)
    start, end = _times(texts, world.now())
    if interval not in ("", "day", "week"):
        raise Invalid(INVALID, Validation("interval", "must be one of [day week]"))
    if interval == "week" and timedelta() < (end - start) % WEEK < timedelta(days=6):
        raise ApiError(400, INVALID, "Last report interval should have at least 6 days.")
    for section in sections:
        if section not in SECTIONS:
            text = f"must be one of [{' '.join(SECTIONS)}]"
            raise Invalid(INVALID, Validation("sections", text))
    window = Window(start, end, _readable(call, world, template_ids))
    rows = window.rows(world) if window.template_ids or not template_ids else []
    body: dict[str, Any] = {}
    if "report" in sections:
        body["report"] = present.templates(world, *_bounds(window), rows, window.template_ids)
    if interval and "interval_reports" in sections:
        step = timedelta(days=1) if interval == "day" else WEEK
        body["interval_reports"] = present.intervals(*_bounds(window), step, interval, rows)
    return Reply.ok(body)


def _bounds(window: Window) -> tuple[datetime, datetime]:
    return window.start, window.end


def _window(call: Call, world: World, reader: QueryReader) -> Window:
    texts = _texts(reader)
    template_ids = reader.uuids("template_ids")
    reader.finish(strict=True)
    start, end = _times(texts, world.now())
    return Window(start, end, _readable(call, world, template_ids))


def _readable(call: Call, world: World, template_ids: list[str]) -> list[str]:
    """The templates that exist; raises unless the caller may see insights of all that is asked."""
    who = lookup.subject(call, world)
    found = [world.state.templates[id] for id in template_ids if id in world.state.templates]
    things = [lookup.template_thing(one) for one in found] or [Thing("template")]
    if not all(may(who, "view_insights", thing) for thing in things):
        raise NotFound()
    return [one.id for one in found]


def _texts(reader: QueryReader) -> dict[str, str]:
    return {
        "start_time": reader.text("start_time", required=True),
        "end_time": reader.text("end_time", required=True),
    }


def _times(texts: dict[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Start and end, each on a full day of its own zone; the end may be on an hour of today."""
    start = _time("start_time", texts["start_time"], now)
    end = _time("end_time", texts["end_time"], now)
    if end < start:
        raise _wrong("end_time", 'must be after than "start_time"')
    return start, end


def _time(name: str, text: str, now: datetime) -> datetime:
    try:
        moment = parse_time(text, RFC3339)
    except TimeError as error:
        raise _wrong(name, f"must be a valid date format ({RFC3339}): {error}") from None
    there = _zone(text)
    local, today = moment.astimezone(there), now.astimezone(there)
    if local > today.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1):
        raise _wrong(name, "must not be in the future")
    whole_days = name != "end_time" or local.date() != today.date()
    if whole_days and (local.hour, local.minute, local.second) != (0, 0, 0):
        raise _wrong(name, f"must have the clock set to 00:00:00, got {text}")
    if (local.minute, local.second) != (0, 0):
        raise _wrong(name, f"must have the clock set to {local.hour:02d}:00:00, got {text}")
    return moment.astimezone(there)


def _zone(text: str) -> timezone:
    found = _ZONE.search(text)
    if found is None:
        return UTC
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _wrong(name: str, problem: str) -> Invalid:
    return Invalid(INVALID, Validation(name, f'Query param "{name}" {problem}'))
