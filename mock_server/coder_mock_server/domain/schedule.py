"""Autostart schedules: five cron fields with an optional time zone, and when they fire next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coder_mock_server.domain.records import Template

ZONE = "CRON_TZ="
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
AHEAD = timedelta(days=7)
MINUTE = timedelta(minutes=1)

_DAY_NAMES = {name[:3]: number for number, name in enumerate(WEEKDAYS)}


class ScheduleError(ValueError):
    """A schedule that cannot be meant; its text is what the API says about it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to fire, in local time of `zone`. Weekdays count from Sunday, 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    weekdays: frozenset[int]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class _Field:
    low: int
    high: int
    names: dict[str, int]


_FIELDS = (
    _Field(0, 59, {}),
    _Field(0, 23, {}),
    # Day of month and month, which are always `*` here.
    _Field(1, 31, {}),
    _Field(1, 12, {}),
    _Field(0, 6, _DAY_NAMES),
)


def parse(text: str) -> Schedule:
    """The schedule that `text` describes; raises `ScheduleError`."""
    words = text.split()
    if len(words) < 5:
        raise ScheduleError(
            "validate weekly schedule: expected schedule to consist of 5 fields with an optional "
            f"{ZONE}<timezone> prefix"
        )
    # With exactly six words the first is taken for the zone, whatever it is.
    of_day, of_month = (words[1:] if len(words) == 6 else words)[2:4]
    if of_day != "*" or of_month != "*":
        raise ScheduleError("validate weekly schedule: expected day-of-month and month to be *")
    zone: tzinfo = UTC
    if words[0].startswith(ZONE):
        zone = _zone(words.pop(0).removeprefix(ZONE))
    if len(words) != len(_FIELDS):
        raise ScheduleError(
            f"parse schedule: expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]"
        )
    minutes, hours, _, _, weekdays = (
        _values(word, field) for word, field in zip(words, _FIELDS, strict=True)
    )
    return Schedule(minutes, hours, weekdays, zone)


def next_firing(schedule: Schedule, after: datetime, days: Iterable[str] = WEEKDAYS) -> datetime:
    """The first firing later than `after`, within a week, on one of these days (English names).

    Raises `LookupError` when there is none. Hours that daylight saving skips do not fire; those
    that it repeats fire twice.
    """
    allowed = {WEEKDAYS.index(day) for day in days} & schedule.weekdays
    moment = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    while moment <= after + AHEAD:
        local = moment.astimezone(schedule.zone)
        if local.isoweekday() % 7 not in allowed or local.hour not in schedule.hours:
            moment += (60 - local.minute) * MINUTE
        elif local.minute not in schedule.minutes:
            moment += MINUTE
        else:
            return moment
    raise LookupError("nothing fires within a week")


def next_autostart(text: str | None, template: Template, after: datetime) -> datetime | None:
    """When a workspace of this template with this schedule is started next, as the API tells it.

    `None` without a schedule, when the template allows none, and when no allowed day fits.
    """
    if not text or not template.allow_user_autostart:
        return None
    try:
        return next_firing(parse(text), after, template.autostart_days)
    except (ScheduleError, LookupError):
        return None


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(
            f"parse schedule: provided bad location {name}: unknown time zone {name}"
        ) from None


def _values(text: str, field: _Field) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        if part:
            found.update(_range(part, field))
    return frozenset(found)


def _range(text: str, field: _Field) -> range:
    span, *steps = text.split("/")
    first, *rest = span.split("-")
    if first in ("*", "?"):
        low, high = field.low, field.high
    else:
        low = _number(first, field)
        if len(rest) > 1:
            raise ScheduleError(f"parse schedule: too many hyphens: {text}")
        high = _number(rest[0], field) if rest else low
    if len(steps) > 1:
        raise ScheduleError(f"parse schedule: too many slashes: {text}")
    step = 1
    if steps:
        step = _integer(steps[0])
        if not rest:
            high = field.high
    if high > field.high:
        raise ScheduleError(
            f"parse schedule: end of range ({high}) above maximum ({field.high}): {text}"
        )
    if low > high:
        raise ScheduleError(
            f"parse schedule: beginning of range ({low}) beyond end of range ({high}): {text}"
        )
    if step == 0:
        raise ScheduleError(f"parse schedule: step of range should be a positive number: {text}")
    return range(low, high + 1, step)


def _number(text: str, field: _Field) -> int:
    named = field.names.get(text.lower())
    return _integer(text) if named is None else named


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ScheduleError(
            f"parse schedule: failed to parse int from {text}: "
            f'strconv.Atoi: parsing "{text}": invalid syntax'
        )
    number = int(text)
    if number < 0:
        raise ScheduleError(f"parse schedule: negative number ({number}) not allowed: {text}")
    return number
