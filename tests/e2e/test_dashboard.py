"""The dashboard's pages, request by request, over real HTTP and websockets.

Each test is one page or one visit; what it checks is what that page breaks without.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.support import dashboard, process
from tests.support import dashboard_shapes as shape
from tests.support.browser import Browser

NIL = "00000000-0000-0000-0000-000000000000"
GO_TO_PAGE = quote("e=>{const t=new URLSearchParams(n);t.set('page',String(e)),r(t)}")
LIST = f"/workspaces?page=1&limit=25&goToPage={GO_TO_PAGE}&offset=0&q="
CONTAINERS = "label=devcontainer.config_file%3D&label=devcontainer.local_folder%3D"


@pytest.fixture(scope="module")
def team() -> Iterator[str]:
    """A server with a licence and a small team's history."""
    with process.served("--scenario", "small-team", "--speed", "20") as url:
        yield url


@pytest.fixture
def admin(team: str) -> Iterator[Browser]:
    """The owner, signed in."""
    with Browser(team) as browser:
        dashboard.sign_in(browser, "admin@example.com")
        yield browser


@pytest.fixture
def alex(team: str) -> Iterator[Browser]:
    """A member without roles, signed in."""
    with Browser(team) as browser:
        dashboard.sign_in(browser, "alex@example.com")
        yield browser


def seen(browser: Browser, owner: str, name: str) -> Any:
    """A workspace as its page reads it."""
    return shape.workspace(browser.read(f"/users/{owner}/workspace/{name}?include_deleted=true"))


def built(browser: Browser, workspace: Any, body: dict[str, Any]) -> Any:
    """Press a button, and follow the build's log to its end."""
    made = browser.expect(201, "POST", f"/workspaces/{workspace['id']}/builds", body)
    shape.build(made)
    assert made["updated_at"] > workspace["latest_build"]["updated_at"]
    follow(browser, f"/workspacebuilds/{made['id']}/logs?follow=true&after=-1")
    return browser.read(f"/workspacebuilds/{made['id']}")


def follow(browser: Browser, path: str) -> list[Any]:
    """A job's log from its socket, which closes when the job is over."""
    with browser.socket(path) as socket:
        lines, code = socket.rest()
    assert code == 1000
    for line in lines:
        shape.has(line, id=int, created_at=str, log_source=str, log_level=str, stage=str)
        shape.has(line, output=str)
    assert [line["id"] for line in lines] == sorted({line["id"] for line in lines})
    return lines


# --- a. the first visit


def test_a_first_visit_sets_the_deployment_up() -> None:
    with (
        process.served("--scenario", "empty", "--edition", "unlicensed") as url,
        Browser(url) as browser,
    ):
        dashboard.signed_out(browser)
        missing = browser.read("/users/first", 404)
        shape.error(missing, "The initial user has not been created!")
        browser.read_together("/users/authmethods", "/buildinfo")
        for password, is_good in (("short", False), ("Long-Enough-1!", True)):
            body = {"password": password}
            found = browser.expect(200, "POST", "/users/validate-password", body)
            assert found["valid"] is is_good
            assert bool(found["details"]) is not is_good
        setup = {
            "email": "ada@example.com",
            "password": "Long-Enough-1!",
            "username": "ada",
            "name": "",
            "trial": False,
            "trial_info": dict.fromkeys(
                (
                    "first_name",
                    "last_name",
                    "phone_number",
                    "job_title",
                    "company_name",
                    "country",
                    "developers",
                ),
                "",
            ),
        }
        browser.expect(201, "POST", "/users/first", setup)
        me = dashboard.sign_in(browser, "ada@example.com", "Long-Enough-1!")
        assert [role["name"] for role in me["roles"]] == ["owner"]
        with dashboard.page(browser):
            listed = browser.read(LIST + "owner%3Ame")
            assert listed == {"workspaces": [], "count": 0}
            assert browser.read("/templates") == []
        assert browser.read("/users/first") == {
            "message": "The initial user has already been created!"
        }
        features = shape.entitlements(browser.read("/entitlements"))
        assert features["has_license"] is False
        for feature in features["features"].values():
            assert (feature["entitlement"], feature["enabled"]) == ("not_entitled", False)
        for path in (
            "/workspaceproxies",
            "/groups",
            "/organizations/default/groups",
            "/users/me/quiet-hours",
        ):
            assert "feature. Contact sales!" in shape.error(browser.read(path, 403))["message"]
        for path in ("/licenses", "/users/me/keys/tokens?include_all=false"):
            assert browser.read(path) is None
        unset = {"terminal_font": "", "theme_preference": "dark"}
        refused = shape.error(browser.expect(400, "PUT", "/users/me/appearance", unset))
        assert [one["field"] for one in refused["validations"]] == ["terminal_font"]


