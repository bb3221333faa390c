"""Imports of template versions: what they find, and how they fail."""

from __future__ import annotations

import pytest

from coder_mock_server.terraform.evaluate import import_template
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.markdown import plain_text
from tests.mock_server.terraform.templates import AGENT, imported, module

ON_START = "template import provision for start: "


def parameter(name: str, more: str = "", label: str = "") -> str:
    return f'data "coder_parameter" "{label or name}" {{\n  name = "{name}"\n{more}\n}}\n'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('resource "terraform_data" "x" {\n  input = local.gone\n}', "terraform plan"),
        ('resource "terraform_data" "x" {\n  input = var.gone\n}', "terraform plan"),
        ('resource "terraform_data" "x" {\n  input = docker_image.gone.id\n}', "terraform plan"),
        ('resource "terraform_data" "x" {\n  input = nosuch(1)\n}', "terraform plan"),
        ('resource "terraform_data" "x" {}\nresource "terraform_data" "x" {}', "terraform plan"),
        ('resource "coder_agent" "x" {\n  os = "linux"\n}', "terraform plan"),
        ("something {}", "terraform plan"),
        ('locals {\n  a = 1\n}\nlocals {\n  a = 2\n}', "terraform plan"),
        ('resource "nosuch_thing" "x" {}', "initialize terraform"),
        ('provider "docker2" {}', "initialize terraform"),
        (
            'variable "v" {\n  default = "a"\n  validation {\n    condition = var.v == "b"\n'
            '    error_message = "Only b"\n  }\n}',
            "terraform plan",
        ),
    ],
)  # fmt: skip
def test_configuration_errors_fail_the_import(text: str, error: str) -> None:
    result = imported(text)
    assert result.error == f"{ON_START}{error}: exit status 1"
    assert result.parameters == ()
    assert result.error_lines[0].startswith("Error: ")


@pytest.mark.parametrize(
    "source",
    ["example.com/a/b", "registry.invalid/a/b", "hashicorp/docker", "not a name", "coder/nothing"],
)
def test_a_provider_that_cannot_exist_fails_the_initialization(source: str) -> None:
    text = f'terraform {{\n  required_providers {{\n    x = {{ source = "{source}" }}\n  }}\n}}\n'
    result = import_template(parse_module({"main.tf": text.encode()}), variables={})
    assert result.error == f"{ON_START}initialize terraform: exit status 1"


@pytest.mark.parametrize(
    "entry",
    [
        '{ source = "kreuzwerker/docker", version = "~> 3.0" }',
        '{ source = "somebody/anything", version = ">= 1.2, < 3" }',
        '{ source = "registry.terraform.io/hashicorp/aws" }',
        '{ source = "kubernetes" }',
    ],
)
def test_a_provider_that_may_exist_is_taken_to(entry: str) -> None:
    text = f"terraform {{\n  required_providers {{\n    x = {entry}\n  }}\n}}\n"
    assert import_template(parse_module({"main.tf": text.encode()}), variables={}).error is None


def test_variables_without_value_are_all_named() -> None:
    text = 'variable "a" {}\nvariable "b" {\n  default = 1\n}\nvariable "c" {\n  type = bool\n}'
    result = imported(text)
    assert result.error == "update job: required template variables need values: a, c"
    assert result.error_code == "REQUIRED_TEMPLATE_VARIABLES"
    assert [(one.name, one.required, one.value) for one in result.variables] == [
        ("a", True, ""),
        ("b", False, "1"),
        ("c", True, ""),
    ]
    assert imported(text, {"a": "x", "c": "true", "unknown": "y"}).error is None


def test_two_parameters_of_one_name_fail_the_import() -> None:
    result = imported(parameter("same", label="one") + parameter("same", label="two"))
    assert result.error == (
        f"{ON_START}plan resources: coder_parameter names must be unique "
        'but "same" appears multiple times'
    )


@pytest.mark.parametrize(
    "more",
    [
        'type = "colour"',
        'ephemeral = true\n  mutable = true',
        'default = "x"\n  option {\n    name = "A"\n    value = "a"\n  }',
        'type = "number"\n  default = "x"',
        'type = "number"\n  default = 9\n  validation {\n    max = 3\n  }',
        'type = "number"\n  default = 9\n  validation {\n    monotonic = "sideways"\n  }',
        'default = ""\n  ephemeral = true',
    ],
)  # fmt: skip
def test_a_parameter_that_contradicts_itself_fails_the_import(more: str) -> None:
    assert imported(parameter("p", more)).error == f"{ON_START}terraform plan: exit status 1"


