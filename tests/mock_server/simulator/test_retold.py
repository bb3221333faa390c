"""Logs and timings of a scenario's past, which nobody ever stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock


@pytest.fixture(scope="module", params=["small-team", "failed-builds", "busy-organization"])
def past(request: pytest.FixtureRequest) -> Iterator[Mock]:
    with Mock(scenario=request.param) as mock:
        yield mock


def test_every_build_that_ran_tells_what_it_printed(past: Mock) -> None:
    jobs = [job for job in past.state.jobs if job.workspace_build_id and job.completed_at]
    ran = [job for job in jobs if job.started_at and not job.canceled_at]
    assert ran
    for job in ran[:60]:
        path = f"/workspacebuilds/{job.workspace_build_id}/logs"
        lines = past.get(path).json
        assert lines == past.get(path).json
        ids = [line["id"] for line in lines]
        assert ids == sorted(set(ids))
        assert ids[-1] < 2**53
        assert [line["id"] for line in past.get(f"{path}?after={ids[1]}").json] == ids[2:]
        assert (lines[0]["stage"], lines[-1]["stage"]) == ("Setting up", "Cleaning Up")
        stages = {line["stage"] for line in lines}
        assert stages & {"Starting workspace", "Stopping workspace", "Destroying workspace"} or (
            job.error
        )
        errors = [line for line in lines if line["log_level"] == "error"]
        assert bool(errors) is (job.error or "").startswith("terraform")


def test_a_log_of_the_past_is_followed_to_its_end(past: Mock) -> None:
    jobs = past.state.jobs
    job = next(j for j in jobs if j.workspace_build_id and j.error)
    path = f"/workspacebuilds/{job.workspace_build_id}/logs"
    followed = past.websocket(f"{path}?follow=true&after=-1", 1000)
    assert followed.close == (1000, "done")
    assert len(followed.texts) == len(past.get(path).json)


def test_builds_that_succeeded_have_timings(past: Mock) -> None:
    for job in list(past.state.jobs)[-60:]:
        if job.workspace_build_id is None or job.completed_at is None or job.canceled_at:
            continue
        rows: list[Any] = past.get(f"/workspacebuilds/{job.workspace_build_id}/timings").json[
            "provisioner_timings"
        ]
        assert bool(rows) is not bool(job.error)
        assert all(row["started_at"] <= row["ended_at"] for row in rows)


def test_jobs_that_never_ran_printed_nothing(past: Mock) -> None:
    for job in past.state.jobs:
        if job.workspace_build_id and job.started_at is None:
            assert past.get(f"/workspacebuilds/{job.workspace_build_id}/logs").json == []


def test_the_lines_of_an_agent_are_as_long_as_it_says(past: Mock) -> None:
    builds = past.state.builds
    agents = [a for a in past.state.agents if a.first_connected_at and builds.by("job", a.job_id)]
    assert agents
    seen: set[int] = set()
    for agent in agents[:40]:
        lines = past.get(f"/workspaceagents/{agent.id}/logs").json
        assert sum(len(line["output"].encode()) for line in lines) == agent.logs_length
        ids = [line["id"] for line in lines]
        assert ids == sorted(ids)
        assert not seen & set(ids)
        seen |= set(ids)


def test_what_an_agent_reports_comes_after_its_past() -> None:
    with Mock(scenario="busy-organization") as mock:
        agent = next(a for a in mock.state.agents if a.logs_from and a.disconnected_at is None)
        path = f"/workspaceagents/{agent.id}/logs"
        before = mock.get(path).json
        assert before
        report = {"logs": [{"created_at": "2025-06-02T09:00:00Z", "output": "more", "level": ""}]}
        route = "/workspaceagents/me/logs"
        assert mock.patch(route, report, token=agent.auth_token).status == 200
        after = mock.get(path).json
        assert after[:-1] == before
        assert after[-1]["output"] == "more"
        assert mock.get(f"{path}?after={before[-1]['id']}").json == after[-1:]