# --- b. signing in and out


def test_a_bad_password_is_told_and_a_sign_out_ends_the_session(team: str) -> None:
    with Browser(team) as browser:
        dashboard.signed_out(browser)
        wrong = {"email": "admin@example.com", "password": "wrong"}
        refused = browser.expect(401, "POST", "/users/login", wrong)
        shape.error(refused, "Incorrect email or password.")
        dashboard.sign_in(browser, "admin@example.com")
        old = browser.client.cookies["coder_session_token"]
        browser.expect(200, "POST", "/users/logout")
        browser.client.cookies.set("coder_session_token", old)
        shape.error(browser.read("/users/me", 401))


@pytest.mark.parametrize("who", ["admin", "alex", "sam", "robin"])
def test_every_role_gets_the_frame_of_a_page(team: str, who: str) -> None:
    with Browser(team) as browser:
        dashboard.sign_in(browser, f"{who}@example.com")
        with dashboard.page(browser):
            shown = browser.read("/workspaces?limit=25&offset=0&q=owner%3Ame")
            assert all(one["owner_name"] == who for one in shown["workspaces"])


def test_a_member_is_refused_what_the_page_does_not_need(alex: Browser) -> None:
    for path in ("/deployment/stats", "/audit?limit=25&offset=0"):
        shape.error(alex.read(path, 403))
    shape.error(alex.read("/users/sam/workspace/notebooks?include_deleted=true", 404))
    allowed = dashboard.may(alex, dashboard.site_checks())
    assert not any(allowed[name] for name in ("viewAllUsers", "viewDeploymentConfig"))
    shape.regions(alex.read("/regions"))


# --- c. the list of workspaces


def test_the_list_of_workspaces_and_what_each_row_asks(admin: Browser) -> None:
    with dashboard.page(admin):
        rows = admin.read(LIST)
        assert rows["count"] == len(rows["workspaces"]) > 5
        me = admin.read("/users/me")
        started = [w["latest_build"]["status"] == "running" for w in rows["workspaces"]]
        assert started == sorted(started, reverse=True) or any(
            w["favorite"] for w in rows["workspaces"]
        )
        templates, owners = admin.read_together("/templates", "/users?limit=25")
        assert {one["id"] for one in templates} >= {w["template_id"] for w in rows["workspaces"]}
        for one in owners["users"]:
            shape.user(one)
        organizations = [one["id"] for one in admin.read("/organizations")]
        dashboard.may(admin, dashboard.organization_checks(*organizations))
        paths, questions = [], []
        for row in rows["workspaces"]:
            shape.workspace(row)
            latest = row["latest_build"]
            paths.append(f"/workspacebuilds/{latest['id']}/parameters")
            paths.append(f"/templates/{row['template_id']}/versions")
            if row["outdated"]:
                paths.append(f"/templateversions/{row['template_active_version_id']}")
            target = {"resource_type": "workspace", "resource_id": row["id"], "owner_id": "me"}
            check = {"updateWorkspace": {"object": target, "action": "update"}}
            questions.append(("POST", "/authcheck", {"checks": check}))
        assert all(answer is not None for answer in admin.read_together(*paths))
        assert {answer.status_code for answer in admin.together(*questions)} == {200}
        key = admin.expect(201, "POST", "/users/me/keys")
        shape.has(key, key=str)
        mine = [one for one in rows["workspaces"] if one["owner_id"] == me["id"]]
        for method, is_favorite in (("PUT", True), ("DELETE", False)):
            admin.expect(204, method, f"/workspaces/{mine[0]['id']}/favorite")
            again = admin.read(LIST)["workspaces"]
            assert (again[0]["id"] == mine[0]["id"] and again[0]["favorite"]) is is_favorite


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("status:running", {"running"}),
        ("status:stopped", {"stopped"}),
        ("status:failed", {"failed"}),
        ("dormant:true", {"stopped"}),
    ],
)
def test_the_filters_of_the_list(admin: Browser, query: str, statuses: set[str]) -> None:
    found = admin.read(LIST + quote(query))
    assert {one["latest_build"]["status"] for one in found["workspaces"]} == statuses
    assert found["count"] == len(found["workspaces"])
    assert admin.read(f"/workspaces?limit=25&offset=25&q={query}")["workspaces"] == []


