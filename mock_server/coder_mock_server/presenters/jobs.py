"""Provisioner jobs and daemons as the API shows them.

A job has two faces: embedded in builds, versions and dry runs it tells only the id of its
worker; the two organization endpoints add the worker's name, the daemons that could take it and
what it works for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import daemons, queue
from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.records import (
    NIL_UUID,
    ProvisionerDaemon,
    ProvisionerJob,
    TemplateVersion,
)

Json = dict[str, Any]


def embedded(world: World, job: ProvisionerJob, *, posted: bool = False) -> Json:
    """The job inside a build, a version or a dry run.

    `posted`: in the answer to the POST that made it, where no place in the line is told yet.
    """
    place = (0, 0) if posted else queue.positions(world.state, job)
    return _job(world, job, place, _no_metadata())


def organization(world: World, job: ProvisionerJob, line: Mapping[str, int] | None = None) -> Json:
    """The job as its organization lists it; `line` is the ranking when it is known already."""
    state = world.state
    if line is None:
        line = queue.organization_positions(state)
    worker = state.daemons.get(job.worker_id) if job.worker_id else None
    return _job(
        world,
        job,
        (line.get(job.id, 0), len(line)),
        _metadata(world, job),
        worker_name=worker.name if worker is not None else "",
        available=queue.available_workers(state, job) if job.started_at is None else [],
    )


def matched(found: queue.Matched) -> Json:
    """`matched_provisioners` of builds and versions."""
    return {
        "count": found.count,
        "available": found.available,
        "most_recently_seen": found.most_recently_seen,
    }


def daemon(
    world: World,
    daemon: ProvisionerDaemon,
    current: ProvisionerJob | None = None,
    now: datetime | None = None,
) -> Json:
    """A daemon; `current` is the one of its running jobs that this entry is about."""
    moment = now or world.now()
    previous = daemons.previous_job(world.state, daemon)
    return {
        "id": daemon.id,
        "organization_id": daemon.organization_id,
        "key_id": daemon.key_id,
        "created_at": daemon.created_at,
        "last_seen_at": daemons.last_seen(daemon, moment),
        "name": daemon.name,
        "version": daemon.version or world.policy.build_version,
        "api_version": daemon.api_version,
        "provisioners": list(daemon.provisioners),
        "tags": dict(daemon.tags),
        "key_name": daemon.key_name,
        "status": daemons.daemon_status(daemon, busy=current is not None, now=moment),
        "current_job": _daemon_job(world, current) if current is not None else None,
        "previous_job": _daemon_job(world, previous) if previous is not None else None,
    }


def _job(
    world: World,
    job: ProvisionerJob,
    place: tuple[int, int],
    metadata: Json,
    *,
    worker_name: str = "",
    available: Sequence[str] = (),
) -> Json:
    """The keys in the order in which the API sends them; what is not known is left out."""
    answer: Json = {"id": job.id, "created_at": job.created_at}
    for name in ("started_at", "completed_at", "canceled_at", "error", "error_code"):
        if value := getattr(job, name):
            answer[name] = value
    answer["status"] = job_status(job)
    if job.worker_id:
        answer["worker_id"] = job.worker_id
    if worker_name:
        answer["worker_name"] = worker_name
    answer["file_id"] = job.file_id
    answer["tags"] = _tags(world, job)
    answer["queue_position"], answer["queue_size"] = place
    answer["organization_id"] = job.organization_id
    answer["input"] = _input(job)
    answer["type"] = job.type
    if available:
        answer["available_workers"] = list(available)
    answer["metadata"] = metadata
    return answer


def _tags(world: World, job: ProvisionerJob) -> Json:
    tags = dict(job.tags)
    if not world.policy.job_tags_owner and not tags.get("owner"):
        tags.pop("owner", None)
    return tags


def _input(job: ProvisionerJob) -> Json:
    if job.type == "workspace_build":
        return {"workspace_build_id": job.workspace_build_id}
    return {"template_version_id": job.template_version_id}


def _no_metadata() -> Json:
    return {
        "template_version_name": "",
        "template_id": NIL_UUID,
        "template_name": "",
        "template_display_name": "",
        "template_icon": "",
    }


def _metadata(world: World, job: ProvisionerJob) -> Json:
    state = world.state
    answer = _no_metadata()
    version = _version(world, job)
    if version is not None:
        answer["template_version_name"] = version.name
        template = state.templates.get(version.template_id) if version.template_id else None
        if template is not None:
            answer["template_id"] = template.id
            answer["template_name"] = template.name
            answer["template_display_name"] = template.display_name
            answer["template_icon"] = template.icon
    build = state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
    if build is not None:
        answer["workspace_id"] = build.workspace_id
        answer["workspace_name"] = state.workspaces[build.workspace_id].name
    return answer


def _version(world: World, job: ProvisionerJob) -> TemplateVersion | None:
    state = world.state
    build = state.builds.get(job.workspace_build_id) if job.workspace_build_id else None
    id = build.template_version_id if build is not None else job.template_version_id
    return state.template_versions.get(id) if id else None


def _daemon_job(world: World, job: ProvisionerJob) -> Json:
    metadata = _metadata(world, job)
    return {
        "id": job.id,
        "status": job_status(job),
        "template_name": metadata["template_name"],
        "template_icon": metadata["template_icon"],
        "template_display_name": metadata["template_display_name"],
    }
