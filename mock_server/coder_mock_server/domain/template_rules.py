"""Settings of templates: what may be asked for, and what an edition makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from coder_mock_server.errors import Validation

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_AUTOSTOP_WEEKS = 16
MINUTE_MS = 60_000
PORT_SHARE_LEVELS = ("owner", "authenticated", "public")
POSITIVE = "Must be a positive integer."
AT_LEAST_A_MINUTE = "Value must be at least one minute."
PORT_SHARE_UNLICENSED = (
    "Restricting port sharing level is an enterprise feature that is not enabled."
)
PORT_SHARE_INVALID = "invalid max port sharing level, value must be 'authenticated' or 'public'."


@dataclass(frozen=True, slots=True)
class Requirement:
    """Days of the week, and for autostop every how many weeks."""

    days: tuple[str, ...] = ()
    weeks: int = 0


def in_week_order(days: tuple[str, ...]) -> tuple[str, ...]:
    """The days from monday to sunday, each once."""
    return tuple(day for day in WEEKDAYS if day in days)


def requirement_problems(autostop: Requirement, autostart: Requirement) -> list[Validation]:
    """Complaints about both requirements, in the order the API tells them."""
    found = []
    for field, requirement in (
        ("autostop_requirement", autostop),
        ("autostart_requirement", autostart),
    ):
        bad = next((day for day in requirement.days if day not in WEEKDAYS), None)
        if bad is not None:
            found.append(Validation(f"{field}.days_of_week", f'invalid weekday "{bad}"'))
    if autostop.weeks < 0:
        found.append(Validation("autostop_requirement.weeks", POSITIVE))
    if autostop.weeks > MAX_AUTOSTOP_WEEKS:
        found.append(Validation("autostop_requirement.weeks", "Must be less than 16."))
    return found


def port_share_problem(
    level: str, field: str, *, licensed: bool, stored: str | None
) -> list[Validation]:
    """The complaint about a wanted maximum port share level, if there is one."""
    if level == stored:
        return []
    if not licensed:
        return [Validation(field, PORT_SHARE_UNLICENSED)]
    if level not in PORT_SHARE_LEVELS:
        return [Validation(field, PORT_SHARE_INVALID)]
    return []
