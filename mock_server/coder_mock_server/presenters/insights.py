"""Reports about usage, as the API shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import usage as rules
from coder_mock_server.domain.deployment import Usage
from coder_mock_server.domain.records import WorkspaceBuild
from coder_mock_server.presenters.templates import rich_parameter


def daus(days: Iterable[tuple[date, int]], offset: int) -> dict[str, Any]:
    """Users by day."""
    return {
        "entries": [{"date": day.isoformat(), "amount": amount} for day, amount in days],
        "tz_hour_offset": offset,
    }


def status_counts(
    counts: Mapping[str, list[tuple[date, int]]], zone: tzinfo
) -> dict[str, list[dict[str, Any]]]:
    """Users by status and day."""
    return {
        status: [
            {"date": datetime(day.year, day.month, day.day, tzinfo=zone), "count": count}
            for day, count in days
        ]
        for status, days in counts.items()
    }


def _frame(start: datetime, end: datetime, rows: Iterable[Usage]) -> dict[str, Any]:
    return {
        "start_time": start,
        "end_time": end,
        "template_ids": sorted({row.template_id for row in rows}),
    }


def _by_user(world: World, rows: Iterable[Usage]) -> list[tuple[dict[str, Any], list[Usage]]]:
    """What is said of each user who worked, by name, and his rows."""
    found: dict[str, list[Usage]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row)
    users = [user for id in found if (user := world.state.users.get(id)) is not None]
    users.sort(key=lambda user: user.username.lower())
    return [
        (
            {
                "template_ids": sorted({row.template_id for row in found[user.id]}),
                "user_id": user.id,
                "username": user.username,
                "avatar_url": user.avatar_url,
            },
            found[user.id],
        )
        for user in users
    ]


def user_activity(
    world: World, start: datetime, end: datetime, rows: list[Usage]
) -> dict[str, Any]:
    """Seconds by user; two applications at the same time count once."""
    users = []
    for shown, own in _by_user(world, rows):
        longest: dict[datetime, int] = {}
        for row in own:
            longest[row.hour] = max(longest.get(row.hour, 0), row.seconds)
        users.append({**shown, "seconds": sum(longest.values())})
    return {**_frame(start, end, rows), "users": users}


def user_latency(world: World, start: datetime, end: datetime, rows: list[Usage]) -> dict[str, Any]:
    """Latency by user, as far as it was measured."""
    measured = [row for row in rows if row.latency_ms is not None]
    users = []
    for shown, own in _by_user(world, measured):
        p50, p95 = rules.percentiles([row.latency_ms or 0.0 for row in own])
        users.append({**shown, "latency_ms": {"p50": p50, "p95": p95}})
    return {**_frame(start, end, measured), "users": users}


def templates(
    world: World, start: datetime, end: datetime, rows: list[Usage], template_ids: list[str]
) -> dict[str, Any]:
    """The report over all of the time."""
    return {
        **_frame(start, end, rows),
        "active_users": len({row.user_id for row in rows}),
        "apps_usage": _apps(world, rows),
        "parameters_usage": _parameters(world, start, end, template_ids),
    }


def _apps(world: World, rows: list[Usage]) -> list[dict[str, Any]]:
    """The built-in applications always, then those of the templates that were used."""
    by_app: dict[str, list[Usage]] = {}
    for row in rows:
        by_app.setdefault(row.app, []).append(row)
    found = [
        _app("builtin", slug, name, icon, by_app.get(slug, []))
        for slug, (name, icon) in rules.BUILTIN.items()
    ]
    looks = {app.slug: app for app in world.state.apps} if set(by_app) - set(rules.BUILTIN) else {}
    for slug in sorted(set(by_app) - set(rules.BUILTIN)):
        app = looks.get(slug)
        name, icon = (app.display_name, app.icon) if app is not None else (slug, "")
        found.append(_app("app", slug, name, icon, by_app[slug]))
    return found


def _app(type: str, slug: str, name: str, icon: str, rows: list[Usage]) -> dict[str, Any]:
    return {
        "template_ids": sorted({row.template_id for row in rows}),
        "type": type,
        "display_name": name,
        "slug": slug,
        "icon": icon,
        "seconds": sum(row.seconds for row in rows),
        "times_used": len({(row.user_id, row.workspace_id, row.hour.date()) for row in rows}),
    }


def _parameters(
    world: World, start: datetime, end: datetime, template_ids: list[str]
) -> list[dict[str, Any]]:
    """Values of parameters in the last build within the time of each workspace."""
    state = world.state
    latest: dict[str, WorkspaceBuild] = {}
    for build in state.builds:
        if start <= build.created_at < end and build.transition == "start":
            known = latest.get(build.workspace_id)
            if known is None or known.build_number < build.build_number:
                latest[build.workspace_id] = build
    shown: dict[tuple[str, str, str], dict[str, Any]] = {}
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    homes: dict[tuple[str, str, str], set[str]] = {}
    for build in latest.values():
        workspace = state.workspaces[build.workspace_id]
        if template_ids and workspace.template_id not in template_ids:
            continue
        imported = state.imports.get(build.template_version_id)
        declared = {p.name: p for p in imported.parameters} if imported is not None else {}
        for name, value in build.parameters:
            parameter = declared.get(name)
            if parameter is None:
                continue
            key = (name, parameter.type, parameter.display_name or "")
            counts.setdefault(key, Counter())[value] += 1
            homes.setdefault(key, set()).add(workspace.template_id)
            full = rich_parameter(parameter)
            shown[key] = {
                "name": name,
                "type": parameter.type,
                "display_name": parameter.display_name or "",
                "description": parameter.description,
                "options": full["options"],
            }
    return [
        {
            **shown[key],
            "template_ids": sorted(homes[key]),
            "values": [
                {"value": value, "count": count} for value, count in sorted(counts[key].items())
            ],
        }
        for key in sorted(shown)
    ]


def intervals(
    start: datetime, end: datetime, step: timedelta, interval: str, rows: list[Usage]
) -> list[dict[str, Any]]:
    """Active users by day or week; the last interval may be shorter."""
    found = []
    while start < end:
        until = min(start + step, end)
        own = [row for row in rows if start <= row.hour < until]
        found.append(
            {
                **_frame(start, until, own),
                "interval": interval,
                "active_users": len({row.user_id for row in own}),
            }
        )
        start = until
    return found
