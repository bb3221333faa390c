"""When a started workspace is stopped: deadlines at the end of a build, and their extension."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from coder_mock_server.domain import schedule
from coder_mock_server.domain.records import Template, User, Workspace, WorkspaceBuild

QUIET_HOURS = "CRON_TZ=UTC 0 0 * * *"
"""When nobody is disturbed, unless the owner said otherwise."""
BUMP_BELOW = 0.95
"""Activity extends a deadline once less than this share of the bump is left."""


def ttl(workspace: Workspace, template: Template) -> timedelta | None:
    """How long a start lasts; the template's own time where users may not choose."""
    ms = workspace.ttl_ms if template.allow_user_autostop else template.default_ttl_ms
    return timedelta(milliseconds=ms) if ms else None


def deadline(workspace: Workspace, template: Template, completed_at: datetime) -> datetime | None:
    """The deadline of a build that succeeded at `completed_at`, as far as the ttl decides it."""
    lasts = ttl(workspace, template)
    if lasts is None:
        return None
    return _beyond_autostart(workspace, template, completed_at, completed_at + lasts)


def max_deadline(template: Template, owner: User, completed_at: datetime) -> datetime | None:
    """The latest stop that the template insists on: in quiet hours, on a day that it names."""
    if not template.autostop_days:
        return None
    quiet = schedule.parse(owner.quiet_hours_schedule or QUIET_HOURS)
    moment = completed_at
    for _ in range(7 * (template.autostop_weeks + 1)):
        try:
            moment = schedule.next_firing(quiet, moment)
        except LookupError:
            return None
        local = moment.astimezone(quiet.zone)
        # Our choice: weeks are counted from the first Monday of the calendar.
        week = (local.date().toordinal() - 1) // 7
        day = schedule.WEEKDAYS[local.isoweekday() % 7]
        if day in template.autostop_days and week % max(1, template.autostop_weeks) == 0:
            return moment.astimezone(UTC)
    return None


def combined(deadline: datetime | None, max_deadline: datetime | None) -> datetime | None:
    """The deadline in force: never later than the one that the template insists on."""
    if deadline is None or max_deadline is None:
        return max_deadline if deadline is None else deadline
    return min(deadline, max_deadline)


def bumped(
    build: WorkspaceBuild, workspace: Workspace, template: Template, now: datetime
) -> datetime | None:
    """The deadline after activity at `now`; `None` when activity leaves it as it is."""
    bump = timedelta(milliseconds=template.activity_bump_ms)
    if build.transition != "start" or build.deadline is None or not bump:
        return None
    if build.deadline - now >= BUMP_BELOW * bump:
        return None
    later = _beyond_autostart(workspace, template, now, now + bump)
    later = combined(max(build.deadline, later), build.max_deadline) or later
    return later if later != build.deadline else None


def _beyond_autostart(
    workspace: Workspace, template: Template, now: datetime, moment: datetime
) -> datetime:
    """`moment`, or a full ttl after the next autostart when that comes first."""
    autostart = schedule.next_autostart(workspace.autostart_schedule, template, now)
    lasts = ttl(workspace, template)
    if autostart is not None and lasts is not None and autostart < moment:
        return autostart + lasts
    return moment
