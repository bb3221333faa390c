from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coder_mock_server.domain import queue
from coder_mock_server.domain.jobs import new_job
from coder_mock_server.domain.licensed import Group
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.records import PortShare, ProvisionerJob, TemplateVersion
from coder_mock_server.domain.tags import normalise
from coder_mock_server.presenters.builds import timings
from coder_mock_server.terraform.model import ImportResult, Plan, Resource
from tests.support.world import BOX, START, Stage, seconds_between

SLEEPER = (
    BOX
    + """
data "coder_parameter" "seconds" {
  name    = "seconds"
  type    = "number"
  default = 0
  mutable = true
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "sleep ${data.coder_parameter.seconds.value}"
  }
}
"""
)
COSTLY = (
    SLEEPER
    + """
resource "coder_metadata" "box" {
  count       = data.coder_workspace.me.start_count
  resource_id = terraform_data.box[0].id
  daily_cost  = 3
}
"""
)
FAILING = (
    BOX
    + """
resource "terraform_data" "box" {
  provisioner "local-exec" {
    command = "exit 3"
  }
}
"""
)


def test_an_import_is_taken_at_once_and_done_after_about_a_second() -> None:
    stage = Stage()
    version = stage.version({"main.tf": SLEEPER, "README.md": "# Sleeper"})
    assert job_status(stage.job(version.job_id)) == "pending"
    stage.advance(0.1)
    job = stage.job(version.job_id)
    assert job_status(job) == "running"
    assert job.worker_id == stage.daemons[0].id
    assert seconds_between(START, job.started_at) == pytest.approx(0.005)
    assert stage.state.template_versions[version.id].readme == "# Sleeper"
    assert version.id not in stage.state.imports
    stage.advance(3)
    job = stage.job(version.job_id)
    assert job_status(job) == "succeeded"
    assert 1.0 <= seconds_between(job.started_at, job.completed_at) <= 1.3
    found = stage.state.imports[version.id]
    assert [parameter.name for parameter in found.parameters] == ["seconds"]
    rows = stage.state.resources.by("job", job.id)
    assert [(row.name, row.transition) for row in rows] == [("box", "start")]


def test_an_import_without_terraform_files_fails_in_the_words_of_the_api() -> None:
    stage = Stage()
    version = stage.version({"notes.txt": "nothing here"})
    stage.advance(3)
    job = stage.job(version.job_id)
    assert job_status(job) == "failed"
    assert job.error == "template import provision for start: terraform plan: exit status 1"
    stages = [line.stage for line in stage.log(job) if line.log_source == "provisioner_daemon"]
    assert stages == [
        "Setting up",
        "Parsing template parameters",
        "Detecting persistent resources",
        "Cleaning Up",
    ]
    assert not stage.state.resources.by("job", job.id)


def test_a_missing_variable_fails_the_import_with_its_code() -> None:
    stage = Stage()
    version = stage.version(BOX + 'variable "must" {\n  type = string\n}\n')
    stage.advance(1)
    job = stage.job(version.job_id)
    assert job.error == "update job: required template variables need values: must"
    assert job.error_code == "REQUIRED_TEMPLATE_VARIABLES"
    assert [variable.name for variable in stage.state.imports[version.id].variables] == ["must"]


def test_a_build_takes_as_long_as_its_commands_sleep_and_its_log_grows_meanwhile() -> None:
    stage = Stage()
    workspace = stage.workspace(
        stage.template(SLEEPER), parameters={"seconds": "25"}, ttl_ms=3_600_000
    )
    posted = stage.now
    stage.advance(10)
    running = stage.log(stage.job_of(workspace))
    assert job_status(stage.job_of(workspace)) == "running"
    assert running[-1].output.endswith("'local-exec'...") or "Executing" in running[-1].output
    assert not stage.state.resources.by("job", stage.job_of(workspace).id)
    stage.advance(20)
    job = stage.job_of(workspace)
    build = stage.state.latest_build(workspace.id)
    assert job_status(job) == "succeeded"
    assert 25.8 < seconds_between(posted, job.completed_at) < 26.1
    assert build.updated_at == job.completed_at == job.updated_at
    assert build.deadline == job.completed_at + timedelta(hours=1)
    assert [line.id for line in stage.log(job)] == sorted(line.id for line in stage.log(job))
    assert "Still creating... [20s elapsed]" in "\n".join(x.output for x in stage.log(job))
    assert stage.log(job)[-1].stage == "Cleaning Up"
    assert max(line.created_at for line in stage.log(job)) <= job.completed_at
    assert [row.name for row in stage.state.resources.by("job", job.id)] == ["box"]
    stages = {row.stage for row in stage.state.job_timings.get(job.id)}
    assert stages == {"init", "plan", "graph", "apply"}
    assert b'"version": 4' in build.state


