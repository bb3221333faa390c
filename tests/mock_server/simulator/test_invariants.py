"""Jobs keep their promises whatever clients, daemons and time do in whatever order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from coder_mock_server.domain import queue
from coder_mock_server.domain.lifecycle import CannotCancel, is_active, job_status
from coder_mock_server.domain.records import ProvisionerDaemon, ProvisionerJob
from coder_mock_server.presenters import jobs as present
from tests.support.world import BOX, Stage

TEMPLATE = (
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


class Jobs(RuleBasedStateMachine):
    """Creates, cancels, steps; the numbers of the invariants are those of the contract suite."""

    @initialize(daemons=st.integers(1, 3))
    def begin(self, daemons: int) -> None:
        self.stage = Stage(daemons=daemons)
        self.template = self.stage.template(TEMPLATE)
        self.workers: dict[str, str] = {}

    @rule(seconds=st.sampled_from(["0", "3", "40"]))
    def create_workspace(self, seconds: str) -> None:
        self.stage.workspace(self.template, parameters={"seconds": seconds})

    @rule(tags=st.sampled_from([{}, {"zone": "north"}]), broken=st.booleans())
    def create_version(self, tags: dict[str, str], broken: bool) -> None:
        self.stage.version({"notes.txt": "no template"} if broken else TEMPLATE, tags=tags)

    @precondition(lambda self: len(self.stage.state.workspaces))
    @rule(data=st.data(), transition=st.sampled_from(["start", "stop", "delete"]))
    def build(self, data: st.DataObject, transition: str) -> None:
        workspace = data.draw(st.sampled_from(list(self.stage.state.workspaces)))
        if not is_active(self.stage.job_of(workspace)):
            self.stage.build(workspace, transition)  # type: ignore[arg-type]

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(list(self.stage.state.jobs)))
        try:
            self.stage.cancel(job)
        except CannotCancel:
            assert job.completed_at is not None or job.canceled_at is not None

    @rule(data=st.data(), wish=st.sampled_from(["held", "planned_failure"]))
    def wish(self, data: st.DataObject, wish: str) -> None:
        job = data.draw(st.sampled_from(list(self.stage.state.jobs)))
        if job.started_at is None:
            value = True if wish == "held" else "as the scenario wished"
            self.stage.write(lambda: self.stage.state.jobs.put(replace(job, **{wish: value})))

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.3, 1.0, 2.5, 30.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.stage.advance(seconds)

    @rule()
    def next(self) -> None:
        self.stage.next()

    @invariant()
    def every_job_keeps_its_promises(self) -> None:
        world = self.stage.world
        for job in self.stage.state.jobs:
            self.check_facts(job)
            embedded = present.embedded(world, job)
            listed = present.organization(world, job)
            # JOB-10, JOB-11, JOB-13
            assert not {"worker_name", "available_workers"} & embedded.keys()
            assert ("worker_name" in listed) == (job.worker_id is not None)
            assert "available_workers" not in listed or job.started_at is None
            assert 0 <= embedded["queue_position"] <= embedded["queue_size"]
            if embedded["status"] != "pending":
                assert embedded["queue_size"] == 0 == listed["queue_position"]
            assert {"scope", "owner"} <= listed["tags"].keys()

    def check_facts(self, job: ProvisionerJob) -> None:
        status = job_status(job)
        known = self.workers.setdefault(job.id, job.worker_id or "")
        assert known in ("", job.worker_id)  # JOB-09
        self.workers[job.id] = job.worker_id or ""
        assert (job.worker_id is None) == (job.started_at is None)  # JOB-08
        if status == "pending":  # JOB-01
            assert (job.started_at, job.canceled_at, job.completed_at) == (None, None, None)
        if status in ("running", "canceling"):  # JOB-02, JOB-06
            assert job.started_at is not None
            assert job.completed_at is None
        if status == "succeeded":  # JOB-03
            assert job.completed_at is not None
            assert job.canceled_at is None
        if status == "failed":  # JOB-04
            assert job.error
            assert job.completed_at is not None
        if status == "canceled":  # JOB-05
            assert job.canceled_at is not None
            assert job.completed_at is not None
            assert job.canceled_at <= job.completed_at
        for moment in (job.started_at, job.completed_at, job.canceled_at):  # JOB-07
            assert moment is None or job.created_at <= moment <= self.stage.now
        if job.started_at is not None and job.completed_at is not None:
            dropped = job.completed_at == job.canceled_at < job.started_at
            assert dropped or job.started_at <= job.completed_at

    @invariant()
    def a_daemon_works_on_one_job(self) -> None:
        running = [job.worker_id for job in self.stage.state.jobs.by("open", True) if job.worker_id]
        assert len(running) == len(set(running))

    @invariant()
    def nobody_waits_while_a_daemon_could_take_the_job(self) -> None:
        self.stage.advance()
        state = self.stage.state
        busy = {job.worker_id for job in state.jobs.by("open", True)}
        for job in queue.pending(state):
            for daemon in state.daemons:
                if daemon.id not in busy and queue.can_take(daemon, job):
                    since = max(job.created_at, self.free_since(daemon))
                    assert self.stage.now - since <= timedelta(milliseconds=5)

    def free_since(self, daemon: ProvisionerDaemon) -> datetime:
        """A job that was canceled in line keeps the daemon for a second."""
        ends = [daemon.created_at]
        for job in self.stage.state.jobs.by("worker", daemon.id):
            ended, started = job.completed_at, job.started_at
            ends.append(ended if started <= ended else started + timedelta(seconds=1))
        return max(ends)

    @invariant()
    def places_are_all_numbers_up_to_the_size_of_the_line(self) -> None:
        places = queue.organization_positions(self.stage.state)
        assert sorted(places.values()) == list(range(1, len(places) + 1))  # JOB-16

    @invariant()
    def logs_rise_and_end_with_their_job(self) -> None:
        for job in self.stage.state.jobs:
            lines = self.stage.log(job)
            assert all(a.id < b.id for a, b in itertools.pairwise(lines))  # JOB-27
            if job.completed_at is not None and job.started_at is not None:
                assert all(line.created_at <= job.completed_at for line in lines)

    @invariant()
    def resources_are_there_when_the_build_did_its_work(self) -> None:
        state = self.stage.state
        for build in state.builds:
            job = state.jobs[build.job_id]
            if state.resources.by("job", job.id):
                assert job.completed_at is not None
                assert not job.error
            if job_status(job) == "succeeded":
                assert build.updated_at == job.completed_at


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
