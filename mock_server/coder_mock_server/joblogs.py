"""Logs of jobs: as a list, or as a stream that ends with its job.

Builds, template versions and dry runs have the same log endpoint; their handlers look the job up
and leave the rest to `reply`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain.records import JobLog, ProvisionerJob
from coder_mock_server.errors import Invalid, Validation
from coder_mock_server.presenters.logs import job_log
from coder_mock_server.simulator import retold
from coder_mock_server.store.topics import Topic

INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
MAX_INT64 = 2**63 - 1


def reply(call: Call, world: World, job: ProvisionerJob) -> Reply | StreamReply:
    """The log of `job`: a stream where the query has `follow`, whatever its value; else a list."""
    after = _after(call)
    if call.query.has("follow"):
        return follow(world, job, after)
    return Reply.ok([job_log(line) for line in lines(world, job.id, after)])


def lines(world: World, job_id: str, after: int | None = None) -> list[JobLog]:
    """The lines of a job with ids above `after`, in the order of their ids."""
    found = sorted(world.state.job_logs.by("job", job_id), key=lambda line: line.id)
    if not found and (job := world.state.jobs.get(job_id)) is not None:
        found = retold.job_lines(world, job)
    return found if after is None else [line for line in found if line.id > after]


def follow(world: World, job: ProvisionerJob, after: int | None = None) -> StreamReply:
    """What there is of the log, then what comes, until the job is over."""

    async def source() -> AsyncIterator[StreamItem]:
        last = after
        with world.store.hub.subscribe(Topic("job_logs", job.id)) as subscription:
            while True:
                current = world.state.jobs.get(job.id)
                is_over = current is None or current.completed_at is not None
                for line in lines(world, job.id, last):
                    last = line.id
                    yield StreamItem("data", job_log(line))
                if is_over:
                    return
                await subscription.changed()

    return StreamReply(source, "raw")


def _after(call: Call) -> int | None:
    text = call.query.get("after")
    if not text:
        return None
    if not INTEGER.fullmatch(text) or not -MAX_INT64 - 1 <= int(text) <= MAX_INT64:
        raise Invalid(
            'Query param "after" must be an integer.', Validation("after", "Must be an integer")
        )
    return int(text)
