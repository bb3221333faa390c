"""What builds change, how long their commands keep them busy, and the state they leave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coder_mock_server.terraform.evaluate import plan_build
from coder_mock_server.terraform.shell import Outcome, outcome
from coder_mock_server.terraform.state import StateError, read_state, write_state
from tests.mock_server.terraform.templates import OWNER, WORKSPACE, built, module

SLEEPER = """
data "coder_parameter" "seconds" {
  name    = "seconds"
  type    = "number"
  default = 0
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "sleep ${data.coder_parameter.seconds.value}"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "sleep 3"
  }
}
resource "terraform_data" "disk" {}
"""

FAILING = """
resource "terraform_data" "first" {}
resource "terraform_data" "second" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    command = "exit 7"
  }
}
resource "terraform_data" "third" {
  input = terraform_data.second.id
}
"""


def actions(plan: Any) -> list[tuple[str, str]]:
    return [(change.action, change.instance.address) for change in plan.changes]


def test_a_command_keeps_the_build_busy_as_long_as_its_parameter_says() -> None:
    plan = built(SLEEPER, parameters={"seconds": "40"})
    assert plan.seconds == 40
    assert plan.failure is None


def test_a_second_start_creates_nothing_and_waits_for_nothing() -> None:
    first = built(SLEEPER, parameters={"seconds": "40"}, state=b"")
    second = built(SLEEPER, parameters={"seconds": "40"}, state=write_state(first))
    assert {action for action, _ in actions(second)} == {"no-op"}
    assert second.seconds == 0


def test_a_stop_destroys_what_a_start_count_made_and_runs_its_destroy_commands() -> None:
    state = write_state(built(SLEEPER, state=b""))
    stop = built(SLEEPER, transition="stop", state=state)
    assert actions(stop) == [("delete", "terraform_data.box[0]"), ("no-op", "terraform_data.disk")]
    assert stop.seconds == 3
    assert [one.name for one in stop.resources] == ["disk"]
    assert read_state(write_state(stop, before=state)).addresses == ("terraform_data.disk",)


def test_a_delete_leaves_an_empty_state() -> None:
    state = write_state(built(SLEEPER, state=b""))
    delete = built(SLEEPER, transition="delete", state=state)
    assert delete.resources == ()
    assert read_state(write_state(delete, before=state)).addresses == ()


def test_without_a_known_state_a_stop_expects_what_a_start_leaves() -> None:
    assert ("delete", "terraform_data.box[0]") in actions(built(SLEEPER, transition="stop"))


def test_a_command_that_fails_fails_the_build_and_taints_its_resource() -> None:
    plan = built(FAILING, state=b"")
    assert plan.failure == "terraform apply: exit status 1"
    assert plan.failed_address == "terraform_data.second"
    left = read_state(write_state(plan))
    assert left.addresses == ("terraform_data.first", "terraform_data.second")
    assert left.tainted == ("terraform_data.second",)
    again = built(FAILING, state=write_state(plan))
    assert actions(again)[:2] == [
        ("no-op", "terraform_data.first"),
        ("replace", "terraform_data.second"),
    ]
    assert again.failure == "terraform apply: exit status 1"


def test_a_failure_that_may_be_passed_over_does_not_fail_the_build() -> None:
    text = (
        'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n'
        '    command = "exit 1"\n    on_failure = continue\n  }\n}'
    )
    assert built(text).failure is None


def test_independent_resources_are_waited_for_side_by_side_dependent_ones_in_turn() -> None:
    def waiting(name: str, seconds: int, needs: str = "null") -> str:
        return (
            f'resource "terraform_data" "{name}" {{\n  input = {needs}\n'
            f'  provisioner "local-exec" {{\n    command = "sleep {seconds}"\n  }}\n}}\n'
        )

    assert built(waiting("a", 5) + waiting("b", 7)).seconds == 7
    assert built(waiting("a", 5) + waiting("b", 7, "terraform_data.a.id")).seconds == 12


def test_a_resource_that_only_waits_counts_too() -> None:
    text = (
        "terraform {\n  required_providers {\n    time = {\n"
        '      source = "hashicorp/time"\n    }\n  }\n}\n'
        'resource "time_sleep" "w" {\n  create_duration = "30s"\n  destroy_duration = "1m"\n}'
    )
    assert built(text).seconds == 30
    assert built(text, transition="delete").seconds == 60


def test_what_the_state_has_and_the_template_lost_is_deleted() -> None:
    state = write_state(built('resource "null_resource" "gone" {\n  count = 1\n}', state=b""))
    plan = built('resource "terraform_data" "x" {}', state=state)
    assert actions(plan) == [("delete", "null_resource.gone[0]"), ("create", "terraform_data.x")]


def test_a_failed_deletion_keeps_what_it_could_not_delete() -> None:
    text = (
        'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    when = destroy\n'
        '    command = "exit 1"\n  }\n}'
    )
    state = write_state(built(text, state=b""))
    delete = built(text, transition="delete", state=state)
    assert delete.failure == "terraform apply: exit status 1"
    assert read_state(write_state(delete, before=state)).addresses == ("terraform_data.x",)


def test_a_plan_that_fails_leaves_the_state_as_it_was() -> None:
    text = (
        'resource "terraform_data" "x" {\n  lifecycle {\n    precondition {\n'
        '      condition = data.coder_workspace.me.transition == "start"\n'
        '      error_message = "no"\n    }\n  }\n}'
    )
    state = write_state(built(text, state=b""))
    stop = built(text, transition="stop", state=state)
    assert stop.failure == "terraform plan: exit status 1"
    assert read_state(write_state(stop, before=state)).addresses == ("terraform_data.x",)


def test_resources_of_local_modules_keep_their_module_in_the_state() -> None:
    inner = 'resource "terraform_data" "x" {\n  count = 1\n}\n'
    template = module('module "m" {\n  source = "./sub"\n}', **{"sub__main.tf": inner})
    plan = plan_build(
        template,
        transition="start",
        parameters={},
        variables={},
        owner=OWNER,
        workspace=WORKSPACE,
        state=b"",
    )
    assert read_state(write_state(plan)).addresses == ("module.m.terraform_data.x[0]",)


def test_a_required_variable_that_a_build_lacks_fails_the_plan() -> None:
    plan = built('variable "v" {}')
    assert plan.failure == "terraform plan: exit status 1"
    assert plan.failure_lines == ('Error: No value for required variable: "v"',)


def test_bytes_that_are_no_state_fail_the_initialization() -> None:
    for state in (b"broken", b"[]", b'{"version": 99}'):
        assert built(SLEEPER, state=state).failure == "initialize terraform: exit status 1"
        with pytest.raises(StateError):
            read_state(state)


def test_a_state_is_one_that_terraform_could_have_written() -> None:
    plan = built(SLEEPER, state=b"")
    first = json.loads(write_state(plan, seed="w"))
    assert (first["version"], first["serial"]) == (4, 1)
    box = next(one for one in first["resources"] if one["name"] == "box")
    assert box["provider"] == 'provider["terraform.io/builtin/terraform"]'
    assert box["instances"][0]["index_key"] == 0
    second = json.loads(write_state(plan, before=write_state(plan, seed="w")))
    assert (second["serial"], second["lineage"]) == (2, first["lineage"])


def test_an_agents_token_is_in_the_state() -> None:
    text = 'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n}'
    state = json.loads(write_state(built(text, token_for=lambda _: "the-token")))
    agent = next(one for one in state["resources"] if one["type"] == "coder_agent")
    assert agent["instances"][0]["attributes"]["token"] == "the-token"


def test_a_condition_that_does_not_hold_fails_the_plan() -> None:
    text = (
        'resource "terraform_data" "x" {\n  lifecycle {\n    precondition {\n'
        '      condition = data.coder_workspace.me.name != "dev"\n'
        '      error_message = "Not dev"\n    }\n  }\n}'
    )
    plan = built(text)
    assert plan.failure == "terraform plan: exit status 1"
    assert "Not dev" in plan.failure_lines[0]


@pytest.mark.parametrize(
    ("command", "seconds", "status"),
    [
        ("sleep 5", 5, 0),
        ("sleep 1m; sleep 2.5", 62.5, 0),
        ("exit 3", 0, 3),
        ("sleep 2 && exit 1", 2, 1),
        ("false || sleep 4", 4, 0),
        ("true || sleep 4", 0, 0),
        ("exit 1\nsleep 9", 0, 1),
        ("sleep 5 &", 0, 0),
        ("false", 0, 1),
        ("false; true", 0, 0),
        ("! false", 0, 0),
        ('if [ "a" = "b" ]; then exit 1; fi', 0, 0),
        ('if [ "a" = "a" ]; then sleep 3; exit 2; else sleep 9; fi', 3, 2),
        ("if false; then exit 1; elif true; then exit 2; else exit 3; fi", 0, 2),
        ("[ 3 -gt 2 ] && exit 4", 0, 4),
        ("for i in 1 2 3; do sleep 2; done", 6, 0),
        ("(exit 3); sleep 1", 1, 0),
        ("(exit 3) || sleep 2", 2, 0),
        ("X=1 sleep 2 # comment; exit 1", 2, 0),
        ("echo 'sleep 9; exit 1'", 0, 0),
        ("curl https://x.y | bash", 0, 0),
        ("it's not closed", 0, 0),
        ("", 0, 0),
        ("{ sleep 1; exit 2; }", 1, 2),
        ("while true; do sleep 1; done", 1, 0),
        ("false && for i in 1 2; do sleep 1; done", 0, 1),
        ('test -z "" && test -n "x" && [ ! "a" = "b" ] && [ a != b ] && exit 5', 0, 5),
        ("[ x -eq 1 ] || exit 6", 0, 6),
        ("[ a -nt b ] && exit 7", 0, 7),
        ('[ "" ] || exit 8', 0, 8),
        ("sleep 1 \\\n  2", 3, 0),
        ("false ||\nsleep 2", 2, 0),
        ("exit 1 &", 0, 0),
        ("if false; then exit 1; else sleep 2; exit 3; fi", 2, 3),
        ("if true; then sleep 1; fi; exit 4", 1, 4),
        ("exit", 0, 0),
        ('echo "two\nlines"; exit 9', 0, 9),
    ],
)
def test_a_command_line_tells_how_long_it_runs_and_how_it_ends(
    command: str, seconds: float, status: int
) -> None:
    assert outcome(command) == Outcome(seconds, status)
