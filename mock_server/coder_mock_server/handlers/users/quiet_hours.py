"""The hours in which a user's workspaces may be stopped for want of an update."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.schedule import ZONE, ScheduleError, next_firing, parse
from coder_mock_server.errors import NotFound
from coder_mock_server.handlers.users.rules import may_personally, refused_below

DEFAULT = "CRON_TZ=UTC 0 0 * * *"
INTERNAL = "An internal server error occurred."


def get_user_quiet_hours_schedule(call: Call, world: World) -> Reply:
    """The user's own hours, or the default ones."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "read", user):
        raise NotFound()
    return Reply.ok(_presented(world, user))


def update_user_quiet_hours_schedule(call: Call, world: World) -> Reply:
    """Set the hours: one time of each day."""
    user = lookup.user(call, world)
    if not may_personally(call, world, "update", user):
        raise NotFound()
    body = call.body()
    body.validate(("schedule", "required"))
    text = body.text("schedule")
    try:
        _daily(text)
    except ScheduleError as error:
        raise refused_below(INTERNAL, f'parse daily schedule "{text}": {error}') from None
    user = replace(user, quiet_hours_schedule=text, updated_at=world.now())
    return Reply.ok(_presented(world, world.state.users.put(user)))


def _daily(text: str) -> None:
    words = text.split()
    fields = words[1:] if words and words[0].startswith(ZONE) else words
    if len(words) < 5:
        raise ScheduleError(
            "validate daily schedule: expected schedule to consist of 5 fields with an optional "
            f"{ZONE}<timezone> prefix"
        )
    if len(fields) == 5 and fields[2:] != ["*"] * 3:
        raise ScheduleError(
            "validate daily schedule: expected day-of-month, month and day-of-week to be *"
        )
    parse(text)


def _presented(world: World, user: r.User) -> dict[str, Any]:
    text = user.quiet_hours_schedule or DEFAULT
    schedule = parse(text)
    words = text.split()
    zone = words[0].removeprefix(ZONE) if words[0].startswith(ZONE) else "UTC"
    return {
        "raw_schedule": text,
        "user_set": bool(user.quiet_hours_schedule),
        "user_can_set": True,
        "time": f"{min(schedule.hours):02d}:{min(schedule.minutes):02d}",
        "timezone": zone,
        "next": next_firing(schedule, world.now()),
    }
