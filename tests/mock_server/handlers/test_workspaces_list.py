from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.mock import Mock
from tests.support.workbench import AGENT, PLAIN, Workbench, parameter


@pytest.fixture(scope="module")
def crowd() -> Iterator[tuple[Workbench, dict[str, str]]]:
    """Two people with workspaces in several states, and their tokens."""
    with Mock() as mock:
        bench = Workbench(mock)
        zoe = bench.person("Zoe")
        plain, agent = bench.template(), bench.template(AGENT)
        for name in ("delta", "Alpha", "beta"):
            bench.workspace(plain, name)
        bench.workspace(agent, "echo-1")
        bench.built(bench.workspace(plain, "charlie")["id"], "stop")
        for name in ("Beta", "alpine"):
            assert bench.create(plain, name, by=zoe).status == 201
        bench.settle()
        favorite = bench.mock.get("/users/me/workspace/delta", token=bench.admin).json["id"]
        assert mock.put(f"/workspaces/{favorite}/favorite", token=bench.admin).status == 204
        mock.token = bench.admin
        yield bench, {"admin": bench.admin, "zoe": zoe}


ORDER = ["delta", "Alpha", "beta", "echo-1", "alpine", "Beta", "charlie"]


def test_favorites_then_started_ones_then_owner_then_name(
    crowd: tuple[Workbench, dict[str, str]],
) -> None:
    bench, people = crowd
    assert bench.listed(by=people["admin"]) == ORDER
    # Nobody sees what others like, and members see nothing but their own.
    assert bench.listed(by=people["zoe"]) == ["alpine", "Beta"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 9))
def test_pages_joined_give_the_list_once(
    crowd: tuple[Workbench, dict[str, str]], limit: int
) -> None:
    bench, _ = crowd
    joined: list[str] = []
    for offset in range(0, len(ORDER) + limit, limit):
        answer = bench.mock.get(f"/workspaces?limit={limit}&offset={offset}").json
        assert answer["count"] == len(ORDER)
        joined += [row["name"] for row in answer["workspaces"]]
    assert joined == ORDER


TERMS = {
    "name:a": lambda w: "a" in w["name"].lower(),
    "owner:me": lambda w: w["owner_name"] == "admin",
    "owner:zoe": lambda w: w["owner_name"] == "Zoe",
    "status:running": lambda w: w["latest_build"]["status"] == "running",
    "status:stopped": lambda w: w["latest_build"]["status"] == "stopped",
    "template:template-1": lambda w: w["template_name"] == "template-1",
    "outdated:false": lambda w: not w["outdated"],
    "organization:coder": lambda w: True,
    "has-agent:connected": lambda w: w["name"] == "echo-1",
    "dormant:true": lambda w: w["dormant_at"] is not None,
}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(terms=st.lists(st.sampled_from(sorted(TERMS)), unique_by=lambda t: t.partition(":")[0]))
def test_a_search_gives_those_for_which_every_term_holds_in_the_usual_order(
    crowd: tuple[Workbench, dict[str, str]], terms: list[str]
) -> None:
    bench, _ = crowd
    everything = bench.mock.get("/workspaces").json["workspaces"]
    wanted = [w["name"] for w in everything if all(TERMS[term](w) for term in terms)]
    assert bench.listed(f"q={'%20'.join(terms)}") == wanted


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name:_eta", ["beta", "Beta"]),
        ("name:al%25p", ["Alpha", "alpine"]),
        ("a//b", []),
        ("/beta", ["beta", "Beta"]),
        ("zoe/beta", ["Beta"]),
        ("owner:nobody", []),
        ("has-agent:asleep", []),
    ],
)
def test_search_terms_with_wildcards_and_slashes(
    crowd: tuple[Workbench, dict[str, str]], query: str, found: list[str]
) -> None:
    assert crowd[0].listed(f"q={query}") == found


def test_a_deleted_workspace_is_never_listed(mock: Mock) -> None:
    bench = Workbench(mock)
    workspace = bench.workspace(bench.template(), "gone")
    bench.built(workspace["id"], "delete")
    assert bench.listed() == []
    assert bench.listed("q=status:deleted") == []


def test_parameters_are_found_by_name_pattern_and_by_value(mock: Mock) -> None:
    bench = Workbench(mock)
    template = bench.template(PLAIN + parameter("Region", default="EU", mutable=True))
    bench.workspace(template, "one")
    us = [{"name": "Region", "value": "us"}]
    bench.workspace(template, "two", rich_parameter_values=us)
    assert bench.listed("q=param:regi") == []
    assert bench.listed("q=param:REG%25") == ["one", "two"]
    assert bench.listed("q=param:region=eu") == ["one"]
    assert bench.listed("q=param:region=eu,region=us") == ["one", "two"]
    assert bench.listed("q=param:region=eu%20param:region=us") == ["one", "two"]


def test_a_kept_page_shows_what_changed_since(mock: Mock) -> None:
    bench = Workbench(mock)
    workspace = bench.workspace(bench.template(), "box")

    def page() -> Any:
        return mock.get("/workspaces?limit=25").json["workspaces"][0]

    assert page()["name"] == "box"
    mock.put(f"/workspaces/{workspace['id']}/ttl", {"ttl_ms": 120_000})
    assert page()["ttl_ms"] == 120_000
    mock.put("/users/me/profile", {"username": "boss", "name": ""}, token=bench.admin)
    assert page()["owner_name"] == "boss"
    template = mock.state.templates[workspace["template_id"]]
    mock.state.templates.put(replace(template, icon="/icon/new.svg"))
    assert page()["template_icon"] == "/icon/new.svg"


