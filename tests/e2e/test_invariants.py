"""What holds on every shipped scenario and both API dates, asked by reading alone.

The contract suite judges most of it through its public surface; the table below adds what needs
whole lists: pages, orders, filters and what two of them say of the same thing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from coder_contract_tests import Selection, Target, run
from coder_fixtures.loader import scenarios
from tests.support import process
from tests.support.browser import Browser
from tests.support.contract_runs import no_pause

NIGHTLY = os.environ.get("CODER_MOCK_NIGHTLY", "") == "1"
APIS = ("2025-05-19", "2023-06-20")
RULE = re.compile(r"[A-Z]+-\d+")
"""How the suite calls its invariants; its other checks are words."""
PASSWORD = "mock-password-1"
MANY = 300
"""Lists longer than this are looked at for one owner only."""
SAMPLE = 12
STATUSES = ("running", "stopped", "failed", "canceled", "pending", "starting", "stopping")


@dataclass(frozen=True)
class Seen:
    """A server, frozen, and what its lists say."""

    browser: Browser
    is_recent: bool
    """Whether it is a release of 2025."""
    me: Any
    scope: str
    """A search that leaves a list of bearable length."""
    workspaces: list[Any]
    templates: list[Any]

    def list(self, query: str = "", **pages: int) -> Any:
        """Workspaces that match."""
        asked = "".join(f"&{key}={value}" for key, value in pages.items())
        return self.browser.read(f"/workspaces?q={quote(f'{self.scope} {query}'.strip())}{asked}")

    def builds(self, workspace: Any, query: str = "") -> list[Any]:
        """The builds of a workspace."""
        found: list[Any] = self.browser.read(f"/workspaces/{workspace['id']}/builds{query}")
        return found

    @property
    def sample(self) -> list[Any]:
        """Some workspaces, from all over the list."""
        step = max(1, len(self.workspaces) // SAMPLE)
        return self.workspaces[::step]


Predicate = Callable[[Seen], Iterator[object]]
"""Gives whatever breaks the rule."""


def count_is_that_of_the_list(seen: Seen) -> Iterator[object]:
    found = seen.list()
    if found["count"] != len(found["workspaces"]):
        yield found["count"]


def pages_show_each_workspace_once(seen: Seen) -> Iterator[object]:
    ids: list[str] = []
    size = max(1, len(seen.workspaces) // 3)
    for offset in range(0, len(seen.workspaces) + size, size):
        page = seen.list(limit=size, offset=offset)
        ids += [one["id"] for one in page["workspaces"]]
        if page["count"] != len(seen.workspaces):
            yield offset, page["count"]
    if ids != [one["id"] for one in seen.workspaces]:
        yield ids


def favourites_then_started_ones_then_names(seen: Seen) -> Iterator[object]:
    def place(workspace: Any) -> tuple[Any, ...]:
        build = workspace["latest_build"]
        is_up = build["transition"] == "start" and build["job"]["status"] == "succeeded"
        mine = workspace.get("favorite", False)
        return not mine, not is_up, workspace["owner_name"].lower(), workspace["name"].lower()

    for one, other in pairwise(seen.workspaces):
        if place(one) > place(other):
            yield one["name"], other["name"]


def a_status_filter_gives_that_status(seen: Seen) -> Iterator[object]:
    for status in STATUSES:
        found = {one["id"] for one in seen.list(f"status:{status}")["workspaces"]}
        wanted = {w["id"] for w in seen.workspaces if w["latest_build"]["status"] == status}
        if found != wanted:
            yield status, found ^ wanted


def outdated_ones_and_others_are_all(seen: Seen) -> Iterator[object]:
    if not seen.is_recent:
        # The search did not know the word yet, and refuses what it does not know.
        return
    for word, is_outdated in (("true", True), ("false", False)):
        found = {one["id"] for one in seen.list(f"outdated:{word}")["workspaces"]}
        if found != {w["id"] for w in seen.workspaces if w["outdated"] is is_outdated}:
            yield word


def by_id_by_name_and_in_the_list_it_is_the_same(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        alone = seen.browser.read(f"/workspaces/{one['id']}")
        named = seen.browser.read(f"/users/{one['owner_id']}/workspace/{one['name'].upper()}")
        if not one == alone == named:
            yield one["name"]


def a_workspace_is_where_its_template_is(seen: Seen) -> Iterator[object]:
    homes = {one["id"]: one["organization_id"] for one in seen.templates}
    for one in seen.workspaces:
        if homes.get(one["template_id"], one["organization_id"]) != one["organization_id"]:
            yield one["name"]


def builds_count_down_to_one_from_the_latest(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        builds = seen.builds(one)
        numbers = [build["build_number"] for build in builds]
        latest = one["latest_build"]
        if numbers != list(range(len(builds), 0, -1)) or builds[0]["id"] != latest["id"]:
            yield one["name"], numbers
        if builds[-1]["transition"] != "start":
            yield one["name"], "began with", builds[-1]["transition"]


def builds_after_one_are_later(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        builds = seen.builds(one)
        middle = builds[len(builds) // 2]
        later = seen.builds(one, f"?after_id={middle['id']}")
        if any(build["build_number"] <= middle["build_number"] for build in later):
            yield one["name"]


def builds_follow_each_other_in_time(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        for later, earlier in pairwise(seen.builds(one)):
            if earlier["created_at"] > later["created_at"]:
                yield one["name"], earlier["build_number"]
            if "completed_at" not in earlier["job"]:
                yield one["name"], earlier["build_number"], "is still open"


def deadlines_keep_to_their_limit(seen: Seen) -> Iterator[object]:
    for one in seen.workspaces:
        build = one["latest_build"]
        deadline, limit = build.get("deadline"), build.get("max_deadline")
        zero = "0001-01-01T00:00:00Z"
        if zero not in (deadline, limit) and deadline and limit and deadline > limit:
            yield one["name"], deadline, limit


def logs_are_numbered_and_stages_come_in_order(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        for build in seen.builds(one)[:3]:
            path = f"/workspacebuilds/{build['id']}/logs"
            lines = seen.browser.read(path) or []
            ids = [line["id"] for line in lines]
            if ids != sorted(set(ids)):
                yield one["name"], ids
            ran = "started_at" in build["job"] and build["job"]["status"] in ("succeeded", "failed")
            if ran and not lines:
                yield one["name"], build["build_number"], "says nothing"
            if lines and lines[0]["stage"] != "Setting up":
                yield one["name"], lines[0]
            if ids and [x["id"] for x in seen.browser.read(f"{path}?after={ids[0]}")] != ids[1:]:
                yield one["name"], "after"


def agents_keep_as_many_characters_as_they_say(seen: Seen) -> Iterator[object]:
    for one in seen.sample:
        for resource in one["latest_build"]["resources"]:
            for agent in resource.get("agents") or []:
                path = f"/workspaceagents/{agent['id']}"
                page = "logs" if "logs_length" in agent else "startup-logs"
                lines = seen.browser.get(f"{path}/{page}")
                if lines.status_code != 200 or not isinstance(lines.json(), list):
                    yield one["name"], lines.text
                elif "logs_length" in agent and agent["logs_length"] != sum(
                    len(line["output"].encode()) for line in lines.json()
                ):
                    yield one["name"], agent["logs_length"]


def active_versions_were_imported(seen: Seen) -> Iterator[object]:
    for template in seen.templates[:SAMPLE]:
        versions = seen.browser.read(f"/templates/{template['id']}/versions")
        made = [version["created_at"] for version in versions]
        if made != sorted(made):
            yield template["name"], made
        active = [v for v in versions if v["id"] == template["active_version_id"]]
        if [version["job"]["status"] for version in active] != ["succeeded"]:
            yield template["name"]


def the_audit_log_tells_the_latest_first(seen: Seen) -> Iterator[object]:
    found = seen.browser.read("/audit?limit=50&offset=0")
    times = [entry["time"] for entry in found["audit_logs"]]
    if times != sorted(times, reverse=True) or found["count"] < len(times):
        yield times


def users_are_counted(seen: Seen) -> Iterator[object]:
    found = seen.browser.read("/users?limit=0")
    if found["count"] != len(found["users"]):
        yield found["count"]


def errors_have_words(seen: Seen) -> Iterator[object]:
    for path in (
        "/workspaces?q=nonsense:1",
        "/workspaces/abc",
        "/workspaces/00000000-0000-4000-8000-000000000000",
        "/users/nobody-at-all",
        "/organizations/nowhere/members",
        "/nothing/here",
    ):
        answer = seen.browser.get(path)
        if answer.status_code < 400 or not answer.json()["message"]:
            yield path, answer.status_code


TABLE: tuple[Predicate, ...] = (
    count_is_that_of_the_list,
    pages_show_each_workspace_once,
    favourites_then_started_ones_then_names,
    a_status_filter_gives_that_status,
    outdated_ones_and_others_are_all,
    by_id_by_name_and_in_the_list_it_is_the_same,
    a_workspace_is_where_its_template_is,
    builds_count_down_to_one_from_the_latest,
    builds_after_one_are_later,
    builds_follow_each_other_in_time,
    deadlines_keep_to_their_limit,
    logs_are_numbered_and_stages_come_in_order,
    agents_keep_as_many_characters_as_they_say,
    active_versions_were_imported,
    the_audit_log_tells_the_latest_first,
    users_are_counted,
    errors_have_words,
)


def look(browser: Browser) -> Seen:
    """The server's lists."""
    me = browser.read("/users/me")
    organizations = browser.read("/users/me/organizations")
    templates = [
        template
        for one in organizations
        for template in browser.read(f"/organizations/{one['id']}/templates")
    ]
    first = browser.read("/workspaces?limit=1")
    scope = ""
    if first["count"] > MANY:
        scope = f"owner:{first['workspaces'][0]['owner_name']}"
    found = browser.read(f"/workspaces?q={quote(scope)}")["workspaces"]
    is_recent = not browser.read("/buildinfo")["version"].startswith("v0.")
    return Seen(browser, is_recent, me, scope, found, templates)


