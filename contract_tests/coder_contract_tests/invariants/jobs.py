"""What one provisioner job must look like, whatever reply it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from coder_contract_tests.exchange import excerpt
from coder_contract_tests.invariants.rules import each_job, invariant
from coder_contract_tests.judging import Invariant, Judgement, Seen
from coder_contract_tests.observe import ZERO_UUID, JobSeen, moment

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
Wrongs = Iterable[str] | None

_ORACLE = 'docs: builds.md and provisioning.md, "ProvisionerJob"; recorded: provisioner-jobs'

# For each status: members that must be there, and members that must not.
_FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pending": (
        (),
        ("started_at", "completed_at", "canceled_at", "error", "worker_id", "worker_name"),
    ),
    "running": (("started_at", "worker_id"), ("completed_at", "canceled_at", "error")),
    "succeeded": (("completed_at",), ("error", "canceled_at")),
    "failed": (("completed_at", "error"), ()),
    "canceled": (("completed_at", "canceled_at"), ("error",)),
    "canceling": (("canceled_at",), ("completed_at",)),
}


def _absent(value: Any) -> bool:
    """Members without a value are left out; an empty error is no error."""
    return value is None or value == ""


def _form(status: str, found: JobSeen) -> Wrongs:
    if found.status != status:
        return None
    needed, forbidden = _FORMS[status]
    job = found.job
    wrongs = [f"{name} is missing" for name in needed if _absent(job.get(name))]
    for name in forbidden:
        given = name in job and (name != "error" or not _absent(job[name]))
        if given:
            wrongs.append(f"{name} is {excerpt(job[name])}")
    return wrongs


def _times_in_order(found: JobSeen) -> Wrongs:
    job = found.job
    created, started = moment(job.get("created_at")), moment(job.get("started_at"))
    completed, canceled = moment(job.get("completed_at")), moment(job.get("canceled_at"))
    wrongs = []
    if created and started and started < created:
        wrongs.append(f"started_at {job['started_at']} is before created_at {job['created_at']}")
    if created and completed and completed < created:
        wrongs.append(
            f"completed_at {job['completed_at']} is before created_at {job['created_at']}"
        )
    taken_after_cancel = found.status == "canceled" and completed == canceled
    if started and completed and completed < started and not taken_after_cancel:
        wrongs.append(
            f"completed_at {job['completed_at']} is before started_at {job['started_at']}"
        )
    return wrongs


def _worker_iff_started(found: JobSeen) -> Wrongs:
    has_worker, has_start = "worker_id" in found.job, "started_at" in found.job
    if has_worker and not has_start:
        return [f"worker_id is {excerpt(found.job['worker_id'])} without started_at"]
    if has_start and not has_worker:
        return [f"worker_id is missing though started_at is {excerpt(found.job['started_at'])}"]
    return []


def _name_belongs_to_worker(found: JobSeen) -> Wrongs:
    # Of a pending job JOB-01 tells it, of an embedded one JOB-11.
    if found.endpoint == "embedded" or found.status == "pending":
        return None
    if "worker_name" in found.job and "worker_id" not in found.job:
        return [f"worker_id is missing beside worker_name {excerpt(found.job['worker_name'])}"]
    return []


def _embedded_is_plain(found: JobSeen) -> Wrongs:
    if found.endpoint != "embedded":
        return None
    return [
        f"{name} is {excerpt(found.job[name])} in an embedded job"
        for name in ("worker_name", "available_workers")
        if name in found.job
    ]


def _workers_only_before_start(found: JobSeen) -> Wrongs:
    if "available_workers" not in found.job:
        return []
    if "started_at" in found.job:
        return [f"available_workers is {excerpt(found.job['available_workers'])} after the start"]
    return []


def _queue(found: JobSeen) -> tuple[int, int] | None:
    position, size = found.job.get("queue_position"), found.job.get("queue_size")
    if type(position) is not int or type(size) is not int:
        return None
    return position, size


def _position_within_size(found: JobSeen) -> Wrongs:
    queue = _queue(found)
    if queue is None:
        return None
    position, size = queue
    if 0 <= position <= size:
        return []
    return [f"queue_position is {position} with queue_size {size}"]


def _no_position_after_pending(found: JobSeen) -> Wrongs:
    queue = _queue(found)
    if queue is None or found.status == "pending":
        return None
    position, size = queue
    wrongs = [f"queue_position is {position}"] if position else []
    if size and found.endpoint == "embedded":
        wrongs.append(f"queue_size is {size} in an embedded job")
    return wrongs


def _input_of_type(found: JobSeen) -> Wrongs:
    kind, given = found.job.get("type"), found.job.get("input")
    wanted = {
        "template_version_import": "template_version_id",
        "template_version_dry_run": "template_version_id",
        "workspace_build": "workspace_build_id",
    }.get(str(kind))
    if wanted is None or not isinstance(given, dict) or given.get("error"):
        return None
    if _absent(given.get(wanted)) or given[wanted] == ZERO_UUID:
        return [f"input is {excerpt(given)}, without {wanted}, for type {kind}"]
    return []


def _metadata_of_type(found: JobSeen) -> Wrongs:
    metadata, kind = found.job.get("metadata"), found.job.get("type")
    if not isinstance(metadata, dict) or not isinstance(kind, str):
        return None
    wrongs = []
    if kind != "workspace_build":
        wrongs += [
            f"metadata has {name} {excerpt(metadata[name])} for type {kind}"
            for name in ("workspace_id", "workspace_name")
            if name in metadata
        ]
    if found.endpoint == "organization":
        if not metadata.get("template_version_name"):
            wrongs.append("metadata has no template_version_name")
        if kind == "workspace_build" and metadata.get("template_id") in {None, "", ZERO_UUID}:
            wrongs.append("metadata has no template_id for a workspace build")
    return wrongs


def _tags(seen: Seen) -> Judgement:
    # The owner came into the tags after the API of 2023 (recorded: workspaces-2023).
    needed = ("scope",) if seen.document.version < "2024" else ("scope", "owner")
    return each_job(partial(_tags_of, needed))(seen)


def _tags_of(needed: tuple[str, ...], found: JobSeen) -> Wrongs:
    tags = found.job.get("tags")
    if tags is None and "tags" not in found.job:
        return None
    if not isinstance(tags, dict):
        return [f"tags is {excerpt(tags)}"]
    missing = [name for name in needed if name not in tags]
    if missing:
        return [f"tags is {excerpt(tags)}, without {' and '.join(missing)}"]
    scope, owner = tags["scope"], tags.get("owner", "")
    if scope == "organization" and owner != "":
        return [f"tags has scope organization with the owner {excerpt(owner)}"]
    if scope == "user" and owner != "" and not (isinstance(owner, str) and _UUID.match(owner)):
        return [f"tags has scope user with the owner {excerpt(owner)}, which is no uuid"]
    return []


def _form_of(id_: str, status: str, promise: str, explanation: str = "") -> Invariant:
    rule = invariant(id_, promise, oracle=_ORACLE, explanation=explanation)
    return Invariant(rule, one=each_job(partial(_form, status)))


JOB_INVARIANTS: tuple[Invariant, ...] = (
    _form_of(
        "JOB-01",
        "pending",
        "a pending job has no started_at, completed_at, canceled_at, error, worker_id or "
        "worker_name",
        "No provisioner daemon has taken the job, so nothing about one can be known. The members "
        "are left out, not null.",
    ),
    _form_of(
        "JOB-02",
        "running",
        "a running job has started_at and worker_id, and no completed_at, canceled_at or error",
    ),
    _form_of(
        "JOB-03", "succeeded", "a succeeded job has completed_at, and no error and no canceled_at"
    ),
    _form_of("JOB-04", "failed", "a failed job has completed_at and an error that is not empty"),
    _form_of("JOB-05", "canceled", "a canceled job has completed_at and canceled_at, and no error"),
    _form_of("JOB-06", "canceling", "a canceling job has canceled_at and no completed_at"),
    Invariant(
        invariant(
            "JOB-07",
            "created_at, started_at and completed_at follow each other in this order",
            oracle=_ORACLE,
            explanation="Only a job canceled while it was pending, and taken by a daemon "
            "afterwards, was completed (at the moment of the cancel) before it was started.",
        ),
        one=each_job(_times_in_order),
    ),
    Invariant(
        invariant("JOB-08", "worker_id is there exactly when started_at is", oracle=_ORACLE),
        one=each_job(_worker_iff_started),
    ),
    Invariant(
        invariant(
            "JOB-10",
            "worker_name stands only in the two organization job endpoints, beside worker_id",
            oracle=_ORACLE,
            applies="the two organization job endpoints; that it stands nowhere else is JOB-11",
        ),
        one=each_job(_name_belongs_to_worker),
    ),
    Invariant(
        invariant(
            "JOB-11",
            "jobs of workspaces, builds, template versions and dry runs carry neither worker_name "
            "nor available_workers",
            oracle=_ORACLE,
            applies="replies that embed a job in something else, and dry runs",
        ),
        one=each_job(_embedded_is_plain),
    ),
    Invariant(
        invariant("JOB-14", "0 ≤ queue_position ≤ queue_size", oracle=_ORACLE),
        one=each_job(_position_within_size),
    ),
    Invariant(
        invariant(
            "JOB-15",
            "a job that is not pending has queue_position 0, and queue_size 0 outside the "
            "organization endpoints",
            oracle=_ORACLE,
        ),
        one=each_job(_no_position_after_pending),
    ),
    Invariant(
        invariant(
            "JOB-17",
            "an import or a dry run names its template version as input, a workspace build its "
            "build",
            oracle=_ORACLE,
            applies="jobs that have a type and an input that could be read",
        ),
        one=each_job(_input_of_type),
    ),
    Invariant(
        invariant(
            "JOB-19",
            "tags always have scope and owner; the owner is empty for scope organization, and a "
            "uuid or empty for scope user",
            oracle="recorded: job-tags",
        ),
        one=_tags,
    ),
)

WORKERS_ONLY_BEFORE_START = each_job(_workers_only_before_start)
METADATA_OF_TYPE = each_job(_metadata_of_type)
