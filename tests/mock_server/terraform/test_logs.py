"""Logs and timings: their stages, their lines, and when they appear."""

from __future__ import annotations

import pytest

from coder_mock_server.terraform.evaluate import import_template, plan_dry_run
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.logs import (
    LogLine,
    build_log,
    dry_run_log,
    import_log,
    moments,
)
from coder_mock_server.terraform.model import Plan
from coder_mock_server.terraform.state import write_state
from coder_mock_server.terraform.timings import build_timings
from tests.mock_server.terraform.templates import OWNER, built, imported, module

COSTLY = """
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "sleep 25"
  }
}
resource "coder_metadata" "m" {
  count       = data.coder_workspace.me.start_count
  resource_id = terraform_data.box[0].id
  daily_cost  = 2
}
"""
FAILING = (
    'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "exit 1"\n  }\n}'
)


def stages(lines: list[LogLine]) -> list[str]:
    return list(dict.fromkeys(line.stage for line in lines))


def outputs(lines: list[LogLine], stage: str) -> list[str]:
    return [line.output for line in lines if line.stage == stage and line.output]


def test_an_import_goes_through_its_stages() -> None:
    lines = import_log(imported(COSTLY))
    assert stages(lines) == [
        "Setting up",
        "Parsing template parameters",
        "Detecting persistent resources",
        "Detecting ephemeral resources",
        "Cleaning Up",
    ]
    assert list(dict.fromkeys(line.level for line in lines)) == ["info", "warn", "debug"]
    assert all(line.output == "" for line in lines if line.source == "provisioner_daemon")
    assert all(line.output for line in lines if line.source == "provisioner")
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in outputs(lines, stages(lines)[2])


def test_an_import_without_configuration_stops_at_the_first_plan() -> None:
    lines = import_log(import_template(parse_module({"a.txt": b""}), variables={}))
    assert stages(lines)[2:] == ["Detecting persistent resources", "Cleaning Up"]
    assert [line.output for line in lines if line.level == "error"] == [
        "Error: No configuration files"
    ]
    assert lines[-1] == LogLine("provisioner_daemon", "info", "Cleaning Up", "")


def test_an_import_without_its_variables_ends_before_any_plan() -> None:
    lines = import_log(imported('variable "a" {}'))
    assert [line.stage for line in lines] == [
        "Setting up",
        "Parsing template parameters",
        "Cleaning Up",
    ]


def test_remarks_on_what_was_left_out_are_warnings() -> None:
    lines = import_log(imported('module "m" {\n  source = "git::https://x"\n}'))
    assert any(line.level == "warn" and "module m is left out" in line.output for line in lines)


def test_a_dry_run_has_one_stage_of_its_own() -> None:
    plan = plan_dry_run(
        module(COSTLY), parameters={}, variables={}, owner=OWNER, workspace_name="t"
    )
    assert stages(dry_run_log(plan)) == [
        "Setting up",
        "Detecting persistent resources",
        "Cleaning Up",
    ]


def test_a_build_commits_its_cost_only_where_there_is_one() -> None:
    start = built(COSTLY, state=b"")
    lines = build_log(start, "start")
    assert stages(lines) == [
        "Setting up",
        "Planning infrastructure",
        "Commit quota",
        "Starting workspace",
        "Cleaning Up",
    ]
    assert outputs(lines, "Commit quota") == [
        "Build cost       —   2",
        "Budget           —   -1",
        "Credits consumed —   0",
    ]
    stop = built(COSTLY, transition="stop", state=write_state(start))
    assert stages(build_log(stop, "stop")) == [
        "Setting up",
        "Planning infrastructure",
        "Stopping workspace",
        "Cleaning Up",
    ]


def test_a_build_over_its_budget_ends_with_the_quota() -> None:
    lines = build_log(built(COSTLY), "start", budget=1, over_budget=True)
    assert stages(lines)[-2:] == ["Commit quota", "Cleaning Up"]
    assert lines[-2].level == "warn"


def test_the_apply_tells_what_it_creates_and_how_long_it_waits() -> None:
    lines = outputs(build_log(built(COSTLY, state=b""), "start"), "Starting workspace")
    box = [line for line in lines if line.startswith("terraform_data.box[0]")]
    assert box[:3] == [
        "terraform_data.box[0]: Creating...",
        "terraform_data.box[0]: Provisioning with 'local-exec'...",
        'terraform_data.box[0]: (local-exec): Executing: ["/bin/sh" "-c" "sleep 25"]',
    ]
    assert box[3:5] == [
        "terraform_data.box[0]: Still creating... [10s elapsed]",
        "terraform_data.box[0]: Still creating... [20s elapsed]",
    ]
    assert box[5].startswith("terraform_data.box[0]: Creation complete after 25s [id=")
    assert lines[-2:] == [
        "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.",
        "Outputs: 0",
    ]


def test_a_build_that_fails_or_is_canceled_ends_in_error_lines() -> None:
    failed = build_log(built(FAILING), "start")
    canceled = build_log(built(COSTLY), "start", canceled_after=12)
    for lines in (failed, canceled):
        errors = [line for line in lines if line.level == "error"]
        assert errors[0].output == "Error: local-exec provisioner error"
        assert errors[0].stage == "Starting workspace"
        assert lines[-1].stage == "Cleaning Up"
        assert not any("Apply complete" in line.output for line in lines)
    assert any("[10s elapsed]" in line.output for line in canceled)
    assert not any("[20s elapsed]" in line.output for line in canceled)


def test_an_orphan_delete_has_nothing_to_do() -> None:
    lines = build_log(Plan(transition="delete"), "delete", orphan=True)
    assert stages(lines) == [
        "Setting up",
        "Planning infrastructure",
        "Destroying workspace",
        "Cleaning Up",
    ]


def test_lines_appear_in_order_and_within_the_job() -> None:
    plan = built(COSTLY, state=b"")
    lines = build_log(plan, "start")
    times = moments(lines, plan, 26.0)
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] <= 26
    at = {line.output.rpartition(" [")[2]: time for line, time in zip(lines, times, strict=True)}
    assert 10 < at["10s elapsed]"] < 11.5
    assert 20 < at["20s elapsed]"] < 21.5


def test_timings_have_the_stages_in_order_and_end_with_the_job() -> None:
    plan = built(COSTLY, state=b"")
    rows = build_timings(plan, 26.0)
    assert list(dict.fromkeys(row.stage for row in rows)) == ["init", "plan", "graph", "apply"]
    assert [row.resource for row in rows if row.stage == "plan"] == [
        "data.coder_workspace.me",
        "data.coder_workspace_owner.me",
    ]
    applied = {(row.resource, row.action) for row in rows if row.stage == "apply"}
    assert applied == {
        ("terraform_data.box[0]", "create"),
        ("terraform_data.box[0]", "provision"),
        ("coder_metadata.m[0]", "create"),
    }
    assert all(0 <= row.start <= row.end <= 26 for row in rows)


def test_a_stop_shows_deletions_and_an_unchanged_build_no_apply() -> None:
    state = write_state(built(COSTLY, state=b""))
    stop = built(COSTLY, transition="stop", state=state)
    assert {row.action for row in build_timings(stop, 1.0) if row.stage == "apply"} == {"delete"}
    same = built(COSTLY, state=state)
    assert [row for row in build_timings(same, 1.0) if row.stage == "apply"] == []


@pytest.mark.parametrize("plan", [Plan(failure="terraform plan: exit status 1")])
def test_a_failed_build_has_no_timings(plan: Plan) -> None:
    assert build_timings(plan, 1.0) == []
