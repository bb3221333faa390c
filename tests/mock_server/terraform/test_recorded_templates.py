"""What real servers answered for the templates of the scenarios, against what is read from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from coder_mock_server.terraform.evaluate import import_template, plan_build, plan_dry_run
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.model import (
    Agent,
    App,
    Owner,
    Parameter,
    Plan,
    Resource,
    WorkspaceFacts,
)

FOLDER = Path(__file__).parents[2] / "differential"
OWNER = Owner(name="admin", id="00000000-0000-4000-8000-000000000001", email="admin@example.com")


def files_of(scenario: str, step_id: str) -> dict[str, bytes]:
    steps = yaml.safe_load((FOLDER / "scenarios" / f"{scenario}.yaml").read_text())["steps"]
    step = next(step for step in steps if step["id"] == step_id)
    return {name: text.encode() for name, text in step["tar"].items()}


def recorded(scenario: str, step_id: str) -> Any:
    answers = json.loads((FOLDER / "recorded" / f"{scenario}.json").read_text())
    return next(answer for answer in answers if answer["id"] == step_id)["body"]


def present(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value not in (None, "")}


def shown_parameter(parameter: Parameter) -> dict[str, Any]:
    always = {
        "name": parameter.name,
        "description": parameter.description,
        "description_plaintext": parameter.description_plaintext,
        "type": parameter.type,
        "mutable": parameter.mutable,
        "default_value": parameter.default_value,
        "icon": parameter.icon,
        "options": [
            {"name": o.name, "description": o.description, "value": o.value, "icon": o.icon}
            for o in parameter.options
        ],
        "required": parameter.required,
        "ephemeral": parameter.ephemeral,
    }
    sometimes = {
        "display_name": parameter.display_name,
        "validation_error": parameter.validation_error,
        "validation_regex": parameter.validation_regex,
        "validation_min": parameter.validation_min,
        "validation_max": parameter.validation_max,
        "validation_monotonic": parameter.validation_monotonic,
    }
    return always | present(sometimes)


def shown_app(app: App) -> dict[str, Any]:
    always = {
        "external": app.external,
        "slug": app.slug,
        "display_name": app.display_name,
        "subdomain": app.subdomain,
        "sharing_level": app.share,
        "healthcheck": {
            "url": app.healthcheck.url,
            "interval": app.healthcheck.interval,
            "threshold": app.healthcheck.threshold,
        },
        "hidden": app.hidden,
        "open_in": app.open_in,
    }
    return always | present({"url": app.url, "command": app.command, "icon": app.icon})


def shown_agent(agent: Agent) -> dict[str, Any]:
    scripts = [
        {
            "log_path": script.log_path,
            "script": script.script,
            "cron": script.cron,
            "run_on_start": script.run_on_start,
            "run_on_stop": script.run_on_stop,
            "start_blocks_login": script.start_blocks_login,
            "timeout": script.timeout_seconds * 1_000_000_000,
            "display_name": script.display_name,
        }
        for script in agent.scripts
    ]
    always = {
        "name": agent.name,
        "architecture": agent.arch,
        "operating_system": agent.os,
        "environment_variables": dict(agent.env) or None,
        "apps": [shown_app(app) for app in agent.apps],
        "connection_timeout_seconds": agent.connection_timeout_seconds,
        "troubleshooting_url": agent.troubleshooting_url,
        "display_apps": list(agent.display_apps),
        "scripts": scripts,
        "log_sources": [
            {"display_name": script.display_name, "icon": script.icon} for script in agent.scripts
        ],
    }
    return always | present({"directory": agent.directory})


def shown_resource(resource: Resource, transition: str) -> dict[str, Any]:
    metadata = [
        {"key": item.key, "value": item.value or "", "sensitive": item.sensitive}
        for item in resource.metadata
    ]
    entry: dict[str, Any] = {
        "workspace_transition": transition,
        "type": resource.type,
        "name": resource.name,
        "hide": resource.hide,
        "icon": resource.icon,
        "daily_cost": resource.daily_cost,
    }
    if resource.agents:
        entry["agents"] = [shown_agent(agent) for agent in resource.agents]
    if metadata:
        entry["metadata"] = metadata
    return entry


# Ids, times and what the server adds to what the template says.
_SERVER = {
    "agent": {
        "id", "parent_id", "created_at", "updated_at", "status", "lifecycle_state", "resource_id",
        "logs_length", "logs_overflowed", "version", "api_version", "subsystems", "health",
        "startup_script_behavior",
    },
    "app": {"id", "health", "statuses", "subdomain_name"},
    "script": {"id", "log_source_id"},
    "source": {"id", "workspace_agent_id", "created_at"},
    "resource": {"id", "created_at", "job_id"},
}  # fmt: skip


def stripped(resource: dict[str, Any]) -> dict[str, Any]:
    kept = without(resource, "resource")
    if "agents" in kept:
        kept["agents"] = [without(agent, "agent") for agent in kept["agents"]]
        for agent in kept["agents"]:
            agent["apps"] = [without(app, "app") for app in agent["apps"]]
            agent["scripts"] = [without(script, "script") for script in agent["scripts"]]
            agent["log_sources"] = [without(source, "source") for source in agent["log_sources"]]
    return kept


def without(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in _SERVER[kind]}


def by_name(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(resources, key=lambda one: (one["name"], one["workspace_transition"]))


def imported_resources(plans: list[Plan]) -> list[dict[str, Any]]:
    return by_name(
        [shown_resource(resource, plan.transition) for plan in plans for resource in plan.resources]
    )


@pytest.mark.parametrize(
    ("scenario", "upload", "answer", "variables"),
    [
        ("templates", "upload", "rich-parameters", {"size": "5"}),
        ("templates", "upload-2", "version-2-parameters", {}),
        ("workspaces-2023", "upload", "version-parameters", {}),
    ],
)
def test_parameters_are_those_that_a_real_server_shows(
    scenario: str, upload: str, answer: str, variables: dict[str, str]
) -> None:
    if not any(s["id"] == upload for s in _steps(scenario)):
        upload = next(s["id"] for s in _steps(scenario) if "tar" in s)
    result = import_template(parse_module(files_of(scenario, upload)), variables=variables)
    expected = recorded(scenario, answer)
    known = set(expected[0])
    shown = [shown_parameter(parameter) for parameter in result.parameters]
    if scenario == "workspaces-2023":
        shown = [{key: value for key, value in one.items() if key in known} for one in shown]
    assert shown == expected


def _steps(scenario: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(
        (FOLDER / "scenarios" / f"{scenario}.yaml").read_text()
    )["steps"]
    return steps


def test_variables_are_those_that_a_real_server_shows() -> None:
    module = parse_module(files_of("templates", "upload"))
    result = import_template(module, variables={"size": "5"})
    shown = [
        {
            "name": variable.name,
            "description": variable.description,
            "type": variable.type,
            "value": "*redacted*" if variable.sensitive else variable.value,
            "default_value": "*redacted*" if variable.sensitive else variable.default_value,
            "required": variable.required,
            "sensitive": variable.sensitive,
        }
        for variable in result.variables
    ]
    assert shown == recorded("templates", "variables")
    assert result.readme == recorded("templates", "version-ready")["readme"]


@pytest.mark.parametrize(("scenario", "upload"), [("templates", "upload"), ("builds", "file")])
def test_presets_are_those_that_a_real_server_shows(scenario: str, upload: str) -> None:
    result = import_template(parse_module(files_of(scenario, upload)), variables={})
    shown = [
        {
            "Name": preset.name,
            "Parameters": [{"Name": name, "Value": value} for name, value in preset.parameters],
        }
        for preset in result.presets
    ]
    expected = [
        {k: v for k, v in one.items() if k != "ID"} for one in recorded(scenario, "presets")
    ]
    assert shown == expected


@pytest.mark.parametrize(
    ("scenario", "upload", "answer"),
    [("templates", "upload", "resources"), ("agents", "upload", "version-resources")],
)
def test_an_imports_resources_are_those_that_a_real_server_shows(
    scenario: str, upload: str, answer: str
) -> None:
    result = import_template(parse_module(files_of(scenario, upload)), variables={})
    expected = by_name([stripped(resource) for resource in recorded(scenario, answer)])
    assert imported_resources([result.start, result.stop]) == expected


def test_a_dry_runs_resources_are_those_that_a_real_server_shows() -> None:
    plan = plan_dry_run(
        parse_module(files_of("templates", "upload")),
        parameters={"cpus": "4", "region": "eu", "token": ""},
        variables={"size": "5"},
        owner=OWNER,
        workspace_name="test",
    )
    expected = [stripped(resource) for resource in recorded("templates", "dry-run-resources")]
    assert imported_resources([plan]) == by_name(expected)


@pytest.mark.parametrize(
    ("scenario", "upload", "answer", "parameters", "transition"),
    [
        ("agents", "upload", "ready", {}, "start"),
        ("builds", "file", "started", {"region": "eu"}, "start"),
        ("builds", "file", "stopped", {"region": "eu"}, "stop"),
    ],
)
def test_a_builds_resources_are_those_that_a_real_server_shows_in_its_order(
    scenario: str, upload: str, answer: str, parameters: dict[str, str], transition: Any
) -> None:
    plan = plan_build(
        parse_module(files_of(scenario, upload)),
        transition=transition,
        parameters=parameters,
        variables={},
        owner=OWNER,
        workspace=WorkspaceFacts(name="lab", id="00000000-0000-4000-8000-000000000002"),
        token_for=lambda address: "<token>",
    )
    shown = [shown_resource(one, transition) for one in plan.resources]
    body = recorded(scenario, answer)
    expected = body.get("latest_build", body)["resources"]
    assert shown == [stripped(resource) for resource in expected]


def test_no_agent_of_the_scenarios_connects_because_nothing_uses_its_token() -> None:
    result = import_template(parse_module(files_of("agents", "upload")), variables={})
    agents = [agent for resource in result.start.resources for agent in resource.agents]
    assert [agent.name for agent in agents] == ["aux", "main"]
    assert not any(agent.connects for agent in agents)


def test_an_archive_without_configuration_fails_as_a_real_import_does() -> None:
    module = parse_module(files_of("provisioner-jobs", "empty-file"))
    result = import_template(module, variables={})
    assert result.error == recorded("provisioner-jobs", "empty-failed")["job"]["error"]
