from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from coder_mock_server.domain import agents as rules
from coder_mock_server.domain.records import Workspace
from coder_mock_server.store.topics import Topic
from tests.support.world import BOX, Stage, seconds_between


def agent_template(
    script: str = "", *, extra: str = "", connects: bool = True, options: str = ""
) -> str:
    reference = "coder_agent.main.token" if connects else "coder_agent.main.id"
    return (
        BOX
        + f"""
resource "coder_agent" "main" {{
  os             = "linux"
  arch           = "amd64"
  startup_script = <<-EOT
    {script}
  EOT
  {options}
}}
resource "terraform_data" "box" {{
  count = data.coder_workspace.me.start_count
  input = {reference}
}}
{extra}
"""
    )


def started(stage: Stage, text: str) -> Workspace:
    """A workspace whose first build has just succeeded."""
    workspace = stage.workspace(stage.template(text))
    while not stage.agents(workspace):
        stage.next()
    return workspace


def test_an_agent_connects_starts_and_becomes_ready_with_a_timing_for_its_script() -> None:
    stage = Stage()
    workspace = started(stage, agent_template("echo one; sleep 2; echo two"))
    (agent,) = stage.agents(workspace)
    assert rules.agent_status(agent, stage.now) == "connecting"
    assert agent.first_connected_at is None
    assert stage.job_of(workspace).completed_at == agent.created_at - timedelta(milliseconds=3)
    stage.advance(0.26)
    (agent,) = stage.agents(workspace)
    assert rules.agent_status(agent, stage.now) == "connected"
    assert agent.version == stage.world.policy.build_version
    assert agent.latency_ms is not None
    stage.advance(0.1)
    (agent,) = stage.agents(workspace)
    assert (agent.lifecycle_state, agent.ready_at) == ("starting", None)
    assert [line.output for line in stage.state.agent_logs.by("agent", agent.id)] == ["one"]
    stage.advance(3)
    (agent,) = stage.agents(workspace)
    assert agent.lifecycle_state == "ready"
    assert seconds_between(agent.started_at, agent.ready_at) == pytest.approx(2.02)
    lines = stage.state.agent_logs.by("agent", agent.id)
    assert [line.output for line in lines] == ["one", "two"]
    assert agent.logs_length == sum(len(line.output) for line in lines)
    (timing,) = stage.state.script_timings.by("agent", agent.id)
    assert (timing.stage, timing.status, timing.exit_code) == ("start", "ok", 0)
    assert timing.ended_at == agent.ready_at


@pytest.mark.parametrize(
    ("text", "state", "status", "exit_code", "healthy"),
    [
        (agent_template("exit 7"), "start_error", "exit_failure", 7, False),
        (
            agent_template(
                extra="""
resource "coder_script" "slow" {
  agent_id     = coder_agent.main.id
  display_name = "Slow"
  script       = "sleep 90"
  run_on_start = true
  timeout      = 5
}
"""
            ),
            "start_timeout",
            "timed_out",
            255,
            True,
        ),
    ],
)
def test_the_start_ends_as_its_scripts_do(
    text: str, state: str, status: str, exit_code: int, healthy: bool
) -> None:
    stage = Stage()
    workspace = started(stage, text)
    stage.advance(30)
    (agent,) = stage.agents(workspace)
    assert agent.lifecycle_state == state
    assert rules.agent_health(agent, stage.now).healthy == healthy
    timings = stage.state.script_timings.by("agent", agent.id)
    assert (status, exit_code) in {(timing.status, timing.exit_code) for timing in timings}
    starts = [script for script in agent.scripts if script.run_on_start]
    assert len([timing for timing in timings if timing.stage == "start"]) == len(starts)


def test_an_agent_that_nothing_starts_never_connects_and_its_watchers_hear_of_the_timeout() -> None:
    stage = Stage()
    workspace = started(stage, agent_template(connects=False, options="connection_timeout = 20"))
    with stage.store.hub.subscribe(Topic("workspace", workspace.id)) as watch:
        stage.advance(19)
        assert watch.pending == 0
        (agent,) = stage.agents(workspace)
        assert rules.agent_status(agent, stage.now) == "connecting"
        stage.advance(2)
        assert watch.pending == 1
    (agent,) = stage.agents(workspace)
    assert rules.agent_status(agent, stage.now) == "timeout"
    assert agent.lifecycle_state == "created"


APPS = """
resource "coder_app" "web" {
  agent_id = coder_agent.main.id
  slug     = "web"
  url      = "http://localhost:1"
  healthcheck {
    url       = "http://localhost:1/healthz"
    interval  = 3
    threshold = 2
  }
}
resource "coder_app" "plain" {
  agent_id = coder_agent.main.id
  slug     = "plain"
  url      = "http://localhost:2"
}
"""


@pytest.mark.parametrize(("wish", "seconds"), [("healthy", 3), ("unhealthy", 9)])
def test_an_app_with_a_check_gets_its_health_some_checks_after_ready(
    wish: str, seconds: int
) -> None:
    stage = Stage()
    workspace = started(stage, agent_template(extra=APPS))
    (agent,) = stage.agents(workspace)
    for app in stage.state.apps.by("agent", agent.id):
        stage.write(lambda app=app: stage.state.apps.put(replace(app, planned_health=wish)))  # type: ignore[misc]
    stage.advance(1)
    ready = stage.agents(workspace)[0].ready_at
    assert ready is not None
    stage.advance(seconds - 0.1 - seconds_between(ready, stage.now))
    health = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert health == {"web": "initializing", "plain": "disabled"}
    stage.advance(0.2)
    health = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert health == {"web": wish, "plain": "disabled"}