def test_more_filters_and_a_bad_one(admin: Browser) -> None:
    assert admin.read(LIST + "owner:alex+template:docker+api")["count"] == 1
    assert all(one["outdated"] for one in admin.read(LIST + "outdated:true")["workspaces"])
    assert admin.read(LIST + "organization:coder")["count"] > 0
    refused = shape.error(admin.read(LIST + "nonsense:1", 400), "Invalid workspace search query.")
    assert refused["validations"] == [
        {"field": "nonsense", "detail": '"nonsense" is not a valid query param'}
    ]


# --- d. one workspace


def test_the_page_of_a_running_workspace(admin: Browser) -> None:
    with dashboard.page(admin):
        workspace = seen(admin, "alex", "api")
        template = shape.template(admin.read(f"/templates/{workspace['template_id']}"))
        for transition in ("start", "stop"):
            assert template["build_time_stats"][transition]["P50"]
        build = workspace["latest_build"]
        target = {
            "resource_type": "workspace",
            "resource_id": workspace["id"],
            "owner_id": workspace["owner_id"],
        }
        of_template = {"resource_type": "template", "resource_id": template["id"]}
        allowed = dashboard.may(
            admin,
            {
                "readWorkspace": {"object": target, "action": "read"},
                "updateWorkspace": {"object": target, "action": "update"},
                "updateWorkspaceVersion": {"object": of_template, "action": "update"},
                "deleteFailedWorkspace": {"object": of_template, "action": "update"},
                "deploymentConfig": {
                    "object": {"resource_type": "deployment_config"},
                    "action": "read",
                },
            },
        )
        assert all(allowed.values())
        mismatch, parameters, values, versions, config, ssh, timings = admin.read_together(
            f"/workspaces/{workspace['id']}/resolve-autostart",
            f"/templateversions/{build['template_version_id']}/rich-parameters",
            f"/workspacebuilds/{build['id']}/parameters",
            f"/templates/{template['id']}/versions",
            "/deployment/config",
            "/deployment/ssh",
            f"/workspacebuilds/{build['id']}/timings",
        )
        shape.has(mismatch, parameter_mismatch=bool)
        assert [one["name"] for one in values] == sorted(
            one["name"] for one in shape.parameters(parameters)
        )
        assert all(shape.version(one) for one in versions)
        shape.has(config, config=dict, options=list)
        shape.has(ssh, hostname_prefix=str)
        agents = shape.agents_of(workspace)
        scripts = [one for agent in agents for one in agent["scripts"] if one["run_on_start"]]
        assert len(shape.timings(timings)["agent_script_timings"]) == len(scripts) > 0
        assert timings["provisioner_timings"]
        assert timings["agent_connection_timings"]
        with admin.socket(f"/workspaces/{workspace['id']}/watch-ws") as watch:
            assert watch.next() == {"type": "ping", "data": None}
            first = watch.next()
            assert first["type"] == "data"
            assert shape.workspace(first["data"])["id"] == workspace["id"]
        for agent in agents:
            assert agent["status"] == "connected"
            at = f"/workspaceagents/{agent['id']}"
            refused = admin.read(f"{at}/containers?{CONTAINERS}", 403)
            message = "The agent dev containers feature is experimental and not enabled by default."
            shape.error(refused, message)
            shape.has(admin.read(f"{at}/listening-ports"), ports=list)
            with admin.socket(f"{at}/watch-metadata-ws") as socket:
                before = socket.next()
                assert shape.metadata(before)
                assert shape.metadata(socket.until(before.__ne__))
            with admin.socket(f"{at}/logs?follow=true&after=0") as socket:
                lines = socket.next()
            assert sum(len(line["output"].encode()) for line in lines) == agent["logs_length"] > 0
            for line in lines:
                shape.has(line, id=int, created_at=str, output=str, level=str, source_id=str)
            assert admin.read(f"{at}/logs") == lines
        shares = admin.read(f"/workspaces/{workspace['id']}/port-share")
        shape.has(shares, shares=list)


