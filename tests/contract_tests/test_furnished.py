"""The server that runs are made against when it should be as people's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.mutation import furnished
from tests.mutation.clocks import CatchingUp, Course
from tests.mutation.plain import Plain
from tests.mutation.run import Setting, served


@pytest.fixture(scope="module")
def admin() -> Iterator[Plain]:
    with served(Setting(scenario=furnished.NAME)) as server:
        yield Plain(server.url, server.token)


def by_name(admin: Plain) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in admin.call("GET", "/workspaces")["workspaces"]}


def test_a_furnished_server_has_workspaces_in_every_state_of_several_owners(admin: Plain) -> None:
    found = by_name(admin)
    statuses = {name: one["latest_build"]["status"] for name, one in found.items()}
    assert statuses == {
        "alpha": "running",
        "outdated": "running",
        "delta": "running",
        "zeta": "running",
        "asleep": "stopped",
        "beta": "stopped",
        "Epsilon": "stopped",
        "gamma": "failed",
        "hasty": "canceled",
    }
    assert {one["owner_name"] for one in found.values()} == {"admin", "mia", "tess"}
    assert [name for name, one in found.items() if one["favorite"]] == ["alpha"]
    assert [name for name, one in found.items() if one["dormant_at"]] == ["asleep"]
    assert [name for name, one in found.items() if one["outdated"]] == ["outdated"]


def test_no_agent_of_a_furnished_server_ever_connects(admin: Plain) -> None:
    resources = by_name(admin)["alpha"]["latest_build"]["resources"]
    agents = {a["name"]: a["status"] for r in resources for a in r.get("agents", [])}
    assert agents == {"main": "connecting", "side": "timeout"}


def test_one_daemon_did_all_jobs_but_those_that_it_cannot_take(admin: Plain) -> None:
    organization = admin.call("GET", "/users/me")["organization_ids"][0]
    daemons = admin.call("GET", f"/organizations/{organization}/provisionerdaemons")
    jobs = admin.call("GET", f"/organizations/{organization}/provisionerjobs?limit=0")
    assert len(daemons) == 1
    assert {job.get("worker_id", "") for job in jobs} == {daemons[0]["id"], ""}
    waiting = [job for job in jobs if job["status"] == "pending"]
    assert [job["tags"].get("zone") for job in waiting] == ["nowhere"]
    assert {job["status"] for job in jobs} == {"succeeded", "failed", "canceled", "pending"}
    types = {"template_version_import", "template_version_dry_run", "workspace_build"}
    assert {job["type"] for job in jobs} == types


def test_a_furnished_server_has_versions_that_failed_and_that_are_archived(admin: Plain) -> None:
    templates = {one["name"]: one["id"] for one in admin.call("GET", "/templates")}
    assert set(templates) == {"rich", "plain", "small"}
    path = f"/templates/{templates['rich']}/versions?include_archived=true"
    versions = {one["name"]: one for one in admin.call("GET", path)}
    assert {name: one["job"]["status"] for name, one in versions.items()} == {
        "rich-1": "succeeded",
        "rich-2": "succeeded",
        "rich-old": "succeeded",
        "rich-broken": "failed",
    }
    assert [name for name, one in versions.items() if one["archived"]] == ["rich-old"]


def test_people_of_a_furnished_server_differ_in_roles_and_status(admin: Plain) -> None:
    users = {one["username"]: one for one in admin.call("GET", "/users")["users"]}
    roles = {name: [role["name"] for role in one["roles"]] for name, one in users.items()}
    assert roles == {name: list(own) for name, own in furnished.PEOPLE.items()} | {
        "admin": ["owner"]
    }
    statuses = {name: one["status"] for name, one in users.items() if one["status"] != "active"}
    assert statuses == {furnished.SUSPENDED: "suspended", furnished.NEVER_SIGNED_IN: "dormant"}


def test_what_furnishes_a_server_lies_in_its_past_and_its_clock_tells_the_present(
    admin: Plain,
) -> None:
    made = datetime.fromisoformat(by_name(admin)["alpha"]["created_at"])
    present = datetime.now(UTC)
    admin.call("POST", "/users/me/keys/tokens", {"token_name": "present", "lifetime": 10**15})
    tokens = {one["token_name"]: one for one in admin.call("GET", "/users/me/keys/tokens")}
    told = datetime.fromisoformat(tokens["present"]["created_at"])
    assert made < present
    assert abs(told - present) < timedelta(seconds=30)


def test_a_clock_that_catches_up_is_fast_only_until_it_tells_the_present() -> None:
    moments = iter([0.0, 0.0, 1000.0, 1000.0, 1000.0])
    clock = CatchingUp(Course(ago=60.0, fast=30.0), speed=1.0, monotonic=lambda: next(moments))
    assert clock.speed == 30.0
    clock.now()
    assert clock.speed == 30.0
    clock.now()
    assert clock.speed == 1.0