def test_a_failing_command_fails_the_build_and_leaves_its_state() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(FAILING))
    stage.advance(5)
    job, build = stage.job_of(workspace), stage.state.latest_build(workspace.id)
    assert (job_status(job), job.error) == ("failed", "terraform apply: exit status 1")
    assert not stage.state.resources.by("job", job.id)
    assert build.deadline is None
    assert b"tainted" in build.state
    assert any(line.log_level == "error" for line in stage.log(job))


def test_state_that_is_no_state_fails_the_build_and_stays() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    stage.advance(5)
    stage.build(workspace, "start", state=b"rubbish")
    stage.advance(5)
    assert stage.job_of(workspace).error == "initialize terraform: exit status 1"
    assert stage.state.latest_build(workspace.id).state == b"rubbish"


def dry_run(stage: Stage, version: TemplateVersion, **options: Any) -> ProvisionerJob:
    imported = stage.job(version.job_id)
    return stage.write(
        lambda: new_job(
            stage.world,
            type="template_version_dry_run",
            organization_id=imported.organization_id,
            initiator_id=stage.user.id,
            file_id=imported.file_id,
            tags=imported.tags,
            template_version_id=version.id,
            now=stage.now,
            **options,
        )
    )


def test_a_dry_run_finds_the_resources_of_a_start_and_runs_no_command() -> None:
    stage = Stage()
    version = stage.version(SLEEPER)
    stage.advance(5)
    job = dry_run(stage, version, dry_run_parameters=(("seconds", "600"),))
    stage.advance(1)
    job = stage.job(job.id)
    assert job_status(job) == "succeeded"
    rows = stage.state.resources.by("job", job.id)
    assert [(row.name, row.transition) for row in rows] == [("box", "start")]
    assert stage.log(job)[-1].stage == "Cleaning Up"


def test_a_dry_run_of_a_broken_template_fails_and_leaves_nothing() -> None:
    stage = Stage()
    version = stage.version({"notes.txt": "nothing"})
    stage.advance(5)
    job = dry_run(stage, version)
    stage.advance(5)
    assert stage.job(job.id).error == "terraform plan: exit status 1"
    assert not stage.state.resources.by("job", job.id)
    wished = dry_run(stage, version, id=stage.id())
    stage.write(lambda: stage.state.jobs.put(replace(wished, planned_failure="no luck")))
    stage.advance(5)
    assert stage.job(wished.id).error == "terraform plan: exit status 1"


@pytest.mark.parametrize("kind", ["import", "dry run"])
def test_held_jobs_without_a_build_fail_after_a_cancel_too(kind: str) -> None:
    stage = Stage()
    version = stage.version(SLEEPER)
    job = stage.job(version.job_id)
    if kind == "dry run":
        stage.advance(5)
        job = dry_run(stage, version)
    stage.write(lambda: stage.state.jobs.put(replace(job, held=True)))
    stage.advance(30)
    stage.cancel(job)
    stage.advance(5)
    job = stage.job(job.id)
    assert job_status(job) == "failed"
    assert job.error is not None
    assert job.error.endswith("terraform plan: exit status 1")
    assert stage.log(job)[-1].stage == "Cleaning Up"


