"""Makers of small templates for the tests beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coder_mock_server.terraform.evaluate import import_template, plan_build
from coder_mock_server.terraform.expressions import evaluate
from coder_mock_server.terraform.facts import Inputs
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.model import Agent, ImportResult, Owner, Plan, WorkspaceFacts
from coder_mock_server.terraform.scope import Notes, Scope
from coder_mock_server.terraform.syntax import Module

HEAD = """
terraform {
  required_providers {
    coder = { source = "coder/coder" }
    docker = { source = "kreuzwerker/docker" }
  }
}
data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}
"""

AGENT = """
resource "coder_agent" "main" {
  os   = "linux"
  arch = "amd64"
}
"""

OWNER = Owner(name="dana", id="00000000-0000-4000-8000-00000000000d", email="dana@example.com")
WORKSPACE = WorkspaceFacts(name="dev", id="00000000-0000-4000-8000-000000000001")


def module(text: str, **files: str) -> Module:
    """A module of one file below the usual head; more files by name (`__` stands for `/`)."""
    others = {name.replace("__", "/"): body.encode() for name, body in files.items()}
    return parse_module({"main.tf": (HEAD + text).encode(), **others})


def imported(text: str, variables: Mapping[str, str] | None = None) -> ImportResult:
    return import_template(module(text), variables=variables or {})


def built(text: str, **options: Any) -> Plan:
    asked: dict[str, Any] = {
        "transition": "start",
        "parameters": {},
        "variables": {},
        "owner": OWNER,
        "workspace": WORKSPACE,
    }
    return plan_build(module(text), **(asked | options))


def agents_of(plan: Plan) -> list[Agent]:
    return [agent for resource in plan.resources for agent in resource.agents]


def value_of(expression: str, declarations: str = "", **inputs: Any) -> Any:
    """The value of an expression in a module with some declarations."""
    source = f"{declarations}\nlocals {{\n  asked_for = {expression}\n}}\n"
    scope = Scope(parse_module({"main.tf": source.encode()}), Inputs(**inputs), Notes())
    return evaluate(scope.locals["asked_for"].expr, {}, scope)
