"""Times as Go reads them from a layout, with Go's words about what does not fit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"
DATE = "2006-01-02"

_ELEMENTS = re.compile(r"2006|01|02|15|04|05|\.9+|Z07:00")
_LIMITS = (
    ("01", 1, 12, "month"),
    ("15", 0, 23, "hour"),
    ("04", 0, 59, "minute"),
    ("05", 0, 59, "second"),
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_FRACTION = re.compile(r"[.,](\d+)")


class TimeError(ValueError):
    """Text that is no time of the layout; the message is what Go says."""


def parse_time(text: str, layout: str = RFC3339) -> datetime:
    """The moment in UTC, cut to microseconds; raises `TimeError`."""
    rest, fields, micros, offset = text, {}, 0, timedelta()
    position = 0
    for match in _ELEMENTS.finditer(layout):
        rest = _literal(text, layout, rest, layout[position : match.start()])
        position = match.end()
        element = match.group()
        if element == "Z07:00":
            rest, offset = _zone(text, layout, rest)
        elif element.startswith("."):
            # An optional fraction; it was taken together with the seconds before it.
            continue
        else:
            width = 4 if element == "2006" else 2
            digits = rest[:width]
            if len(digits) < width or not (digits.isascii() and digits.isdigit()):
                raise TimeError(_cannot(text, layout, rest, element))
            fields[element], rest = int(digits), rest[width:]
            if element == "05" and (fraction := _FRACTION.match(rest)):
                micros = int(fraction.group(1)[:6].ljust(6, "0"))
                rest = rest[fraction.end() :]
    rest = _literal(text, layout, rest, layout[position:])
    if rest:
        raise TimeError(f"parsing time {_quoted(text)}: extra text: {_quoted(rest)}")
    return _assemble(text, fields, micros, offset)


def _literal(text: str, layout: str, rest: str, literal: str) -> str:
    if rest.startswith(literal):
        return rest[len(literal) :]
    raise TimeError(_cannot(text, layout, rest, literal))


def _zone(text: str, layout: str, rest: str) -> tuple[str, timedelta]:
    if rest.startswith("Z"):
        return rest[1:], timedelta()
    match = _OFFSET.match(rest)
    if match is None:
        raise TimeError(_cannot(text, layout, rest, "Z07:00"))
    sign, hours, minutes = match.groups()
    if int(hours) > 24 or int(minutes) > 60:
        raise TimeError(f"parsing time {_quoted(text)}: time zone offset out of range")
    span = timedelta(hours=int(hours), minutes=int(minutes))
    return rest[match.end() :], -span if sign == "-" else span


def _assemble(text: str, fields: dict[str, int], micros: int, offset: timedelta) -> datetime:
    for element, low, high, word in _LIMITS:
        if not low <= fields.get(element, low) <= high:
            raise TimeError(f"parsing time {_quoted(text)}: {word} out of range")
    try:
        moment = datetime(
            fields.get("2006", 1) or 1,
            fields.get("01", 1),
            fields.get("02", 1),
            fields.get("15", 0),
            fields.get("04", 0),
            fields.get("05", 0),
            micros,
            timezone(offset) if offset else UTC,
        )
    except ValueError:
        raise TimeError(f"parsing time {_quoted(text)}: day out of range") from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def _cannot(text: str, layout: str, rest: str, element: str) -> str:
    return (
        f"parsing time {_quoted(text)} as {_quoted(layout)}: "
        f"cannot parse {_quoted(rest)} as {_quoted(element)}"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in escaped) + '"'