def test_versions_that_a_scenario_made_without_a_file_do_what_it_declares() -> None:
    stage = Stage()
    declared = ImportResult(
        start=Plan(resources=(Resource("docker_container", "box", "docker_container.box"),)),
        stop=Plan(resources=(Resource("docker_volume", "home", "docker_volume.home"),)),
    )
    version = stage.version()
    job = stage.job(version.job_id)
    stage.write(lambda: stage.state.files.remove(job.file_id))
    stage.state.modules.clear()
    stage.state.imports[version.id] = declared
    stage.advance(5)
    assert job_status(stage.job(job.id)) == "succeeded"
    workspace = stage.workspace(stage.template_of(version))
    found = []
    for transition in ("start", "stop", "delete"):
        stage.advance(5)
        rows = stage.state.resources.by("job", stage.job_of(workspace).id)
        found.append([row.name for row in rows])
        if transition != "delete":
            stage.build(workspace, "stop" if transition == "start" else "delete")
    assert found == [["box"], ["home"], []]
    job = dry_run(stage, version)
    stage.advance(5)
    assert [row.name for row in stage.state.resources.by("job", job.id)] == ["box"]


def test_an_instant_cancel_of_a_held_job_ends_it_at_the_next_look() -> None:
    stage = Stage(instant=True)
    workspace = stage.workspace(stage.template(SLEEPER))
    held = replace(stage.job_of(workspace), held=True)
    stage.write(lambda: stage.state.jobs.put(held))
    stage.advance(10)
    stage.cancel(held)
    stage.advance()
    job = stage.job_of(workspace)
    assert (job_status(job), job.completed_at) == ("failed", job.canceled_at)


def allow(stage: Stage, allowance: int) -> None:
    """What everybody's workspaces may cost."""
    id = stage.organization.id
    everyone = Group(id, id, "Everyone", quota_allowance=allowance)
    stage.write(lambda: stage.state.groups.put(everyone))


def test_a_licensed_server_counts_what_a_build_costs() -> None:
    costs = []
    for edition in ("premium", "unlicensed"):
        stage = Stage(edition=edition)
        allow(stage, 100)
        workspace = stage.workspace(stage.template(COSTLY))
        stage.advance(5)
        costs.append(stage.state.latest_build(workspace.id).daily_cost)
    assert costs == [3, 0]


def test_a_build_beyond_the_budget_fails_before_anything_is_applied() -> None:
    stage = Stage(edition="premium")
    template = stage.template(COSTLY)
    allow(stage, 5)
    stage.workspace(template)
    second = stage.workspace(template)
    stage.advance(5)
    assert stage.job_of(second).error == "insufficient quota"
    last = [line for line in stage.log(stage.job_of(second)) if line.stage == "Commit quota"]
    assert [line.log_level for line in last] == ["info", "info", "info", "warn"]
    assert [line.output.split()[-1] for line in last[:3]] == ["3", "5", "3"]
    assert stage.state.latest_build(second.id).state is None
    allow(stage, 6)
    stage.build(second, "start")
    stage.advance(5)
    assert stage.job_of(second).error is None


def test_a_daemon_knows_again_since_when_it_is_free() -> None:
    stage = Stage()
    template = stage.template(SLEEPER)
    stage.workspace(template, parameters={"seconds": "9"})
    stage.advance(1)
    dropped = stage.workspace(template)
    stage.cancel(stage.job_of(dropped))
    waiting = stage.workspace(template)
    while stage.job_of(dropped).started_at is None:
        stage.next()
    stage.simulator.forget()
    stage.advance(10)
    started = stage.job_of(dropped).started_at
    assert seconds_between(started, stage.job_of(waiting).started_at) == pytest.approx(1.005)


def test_deleting_takes_the_shared_ports_along() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    stage.advance(5)
    share = PortShare(workspace.id, "main", 8080, "public", "http")
    stage.write(lambda: stage.state.port_shares.put(share))
    stage.build(workspace, "delete")
    stage.advance(5)
    assert len(stage.state.port_shares) == 0


def test_one_daemon_works_on_the_oldest_job_and_the_others_wait_in_line() -> None:
    stage = Stage()
    template = stage.template(SLEEPER)
    boxes = []
    for _ in range(3):
        boxes.append(stage.workspace(template, parameters={"seconds": "9"}))
        stage.clock.advance(0.5)
    stage.advance()
    assert [job_status(stage.job_of(box)) for box in boxes] == ["running", "pending", "pending"]
    places = [queue.positions(stage.state, stage.job_of(box)) for box in boxes]
    assert places == [(0, 0), (1, 2), (2, 2)]
    stage.advance(100)
    jobs = [stage.job_of(box) for box in boxes]
    assert [job_status(job) for job in jobs] == ["succeeded"] * 3
    for before, after in itertools.pairwise(jobs):
        assert seconds_between(before.completed_at, after.started_at) == pytest.approx(0.005)


