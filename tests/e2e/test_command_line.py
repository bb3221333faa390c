"""The command line's requests, command by command, over real HTTP and websockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.support import process
from tests.support.command_line import NIL, CommandLine, tar
from tests.support.workbench import HEAD, SLOW, parameter

EMAIL, PASSWORD = "ada@example.com", "Long-Enough-1!"
BOX = (
    HEAD
    + parameter("size", type="string", default="small", mutable=True)
    + """
resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  startup_script = "echo hello"
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "echo ${coder_agent.main.token}"
  }
}
"""
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server without anything, set up by the first login."""
    flags = ("--scenario", "empty", "--edition", "unlicensed", "--daemons", "1", "--speed", "20")
    with process.served(*flags) as url:
        with CommandLine(url) as cli:
            me = cli.login_first(EMAIL, PASSWORD)
            assert me["username"] == "ada"
            cli.push_template("box", BOX)
        yield url


@pytest.fixture
def cli(url: str) -> Iterator[CommandLine]:
    with CommandLine(url) as cli:
        cli.login_with_password(EMAIL, PASSWORD)
        yield cli


def ready_agent(cli: CommandLine, name: str) -> Any:
    """The agent of a workspace, once it is connected."""

    def is_connected(workspace: Any) -> bool:
        return any(agent["status"] == "connected" for agent in agents(workspace))

    path = f"/users/me/workspace/{name}?include_deleted=false"
    return agents(cli.http.poll(path, is_connected))[0]


def agents(workspace: Any) -> list[Any]:
    found = workspace["latest_build"]["resources"]
    return [agent for resource in found for agent in resource.get("agents", [])]


def test_login_by_token_and_logout(url: str, cli: CommandLine) -> None:
    made = cli.http.expect(
        201, "POST", "/users/me/keys/tokens", {"lifetime": 0, "scope": "", "token_name": "ci"}
    )
    with CommandLine(url) as other:
        assert other.login(made["key"])["username"] == "ada"
        assert other.http.read("/users/me")["email"] == EMAIL
        other.http.expect(200, "POST", "/users/logout")
        other.http.read("/users/me", 401)
        other.use(made["key"])
        assert other.http.read("/users/me")["username"] == "ada"


def test_users_come_and_go(cli: CommandLine) -> None:
    organization = cli.organization()
    body = {
        "email": "bo@example.com",
        "username": "bo",
        "name": "",
        "password": PASSWORD,
        "login_type": "password",
        "user_status": None,
        "organization_ids": [organization],
    }
    cli.http.expect(201, "POST", "/users", body)
    assert {one["username"] for one in cli.http.read("/users?q=")["users"]} == {"ada", "bo"}
    shown = cli.http.read("/users/bo")
    for id in shown["organization_ids"]:
        assert cli.http.read(f"/organizations/{id}")["id"] == organization
    for verb, status in (("suspend", "suspended"), ("activate", "active")):
        id = cli.http.read("/users/bo")["id"]
        assert cli.http.expect(200, "PUT", f"/users/{id}/status/{verb}")["status"] == status
    cli.http.expect(200, "DELETE", f"/users/{cli.http.read('/users/bo')['id']}")
    assert {one["username"] for one in cli.http.read("/users?q=")["users"]} == {"ada"}


def test_templates_are_pushed_edited_pulled_archived_and_deleted(cli: CommandLine) -> None:
    first = cli.push_template("other", BOX)
    second = cli.push_template("other", BOX)
    assert cli.template("other")["active_version_id"] == second
    assert "other" in {one["name"] for one in cli.http.read("/templates?q=")}
    id = cli.template("other")["id"]
    listed = cli.http.read(f"/templates/{id}/versions")
    assert [one["id"] for one in listed] == [first, second]
    template = cli.template("other")
    edit = {
        "name": "other",
        "display_name": "Other",
        "description": "",
        "icon": "/icon/docker.png",
        "default_ttl_ms": 3_600_000,
        "activity_bump_ms": template["activity_bump_ms"],
        "autostop_requirement": {"days_of_week": [], "weeks": 1},
        "autostart_requirement": template["autostart_requirement"],
        "allow_user_cancel_workspace_jobs": True,
        "allow_user_autostart": True,
        "allow_user_autostop": True,
        "failure_ttl_ms": 0,
        "time_til_dormant_ms": 0,
        "time_til_dormant_autodelete_ms": 0,
        "require_active_version": False,
        "deprecation_message": None,
        "disable_everyone_group_access": False,
    }
    assert cli.http.expect(200, "PATCH", f"/templates/{id}", edit)["display_name"] == "Other"
    file = cli.http.read(f"/templateversions/{second}")["job"]["file_id"]
    pulled = cli.http.get(f"/files/{file}?format=")
    assert pulled.headers["content-type"] == "application/x-tar"
    assert pulled.content == tar({"main.tf": BOX})
    name = cli.http.read(f"/templateversions/{first}")["name"]
    found = cli.http.read(f"/templates/{id}/versions/{name}")
    cli.http.expect(200, "PATCH", f"/templates/{id}/versions", {"id": found["id"]})
    assert cli.template("other")["active_version_id"] == first
    organization = cli.organization()
    name = cli.http.read(f"/templateversions/{second}")["name"]
    found = cli.http.read(f"/organizations/{organization}/templates/other/versions/{name}")
    cli.http.expect(200, "POST", f"/templateversions/{found['id']}/archive")
    third = cli.push_template("other", BOX)
    archived = cli.http.expect(200, "POST", f"/templates/{id}/versions/archive", {"all": False})
    assert third not in (archived["archived_ids"] or [])
    cli.http.expect(200, "DELETE", f"/templates/{cli.template('other')['id']}")
    cli.http.read(f"/organizations/{organization}/templates/other", 404)


