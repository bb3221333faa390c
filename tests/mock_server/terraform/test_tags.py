"""Workspace tags of imports and builds."""

from __future__ import annotations

import pytest

from coder_mock_server.terraform.evaluate import workspace_tags
from coder_mock_server.terraform.model import TagError
from coder_mock_server.terraform.syntax import Module
from tests.mock_server.terraform.templates import module


def tagged(expression: str, default: str = 'default = "eu"', name: str = "zone") -> Module:
    return module(
        f'data "coder_parameter" "zone" {{\n  name = "{name}"\n  {default}\n}}\n'
        'variable "site" {\n  default = "home"\n}\n'
        f'data "coder_workspace_tags" "t" {{\n  tags = {{\n    "key" = {expression}\n  }}\n}}\n'
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("data.coder_parameter.zone.value", "eu"),
        ('"x-${data.coder_parameter.zone.value}-${var.site}"', "x-eu-home"),
        ('data.coder_parameter.zone.value == "eu" ? "near" : "far"', "near"),
        ('"fixed"', "fixed"),
        ("true", "true"),
    ],
)
def test_an_import_uses_the_defaults(expression: str, value: str) -> None:
    assert workspace_tags(tagged(expression), None, {}) == {"key": value}


def test_a_given_variable_counts() -> None:
    assert workspace_tags(tagged("var.site"), None, {"site": "away"}) == {"key": "away"}


def test_an_empty_tag_is_left_out_of_imports_and_stays_in_builds() -> None:
    empty = tagged("data.coder_parameter.zone.value", "")
    assert workspace_tags(empty, None, {}) == {}
    assert workspace_tags(empty, {"zone": ""}, {}) == {"key": ""}


def test_a_template_without_tags_adds_none() -> None:
    assert workspace_tags(module(""), None, {}) == {}


@pytest.mark.parametrize(
    ("expression", "because"),
    [
        (
            "data.coder_workspace.me.name",
            'only the "coder_parameter" data source is supported here',
        ),
        ("local.x", '"local.x" is neither a parameter nor a variable'),
        ("lower(var.site)", "function calls are not supported here"),
    ],
)
def test_an_import_refuses_anything_but_parameters_and_variables(
    expression: str, because: str
) -> None:
    with pytest.raises(TagError) as caught:
        workspace_tags(tagged(expression), None, {})
    assert caught.value.message == "Internal error checking workspace tags"
    assert caught.value.detail == (
        "evaluate default values of workspace tags: eval provisioner tags: "
        f'invalid workspace tag value "{expression}": {because}'
    )


def test_a_build_finds_parameters_by_their_name_not_their_label() -> None:
    template = tagged("data.coder_parameter.zone.value", name="scope")
    assert workspace_tags(template, {"zone": "x", "scope": "y"}, {}) == {"key": "x"}
    with pytest.raises(TagError) as caught:
        workspace_tags(template, {"scope": "y"}, {})
    assert caught.value.message == "failed to evaluate workspace tag value"
    assert caught.value.detail == (
        "expression.hcl:1,21-26: Missing map element; "
        'This map does not have an element with the key "zone".'
    )
