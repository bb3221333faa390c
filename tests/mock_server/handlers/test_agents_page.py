from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from coder_mock_server.domain import records as r
from tests.support.mock import Mock
from tests.support.workbench import AGENT, Workbench

MISSING = "Agent doesn't exist with that id, or you do not have access to it."


@pytest.fixture
def bench(mock: Mock) -> Workbench:
    return Workbench(mock)


@pytest.fixture
def agent(bench: Workbench) -> r.WorkspaceAgent:
    """A connected agent of a running workspace."""
    build = bench.workspace(bench.template(AGENT), "box")["latest_build"]
    found: r.WorkspaceAgent = bench.mock.state.agents.by("job", build["job"]["id"])[0]
    return found


def path(agent: r.WorkspaceAgent, rest: str = "") -> str:
    return f"/workspaceagents/{agent.id}{rest}"


def send(bench: Workbench, agent: r.WorkspaceAgent, *outputs: str, **more: Any) -> Any:
    body = {"logs": [{"output": output} for output in outputs]} | more
    return bench.mock.patch("/workspaceagents/me/logs", body, token=agent.auth_token)


@contextmanager
def connected(mock: Mock, route: str, token: str) -> Iterator[None]:
    """A websocket that stays open."""
    accepted, leave = asyncio.Event(), asyncio.Event()
    inbox = iter([{"type": "websocket.connect"}])

    async def receive() -> dict[str, Any]:
        for message in inbox:
            return message
        await leave.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            accepted.set()

    async def open_it() -> asyncio.Task[None]:
        scope = mock._scope("websocket", route, token, {}) | {"subprotocols": []}
        task = asyncio.ensure_future(mock.app(scope, receive, send))
        await asyncio.wait_for(accepted.wait(), 5)
        for _ in range(10):
            await asyncio.sleep(0)
        return task  # type: ignore[return-value]

    async def close_it(task: asyncio.Task[None]) -> None:
        leave.set()
        await asyncio.wait_for(task, 5)

    task = mock.run(open_it())
    yield
    mock.run(close_it(task))