def test_stop_start_and_restart_as_the_page_sees_them(admin: Browser) -> None:
    workspace = seen(admin, "admin", "admin-box")
    with admin.socket(f"/workspaces/{workspace['id']}/watch-ws") as watch:
        watch.next()
        watch.next()
        built(admin, workspace, {"transition": "stop"})
        statuses = {"stopping"}

        def stopped(message: Any) -> bool:
            statuses.add(shape.workspace(message["data"])["latest_build"]["status"])
            return "stopped" in statuses

        found = watch.until(stopped)
        assert shape.agents_of(found["data"]) == []
        version = found["data"]["latest_build"]["template_version_id"]
        start = {"transition": "start", "template_version_id": version}
        built(admin, found["data"], start)

        def ready(message: Any) -> bool:
            agents = shape.agents_of(message["data"])
            return bool(agents) and all(a["lifecycle_state"] == "ready" for a in agents)

        running = watch.until(ready)["data"]
        assert running["latest_build"]["status"] == "running"
    made = admin.expect(
        201, "POST", f"/workspaces/{workspace['id']}/builds", {"transition": "stop"}
    )
    for _ in range(2):
        at = f"/users/admin/workspace/admin-box/builds/{made['build_number']}"
        done = admin.poll(at, lambda one: one["job"]["status"] == "succeeded")
        shape.build(done)
        if done["transition"] == "stop":
            made = admin.expect(201, "POST", f"/workspaces/{workspace['id']}/builds", start)
    timings = admin.poll(
        f"/workspacebuilds/{made['id']}/timings", lambda one: one["agent_script_timings"]
    )
    shape.timings(timings)
    history = admin.read(f"/workspaces/{workspace['id']}/builds?limit=25&offset=0")
    numbers = [shape.build(one)["build_number"] for one in history]
    assert numbers == list(range(made["build_number"], 0, -1))
    since = quote((datetime.fromisoformat(made["created_at"]) - timedelta(days=1)).isoformat())
    recent = admin.read(f"/workspaces/{workspace['id']}/builds?since={since}")
    assert recent[0]["id"] == made["id"]


def test_every_build_of_the_history_has_a_page_and_a_log(admin: Browser) -> None:
    workspace = seen(admin, "alex", "api")
    history = admin.read(f"/workspaces/{workspace['id']}/builds?limit=25&offset=0")
    for listed in history:
        number = listed["build_number"]
        build = shape.build(admin.read(f"/users/alex/workspace/api/builds/{number}"))
        lines = follow(admin, f"/workspacebuilds/{build['id']}/logs?follow=true&after=-1")
        assert lines[0]["stage"] == "Setting up"
        assert lines[-1]["stage"] == "Cleaning Up"
        assert admin.read(f"/workspacebuilds/{build['id']}/logs") == lines
        begun, ended = build["job"]["started_at"], build["job"]["completed_at"]
        times = [datetime.fromisoformat(line["created_at"]) for line in lines]
        slack = timedelta(milliseconds=1)
        assert datetime.fromisoformat(begun) - slack <= min(times)
        assert max(times) <= datetime.fromisoformat(ended)
        shape.timings(admin.read(f"/workspacebuilds/{build['id']}/timings"))


def test_an_outdated_workspace_is_updated_without_asking_again(alex: Browser) -> None:
    workspace = seen(alex, "alex", "web")
    assert workspace["outdated"]
    active = workspace["template_active_version_id"]
    template = alex.read(f"/templates/{workspace['template_id']}")
    assert template["active_version_id"] == active
    old = workspace["latest_build"]
    values, parameters = alex.read_together(
        f"/workspacebuilds/{old['id']}/parameters", f"/templateversions/{active}/rich-parameters"
    )
    assert {one["name"] for one in values} == {one["name"] for one in parameters}
    body = {"transition": "start", "template_version_id": active, "rich_parameter_values": []}
    build = built(alex, workspace, body)
    assert build["template_version_id"] == active
    assert alex.read(f"/workspacebuilds/{build['id']}/parameters") == values
    assert not seen(alex, "alex", "web")["outdated"]


