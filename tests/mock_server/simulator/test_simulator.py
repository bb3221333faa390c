from __future__ import annotations

import asyncio
import io
import tarfile
from dataclasses import replace
from datetime import timedelta

import pytest

from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.simulator import Simulator, jobs
from tests.support.world import BOX, Stage


def tar(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def lost(stage: Stage, data: bytes) -> str:
    """A version whose upload nobody has read yet; gives its job's id."""
    version = stage.version()
    job = stage.job(version.job_id)
    stage.state.modules.clear()
    file = replace(stage.state.files[job.file_id], data=data)
    stage.write(lambda: stage.state.files.put(file))
    return job.id


def test_nothing_is_due_but_the_next_round_of_automation() -> None:
    stage = Stage()
    assert stage.simulator.next_due == stage.now + timedelta(minutes=1)
    assert not stage.simulator.is_due()
    assert not stage.simulator.catch_up()


def test_a_late_look_dates_everything_with_its_own_time() -> None:
    early, late = Stage(), Stage()
    one, other = early.version(), late.version()
    for _ in range(40):
        early.advance(0.1)
    late.advance(4)
    assert early.job(one.job_id) == late.job(other.job_id)
    assert early.log(early.job(one.job_id)) == late.log(late.job(other.job_id))


def test_a_look_in_vain_changes_nothing() -> None:
    stage = Stage()
    version = stage.version()
    stage.advance(10)
    done = stage.job(version.job_id)
    stage.advance()
    assert stage.job(version.job_id) is done


def test_the_timer_follows_the_clock() -> None:
    stage = Stage()
    version = stage.version()

    async def play() -> None:
        timer = asyncio.create_task(stage.simulator.run())
        while job_status(stage.job(version.job_id)) != "succeeded":
            stage.clock.advance(0.5)
            await asyncio.sleep(0)
        timer.cancel()
        await asyncio.gather(timer, return_exceptions=True)

    asyncio.run(asyncio.wait_for(play(), 30))
    assert version.id in stage.state.imports


def test_a_template_that_nobody_read_is_read_before_its_job_runs() -> None:
    stage = Stage()
    job = lost(stage, tar(main_tf=BOX))
    stage.clock.advance(5)
    asyncio.run(stage.simulator.look())
    assert job_status(stage.job(job)) == "succeeded"


@pytest.mark.parametrize(
    ("data", "status"), [(tar(main_tf=BOX), "succeeded"), (b"no archive", "failed")]
)
def test_a_look_without_waiting_reads_the_template_itself(data: bytes, status: str) -> None:
    stage = Stage()
    job = lost(stage, data)
    stage.advance(5)
    assert job_status(stage.job(job)) == status


def test_a_bug_on_the_way_undoes_the_look_and_the_next_one_starts_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    version = stage.version()
    with monkeypatch.context() as patch:
        patch.setattr(jobs.effects, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stage.advance(5)
    assert stage.job(version.job_id).started_at is None
    stage.advance()
    assert job_status(stage.job(version.job_id)) == "succeeded"


def test_agents_that_came_from_elsewhere_are_noticed() -> None:
    stage = Stage()
    text = BOX + (
        'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n}\n'
        'resource "terraform_data" "box" {\n  input = coder_agent.main.token\n}\n'
    )
    workspace = stage.workspace(stage.template(text))
    while not stage.agents(workspace):
        stage.next()
    other = Simulator(stage.world)
    stage.clock.advance(5)
    stage.write(other.catch_up)
    assert stage.agents(workspace)[0].lifecycle_state == "ready"
