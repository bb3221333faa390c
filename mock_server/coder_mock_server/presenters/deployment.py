"""The deployment's configuration and counters, as the API shows them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.deployment_options import (
    GROUP_YAML,
    LICENSED,
    PARENTS,
    SECRET,
    Option,
    options,
)
from coder_mock_server.domain import lifecycle, usage
from coder_mock_server.domain.deployment import Usage

REFRESH = timedelta(seconds=30)
"""How often the counters are taken."""
SPAN = timedelta(minutes=15)
"""What they cover."""
BYTES_PER_SECOND = 4096
"""Our choice: what a workspace in use sends and receives."""
BUILDING = ("running", "canceling")


def config(world: World, base_url: str) -> dict[str, Any]:
    """The configuration as a tree, and each option by itself."""
    given = _given(world, base_url)
    tree: dict[str, Any] = {}
    rows = []
    for option in options():
        value = copy.deepcopy(given.get(option.path, option.default))
        if option.path in SECRET:
            value = [] if isinstance(option.default, list) else ""
        _plant(tree, option.path, value)
        rows.append(_option(option, value, is_set=option.path in given))
    return {"config": tree, "options": rows}


def _given(world: World, base_url: str) -> dict[str, Any]:
    """What is not as it would be by default, since this is a mock with settings of its own."""
    settings = world.settings
    address = f"{settings.host}:{settings.port}"
    given: dict[str, Any] = {
        "access_url": base_url,
        "http_address": address,
        "address": {"host": settings.host, "port": str(settings.port)},
        "provisioner.daemons": settings.daemons,
        "allow_workspace_renames": world.policy.rename_allowed,
    }
    if settings.rate_limits:
        given |= {"rate_limit.disable_all": False, "rate_limit.api": 512}
    return {path: value for path, value in given.items() if value is not False}


def _plant(tree: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at its place; at the top, what is empty is left out."""
    *parents, last = path.split(".")
    if not parents and not value:
        return
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


def _option(option: Option, value: Any, *, is_set: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"name": option.name, "description": option.description}
    if option.flag:
        row |= {"flag": option.flag, "env": option.env}
    if option.yaml:
        row["yaml"] = option.yaml
    default = option.default
    if default not in ("", [], {}):
        row["default"] = default if isinstance(default, str) else _text(default)
    annotations = {}
    if option.path in LICENSED:
        annotations["enterprise"] = "true"
    if option.path in SECRET:
        annotations["secret"] = "true"
    if annotations:
        row["annotations"] = annotations
    if option.group:
        row["group"] = _group(option.group)
    if option.hidden:
        row["hidden"] = True
    row["value"] = value
    # As a server shows it that was told by its environment.
    row["value_source"] = "env" if is_set else "default" if "default" in row else ""
    return row


def _text(value: Any) -> str:
    """A default as the command line would take it."""
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, Mapping) and set(value) == {"host", "port"}:
        return f"{value['host']}:{value['port']}"
    return json.dumps(value)


def _group(name: str) -> dict[str, Any]:
    group: dict[str, Any] = {"name": name}
    if yaml := GROUP_YAML.get(name):
        group["yaml"] = yaml
    if parent := PARENTS.get(name):
        group["parent"] = _group(parent)
    return group


def stats(world: World, now: datetime) -> dict[str, Any]:
    """How many workspaces are in which state, and how they are used."""
    since = datetime.fromtimestamp(
        now.timestamp() // REFRESH.total_seconds() * REFRESH.total_seconds(), now.tzinfo
    )
    state = world.state
    versions = (state.builds.version, state.jobs.version, state.workspaces.version)
    counts = world.views.derive(
        "deployment workspaces", versions, now, lambda: (_workspaces(world), None)
    )
    recent = world.views.derive(
        "deployment usage", (state.usage.version, since), now, lambda: (_recent(world, since), None)
    )
    p50, p95 = usage.percentiles([r.latency_ms for r in recent if r.latency_ms is not None])
    amount = sum(row.seconds for row in recent) * BYTES_PER_SECOND
    sessions = dict.fromkeys(usage.SESSION_APPS.values(), 0)
    for row in recent:
        if row.app in usage.SESSION_APPS:
            sessions[usage.SESSION_APPS[row.app]] += 1
    return {
        "aggregated_from": since - SPAN,
        "collected_at": since,
        "next_update_at": since + REFRESH,
        "workspaces": {
            **counts,
            "connection_latency_ms": {"P50": p50, "P95": p95},
            "rx_bytes": amount,
            "tx_bytes": amount * 3,
        },
        "session_count": sessions,
    }


def _recent(world: World, since: datetime) -> list[Usage]:
    """Usage of the hours that the counters touch."""
    first = since - SPAN - timedelta(hours=1)
    return [row for row in world.state.usage if first < row.hour <= since]


def _workspaces(world: World) -> dict[str, int]:
    counts = dict.fromkeys(("pending", "building", "running", "failed", "stopped"), 0)
    for workspace in world.state.workspaces.by("live", True):
        build = world.state.latest_build(workspace.id)
        status = lifecycle.job_status(world.state.jobs[build.job_id])
        if status in ("pending", "failed"):
            counts[status] += 1
        elif status in BUILDING:
            counts["building"] += 1
        elif status == "succeeded" and build.transition == "start":
            counts["running"] += 1
        elif status == "succeeded" and build.transition == "stop":
            counts["stopped"] += 1
    return counts