def test_as_many_jobs_run_as_there_are_daemons() -> None:
    stage = Stage(daemons=3)
    template = stage.template(SLEEPER)
    boxes = [stage.workspace(template, parameters={"seconds": "60"}) for _ in range(4)]
    stage.advance(1)
    jobs = [stage.job_of(box) for box in boxes]
    assert [job_status(job) for job in jobs] == ["running"] * 3 + ["pending"]
    assert len({job.worker_id for job in jobs[:3]}) == 3


def test_a_job_with_tags_that_no_daemon_has_waits_for_ever() -> None:
    stage = Stage()
    version = stage.version(tags={"zone": "north"})
    stage.advance(3600)
    job = stage.job(version.job_id)
    assert job_status(job) == "pending"
    assert queue.positions(stage.state, job) == (0, 0)
    assert queue.organization_positions(stage.state) == {job.id: 1}
    assert queue.available_workers(stage.state, job) == []
    north = replace(
        stage.daemons[0], id=stage.id(), name="north", tags=normalise({"zone": "north"}, "")
    )
    stage.write(lambda: stage.state.daemons.put(replace(north, created_at=stage.now)))
    stage.advance(3)
    assert stage.job(version.job_id).worker_id == north.id


def test_a_canceled_running_build_fails_two_to_three_seconds_later() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER), parameters={"seconds": "600"})
    waiting = stage.workspace(stage.state.templates[workspace.template_id])
    stage.advance(30)
    canceled = stage.cancel(stage.job_of(workspace))
    assert job_status(canceled) == "canceling"
    stage.advance(1)
    assert job_status(stage.job_of(workspace)) == "canceling"
    stage.advance(5)
    job = stage.job_of(workspace)
    assert (job_status(job), job.error) == ("failed", "terraform apply: exit status 1")
    assert job.canceled_at == canceled.canceled_at
    assert 1.6 <= seconds_between(job.canceled_at, job.completed_at) <= 3
    assert stage.log(job)[-1].stage == "Cleaning Up"
    assert any(
        line.log_level == "error" and line.stage == "Starting workspace" for line in stage.log(job)
    )
    assert not stage.state.resources.by("job", job.id)
    assert job_status(stage.job_of(waiting)) == "succeeded"


def test_a_cancel_in_the_last_second_comes_too_late_for_the_work() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER), ttl_ms=60_000)
    stage.advance(0.4)
    stage.cancel(stage.job_of(workspace))
    stage.advance(5)
    job = stage.job_of(workspace)
    assert job_status(job) == "canceled"
    assert job.canceled_at < job.completed_at
    assert stage.state.resources.by("job", job.id)
    assert stage.state.latest_build(workspace.id).deadline is not None


def test_a_job_canceled_while_it_waited_is_still_taken_when_its_turn_comes() -> None:
    stage = Stage()
    template = stage.template(SLEEPER)
    stage.workspace(template, parameters={"seconds": "20"})
    stage.advance(1)
    second, third = stage.workspace(template), stage.workspace(template)
    stage.cancel(stage.job_of(second))
    canceled = stage.job_of(second)
    assert canceled.started_at is None
    assert queue.positions(stage.state, stage.job_of(third)) == (1, 1)
    stage.advance(30)
    taken = stage.job_of(second)
    assert job_status(taken) == "canceled"
    assert taken.completed_at == canceled.completed_at < taken.started_at
    assert taken.worker_id == stage.daemons[0].id
    assert not stage.log(taken)
    assert job_status(stage.job_of(third)) == "succeeded"


def test_a_held_job_runs_until_it_is_canceled() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    held = replace(stage.job_of(workspace), held=True)
    stage.write(lambda: stage.state.jobs.put(held))
    stage.advance(86_400)
    assert job_status(stage.job_of(workspace)) == "running"
    stage.cancel(stage.job_of(workspace))
    stage.advance(5)
    assert job_status(stage.job_of(workspace)) == "failed"


