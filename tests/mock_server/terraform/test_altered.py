"""What a build does to resources that exist already: nothing, an update, or a replacement."""

from __future__ import annotations

import pytest

from coder_mock_server.terraform.logs import build_log
from coder_mock_server.terraform.model import Plan
from coder_mock_server.terraform.state import read_state, write_state
from coder_mock_server.terraform.timings import build_timings
from tests.mock_server.terraform.templates import built

PARAMETER = """
data "coder_parameter" "word" {
  name    = "word"
  default = "a"
  mutable = true
}
"""
WORD = "data.coder_parameter.word.value"


def resource(kind: str, arguments: str, command: str = "sleep 7") -> str:
    provisioner = f'  provisioner "local-exec" {{\n    command = "{command}"\n  }}\n'
    return f'{PARAMETER}resource "{kind}" "x" {{\n  {arguments}\n{provisioner}}}\n'


def twice(text: str, word: str, transition: str = "start") -> Plan:
    """The second build of a template whose parameter had its default in the first."""
    first = built(text, parameters={"word": "a"}, state=b"")
    return built(text, parameters={"word": word}, transition=transition, state=write_state(first))


@pytest.mark.parametrize(
    ("kind", "arguments", "action", "seconds"),
    [
        ("terraform_data", f"input = {WORD}", "update", 0),
        ("terraform_data", f"triggers_replace = [{WORD}]", "replace", 7),
        ("terraform_data", f"input = {WORD}\n  triggers_replace = {WORD}", "replace", 7),
        ("null_resource", f"triggers = {{\n    word = {WORD}\n  }}", "replace", 7),
        ("random_id", f"byte_length = 4\n  keepers = {{\n    word = {WORD}\n  }}", "replace", 7),
        ("random_id", f"byte_length = length({WORD})", "no-op", 0),
    ],
)
def test_what_a_changed_value_does_depends_on_the_argument(
    kind: str, arguments: str, action: str, seconds: int
) -> None:
    text = resource(kind, arguments)
    changed = twice(text, "bb")
    assert ([one.action for one in changed.changes], changed.seconds) == ([action], seconds)
    assert [one.action for one in twice(text, "a").changes] == ["no-op"]


def test_what_differs_each_time_is_replaced_each_time() -> None:
    plan = twice(resource("terraform_data", "triggers_replace = timestamp()"), "a")
    assert [one.action for one in plan.changes] == ["replace"]


def test_an_update_is_told_by_log_and_timings() -> None:
    plan = twice(resource("terraform_data", f"input = {WORD}"), "b")
    outputs = [line.output for line in build_log(plan, "start")]
    assert "terraform_data.x: Plan to update" in outputs
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in outputs
    assert any(output.startswith("terraform_data.x: Modifying... [id=") for output in outputs)
    assert "Apply complete! Resources: 0 added, 1 changed, 0 destroyed." in outputs
    applied = [(row.action, row.resource) for row in build_timings(plan, 1.0) if row[0] == "apply"]
    assert applied == [("update", "terraform_data.x")]


def test_the_state_afterwards_has_the_new_values() -> None:
    plan = twice(resource("terraform_data", f"input = {WORD}"), "b")
    assert read_state(write_state(plan)).attributes["terraform_data.x"]["input"] == "b"


def test_what_failed_to_be_created_is_destroyed_without_its_destroy_commands() -> None:
    destroying = (
        '  provisioner "local-exec" {\n    when = destroy\n    command = "exit 9"\n  }\n}\n'
    )
    text = resource("terraform_data", "", command="exit 3").removesuffix("}\n") + destroying
    state = write_state(built(text, state=b""))
    assert read_state(state).tainted == ("terraform_data.x",)
    assert built(text, transition="delete", state=state).failure is None