def test_the_life_of_a_workspace(cli: CommandLine) -> None:
    workspace = cli.create("life", "box")
    assert workspace["latest_build"]["status"] == "running"
    for query in ("q=owner:me", "q=", "q=life", "q=owner:me+name:life"):
        found = cli.http.read(f"/workspaces?{query}")
        assert "life" in {one["name"] for one in found["workspaces"]}
    assert cli.http.read("/buildinfo")["version"]
    agent = ready_agent(cli, "life")
    at = f"/workspaceagents/{agent['id']}"
    assert cli.http.read(f"{at}/listening-ports") == {"ports": []}
    labels = "label=devcontainer.local_folder%3D&label=devcontainer.config_file%3D"
    cli.http.read(f"{at}/containers?{labels}", 403)
    assert cli.stop("life")["status"] == "stopped"
    cli.http.read(f"{at}/listening-ports", 400)
    assert cli.start("life")["status"] == "running"
    assert cli.restart("life")["status"] == "running"
    assert cli.update("life") is None
    cli.push_template("box", BOX.replace("echo hello", "echo hello again"))
    assert cli.named("life")["outdated"]
    cli.update("life")
    again = cli.named("life")
    assert not again["outdated"]
    assert again["latest_build"]["status"] == "running"
    numbers = [one["build_number"] for one in cli.http.read(f"/workspaces/{again['id']}/builds")]
    assert numbers == list(range(len(numbers), 0, -1))
    values = cli.http.read(f"/workspacebuilds/{again['latest_build']['id']}/parameters")
    assert values == [{"name": "size", "value": "small"}]
    assert cli.delete("life")["status"] == "deleted"
    cli.http.read("/users/me/workspace/life?include_deleted=false", 404)


def test_schedules_and_other_settings(cli: CommandLine) -> None:
    cli.create("timed", "box")
    at = f"/workspaces/{cli.named('timed')['id']}"
    schedule = "CRON_TZ=Europe/Berlin 30 9 * * Mon-Fri"
    cli.http.expect(204, "PUT", f"{at}/autostart", {"schedule": schedule})
    shown = cli.named("timed")
    assert shown["autostart_schedule"] == schedule
    assert shown["next_start_at"]
    found = cli.http.read("/workspaces?q=owner:me name:timed")
    assert found["workspaces"][0]["autostart_schedule"] == schedule
    cli.http.expect(204, "PUT", f"{at}/autostart", {})
    assert "autostart_schedule" not in cli.named("timed")
    cli.http.expect(204, "PUT", f"{at}/ttl", {"ttl_ms": 28_800_000})
    assert cli.named("timed")["ttl_ms"] == 28_800_000
    cli.restart("timed")
    latest = cli.named("timed")["latest_build"]
    deadline = datetime.fromisoformat(latest["deadline"]) + timedelta(hours=2)
    text = f"{deadline.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}789Z"
    cli.http.expect(200, "PUT", f"{at}/extend", {"deadline": text})
    assert datetime.fromisoformat(cli.named("timed")["latest_build"]["deadline"]) >= deadline
    cli.http.read("/appearance")
    cli.http.expect(400, "PATCH", at, {"name": "retimed"})
    for method, is_favorite in (("PUT", True), ("DELETE", False)):
        cli.named("timed")
        cli.http.expect(204, method, f"{at}/favorite")
        assert cli.named("timed")["favorite"] is is_favorite
    cli.http.expect(204, "PUT", f"{at}/autoupdates", {"automatic_updates": "always"})
    assert cli.named("timed")["automatic_updates"] == "always"
    assert cli.delete("timed", orphan=True)["status"] == "deleted"