def test_a_planned_failure_is_how_the_job_ends() -> None:
    stage = Stage()
    template = stage.template(SLEEPER)
    for wish in ("terraform apply: exit status 1", "insufficient quota"):
        workspace = stage.workspace(template)
        job = replace(stage.job_of(workspace), planned_failure=wish)
        stage.write(lambda job=job: stage.state.jobs.put(job))  # type: ignore[misc]
        stage.advance(5)
        assert stage.job_of(workspace).error == wish
    version = stage.version(SLEEPER)
    wished = replace(stage.job(version.job_id), planned_failure="no luck")
    stage.write(lambda: stage.state.jobs.put(wished))
    stage.advance(5)
    assert stage.job(version.job_id).error == "no luck"


def test_a_silent_daemon_leaves_a_hung_job_that_is_ended_with_five_lines() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER), parameters={"seconds": "600"})
    stage.advance(1)
    dead = replace(stage.daemons[0], alive=False, last_seen_at=stage.now)
    stage.write(lambda: stage.state.daemons.put(dead))
    before = len(stage.log(stage.job_of(workspace)))
    stage.advance(299)
    assert job_status(stage.job_of(workspace)) == "running"
    stage.advance(120)
    job = stage.job_of(workspace)
    assert job.error is not None
    assert job.error.startswith("Coder: Build has been detected as hung for 5 minutes")
    assert job.canceled_at is None
    assert job.worker_id == dead.id
    last = stage.log(job)[before:]
    assert [line.log_level for line in last] == ["error"] * 5
    assert [line.output for line in last][1::2] == ["====================", "===================="]
    assert seconds_between(last[0].created_at, last[4].created_at) == pytest.approx(0.004)


def test_a_restored_world_goes_on_as_the_first_one_did() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER), parameters={"seconds": "12"})
    stage.advance(2)
    snapshot = asyncio.run(stage.store.snapshot())
    stage.advance(30)
    first = stage.job_of(workspace), stage.log(stage.job_of(workspace))
    asyncio.run(stage.store.restore(snapshot))
    assert job_status(stage.job_of(workspace)) == "running"
    stage.advance(1)
    assert (stage.job_of(workspace), stage.log(stage.job_of(workspace))) == first


def test_instant_jobs_are_done_at_the_next_look() -> None:
    stage = Stage(instant=True)
    version = stage.version(SLEEPER)
    stage.advance()
    assert job_status(stage.job(version.job_id)) == "succeeded"
    workspace = stage.workspace(stage.template_of(version), parameters={"seconds": "600"})
    assert job_status(stage.job_of(workspace)) == "pending"
    stage.advance()
    job = stage.job_of(workspace)
    assert job_status(job) == "succeeded"
    assert job.created_at == job.started_at == job.completed_at


def test_a_deleted_workspace_is_marked_in_the_moment_its_job_succeeds() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    stage.advance(5)
    stage.build(workspace, "delete")
    assert not stage.state.workspaces[workspace.id].deleted
    stage.advance(5)
    assert stage.state.workspaces[workspace.id].deleted
    assert not stage.state.resources.by("job", stage.job_of(workspace).id)


def test_an_orphan_delete_leaves_no_state() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    stage.advance(5)
    build = stage.build(workspace, "delete", orphan=True)
    stage.advance(5)
    assert job_status(stage.job_of(build)) == "succeeded"
    assert stage.state.builds[build.id].state is None
    outputs = [line.output for line in stage.log(stage.job_of(build))]
    assert "The terraform state does not exist, there is nothing to do" in outputs
    assert timings(stage.world, stage.state.builds[build.id])["provisioner_timings"] == []


def test_a_delete_before_anything_was_built_has_nothing_to_do_either() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(SLEEPER))
    stage.cancel(stage.job_of(workspace))
    build = stage.build(workspace, "delete")
    stage.advance(5)
    assert job_status(stage.job_of(build)) == "succeeded"
    assert not stage.state.builds[build.id].state
    outputs = [line.output for line in stage.log(stage.job_of(build))]
    assert "The terraform state does not exist, there is nothing to do" in outputs
    assert timings(stage.world, stage.state.builds[build.id])["provisioner_timings"] == []