def test_external_together_with_share_fails_the_import() -> None:
    app = (
        'resource "coder_app" "a" {\n  agent_id = coder_agent.main.id\n  slug = "a"\n'
        '  url = "https://x"\n  external = true\n  share = "public"\n}'
    )
    assert imported(AGENT + app).error == f"{ON_START}terraform plan: exit status 1"


def test_parameters_come_by_order_then_name() -> None:
    text = (
        parameter("b") + parameter("c", "order = 1") + parameter("a") + parameter("d", "order = -1")
    )
    assert [one.name for one in imported(text).parameters] == ["d", "a", "b", "c"]


def test_options_may_come_from_a_dynamic_block() -> None:
    text = 'locals {\n  regions = { eu = "Europe", us = "America" }\n}\n' + parameter(
        "region",
        'default = "eu"\n  dynamic "option" {\n    for_each = local.regions\n'
        "    content {\n      name = option.value\n      value = option.key\n    }\n  }",
    )
    (region,) = imported(text).parameters
    assert [(one.name, one.value) for one in region.options] == [
        ("Europe", "eu"),
        ("America", "us"),
    ]


def test_parameters_that_a_count_leaves_out_are_absent() -> None:
    text = 'variable "more" {\n  default = false\n}\n' + parameter("p", "count = var.more ? 1 : 0")
    assert imported(text).parameters == ()
    assert len(imported(text, {"more": "true"}).parameters) == 1


def test_defaults_and_lists_are_stored_as_text() -> None:
    text = parameter("l", 'type = "list(string)"\n  default = jsonencode(["a", "b"])') + parameter(
        "z", 'type = "bool"\n  default = true'
    )
    assert [one.default_value for one in imported(text).parameters] == ['["a","b"]', "true"]


def test_preset_values_may_name_parameters_by_reference() -> None:
    text = parameter("size", 'default = "s"') + (
        'data "coder_workspace_preset" "p" {\n  name = "P"\n'
        '  parameters = {\n    (data.coder_parameter.size.name) = "l"\n  }\n}'
    )
    (preset,) = imported(text).presets
    assert preset.parameters == (("size", "l"),)


def test_what_cannot_be_evaluated_is_noted_and_left_out() -> None:
    text = parameter("p", "default = timestamp()") + (
        'module "far" {\n  source = "registry.coder.com/modules/x/coder"\n}'
    )
    result = imported(text)
    assert result.error is None
    assert [one.default_value for one in result.parameters] == [""]
    assert any("timestamp() is not evaluated" in note for note in result.notes)
    assert any("module far is left out" in note for note in result.notes)


def test_a_local_module_is_evaluated_with_its_arguments() -> None:
    inner = (
        'variable "label" {}\nvariable "agent" {}\n'
        'resource "terraform_data" "x" {\n  input = var.agent\n}\n'
        'data "coder_parameter" "p" {\n  name = var.label\n  default = "1"\n}\n'
        'output "out" {\n  value = "${var.label}!"\n}\n'
    )
    text = AGENT + (
        'module "near" {\n  source = "./sub"\n  label = "given"\n  agent = coder_agent.main.id\n}\n'
        'resource "terraform_data" "y" {\n  input = module.near.out\n}'
    )
    result = import_template(module(text, **{"sub__main.tf": inner}), variables={})
    assert result.error is None
    assert [one.name for one in result.parameters] == ["given"]
    held = {one.address: [agent.name for agent in one.agents] for one in result.start.resources}
    assert held == {"module.near.terraform_data.x": ["main"], "terraform_data.y": []}
    outer = next(one for one in result.start.instances if one.name == "y")
    assert dict(outer.attributes)["input"] == "given!"


