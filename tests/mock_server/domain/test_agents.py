from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain import agents
from coder_mock_server.domain.records import AgentMetadatum, WorkspaceAgent

T0 = datetime(2025, 5, 19, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AGENT = WorkspaceAgent(
    id="a",
    resource_id="r",
    job_id="j",
    name="main",
    created_at=T0,
    updated_at=T0,
    auth_token="t",
    connection_timeout_seconds=120,
)
CONNECTED = replace(AGENT, first_connected_at=T0, last_connected_at=T0)


def test_an_agent_that_never_connects_times_out_after_its_limit_only() -> None:
    assert agents.agent_status(AGENT, T0 + 120 * SECOND) == "connecting"
    assert agents.next_change(AGENT, T0) == T0 + 120 * SECOND
    assert agents.agent_status(AGENT, T0 + 121 * SECOND) == "timeout"
    assert agents.next_change(AGENT, T0 + 121 * SECOND) is None
    patient = replace(AGENT, connection_timeout_seconds=0)
    assert agents.agent_status(patient, T0 + timedelta(days=9)) == "connecting"
    assert agents.next_change(patient, T0) is None


def test_a_connected_agent_stays_so_and_its_last_contact_moves_on() -> None:
    now = T0 + timedelta(hours=1, seconds=7)
    assert agents.agent_status(CONNECTED, now) == "connected"
    assert agents.last_connected_at(CONNECTED, now) == T0 + timedelta(hours=1)
    assert agents.disconnected_at(CONNECTED, now) is None
    assert agents.next_change(CONNECTED, now) is None
    assert agents.stamp(CONNECTED, now) == agents.stamp(CONNECTED, now + 7 * SECOND)
    assert agents.stamp(CONNECTED, now) != agents.stamp(CONNECTED, now + 9 * SECOND)


def test_a_closed_connection_shows_at_once_and_a_silent_one_after_thirty_seconds() -> None:
    closed = replace(CONNECTED, disconnected_at=T0 + 20 * SECOND)
    assert agents.agent_status(closed, T0 + 20 * SECOND) == "disconnected"
    assert agents.last_connected_at(closed, T0 + 60 * SECOND) == T0 + 15 * SECOND
    assert agents.disconnected_at(closed, T0 + 60 * SECOND) == T0 + 20 * SECOND
    silent = replace(CONNECTED, heartbeats=False)
    assert agents.agent_status(silent, T0 + 30 * SECOND) == "connected"
    assert agents.next_change(silent, T0) == T0 + 30 * SECOND
    assert agents.agent_status(silent, T0 + 31 * SECOND) == "disconnected"
    assert agents.disconnected_at(silent, T0 + 31 * SECOND) == T0
    back = replace(closed, last_connected_at=T0 + 40 * SECOND)
    assert agents.agent_status(back, T0 + 41 * SECOND) == "connected"


@pytest.mark.parametrize(
    ("agent", "seconds", "reason"),
    [
        (AGENT, 0, ""),
        (AGENT, 121, "agent is taking too long to connect"),
        (replace(AGENT, lifecycle_state="off"), 0, "agent is not running"),
        (CONNECTED, 0, ""),
        (replace(CONNECTED, lifecycle_state="start_timeout"), 0, ""),
        (
            replace(CONNECTED, lifecycle_state="start_error"),
            0,
            "agent startup script exited with an error",
        ),
        (replace(CONNECTED, lifecycle_state="shutting_down"), 0, "agent is shutting down"),
        (replace(CONNECTED, lifecycle_state="off"), 0, "agent is shutting down"),
        (replace(CONNECTED, disconnected_at=T0), 0, "agent has lost connection"),
        (
            replace(CONNECTED, disconnected_at=T0, lifecycle_state="off"),
            0,
            "agent is not running",
        ),
    ],
)
def test_an_agent_is_unhealthy_for_one_reason(
    agent: WorkspaceAgent, seconds: int, reason: str
) -> None:
    health = agents.agent_health(agent, T0 + seconds * SECOND)
    assert (health.healthy, health.reason) == (not reason, reason)


LIFECYCLES = ["created", "starting", "ready", "start_error", "shutting_down", "off"]
MOMENTS = st.none() | st.integers(0, 200).map(lambda seconds: T0 + seconds * SECOND)


@given(MOMENTS, MOMENTS, st.booleans(), st.sampled_from(LIFECYCLES), st.integers(0, 400))
def test_what_an_agent_shows_fits_together_at_any_time(
    connected: datetime | None, gone: datetime | None, beats: bool, lifecycle: str, seconds: int
) -> None:
    if connected is None or (gone is not None and gone < connected):
        gone = None
    agent = replace(
        AGENT,
        first_connected_at=connected,
        last_connected_at=connected,
        disconnected_at=gone,
        heartbeats=beats,
        lifecycle_state=lifecycle,
    )
    now = max(T0 + seconds * SECOND, connected or T0, gone or T0)
    status = agents.agent_status(agent, now)
    last, lost = agents.last_connected_at(agent, now), agents.disconnected_at(agent, now)
    assert (last is None) == (status in ("connecting", "timeout"))
    if status == "disconnected":
        assert last is not None
        assert lost is not None
        assert last <= lost <= now
    health = agents.agent_health(agent, now)
    assert health.healthy == (not health.reason)
    change = agents.next_change(agent, now)
    if change is not None:
        assert agents.agent_status(agent, change) == status
        assert agents.agent_status(agent, change + timedelta(microseconds=1)) != status


def test_metadata_is_collected_every_interval_and_keeps_its_newline() -> None:
    items = (
        AgentMetadatum("cpu", "CPU", "echo 1", 10, 1, order=2),
        AgentMetadatum("mem", "Memory", "free -m", 60, 0, order=1),
        AgentMetadatum("once", "Once", "#!/bin/sh\necho 'a b'", 0, 0, order=3),
    )
    waiting = replace(AGENT, metadata=items)
    assert [i.key for i in agents.reported_metadata(waiting, T0)] == ["mem", "cpu", "once"]
    assert agents.reported_metadata(waiting, T0)[0].collected_at is None
    running = replace(CONNECTED, metadata=items, started_at=T0 + SECOND)
    memory, cpu, once = agents.reported_metadata(running, T0 + 65 * SECOND)
    assert (cpu.value, cpu.collected_at) == ("1\n", T0 + 61 * SECOND)
    assert (once.value, once.collected_at) == ("a b\n", T0 + SECOND)
    assert memory.collected_at == T0 + 61 * SECOND
    assert memory.value.endswith("\n")
    assert agents.reported_metadata(running, T0 + 65 * SECOND)[0] == memory
    ended = replace(running, disconnected_at=T0 + 22 * SECOND)
    assert agents.reported_metadata(ended, T0 + 99 * SECOND)[1].collected_at == T0 + 21 * SECOND


@pytest.mark.parametrize(
    ("directory", "expanded"),
    [
        ("", ""),
        ("/srv/~", "/srv/~"),
        ("~", "/home/coder"),
        ("~/project", "/home/coder/project"),
        ("~other/project", "~other/project"),
        ("$HOME/project", "/home/coder/project"),
        ("${HOME}", "/home/coder"),
    ],
)
def test_the_home_folder_in_a_directory_is_written_out(directory: str, expanded: str) -> None:
    assert agents.expanded_directory(replace(CONNECTED, directory=directory)) == expanded