def test_a_failed_build_tells_why_and_is_tried_again(admin: Browser) -> None:
    workspace = seen(admin, "sam", "template-lab")
    build = workspace["latest_build"]
    assert (build["status"], build["resources"]) == ("failed", [])
    assert build["job"]["error"] == "terraform apply: exit status 1"
    assert workspace["health"] == {"healthy": True, "failing_agents": []}
    lines = follow(admin, f"/workspacebuilds/{build['id']}/logs?follow=true&after=-1")
    assert any(line["log_level"] == "error" for line in lines)
    again = {"transition": "start", "log_level": "debug"}
    at = f"/workspaces/{workspace['id']}/builds"
    shape.error(admin.expect(400, "POST", at, again))
    made = admin.expect(201, "POST", at, {"transition": "start"})
    cancel = admin.ask("PATCH", f"/workspacebuilds/{made['id']}/cancel")
    assert cancel.status_code in (200, 400)
    follow(admin, f"/workspacebuilds/{made['id']}/logs?follow=true&after=-1")
    done = admin.read(f"/workspacebuilds/{made['id']}")
    assert done["status"] in ("canceled", "failed", "running")
    refused = admin.expect(400, "PATCH", f"/workspacebuilds/{made['id']}/cancel")
    shape.error(refused, "Job has already completed!")


def test_the_settings_of_a_workspace(alex: Browser) -> None:
    workspace = seen(alex, "alex", "experiments")
    at = f"/workspaces/{workspace['id']}"
    assert workspace["allow_renames"] is False
    same, updates = alex.together(
        ("PATCH", at, {"name": "experiments"}),
        ("PUT", f"{at}/autoupdates", {"automatic_updates": "always"}),
    )
    assert (same.status_code, updates.status_code) == (204, 204)
    shape.error(
        alex.expect(400, "PATCH", at, {"name": "other"}), "Workspace renames are not allowed."
    )
    organization = workspace["organization_id"]
    template = alex.read(f"/organizations/{organization}/templates/{workspace['template_name']}")
    shape.template(template)
    for path, body in (
        ("autostart", {"schedule": "CRON_TZ=UTC 30 9 * * 1-5"}),
        ("autostart", {"schedule": ""}),
        ("ttl", {"ttl_ms": 3_600_000}),
        ("ttl", {"ttl_ms": None}),
    ):
        alex.expect(204, "PUT", f"{at}/{path}", body)
    now = datetime.fromisoformat(alex.read(at)["updated_at"])
    later = {"deadline": (now + timedelta(hours=3)).isoformat()}
    shape.error(alex.expect(409, "PUT", f"{at}/extend", later))
    for dormant in (True, False):
        shown = alex.expect(200, "PUT", f"{at}/dormant", {"dormant": dormant})
        assert bool(shape.workspace(shown)["dormant_at"]) is dormant
    before = seen(alex, "alex", "experiments")
    parameters = alex.read(
        f"/templateversions/{before['latest_build']['template_version_id']}/rich-parameters"
    )
    values = alex.read(f"/workspacebuilds/{before['latest_build']['id']}/parameters")
    mutable = {one["name"] for one in parameters if one["mutable"]}
    body = {
        "transition": "start",
        "rich_parameter_values": [one for one in values if one["name"] in mutable],
    }
    build = built(alex, before, body)
    assert alex.read(f"/workspacebuilds/{build['id']}/parameters") == values
    built(alex, seen(alex, "alex", "experiments"), {"transition": "delete", "orphan": False})
    assert seen(alex, "alex", "experiments")["latest_build"]["status"] == "deleted"
    shape.error(alex.read("/users/alex/workspace/experiments?include_deleted=false", 404))


# --- e. templates and a new workspace


def test_the_pages_of_a_template(admin: Browser) -> None:
    listed, examples, organizations = admin.read_together(
        "/templates?q=deprecated%3Afalse", "/templates/examples", "/users/me/organizations"
    )
    assert isinstance(examples, list)
    dashboard.may(admin, dashboard.organization_checks(*(one["id"] for one in organizations)))
    for one in listed:
        shape.template(one)
        at = f"/organizations/default/templates/{one['name']}"
        template = shape.template(admin.read(at))
        assert template["id"] == one["id"]
        active = template["active_version_id"]
        version = shape.version(admin.read(f"/templateversions/{active}"))
        found = admin.read(f"/workspaces?q=template:{one['name']}")
        assert found["count"] == len(found["workspaces"])
        files = admin.get(f"/files/{version['job']['file_id']}")
        assert files.status_code == 200
        assert files.headers["content-type"] == "application/x-tar"
        assert b"main.tf" in files.content
        versions = admin.read(f"/templates/{one['id']}/versions")
        assert all(shape.version(each) for each in versions)
        assert [v["created_at"] for v in versions] == sorted(v["created_at"] for v in versions)
        previous = admin.get(f"{at}/versions/{version['name']}/previous")
        is_first = versions[0]["id"] == active
        assert previous.status_code == (404 if is_first else 200)
        if is_first:
            missing = f'No previous template version found for "{version["name"]}".'
            shape.error(previous.json(), missing)
        resources = admin.read(f"/templateversions/{active}/resources")
        assert {r["workspace_transition"] for r in resources} == {"start", "stop"}
        shape.parameters(admin.read(f"/templateversions/{active}/rich-parameters"))
        lines = follow(admin, f"/templateversions/{active}/logs?follow=true")
        assert lines[0]["stage"] == "Setting up"
        for each in versions:
            follow(admin, f"/templateversions/{each['id']}/logs?follow=true&after=0")


