"""Status and health of an agent, and what it reports, as functions of facts and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from coder_mock_server.domain import metadata
from coder_mock_server.domain.records import AgentMetadatum, WorkspaceAgent

AgentStatus = Literal["connecting", "timeout", "connected", "disconnected"]

HOME = "/home/coder"
"""Our choice of where agents live whose template does not say."""
HEARTBEAT = timedelta(seconds=15)
INACTIVE = 2 * HEARTBEAT
SHUTTING_DOWN = frozenset({"shutting_down", "shutdown_timeout", "shutdown_error", "off"})


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the agent is well, and why not."""

    healthy: bool
    reason: str = ""


HEALTHY = Health(True)


def expanded_directory(agent: WorkspaceAgent) -> str:
    """Its directory with the home folder written out, as the agent itself does."""
    for home in ("~", "$HOME", "${HOME}"):
        if agent.directory == home or agent.directory.startswith(f"{home}/"):
            return HOME + agent.directory.removeprefix(home)
    return agent.directory


def is_gone(agent: WorkspaceAgent) -> bool:
    """Whether its connection was closed and not opened again since."""
    return (
        agent.disconnected_at is not None
        and agent.last_connected_at is not None
        and agent.disconnected_at >= agent.last_connected_at
    )


def last_connected_at(agent: WorkspaceAgent, now: datetime) -> datetime | None:
    """The last heartbeat up to `now`: one every 15 s from the last connect on."""
    since = agent.last_connected_at
    if since is None or not agent.heartbeats:
        return since
    until = min(now, agent.disconnected_at) if is_gone(agent) and agent.disconnected_at else now
    return since + max(0, (until - since) // HEARTBEAT) * HEARTBEAT


def disconnected_at(agent: WorkspaceAgent, now: datetime) -> datetime | None:
    """When it was lost; for one that only fell silent, its last heartbeat."""
    if agent_status(agent, now) == "disconnected" and not is_gone(agent):
        return agent.last_connected_at
    return agent.disconnected_at


def agent_status(agent: WorkspaceAgent, now: datetime) -> AgentStatus:
    """Status as the API reports it at `now`."""
    if agent.first_connected_at is None or agent.last_connected_at is None:
        limit = timedelta(seconds=agent.connection_timeout_seconds)
        return "timeout" if limit and now - agent.created_at > limit else "connecting"
    if is_gone(agent):
        return "disconnected"
    if not agent.heartbeats and now - agent.last_connected_at > INACTIVE:
        return "disconnected"
    return "connected"


def agent_health(agent: WorkspaceAgent, now: datetime) -> Health:
    """Health as the API reports it; an agent on its way counts as healthy."""
    status = agent_status(agent, now)
    lifecycle = agent.lifecycle_state
    if status != "connected" and lifecycle == "off":
        return Health(False, "agent is not running")
    if status == "timeout":
        return Health(False, "agent is taking too long to connect")
    if status == "disconnected":
        return Health(False, "agent has lost connection")
    if lifecycle == "start_error":
        return Health(False, "agent startup script exited with an error")
    if lifecycle in SHUTTING_DOWN:
        return Health(False, "agent is shutting down")
    return HEALTHY


def next_change(agent: WorkspaceAgent, now: datetime) -> datetime | None:
    """The moment after which status or health differ without a new fact; `None` when never."""
    status = agent_status(agent, now)
    if status == "connecting" and agent.connection_timeout_seconds > 0:
        return agent.created_at + timedelta(seconds=agent.connection_timeout_seconds)
    if status == "connected" and not agent.heartbeats and agent.last_connected_at is not None:
        return agent.last_connected_at + INACTIVE
    return None


def stamp(agent: WorkspaceAgent, now: datetime) -> tuple[object, ...]:
    """Equal as long as the agent looks the same, for the cache of rendered objects."""
    return agent, agent_status(agent, now), last_connected_at(agent, now)


def reported_metadata(agent: WorkspaceAgent, now: datetime) -> tuple[AgentMetadatum, ...]:
    """Its metadata with the values in force at `now`, in display order.

    A connected agent runs each script when its own start begins and again every interval.
    """
    items = sorted(agent.metadata, key=lambda item: (item.order, item.key))
    begin = agent.started_at or agent.first_connected_at
    last = last_connected_at(agent, now)
    if begin is None or last is None:
        return tuple(items)
    until = now if agent_status(agent, now) == "connected" else disconnected_at(agent, now) or last
    return tuple(_collected(agent, item, begin, max(begin, until)) for item in items)


def _collected(
    agent: WorkspaceAgent, item: AgentMetadatum, begin: datetime, until: datetime
) -> AgentMetadatum:
    interval = timedelta(seconds=item.interval)
    rounds = (until - begin) // interval if interval else 0
    printed = metadata.value(agent.id, item, begin, rounds)
    return replace(item, value=printed, error="", collected_at=begin + rounds * interval)
