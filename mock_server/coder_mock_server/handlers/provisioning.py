"""Provisioner jobs and daemons of an organization."""

from __future__ import annotations

from collections.abc import Mapping

from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import daemons, queue
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.lifecycle import JOB_STATUSES, job_status
from coder_mock_server.domain.records import Organization, ProvisionerDaemon, ProvisionerJob, Tags
from coder_mock_server.domain.tags import UNTAGGED
from coder_mock_server.errors import ApiError, NotFound
from coder_mock_server.lookup import can, organization, path_uuid
from coder_mock_server.presenters import jobs as present
from coder_mock_server.wire_in import QueryReader

BAD_QUERY = "Invalid query parameters."
PAGE = 50


def get_provisioner_jobs(call: Call, world: World) -> Reply:
    """The organization's jobs, newest first."""
    found = _organization(call, world)
    reader = QueryReader(call.query)
    limit = reader.positive_int32("limit", PAGE)
    statuses = reader.strings("status")
    ids = frozenset(reader.uuids("ids"))
    tags = reader.json_map("tags")
    reader.finish(BAD_QUERY, strict=True)
    _check_statuses(statuses)
    line = queue.organization_positions(world.state)
    answer = []
    for job in reversed(world.state.jobs.ordered("created_at")):
        if job.organization_id != found.id or (ids and job.id not in ids):
            continue
        if _fits(job, statuses, tags):
            answer.append(present.organization(world, job, line))
            if len(answer) == limit:
                break
    return Reply.ok(answer)


def get_provisioner_job(call: Call, world: World) -> Reply:
    """One job of the organization; a filter that leaves it out hides it."""
    found = organization(call, world)
    id = path_uuid(call, "job")
    _check_access(call, world, found)
    reader = QueryReader(call.query)
    reader.positive_int32("limit", PAGE)
    statuses = reader.strings("status")
    tags = reader.json_map("tags")
    reader.finish(BAD_QUERY, strict=True)
    _check_statuses(statuses)
    job = world.state.jobs.get(id)
    if job is None or job.organization_id != found.id or not _fits(job, statuses, tags):
        raise NotFound()
    return Reply.ok(present.organization(world, job))


def get_provisioner_daemons(call: Call, world: World) -> Reply:
    """The organization's daemons, newest first; one entry for each job that one works on."""
    found = _organization(call, world)
    reader = QueryReader(call.query)
    limit = reader.positive_int32("limit", PAGE)
    ids = frozenset(reader.uuids("ids"))
    tags = reader.json_map("tags")
    reader.finish(BAD_QUERY, strict=True)
    now = world.now()
    rows: list[tuple[ProvisionerDaemon, ProvisionerJob | None]] = []
    for daemon in reversed(world.state.daemons.ordered("created_at")):
        if daemon.organization_id != found.id or (ids and daemon.id not in ids):
            continue
        if _has_tags(daemon.tags, tags):
            current = daemons.current_jobs(world.state, daemon)
            rows += [(daemon, job) for job in current] or [(daemon, None)]
    page = rows[:limit] if limit else rows
    return Reply.ok([present.daemon(world, daemon, job, now) for daemon, job in page])


def _organization(call: Call, world: World) -> Organization:
    found = organization(call, world)
    _check_access(call, world, found)
    return found


def _check_access(call: Call, world: World, found: Organization) -> None:
    if not can(call, world, "read", Thing("provisioner_jobs", found.id)):
        raise NotFound()


def _check_statuses(statuses: list[str]) -> None:
    for status in statuses:
        if status not in JOB_STATUSES:
            # The real server leaves this to its database, and so fails itself.
            raise ApiError(
                500,
                "Internal error fetching provisioner jobs.",
                "fetch object: pq: invalid input value for enum provisioner_job_status: "
                f'"{status}"',
            )


def _fits(job: ProvisionerJob, statuses: list[str], tags: Mapping[str, str]) -> bool:
    return (not statuses or job_status(job) in statuses) and _has_tags(job.tags, tags)


def _has_tags(tags: Tags, wanted: Mapping[str, str]) -> bool:
    """Whether all wanted pairs are there; the pairs of an untagged job must be all there are."""
    if tuple(sorted(wanted.items())) == UNTAGGED:
        return tags == UNTAGGED
    return wanted.items() <= dict(tags).items()
