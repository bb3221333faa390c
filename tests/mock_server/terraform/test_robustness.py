"""No template that parses makes an import, a build or their logs crash."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coder_mock_server.terraform.evaluate import (
    import_template,
    plan_build,
    plan_dry_run,
    workspace_tags,
)
from coder_mock_server.terraform.functions import FUNCTIONS, KNOWN_FUNCTIONS
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.logs import build_log, dry_run_log, import_log, moments
from coder_mock_server.terraform.model import HclSyntaxError, TagError, Transition
from coder_mock_server.terraform.shell import outcome
from coder_mock_server.terraform.state import read_state, write_state
from coder_mock_server.terraform.syntax import Module
from coder_mock_server.terraform.timings import build_timings
from tests.mock_server.terraform.templates import HEAD, OWNER, WORKSPACE

words = st.sampled_from(["a", "b", "main", "x", "name", "value", "id", "token", "input"])
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


roots = st.sampled_from(
    [
        "data.coder_workspace.me",
        "data.coder_workspace.me.start_count",
        "data.coder_workspace_owner.me.name",
        "data.coder_parameter.a.value",
        "coder_agent.main.id",
        "coder_agent.main.token",
        "terraform_data.x",
        "terraform_data.x[0].output",
        "var.a",
        "var.b",
        "local.a",
        "local.b",
        "each.key",
        "count.index",
        "path.module",
        "module.a.b",
    ]
)
leaves = st.one_of(
    roots,
    st.integers(-5, 2**40).map(str),
    st.floats(0, 1e6, allow_nan=False).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["true", "false", "null"]),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Cc"]),
        max_size=6,
    ).map(quoted),
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    functions = st.sampled_from(sorted(KNOWN_FUNCTIONS))
    operators = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(words, inner), max_size=3).map(
            lambda items: "{ " + ", ".join(f"{key} = {value}" for key, value in items) + " }"
        ),
        st.tuples(functions, st.lists(inner, max_size=3)).map(
            lambda t: f"{t[0]}({', '.join(t[1])})"
        ),
        st.tuples(inner, words).map(lambda t: f"({t[0]}).{t[1]}"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}]"),
        st.tuples(inner, words).map(lambda t: f"({t[0]})[*].{t[1]}"),
        inner.map(lambda expression: f'"text ${{{expression}}} more"'),
        st.tuples(inner, inner).map(lambda t: f"[for k, v in {t[0]} : {t[1]} if k != v]"),
        st.tuples(inner, inner).map(lambda t: f"{{ for v in {t[0]} : v => {t[1]}... }}"),
        inner.map(lambda expression: f"!({expression})"),
        inner.map(lambda expression: f"-({expression})"),
    )


expressions_text = st.recursive(leaves, compound, max_leaves=6)
arguments = st.dictionaries(
    st.sampled_from(
        """
        count for_each name default type mutable ephemeral order description display_name
        icon os arch dir env startup_script connection_timeout login_before_ready auth
        agent_id slug url share subdomain hidden external script display_name cron timeout
        resource_id hide daily_cost input tags parameters source command value validation
        """.split()  # noqa: SIM905
    ),
    expressions_text,
    max_size=6,
)
nested = st.sampled_from(
    [
        "",
        'option {\n  name = "A"\n  value = local.a\n}\n',
        'dynamic "option" {\n  for_each = local.b\n  content {\n    value = option.value\n  }\n}\n',
        "validation {\n  min = local.a\n  max = var.b\n  regex = local.b\n}\n",
        "item {\n  key = local.a\n  value = coder_agent.main.token\n}\n",
        "healthcheck {\n  url = local.a\n  interval = local.b\n  threshold = 1\n}\n",
        "metadata {\n  key = local.a\n  interval = local.b\n}\n",
        "display_apps {\n  vscode = local.a\n}\n",
        'provisioner "local-exec" {\n  command = local.a\n}\n',
        'lifecycle {\n  precondition {\n    condition = local.a\n    error_message = "e"\n  }\n}\n',
    ]
)
# Each kind with the arguments that it cannot do without; all that `roots` names is declared.
KINDS = {
    'data "coder_parameter" "a"': {"name": '"x"'},
    'data "coder_workspace_preset" "a"': {"name": '"p"'},
    'data "coder_workspace_tags" "a"': {"tags": "{ key = data.coder_parameter.a.value }"},
    'data "coder_external_auth" "a"': {"id": '"github"'},
    'resource "coder_agent" "main"': {"os": '"linux"', "arch": '"amd64"'},
    'resource "coder_app" "a"': {"agent_id": "coder_agent.main.id", "slug": '"s"'},
    'resource "coder_script" "a"': {
        "agent_id": "coder_agent.main.id",
        "display_name": '"S"',
        "script": '"x"',
    },
    'resource "coder_env" "a"': {"agent_id": "coder_agent.main.id", "name": '"E"'},
    'resource "coder_metadata" "a"': {"resource_id": "terraform_data.x[0].id"},
    'resource "terraform_data" "x"': {"input": "coder_agent.main.id", "count": "2"},
    'resource "docker_container" "a"': {"image": "coder_agent.main.token"},
    'module "a"': {"source": '"registry.coder.com/modules/a/coder"'},
    'variable "a"': {"default": "1"},
    'variable "b"': {"default": '"2"'},
}
EXCLUDE_EACH_OTHER = [("command", "url"), ("external", "share"), ("external", "subdomain")]


@st.composite
def modules(draw: st.DrawFn) -> Module:
    parts = [
        HEAD,
        f"locals {{\n  a = {draw(expressions_text)}\n  b = {draw(expressions_text)}\n}}\n",
    ]
    for kind, required in KINDS.items():
        drawn = {} if kind.startswith(("variable", "module")) else draw(arguments)
        given_arguments = required | {name: drawn[name] for name in drawn if draw(st.booleans())}
        for first, second in EXCLUDE_EACH_OTHER:
            if first in given_arguments:
                given_arguments.pop(second, None)
        body = "".join(f"  {name} = {text}\n" for name, text in given_arguments.items())
        inner = "" if kind.startswith(("variable", "module")) else draw(nested)
        parts.append(f"{kind} {{\n{body}{inner}}}\n")
    try:
        return parse_module({"main.tf": "".join(parts).encode()})
    except HclSyntaxError:
        # A few combinations are no HCL: `-(-(1))` joined to a number and the like.
        return parse_module({"main.tf": HEAD.encode()})


@quick
@given(modules(), st.sampled_from(["start", "stop", "delete"]))
def test_any_module_can_be_imported_built_and_reported(
    module: Module, transition: Transition
) -> None:
    result = import_template(module, variables={"a": "1"})
    assert import_log(result)[-1].stage == "Cleaning Up"
    facts: dict[str, Any] = {"parameters": {"x": "1"}, "variables": {"a": "1"}, "owner": OWNER}
    plan = plan_build(module, transition=transition, workspace=WORKSPACE, **facts)
    lines = build_log(plan, transition)
    assert len(moments(lines, plan, 2.0)) == len(lines)
    build_timings(plan, 2.0)
    read_state(write_state(plan))
    assert dry_run_log(plan_dry_run(module, workspace_name="t", **facts))


@quick
@given(modules(), st.none() | st.just({"x": "1"}))
def test_any_tags_are_computed_or_refused(module: Module, parameters: Any) -> None:
    try:
        tags = workspace_tags(module, parameters, {})
    except TagError:
        return
    assert all(isinstance(value, str) for value in tags.values())


@quick
@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(HclSyntaxError):
        parse_module({"main.tf": text.encode("utf-8", "replace")})


@quick
@given(
    st.lists(
        st.sampled_from(
            [
                *("sleep", "3", "exit", "1", ";", "&&", "||", "if", "then", "else", "fi", "(", ")"),
                *(
                    "for",
                    "in",
                    "do",
                    "done",
                    "\n",
                    "{",
                    "}",
                    "!",
                    "&",
                    "[",
                    "]",
                    "=",
                    "'",
                    "#",
                    "|",
                ),
            ]
        ),
        max_size=14,
    )
)
def test_any_command_has_an_outcome(tokens: list[str]) -> None:
    result = outcome(" ".join(tokens))
    assert result.seconds >= 0
    assert 0 <= result.status < 256


def test_every_function_that_is_computed_is_a_known_one() -> None:
    assert set(FUNCTIONS) <= KNOWN_FUNCTIONS