def test_state_is_pulled_and_pushed(cli: CommandLine) -> None:
    cli.create("stated", "box")
    latest = cli.named("stated")["latest_build"]
    pulled = cli.http.get(f"/workspacebuilds/{latest['id']}/state")
    assert pulled.status_code == 200
    assert b"terraform_data" in pulled.content
    build = cli.push_state("stated", pulled.content)
    assert build["status"] == "running"
    assert build["build_number"] == latest["build_number"] + 1
    again = cli.http.get(f"/workspacebuilds/{cli.named('stated')['latest_build']['id']}/state")
    assert again.json()["lineage"] == pulled.json()["lineage"]
    cli.delete("stated")


def test_tokens_and_keys(cli: CommandLine) -> None:
    assert cli.http.read("/users/me/keys/tokens/tokenconfig")["max_token_lifetime"] > 0
    body = {"lifetime": 86_400_000_000_000, "scope": "", "token_name": "robot"}
    made = cli.http.expect(201, "POST", "/users/me/keys/tokens", body)
    listed = cli.http.read("/users/me/keys/tokens?include_all=false")
    assert "robot" in {one["token_name"] for one in listed}
    one = cli.http.read("/users/me/keys/tokens/robot")
    assert made["key"].startswith(one["id"])
    cli.http.expect(204, "DELETE", f"/users/me/keys/{one['id']}")
    cli.http.read("/users/me/keys/tokens/robot", 404)
    assert cli.http.read("/users/me/gitsshkey")["public_key"].startswith("ssh-")


def test_provisioners_and_their_jobs(url: str) -> None:
    with CommandLine(url) as cli:
        cli.login_with_password(EMAIL, PASSWORD)
        organization = f"/organizations/{cli.organization()}"
        daemons = cli.http.read(f"{organization}/provisionerdaemons?limit=50")
        assert len(daemons) == 1
        version = cli.push_template("slow", SLOW)
        builds = []
        for name in ("first", "second"):
            body = {"template_id": NIL, "template_version_id": version, "name": name}
            made = cli.http.expect(201, "POST", "/users/me/workspaces", body)
            builds.append(made["latest_build"])
        at = f"/workspacebuilds/{builds[0]['id']}"
        cli.http.poll(at, lambda build: build["job"]["status"] == "running")
        jobs = cli.http.read(f"{organization}/provisionerjobs?limit=50")
        assert {one["job"]["id"] for one in builds} <= {job["id"] for job in jobs}
        pending = cli.http.read(f"{organization}/provisionerjobs?limit=50&status=pending")
        assert [job["id"] for job in pending] == [builds[1]["job"]["id"]]
        for build, status in ((builds[1], "canceled"), (builds[0], "failed")):
            job = cli.http.read(f"{organization}/provisionerjobs/{build['job']['id']}")
            asked = job["input"]["workspace_build_id"]
            cli.http.expect(200, "PATCH", f"/workspacebuilds/{asked}/cancel")
            done = cli.http.poll(
                f"/workspacebuilds/{asked}", lambda found: "completed_at" in found["job"]
            )
            assert done["status"] == status
        for name in ("first", "second"):
            cli.delete(name, orphan=True)


def test_ping_and_ssh_as_far_as_requests_go(cli: CommandLine) -> None:
    cli.create("reached", "box")
    agent = ready_agent(cli, "reached")
    cli.http.read("/appearance")
    workspace = cli.named("reached")
    cli.http.read(f"/templateversions/{workspace['template_active_version_id']}")
    at = f"/workspaceagents/{agent['id']}"
    assert cli.http.read(at)["status"] == "connected"
    connection = cli.http.read(f"{at}/connection")
    assert connection["derp_map"]["Regions"]["999"]["Nodes"]
    assert cli.http.get(f"{at}/coordinate?version=2.0").status_code == 426
    tunnel = f"{cli.url.replace('http://', 'ws://')}/api/v2{at}/coordinate?version=2.0"
    with connect(tunnel, additional_headers=dict(cli.http.headers)) as socket:
        socket.send(b"\x00\x00\x00\x00\x00\x00\x00\x01")
        usage = {"agent_id": agent["id"], "app_name": "ssh"}
        cli.http.expect(204, "POST", f"/workspaces/{workspace['id']}/usage", usage)
        path = f"/api/v2/workspaces/{workspace['id']}/watch"
        with cli.http.client.stream("GET", path) as events:
            assert events.headers["content-type"] == "text/event-stream"
            lines = events.iter_lines()
            assert next(lines) == "event: ping"
            data = next(line for line in lines if line.startswith("data: "))
            assert workspace["id"] in data
        assert cli.http.read(f"/workspaces/{workspace['id']}")["id"] == workspace["id"]
    cli.delete("reached")