@pytest.mark.parametrize(
    ("script", "url", "health"),
    [
        ("sleep 1", "http://localhost:8080/healthz", "unhealthy"),
        ("code-server --port 8080 &", "http://localhost:8080/healthz", "healthy"),
        ("code-server --port 18080 &", "http://127.0.0.1:8080", "unhealthy"),
        ("nginx -p 80", "http://localhost", "healthy"),
        ("nginx -p 80", "https://localhost/", "unhealthy"),
        ("sleep 1", "https://example.com/healthz", "healthy"),
    ],
)
def test_beside_a_bare_process_an_app_is_healthy_when_a_start_script_names_its_port(
    script: str, url: str, health: str
) -> None:
    stage = Stage()
    apps = APPS.replace("http://localhost:1/healthz", url)
    workspace = started(stage, agent_template(script, extra=apps))
    stage.advance(30)
    (agent,) = stage.agents(workspace)
    found = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert found == {"web": health, "plain": "disabled"}


def test_a_file_with_the_agents_script_is_no_machine_of_its_own() -> None:
    stage = Stage()
    text = (
        agent_template(extra=APPS, connects=False)
        + """
resource "local_file" "init" {
  filename = "/tmp/init.sh"
  content  = coder_agent.main.init_script
}
"""
    )
    workspace = started(stage, text)
    stage.advance(30)
    (agent,) = stage.agents(workspace)
    found = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert found == {"web": "unhealthy", "plain": "disabled"}


def test_an_image_brings_along_what_its_apps_check() -> None:
    stage = Stage()
    image = agent_template(extra=APPS).replace("terraform_data", "docker_container")
    source = 'coder = { source = "coder/coder" }'
    docker = f'{source}\n    docker = {{ source = "kreuzwerker/docker" }}'
    workspace = started(stage, image.replace(source, docker))
    stage.advance(30)
    (agent,) = stage.agents(workspace)
    found = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert found == {"web": "healthy", "plain": "disabled"}


def test_a_stop_runs_the_scripts_for_it_and_the_agent_is_gone() -> None:
    stage = Stage()
    workspace = started(stage, agent_template(options='shutdown_script = "echo bye"'))
    stage.advance(10)
    (agent,) = stage.agents(workspace)
    stage.build(workspace, "stop")
    stage.advance(0.75)
    assert stage.state.agents[agent.id].lifecycle_state == "shutting_down"
    stage.advance(5)
    agent = stage.state.agents[agent.id]
    assert agent.lifecycle_state == "off"
    assert rules.agent_status(agent, stage.now) == "disconnected"
    assert {t.stage for t in stage.state.script_timings.by("agent", agent.id)} == {"start", "stop"}
    printed = [line.output for line in stage.state.agent_logs.by("agent", agent.id)]
    assert (printed, agent.logs_length) == (["bye"], 3)
    assert not stage.agents(workspace)


def test_a_new_start_makes_new_agents_and_the_old_ones_are_lost() -> None:
    stage = Stage()
    workspace = started(stage, agent_template())
    stage.advance(10)
    (old,) = stage.agents(workspace)
    stage.build(workspace, "start")
    stage.advance(10)
    (new,) = stage.agents(workspace)
    assert new.id != old.id
    assert new.auth_token != old.auth_token
    old = stage.state.agents[old.id]
    assert (rules.agent_status(old, stage.now), old.lifecycle_state) == ("disconnected", "ready")
    assert rules.agent_status(new, stage.now) == "connected"


def test_a_workspace_is_told_of_every_step_of_its_agent() -> None:
    stage = Stage()
    workspace = started(stage, agent_template("echo hello", extra=APPS))
    with stage.store.hub.subscribe(Topic("workspace", workspace.id)) as watch:
        seen = []
        while stage.state.apps.one("agent", stage.agents(workspace)[0].id) is None or any(
            app.health == "initializing"
            for app in stage.state.apps.by("agent", stage.agents(workspace)[0].id)
        ):
            stage.next()
            if watch.pending:
                seen.append(stage.agents(workspace)[0].lifecycle_state)
                watch.pending = 0
    assert seen == ["created", "starting", "starting", "ready", "ready"]


def test_agents_of_an_import_are_there_and_do_nothing() -> None:
    stage = Stage()
    version = stage.version(agent_template("exit 1"))
    stage.advance(300)
    (agent,) = stage.state.agents.by("job", version.job_id)
    assert agent.first_connected_at is None
    assert agent.lifecycle_state == "created"


def test_instant_agents_are_ready_at_the_next_look() -> None:
    stage = Stage(instant=True)
    workspace = stage.workspace(
        stage.template(agent_template("serve --port 1 & sleep 60", extra=APPS))
    )
    stage.advance()
    (agent,) = stage.agents(workspace)
    assert agent.lifecycle_state == "ready"
    health = {app.slug: app.health for app in stage.state.apps.by("agent", agent.id)}
    assert health == {"web": "healthy", "plain": "disabled"}


def test_an_agent_that_was_replaced_before_it_connected_never_does() -> None:
    stage = Stage()
    workspace = started(stage, agent_template())
    (old,) = stage.agents(workspace)
    late = replace(old, created_at=stage.now + timedelta(seconds=5))
    stage.write(lambda: stage.state.agents.put(late))
    stage.build(workspace, "stop")
    stage.advance(60)
    assert stage.state.agents[old.id].first_connected_at is None
    assert stage.state.agents[old.id].disconnected_at is None