SCENARIOS = sorted(scenarios().keys() - {"empty"})


@pytest.fixture(params=SCENARIOS, scope="module")
def scenario(request: pytest.FixtureRequest) -> str:
    """The name of a shipped scenario."""
    name: str = request.param
    return name


@pytest.fixture(params=APIS, scope="module")
def served(request: pytest.FixtureRequest, scenario: str) -> Iterator[str]:
    """A server that stands still."""
    flags = ("--scenario", scenario, "--api", request.param, "--frozen")
    with process.served(*flags) as url:
        yield url


def signed_in(browser: Browser) -> str:
    """A session of the owner."""
    body = {"email": "admin@example.com", "password": PASSWORD}
    token: str = browser.expect(201, "POST", "/users/login", body)["session_token"]
    return token


def test_the_table_holds(served: str) -> None:
    with Browser(served) as browser:
        signed_in(browser)
        seen = look(browser)
        assert seen.workspaces
        broken = {rule.__name__: found for rule in TABLE if (found := list(rule(seen)))}
        assert broken == {}


@pytest.mark.skipif(not NIGHTLY, reason="half a minute for each of them: CODER_MOCK_NIGHTLY=1")
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_contract_suite_sees_no_rule_broken(name: str, api: str) -> None:
    with process.served("--scenario", name, "--api", api) as url:
        with Browser(url) as browser:
            token = signed_in(browser)
        report = run(Target(url, token=token), selection=Selection(max_examples=0), sleep=no_pause)
    broken = [one for one in report.findings if RULE.fullmatch(one.check)]
    assert [(one.check, one.operation, one.came) for one in broken] == []