def test_an_agent_is_shown_alone_as_in_its_workspace(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    alone = bench.mock.get(path(agent)).json
    workspace = bench.mock.get("/users/me/workspace/box").json
    assert alone == workspace["latest_build"]["resources"][0]["agents"][0]
    assert (alone["status"], alone["lifecycle_state"]) == ("connected", "ready")


def test_other_peoples_agents_and_those_of_imports_do_not_exist(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    mia = bench.person("mia")
    imported = next(a for a in bench.mock.state.agents if a.job_id != agent.job_id)
    for answer in (
        bench.mock.get(path(agent), token=mia),
        bench.mock.get(path(imported), token=bench.admin),
    ):
        assert (answer.status, answer.message) == (404, MISSING)


def test_ports_are_those_that_its_apps_point_at(bench: Workbench, agent: r.WorkspaceAgent) -> None:
    found = bench.mock.get(path(agent, "/listening-ports")).json["ports"]
    assert found == [{"process_name": "", "network": "tcp", "port": 8080}]


def test_containers_are_switched_off(bench: Workbench, agent: r.WorkspaceAgent) -> None:
    assert bench.mock.get(path(agent, "/containers?label=a=b")).status == 403
    assert bench.mock.get(path(agent, "/containers?label=a")).message == "Invalid label format"
    recreate = path(agent, "/containers/devcontainers/container/one/recreate")
    assert bench.mock.post(recreate).json["detail"] == "404 page not found\n"


def test_a_template_may_switch_containers_on(bench: Workbench) -> None:
    env = 'env = {\n    CODER_AGENT_DEVCONTAINERS_ENABLE = "true"\n  }\n  startup_script'
    text = AGENT.replace("startup_script", env)
    build = bench.workspace(bench.template(text))["latest_build"]
    agent = bench.mock.state.agents.by("job", build["job"]["id"])[0]
    answer = bench.mock.get(path(agent, "/containers?label=a=b"))
    assert (answer.status, answer.json) == (200, {"containers": []})


def test_lines_get_ids_over_all_agents_and_are_listed_after_a_cursor(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    before = bench.mock.get(path(agent, "/logs")).json
    assert send(bench, agent, "one", "two").json is None
    lines = bench.mock.get(path(agent, f"/logs?after={before[-1]['id']}")).json
    assert [line["output"] for line in lines] == ["one", "two"]
    assert lines[1]["id"] == lines[0]["id"] + 1 == before[-1]["id"] + 2
    length = bench.mock.get(path(agent)).json["logs_length"]
    assert length == agent.logs_length + len("onetwo")


def test_lines_without_a_source_get_one_that_is_made_once(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    send(bench, agent, "one")
    send(bench, agent, "two")
    sources = bench.mock.get(path(agent)).json["log_sources"]
    assert [s["display_name"] for s in sources].count("External") == 1


def test_a_full_log_stays_full(bench: Workbench, agent: r.WorkspaceAgent) -> None:
    before = len(bench.mock.state.agent_logs)
    first = send(bench, agent, "x" * (1 << 20))
    assert (first.status, first.json) == (413, {"message": "Logs limit exceeded"})
    assert "max_logs_length" in send(bench, agent, "y").json["detail"]
    assert bench.mock.get(path(agent)).json["logs_overflowed"] is True
    assert len(bench.mock.state.agent_logs) == before


def test_a_followed_log_ends_with_the_next_build(bench: Workbench, agent: r.WorkspaceAgent) -> None:
    mock = bench.mock
    mock.token = bench.admin
    live = mock.websocket(path(agent, "/logs?follow"), 1)
    assert live.status == 101
    assert isinstance(json.loads(live.texts[0]), list)
    bench.build(mock.get("/users/me/workspace/box").json["id"], "stop")
    over = mock.websocket(path(agent, "/logs?follow&after=999"), 9)
    assert ([json.loads(text) for text in over.texts], over.close) == ([[]], (1000, ""))


def test_values_that_the_agent_collects_come_at_once(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    ((kind, data),) = bench.mock.events(path(agent, "/watch-metadata"), 1)
    (item,) = json.loads(data)
    assert kind == "data"
    assert item["result"]["value"] == "hi\n"
    assert item["description"] == {
        "display_name": "Word",
        "key": "word",
        "script": "echo hi",
        "interval": 10,
        "timeout": 0,
    }


def test_the_newest_status_of_an_app_is_the_workspaces(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    for state in ("working", "complete"):
        bench.mock.clock.advance(1)
        body = {"app_slug": "web", "state": state, "message": "m", "uri": ""}
        reported = bench.mock.patch("/workspaceagents/me/app-status", body, token=agent.auth_token)
        assert reported.status == 200
    workspace = bench.mock.get("/users/me/workspace/box", token=bench.admin).json
    assert workspace["latest_app_status"]["state"] == "complete"
    app = workspace["latest_build"]["resources"][0]["agents"][0]["apps"][0]
    assert [status["state"] for status in app["statuses"]] == ["working", "complete"]
    # It stays when its app is gone.
    bench.built(workspace["id"], "stop")
    assert bench.seen(workspace["id"])["latest_app_status"]["state"] == "complete"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"app_slug": "none"}, "Failed to get workspace app."),
        ({"message": "ü" * 81}, "Message is too long."),
        ({"state": "idle"}, "Invalid state provided."),
    ],
)
def test_a_status_is_refused_for_its_app_then_its_length_then_its_state(
    bench: Workbench, agent: r.WorkspaceAgent, fields: dict[str, str], message: str
) -> None:
    body = {"app_slug": "web", "state": "working", "message": "ok"} | fields
    answer = bench.mock.patch("/workspaceagents/me/app-status", body, token=agent.auth_token)
    assert (answer.status, answer.message) == (400, message)


def test_a_token_is_good_for_the_latest_build_only(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    key = bench.mock.get("/workspaceagents/me/gitsshkey", token=agent.auth_token)
    assert key.json["public_key"].startswith("ssh-")
    bench.build(bench.mock.get("/users/me/workspace/box", token=bench.admin).json["id"], "start")
    answer = bench.mock.get("/workspaceagents/me/gitsshkey", token=agent.auth_token)
    assert (answer.status, answer.message) == (401, "Workspace agent not authorized.")


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("9.9", "server is at version 2.4, behind requested major version 9.9"),
        ("2.5", "server is at version 2.4, behind requested minor version 2.5"),
        ("1.0", "version 1.0 is no longer supported"),
        ("new", "invalid version string: new"),
    ],
)
def test_versions_of_the_protocol_that_are_not_spoken(
    bench: Workbench, agent: r.WorkspaceAgent, version: str, problem: str
) -> None:
    answer = bench.mock.get(path(agent, f"/coordinate?version={version}"))
    assert answer.json["validations"] == [{"field": "version", "detail": problem}]


def test_an_open_connection_makes_an_agent_connected(bench: Workbench) -> None:
    mock = bench.mock
    # Nothing in this template starts the agent.
    silent = AGENT.replace("echo ${coder_agent.main.token}", "echo ${coder_agent.main.id}")
    silent = silent.replace('arch           = "amd64"', 'arch = "amd64"\n  dir = "/home/mia"')
    build = bench.workspace(bench.template(silent))["latest_build"]
    agent = mock.state.agents.by("job", build["job"]["id"])[0]
    assert mock.get(path(agent)).json["status"] == "connecting"
    route = "/workspaceagents/me/rpc?version=2.0"
    with connected(mock, route, agent.auth_token):
        seen = mock.get(path(agent)).json
        assert (seen["status"], seen["version"], seen["api_version"]) == ("connected", "", "")
        assert "expanded_directory" not in seen
    assert mock.get(path(agent)).json["status"] == "disconnected"


def test_a_terminal_needs_a_connected_agent_and_an_id_to_come_back_to(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    answer = bench.mock.get(path(agent, "/pty"))
    assert answer.json["validations"] == [
        {"field": "reconnect", "detail": 'Query param "reconnect" is required and cannot be empty'}
    ]
    gone = replace(agent, disconnected_at=bench.mock.clock.now())
    bench.mock.state.agents.put(gone)
    assert bench.mock.get(path(agent, "/pty")).status == 502


def test_shares_of_ports_come_and_go(bench: Workbench, agent: r.WorkspaceAgent) -> None:
    workspace = bench.mock.get("/users/me/workspace/box").json
    id = workspace["id"]
    template = bench.mock.state.templates[workspace["template_id"]]
    bench.mock.state.templates.put(replace(template, max_port_share_level="public"))
    route = f"/workspaces/{id}/port-share"
    share = {"agent_name": "main", "port": 8080, "share_level": "public", "protocol": "http"}
    assert bench.mock.post(route, share).json == share | {"workspace_id": id}
    assert bench.mock.post(route, share | {"protocol": "https"}).status == 200
    shares = bench.mock.get(route).json["shares"]
    assert [s["protocol"] for s in shares] == ["https"]
    assert bench.mock.delete(route, json={"agent_name": "main", "port": 8080}).status == 200
    assert bench.mock.get(route).json == {"shares": []}
    bench.built(id, "stop")
    # Only agents of the latest build count.
    assert bench.mock.post(route, share).message == "Agent not found."


def test_a_template_may_limit_the_sharing_of_ports(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    workspace = bench.mock.get("/users/me/workspace/box").json
    template = bench.mock.state.templates[workspace["template_id"]]
    bench.mock.state.templates.put(replace(template, max_port_share_level="authenticated"))
    share = {"agent_name": "main", "port": 8080, "protocol": "http"}
    for level, status in (("authenticated", 200), ("public", 400)):
        answer = bench.mock.post(
            f"/workspaces/{workspace['id']}/port-share", share | {"share_level": level}
        )
        assert answer.status == status


def test_2023_agents_report_by_plain_requests() -> None:
    with Mock(api="2023-06-20") as mock:
        bench = Workbench(mock)
        route = f"/organizations/{bench.organization}/members/me/workspaces"
        healthcheck = 'healthcheck {\n url = "http://localhost"\n interval = 5\n threshold = 6\n}'
        checked = AGENT.replace('slug     = "web"', f'slug     = "web"\n  {healthcheck}')
        made = mock.post(route, {"name": "one", "template_id": bench.template(checked)}).json
        bench.settle()
        agent = mock.state.agents.by("job", made["latest_build"]["job"]["id"])[0]
        app = mock.state.apps.by("agent", agent.id)[0]
        body = {"healths": {app.id: "unhealthy"}}
        report = "/workspaceagents/me/app-health"
        assert mock.post(report, body, token=agent.auth_token).status == 200
        assert mock.state.apps[app.id].health == "unhealthy"
        assert mock.post(report, body, token=bench.admin).status == 401
        manifest = mock.get("/workspaceagents/me/manifest", token=agent.auth_token).json
        assert manifest["startup_script"] == "echo hello"


def test_2023_names_the_parts_of_the_relay_map_as_its_document_does() -> None:
    with Mock(api="2023-06-20") as mock:
        bench = Workbench(mock)
        route = f"/organizations/{bench.organization}/members/me/workspaces"
        made = mock.post(route, {"name": "one", "template_id": bench.template(AGENT)}).json
        bench.settle()
        agent = mock.state.agents.by("job", made["latest_build"]["job"]["id"])[0]
        relays = mock.get(path(agent, "/connection")).json["derp_map"]
        assert relays["regions"]["999"]["nodes"][0]["stunport"] == -1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", ["manifest", "metadata/cpu", "coordinate", "startup-logs"])
def test_an_agents_token_is_checked_before_a_route_that_is_gone(
    bench: Workbench, agent: r.WorkspaceAgent, method: str, route: str
) -> None:
    gone = f"/workspaceagents/me/{route}"
    answers = [
        bench.mock.request(method, gone, token=token)
        for token in (agent.auth_token, bench.admin, "")
    ]
    assert [(answer.status, answer.message) for answer in answers] == [
        (404, "Route not found."),
        (401, "Workspace agent token invalid."),
        (401, 'Cookie "coder_session_token" must be provided.'),
    ]


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("PATCH", "logs", {"log_source_id": "mine", "logs": [{"output": "x"}]}),
        ("PATCH", "logs", {"logs": [{"output": "x", "created_at": "today"}]}),
        ("POST", "log-source", {"id": "mine"}),
    ],
)
def test_ids_and_moments_that_are_none_are_bad_json(
    bench: Workbench, agent: r.WorkspaceAgent, method: str, route: str, body: Any
) -> None:
    path = f"/workspaceagents/me/{route}"
    answer = bench.mock.request(method, path, body, token=agent.auth_token)
    assert (answer.status, answer.message) == (400, "Request body must be valid JSON.")


def test_an_agent_may_ask_how_the_deployment_looks(
    bench: Workbench, agent: r.WorkspaceAgent
) -> None:
    seen = [
        bench.mock.get("/appearance", token=token).status
        for token in (bench.admin, agent.auth_token, agent.id, "")
    ]
    assert seen == [200, 200, 401, 401]
    assert bench.mock.put("/appearance", {}, token=agent.auth_token).status == 401