def test_the_insights_of_a_template(admin: Browser) -> None:
    template = admin.read("/organizations/default/templates/docker")
    end = datetime.fromisoformat(admin.read("/deployment/stats")["collected_at"])
    end = end.replace(minute=0, second=0, microsecond=0)
    begin = (end - timedelta(days=7)).replace(hour=0)
    spread = f"start_time={quote(begin.isoformat())}&end_time={quote(end.isoformat())}"
    query = f"{spread}&template_ids={template['id']}"
    report, latency, activity = admin.read_together(
        f"/insights/templates?{query}&interval=day",
        f"/insights/user-latency?{query}",
        f"/insights/user-activity?{query}",
    )
    shape.has(report, interval_reports=list, report=dict)
    shape.has(report["report"], apps_usage=list, parameters_usage=list, active_users=int)
    shape.has(latency["report"], users=list)
    shape.has(activity["report"], users=list)
    refused = shape.error(admin.read("/insights/templates", 400))
    fields = [one["field"] for one in refused["validations"]]
    assert {"start_time", "end_time"} <= set(fields)


def test_a_new_workspace_from_the_form_to_running(alex: Browser) -> None:
    template = shape.template(alex.read("/organizations/default/templates/docker"))
    version = template["active_version_id"]
    check = {
        "object": {
            "resource_type": "workspace",
            "organization_id": template["organization_id"],
            "owner_id": "*",
        },
        "action": "create",
    }
    dashboard.may(alex, {"createWorkspaceForUser": check})
    parameters, auth, presets = alex.read_together(
        f"/templateversions/{version}/rich-parameters",
        f"/templateversions/{version}/external-auth",
        f"/templateversions/{version}/presets",
    )
    shape.parameters(parameters)
    assert auth == []
    for preset in presets:
        shape.has(preset, ID=str, Name=str, Parameters=list)
        for one in preset["Parameters"]:
            shape.has(one, Name=str, Value=str)
    for one in alex.read(f"/users/me/autofill-parameters?template_id={template['id']}"):
        shape.has(one, name=str, value=str)
    me = alex.read("/users/me")
    body = {
        "name": "dashboard",
        "template_version_id": version,
        "rich_parameter_values": [
            {"name": one["name"], "value": one["default_value"]} for one in parameters
        ],
    }
    workspace = alex.expect(201, "POST", f"/users/{me['id']}/workspaces", body)
    shape.workspace(workspace)
    assert (workspace["owner_name"], workspace["name"]) == ("alex", "dashboard")
    with alex.socket(f"/workspaces/{workspace['id']}/watch-ws") as watch:
        statuses = []

        def is_running(message: Any) -> bool:
            if message["type"] == "data":
                statuses.append(shape.workspace(message["data"])["latest_build"]["status"])
            return "running" in statuses

        watch.until(is_running)
    order = ["pending", "starting", "running"]
    assert statuses == sorted(statuses, key=order.index)
    follow(alex, f"/workspacebuilds/{workspace['latest_build']['id']}/logs?follow=true&after=-1")
    refused = shape.error(alex.expect(409, "POST", f"/users/{me['id']}/workspaces", body))
    assert refused["validations"] == [
        {
            "field": "name",
            "detail": "This value is already in use and should be unique.",
        }
    ]


def test_dynamic_parameters_are_refused_while_the_experiment_is_off(alex: Browser) -> None:
    version = alex.read("/organizations/default/templates/docker")["active_version_id"]
    me = alex.read("/users/me")["id"]
    refused = alex.read(f"/users/{me}/templateversions/{version}/parameters", 403)
    assert "experiment" in shape.error(refused)["message"].lower()
