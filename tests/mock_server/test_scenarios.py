"""Scenarios once they are loaded: the promises about jobs hold, and what was asked for is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import coder_fixtures
from tests.support.mock import Mock

WITH_USERS = sorted(set(coder_fixtures.scenarios()) - {"empty"})
WORKER = {"worker_id", "worker_name"}


@pytest.fixture(params=WITH_USERS)
def played(request: pytest.FixtureRequest) -> Iterator[Mock]:
    with Mock(scenario=request.param, daemons=3) as mock:
        yield mock


def embedded_jobs(mock: Mock) -> list[dict[str, Any]]:
    found = [w["latest_build"]["job"] for w in mock.get("/workspaces?limit=200").json["workspaces"]]
    for template in mock.get("/templates").json:
        found += [v["job"] for v in mock.get(f"/templates/{template['id']}/versions").json]
    return found


def test_the_worker_rule_holds_for_every_job(played: Mock) -> None:
    listed = played.get("/organizations/default/provisionerjobs?limit=300").json
    assert listed
    for job in listed:
        worker = WORKER & job.keys()
        assert worker == (WORKER if "started_at" in job else set())
        if job["status"] == "pending":
            assert not worker
    for job in embedded_jobs(played):
        assert WORKER & job.keys() == ({"worker_id"} if "started_at" in job else set())


@pytest.mark.parametrize("scenario", ["small-team", "busy-organization", "failed-builds"])
def test_without_daemons_the_past_was_done_by_one_that_has_gone(scenario: str) -> None:
    with Mock(scenario=scenario, daemons=0) as mock:
        assert mock.get("/organizations/default/provisionerdaemons").json == []
        listed = mock.get("/organizations/default/provisionerjobs?limit=300").json
        done = [job for job in listed if "started_at" in job]
        assert done
        assert all(WORKER & job.keys() == {"worker_id"} for job in done)
        assert embedded_jobs(mock)


def test_an_organization_with_a_daemon_of_its_own_has_its_jobs_done_there() -> None:
    with Mock(scenario="two-organizations") as mock:
        (daemon,) = mock.get("/organizations/research/provisionerdaemons").json
        assert (daemon["key_name"], daemon["status"]) == ("psk", "idle")
        workspaces = mock.get("/workspaces?q=organization:research%20status:running").json
        workspace = workspaces["workspaces"][0]["id"]
        stop = mock.post(f"/workspaces/{workspace}/builds", {"transition": "stop"})
        assert stop.json["matched_provisioners"]["available"] == 1
        mock.advance(60)
        assert mock.get(f"/workspaces/{workspace}").json["latest_build"]["status"] == "stopped"
        jobs = mock.get("/organizations/research/provisionerjobs?limit=300").json
        assert {job["worker_name"] for job in jobs} == {daemon["name"]}


def test_loading_leaves_nothing_due(played: Mock) -> None:
    before = played.get("/workspaces?limit=20").json
    played.advance(1)
    after = played.get("/workspaces?limit=20").json
    assert [w["latest_build"]["id"] for w in after["workspaces"]] == [
        w["latest_build"]["id"] for w in before["workspaces"]
    ]


def test_the_printed_token_and_passwords_work(played: Mock) -> None:
    assert played.get("/users/me").json["username"] == "admin"
    name, email, password = played.server.loaded.users[1]
    played.sign_in(email, password)
    assert played.get("/users/me").json["username"] == name


def test_the_token_is_the_same_at_every_start_with_the_same_seed() -> None:
    tokens = []
    for seed in (7, 7, 8):
        with Mock(scenario="small-team", seed=seed) as mock:
            tokens.append(mock.token)
    assert tokens[0] == tokens[1] != tokens[2]


def test_the_same_seed_gives_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        with Mock(scenario="small-team", seed=3) as mock:
            ids.append([w["id"] for w in mock.get("/workspaces?limit=200").json["workspaces"]])
    assert ids[0] == ids[1]


def test_a_queue_stays_while_time_passes() -> None:
    with Mock(scenario="provisioner-queue") as mock:
        before = mock.get("/organizations/default/provisionerjobs?status=pending,running").json
        mock.advance(600)
        after = mock.get("/organizations/default/provisionerjobs?status=pending,running").json
        assert [j["id"] for j in after] == [j["id"] for j in before]
        assert sorted(j["queue_position"] for j in after) == [0, 0, 1, 2, 3, 4]


def test_a_thousand_workspaces_are_a_thousand() -> None:
    with Mock(scenario="busy-organization") as mock:
        listed = mock.get("/workspaces?limit=25").json
        deleted = [w for w in mock.state.workspaces if w.deleted]
        assert len(mock.state.workspaces) == 1000
        assert listed["count"] == 1000 - len(deleted)
        assert len(listed["workspaces"]) == 25


def agents_of(mock: Mock, name: str) -> list[dict[str, Any]]:
    found = mock.get(f"/workspaces?q=name:{name}").json["workspaces"]
    return [
        agent
        for resource in found[0]["latest_build"]["resources"]
        for agent in resource.get("agents", [])
    ]


@pytest.mark.parametrize(
    ("state", "status", "lifecycle", "healthy"),
    [
        ("connected", "connected", "ready", True),
        ("connecting", "connecting", "created", True),
        ("timeout", "timeout", "created", False),
        ("disconnected", "disconnected", "ready", False),
        ("start_error", "connected", "start_error", False),
        ("start_timeout", "connected", "start_timeout", True),
    ],
)
def test_an_agent_is_in_the_state_asked_for(
    tmp_path: Path, state: str, status: str, lifecycle: str, healthy: bool
) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(
        "about: one agent\nextends: small-team\nworkspaces:\n"
        "  - {name: wanted, owner: alex, template: docker, age: 2d, since: 2h,"
        f' agents: {{"*": {state}}}}}\n'
    )
    with Mock(scenario=str(path)) as mock:
        (agent,) = agents_of(mock, "wanted")
        assert (agent["status"], agent["lifecycle_state"]) == (status, lifecycle)
        assert agent["health"]["healthy"] is healthy


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("running", "running"),
        ("stopped", "stopped"),
        ("failed", "failed"),
        ("canceled", "canceled"),
        ("starting", "starting"),
        ("stopping", "stopping"),
    ],
)
def test_a_workspace_is_in_the_state_asked_for(tmp_path: Path, state: str, shown: str) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(
        "about: one workspace\nextends: small-team\nworkspaces:\n"
        "  - {name: wanted, owner: alex, template: docker, age: 9d, since: 2h, builds: 3,"
        f" hold: true, state: {state}}}\n"
    )
    with Mock(scenario=str(path)) as mock:
        (found,) = mock.get("/workspaces?q=name:wanted").json["workspaces"]
        assert found["latest_build"]["status"] == shown
        numbers = [b["build_number"] for b in mock.get(f"/workspaces/{found['id']}/builds").json]
        assert numbers == list(range(len(numbers), 0, -1))
        assert len(numbers) in (3, 4)


PROVIDERS = 'terraform {\n  required_providers {\n    coder = { source = "coder/coder" }\n  }\n}\n'


def test_a_template_that_cannot_be_imported_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "main.tf").write_text('resource "nobody_has" "this" {}\n')
    path = tmp_path / "own.yaml"
    path.write_text("about: x\nextends: small-team\ntemplates:\n  - {name: mine, source: mine}\n")
    with pytest.raises(coder_fixtures.ScenarioError, match=r'"v1" of template "mine" cannot'):
        Mock(scenario=str(path))


def test_a_template_of_ones_own_beside_the_scenario_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "main.tf").write_text(
        PROVIDERS + 'data "coder_parameter" "colour" {\n  name = "colour"\n  default = "red"\n}\n'
        'resource "terraform_data" "box" {}\n'
    )
    path = tmp_path / "own.yaml"
    path.write_text(
        "about: own template\nextends: small-team\ntemplates:\n"
        "  - {name: mine, source: mine}\n"
        "workspaces:\n  - {name: wanted, owner: alex, template: mine}\n"
    )
    with Mock(scenario=str(path)) as mock:
        (found,) = mock.get("/workspaces?q=name:wanted").json["workspaces"]
        build = found["latest_build"]
        assert [r["type"] for r in build["resources"]] == ["terraform_data"]
        values = mock.get(f"/workspacebuilds/{build['id']}/parameters").json
        assert values == [{"name": "colour", "value": "red"}]


def test_a_broken_deployment_says_what_is_wrong() -> None:
    with Mock(scenario="broken-health") as mock:
        report = mock.get("/debug/health").json
        assert (report["healthy"], report["severity"]) == (False, "error")
        assert report["database"]["severity"] == "warning"
        assert report["derp"]["error"] == "EDERP01: No relay can be reached"
        assert report["access_url"]["severity"] == "ok"
