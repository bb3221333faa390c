from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from coder_mock_server import joblogs
from coder_mock_server.domain.jobs import cancel_job
from coder_mock_server.policy import policy_for
from coder_mock_server.presenters import jobs as present
from coder_mock_server.presenters.logs import job_log
from tests.support.world import Stage


def test_a_follower_of_a_running_job_gets_each_line_once_and_then_the_end() -> None:
    stage = Stage()
    version = stage.version()
    job = stage.job(version.job_id)
    stream = joblogs.follow(stage.world, job)
    seen: list[Any] = []

    async def listen() -> None:
        async for item in stream.source():
            seen.append(item.data)

    async def play() -> int:
        listener = asyncio.create_task(listen())
        before = 0
        while not listener.done():
            stage.clock.advance(0.2)
            async with stage.store.transaction():
                stage.simulator.catch_up()
            for _ in range(3):
                await asyncio.sleep(0)
            if stage.job(job.id).completed_at is None:
                before = len(seen)
        return before

    before = asyncio.run(asyncio.wait_for(play(), 30))
    assert 0 < before < len(seen)
    assert seen == [job_log(line) for line in stage.log(job)]
    assert (stream.mode, stream.close_code, stream.close_reason) == ("raw", 1000, "done")


def test_a_follower_is_let_go_when_the_job_is_canceled_while_it_waits() -> None:
    stage = Stage()
    version = stage.version(tags={"zone": "north"})
    job = stage.job(version.job_id)

    async def play() -> list[Any]:
        async def listen() -> list[Any]:
            return [item async for item in joblogs.follow(stage.world, job).source()]

        listener = asyncio.create_task(listen())
        await asyncio.sleep(0)
        assert not listener.done()
        async with stage.store.transaction():
            cancel_job(stage.world, job)
        return await listener

    assert asyncio.run(asyncio.wait_for(play(), 30)) == []


def test_a_server_of_2023_tells_no_empty_owner_in_tags() -> None:
    stage = Stage()
    plain = stage.job(stage.version().job_id)
    owned = stage.job(stage.version(tags={"scope": "user"}).job_id)
    older = replace(stage.world, policy=policy_for("2023-06-20"))
    assert present.embedded(older, plain)["tags"] == {"scope": "organization"}
    assert present.embedded(older, owned)["tags"] == {"scope": "user", "owner": stage.user.id}
    assert present.embedded(stage.world, plain)["tags"] == {"owner": "", "scope": "organization"}


def test_a_job_whose_version_is_unknown_has_no_metadata_to_tell() -> None:
    stage = Stage()
    job = replace(stage.job(stage.version().job_id), template_version_id=None)
    assert present.organization(stage.world, job)["metadata"]["template_version_name"] == ""


def test_just_posted_jobs_have_no_place_yet() -> None:
    stage = Stage()
    job = stage.job(stage.version(tags={"zone": "north"}).job_id)
    stage.write(lambda: stage.state.daemons.put(replace(stage.daemons[0], id="n", tags=job.tags)))
    shown = present.embedded(stage.world, job, posted=True)
    assert (shown["queue_position"], shown["queue_size"]) == (0, 0)
    shown = present.embedded(stage.world, job)
    assert (shown["queue_position"], shown["queue_size"]) == (1, 1)