@pytest.mark.parametrize(
    ("source", "files", "said"),
    [
        ('"./absent"', {}, "the archive has no module in absent"),
        ('"./sub"', {"sub/main.tf": "broken {"}, "Unclosed configuration block"),
        ("var.where", {}, "its source that is not known is not in the archive"),
        ('"./."', {}, "modules are nested too deep"),
    ],
)
def test_a_local_module_that_cannot_be_read_is_noted(
    source: str, files: dict[str, str], said: str
) -> None:
    text = f'variable "where" {{\n  default = null\n}}\nmodule "m" {{\n  source = {source}\n}}\n'
    sources = {name: body.encode() for name, body in ({"main.tf": text} | files).items()}
    result = import_template(parse_module(sources), variables={})
    assert any(said in note for note in result.notes)


def test_modules_for_each_element_have_their_key_in_the_address() -> None:
    inner = 'variable "n" {}\nresource "terraform_data" "x" {\n  input = var.n\n}\n'
    text = 'module "m" {\n  source = "./sub"\n  for_each = toset(["a", "b"])\n  n = each.key\n}\n'
    result = import_template(module(text, **{"sub__main.tf": inner}), variables={})
    assert [one.address for one in result.start.resources] == [
        'module.m["a"].terraform_data.x',
        'module.m["b"].terraform_data.x',
    ]


def test_external_logins_are_listed_once() -> None:
    text = (
        'data "coder_external_auth" "a" {\n  id = "github"\n}\n'
        'data "coder_external_auth" "b" {\n  id = "gitlab"\n  optional = true\n}\n'
        'data "coder_git_auth" "c" {\n  id = "github"\n}\n'
    )
    found = imported(text).external_auth
    assert [(one.id, one.optional) for one in found] == [("github", False), ("gitlab", True)]


def test_an_app_slug_used_twice_fails_the_import() -> None:
    def app(label: str) -> str:
        return (
            f'resource "coder_app" "{label}" {{\n  agent_id = coder_agent.main.id\n'
            '  slug = "same"\n}\n'
        )

    holder = 'resource "terraform_data" "x" {\n  input = coder_agent.main.id\n}\n'
    result = imported(AGENT + holder + app("a") + app("b"))
    assert result.error == (f'{ON_START}plan resources: duplicate app slug: "same" is used 2 times')


def test_a_stop_that_cannot_be_planned_fails_the_import() -> None:
    text = (
        'resource "terraform_data" "x" {\n  lifecycle {\n    precondition {\n'
        "      condition = data.coder_workspace.me.start_count == 1\n"
        '      error_message = "never stop"\n    }\n  }\n}'
    )
    result = imported(text)
    assert result.error == "template import provision for stop: terraform plan: exit status 1"


def test_arguments_that_name_no_resource_are_not_taken_for_references() -> None:
    text = (
        'provider "docker" {\n  alias = "far_away"\n}\n'
        'resource "docker_container" "x" {\n  provider = docker.far_away\n  image = "i"\n'
        "  lifecycle {\n    ignore_changes = [some_block.some_part]\n  }\n}"
    )
    assert imported(text).error is None


def test_a_dynamic_block_over_a_list_or_set_has_keys_and_values() -> None:
    text = parameter(
        "p",
        'dynamic "option" {\n    for_each = ["x", "y"]\n    iterator = each_one\n'
        "    content {\n      name = each_one.key\n      value = each_one.value\n    }\n  }\n"
        '  dynamic "option" {\n    for_each = toset(["z"])\n'
        "    content {\n      name = option.key\n      value = option.value\n    }\n  }",
    )
    (one,) = imported(text).parameters
    assert [(o.name, o.value) for o in one.options] == [("0", "x"), ("1", "y"), ("z", "z")]


def test_start_and_stop_differ_by_start_count() -> None:
    text = (
        'resource "terraform_data" "box" {\n  count = data.coder_workspace.me.start_count\n}\n'
        'resource "terraform_data" "disk" {}'
    )
    result = imported(text)
    assert [one.name for one in result.start.resources] == ["box", "disk"]
    assert [one.name for one in result.stop.resources] == ["disk"]


def test_the_readme_is_kept_even_by_a_failed_import() -> None:
    files = {"README.md": b"# Box\n", "main.tf": b"something {}"}
    result = import_template(parse_module(files), variables={})
    assert result.error is not None
    assert result.readme == "# Box\n"


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Where it **runs**, see [map](https://x.y)", "Where it runs, see map (https://x.y)"),
        ("a `b` and _c_ but snake_case_stays", "a b and c but snake_case_stays"),
        ("## Title", "Title"),
    ],
)
def test_descriptions_lose_their_marks(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain
