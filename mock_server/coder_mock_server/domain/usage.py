"""How much the workspaces were used: rows of one application in one hour, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from coder_mock_server.domain.deployment import Usage
from coder_mock_server.domain.records import Workspace
from coder_mock_server.store.state import State

BUILTIN = {
    "vscode": ("Visual Studio Code", "/icon/code.svg"),
    "jetbrains": ("JetBrains", "/icon/intellij.svg"),
    "reconnecting-pty": ("Web Terminal", "/icon/terminal.svg"),
    "ssh": ("SSH", "/icon/terminal.svg"),
    "sftp": ("SFTP", "/icon/terminal.svg"),
}
"""Applications that every workspace has: slug -> name and icon, in the order they are listed."""
DAYS = 60
"""How many days before today are counted."""
SESSION_APPS = {
    "vscode": "vscode",
    "jetbrains": "jetbrains",
    "reconnecting-pty": "reconnecting_pty",
    "ssh": "ssh",
}
"""Applications of which the deployment counts the open sessions, and the API's names of these."""
REPORT_SECONDS = 60
"""A client that works with a workspace says so once a minute."""


def put_usage(state: State, workspace: Workspace, app: str, now: datetime) -> None:
    """Note that the owner used the application for one more minute."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    known = state.usage.get((workspace.id, workspace.owner_id, app, hour))
    if known is None:
        known = Usage(workspace.owner_id, workspace.id, workspace.template_id, app, hour, 0, None)
    seconds = min(3600, known.seconds + REPORT_SECONDS)
    state.usage.put(replace(known, seconds=seconds))


def select(
    state: State, start: datetime, end: datetime, template_ids: Iterable[str] = ()
) -> list[Usage]:
    """Rows of the hours from `start` to before `end`, of all templates or of these."""
    wanted = frozenset(template_ids)
    return [
        row
        for row in state.usage
        if start <= row.hour < end and (not wanted or row.template_id in wanted)
    ]


def days_until(now: datetime, zone: tzinfo) -> list[date]:
    """The last 60 days and today, there."""
    today = now.astimezone(zone).date()
    return [today - timedelta(days=n) for n in range(DAYS, -1, -1)]


def daily_users(
    state: State, now: datetime, zone: tzinfo, template_id: str | None = None
) -> list[tuple[date, int]]:
    """How many users worked on each of these days."""
    days = days_until(now, zone)
    first = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    users: dict[date, set[str]] = {}
    for row in select(state, first, now, () if template_id is None else (template_id,)):
        users.setdefault(row.hour.astimezone(zone).date(), set()).add(row.user_id)
    return [(day, len(users.get(day, ()))) for day in days]


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile, interpolated between neighbours; -1 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return -1.0, -1.0

    def at(share: float) -> float:
        position = share * (len(ordered) - 1)
        below = int(position)
        above = min(below + 1, len(ordered) - 1)
        value = ordered[below] + (ordered[above] - ordered[below]) * (position - below)
        return round(value, 3)

    return at(0.5), at(0.95)


def user_counts(state: State, now: datetime, zone: tzinfo) -> dict[str, list[tuple[date, int]]]:
    """How many users had each status at the beginning of each of these days."""
    days = days_until(now, zone)
    lives: list[list[tuple[datetime, str]]] = []
    statuses: dict[str, None] = {}
    for user in state.users:
        if user.is_system:
            continue
        changes = [(c.changed_at, c.status) for c in state.status_changes.by("user", user.id)]
        # Who came with a scenario has no changes on record: he was always what he is now.
        life = changes or [(user.created_at, str(user.status))]
        if user.deleted:
            life = [*life, (user.updated_at, "")]
        lives.append(life)
        statuses.update(dict.fromkeys(status for _, status in life if status))
    counts: dict[str, list[tuple[date, int]]] = {status: [] for status in sorted(statuses)}
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        found = dict.fromkeys(counts, 0)
        for life in lives:
            status = next((s for moment, s in reversed(life) if moment <= start), "")
            if status:
                found[status] += 1
        for status, count in found.items():
            counts[status].append((day, count))
    return counts