def test_a_kept_page_grows_old_with_its_agents(mock: Mock) -> None:
    bench = Workbench(mock)
    bench.workspace(bench.template(AGENT), "box")
    agent = next(a for a in mock.state.agents if a.connects)
    mock.state.agents.put(replace(agent, heartbeats=False))

    def status() -> Any:
        build = mock.get("/workspaces?limit=25").json["workspaces"][0]["latest_build"]
        return build["resources"][0]["agents"][0]["status"]

    assert status() == "connected"
    mock.clock.advance(31)
    assert status() == "disconnected"


def test_a_kept_page_follows_the_line_of_waiting_builds(mock: Mock) -> None:
    bench = Workbench(mock)
    template = bench.template()
    ids = [bench.create(template, name).json["id"] for name in ("one", "two", "three")]

    def places() -> dict[str, int]:
        rows = mock.get("/workspaces?limit=25").json["workspaces"]
        return {w["name"]: w["latest_build"]["job"]["queue_position"] for w in rows}

    assert places() == {"one": 1, "two": 2, "three": 3}
    build = mock.state.latest_build(ids[0]).id
    assert mock.patch(f"/workspacebuilds/{build}/cancel").status == 200
    assert places() == {"one": 0, "two": 1, "three": 2}


def test_a_kept_page_notices_that_a_daemon_fell_silent(mock: Mock) -> None:
    bench = Workbench(mock)
    bench.create(bench.template(), "box")
    daemon = next(iter(mock.state.daemons))
    mock.state.daemons.put(replace(daemon, alive=False, last_seen_at=mock.clock.now()))

    def available() -> Any:
        (row,) = mock.get("/workspaces?limit=25").json["workspaces"]
        return row["latest_build"]["matched_provisioners"]["available"]

    assert available() == 1
    mock.clock.advance(91)
    assert available() == 0


def test_a_dormant_workspace_of_somebody_else_is_listed_but_not_given(mock: Mock) -> None:
    bench = Workbench(mock)
    tom = bench.person("tom", "template-admin")
    workspace = bench.workspace(bench.template(), "box")
    path = f"/workspaces/{workspace['id']}"
    assert mock.get(path, token=tom).status == 200
    assert mock.put(f"{path}/dormant", {"dormant": True}, token=bench.admin).status == 200
    assert mock.get(path, token=tom).status == 404
    assert bench.listed(by=tom) == ["box"]


def test_who_cannot_read_the_template_has_the_workspace_counted_but_not_shown(mock: Mock) -> None:
    bench = Workbench(mock)
    mia = bench.person("mia")
    template = bench.template()
    made = bench.create(template, "box", by=mia).json
    record = mock.state.templates[template]
    mock.state.templates.put(replace(record, group_acl=()))
    answer = mock.get("/workspaces", token=mia).json
    assert answer == {"workspaces": [], "count": 1}
    assert mock.get(f"/workspaces/{made['id']}", token=mia).status == 403


def test_2023_tells_unknown_keys_and_bad_pages_in_its_own_words() -> None:
    with Mock(api="2023-06-20") as mock:
        mock.first_user()
        told = mock.get("/workspaces?q=nonsense:1").json["validations"][0]["detail"]
        assert told == 'Query param "nonsense" is not a valid query param'
        told = mock.get("/workspaces?limit=x").json["validations"][0]["detail"]
        assert told.endswith('must be a valid integer (strconv.Atoi: parsing "x": invalid syntax)')


def test_a_workspace_that_never_changes_is_rendered_once(mock: Mock) -> None:
    bench = Workbench(mock)
    workspace = bench.workspace(bench.template(), "box")
    rendered: list[str] = []
    render = mock.world.views._render

    def counting(schema: str, value: Any) -> bytes:
        rendered.append(schema)
        return render(schema, value)

    mock.world.views._render = counting
    for _ in range(3):
        mock.get(f"/workspaces/{workspace['id']}")
        mock.clock.advance(60)
    assert rendered.count("codersdk.Workspace") <= 1


def test_last_used_bounds_are_inclusive(mock: Mock) -> None:
    bench = Workbench(mock)
    workspace = bench.workspace(bench.template(), "box")
    used = mock.state.workspaces[workspace["id"]].last_used_at
    text = used.isoformat().replace("+00:00", "Z")
    later = (used + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert bench.listed(f'q=last_used_after:"{text}"%20last_used_before:"{text}"') == ["box"]
    assert bench.listed(f'q=last_used_after:"{later}"') == []


def test_2023_takes_negative_pages_for_absent_ones() -> None:
    with Mock(api="2023-06-20") as mock:
        mock.first_user()
        assert mock.get("/workspaces?limit=-1&offset=-2").json == {"workspaces": [], "count": 0}


def test_a_search_of_2023_knows_the_filters_of_its_docs_only() -> None:
    with Mock(api="2023-06-20") as mock:
        bench = Workbench(mock)
        for term in ("id", "dormant", "last_used_after", "outdated", "organization", "param"):
            refusal = mock.get(f"/workspaces?q={term}:x").json["validations"]
            detail = f'Query param "{term}" is not a valid query param'
            assert refusal == [{"field": term, "detail": detail}]
        body = {"name": "box", "template_id": bench.template()}
        home = f"/organizations/{bench.organization}/members/me/workspaces"
        workspace = mock.post(home, body).json["id"]
        soon = datetime(2025, 6, 3, tzinfo=UTC)
        mock.state.workspaces.put(replace(mock.state.workspaces[workspace], deleting_at=soon))
        assert bench.listed("q=deleting_by:2025-06-03%20owner:me") == ["box"]
        assert bench.listed("q=deleting_by:2025-06-02") == []
        assert bench.listed("q=owner:ghost") == []
