"""One way to break each promise: the twin of every check and invariant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.contract_server import (
    DAEMON,
    OLD_DAEMON,
    OWNER,
    SECOND,
    TAGS,
    ZERO_UUID,
    Reply,
    TinyCoder,
    at,
    seconds_ago,
    uuid,
)

LIST = "GET /organizations/{organization}/provisionerjobs"
BY_ID = "GET /organizations/{organization}/provisionerjobs/{job}"
DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
BUILD = "GET /workspacebuilds/{workspacebuild}"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
WORKSPACES = "GET /workspaces"

IMPORTED, SUCCEEDED, FAILED, CANCELED, CANCELING, RUNNING, PENDING, LAST = range(301, 309)


@dataclass(frozen=True)
class Fault:
    """A bug, the rule that must notice it, and the operation that must be named."""

    name: str
    check: str
    operation: str
    inject: Callable[[TinyCoder], None]
    level: str = "error"
    max_examples: int = 0
    include: tuple[str, ...] = ()
    """Patterns of the operations a run needs to notice it; all where empty."""


def change(number: int, **members: Any) -> Callable[[TinyCoder], None]:
    """Other members for a job; None takes one away."""

    def inject(tiny: TinyCoder) -> None:
        job = next(job for job in tiny.jobs if job["id"] == uuid(number))
        for name, value in members.items():
            if value is None:
                job.pop(name, None)
            else:
                job[name] = value

    return inject


def answer(
    path: str, edit: Callable[[Reply], Reply], *, when: str = ""
) -> Callable[[TinyCoder], None]:
    """Another reply for paths that end so (the query must contain `when`)."""

    def inject(tiny: TinyCoder) -> None:
        def alter(method: str, target: str, reply: Reply) -> Reply:
            asked, _, query = target.partition("?")
            hit = asked.endswith(path) and when in query and method == "GET"
            return edit(reply) if hit else reply

        tiny.alter = alter

    return inject


def edited(**members: Any) -> Callable[[Reply], Reply]:
    """The same reply with other attributes."""

    def edit(reply: Reply) -> Reply:
        for name, value in members.items():
            setattr(reply, name, value)
        return reply

    return edit


def _without_header(reply: Reply) -> Reply:
    del reply.headers["X-Coder-Build-Version"]
    return reply


def _bad_build(**members: Any) -> Callable[[TinyCoder], None]:
    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.build
        tiny.build = lambda number: {**healthy(number), **members}  # type: ignore[method-assign]

    return inject


def _embedded(**members: Any) -> Callable[[TinyCoder], None]:
    def inject(tiny: TinyCoder) -> None:
        healthy = tiny.embedded
        tiny.embedded = lambda number: {  # type: ignore[method-assign]
            **healthy(number),
            **members,
        }

    return inject


def _daemon(index: int, **members: Any) -> Callable[[TinyCoder], None]:
    def inject(tiny: TinyCoder) -> None:
        tiny.daemons[index].update(members)

    return inject


def _other_worker_later(tiny: TinyCoder) -> None:
    asked = {"times": 0}

    def alter(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/provisionerjobs") and reply.status == 200:
            asked["times"] += 1
            if asked["times"] > 2:
                reply.body = [
                    {**job, "worker_id": OLD_DAEMON, "worker_name": "host-1"}
                    if job["id"] == uuid(SUCCEEDED)
                    else job
                    for job in reply.body
                ]
        return reply

    tiny.alter = alter


def _ignores_organization(tiny: TinyCoder) -> None:
    healthy = tiny._of
    tiny._of = lambda organization: [  # type: ignore[method-assign]
        *healthy(organization),
        *(job for job in tiny.jobs if job not in healthy(organization)),
    ]


def _ignores_cursor(tiny: TinyCoder) -> None:
    healthy = tiny.logs
    tiny.logs = lambda query: healthy({})  # type: ignore[method-assign]


def _loses_a_line(tiny: TinyCoder) -> None:
    healthy = tiny.logs
    tiny.logs = lambda query: [  # type: ignore[method-assign]
        line for line in healthy(query) if "after" not in query or line["id"] != 16
    ]


def _lenient_limit(reply: Reply) -> Reply:
    return Reply(200, {"workspaces": [], "count": 0}) if reply.status == 400 else reply


def _unsorted(reply: Reply) -> Reply:
    reply.body = list(reversed(reply.body)) if reply.status == 200 else reply.body
    return reply


def _hides_a_job(reply: Reply) -> Reply:
    if reply.status == 200:
        reply.body = [job for job in reply.body if job["id"] != uuid(SUCCEEDED)]
    return reply


_USER_TAGS = {"scope": "organization", "owner": OWNER}
_BAD_METADATA = {"template_version_name": "", "template_id": ZERO_UUID}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "a body shorter than announced",
        "reply_is_complete",
        "GET /templates",
        answer("/templates", edited(raw=b"[]", length=400)),
    ),
    Fault(
        "a server error",
        "no_server_error",
        WORKSPACES,
        answer("/workspaces", edited(status=500, body={"message": "An internal error."})),
    ),
    Fault(
        "an undocumented status",
        "status_is_documented",
        BUILD,
        answer(f"/{uuid(SUCCEEDED + 100)}", edited(status=202)),
    ),
    Fault(
        "text instead of JSON",
        "media_type_is_documented",
        "GET /templates",
        answer("/templates", edited(media_type="text/plain")),
    ),
    Fault(
        "a required header left out",
        "headers_are_as_documented",
        "GET /buildinfo",
        answer("/buildinfo", _without_header),
    ),
    Fault(
        "broken JSON",
        "body_is_json",
        "GET /templates",
        answer("/templates", edited(raw=b'[{"id": ')),
    ),
    Fault(
        "an error without message",
        "error_body_has_a_message",
        BUILD,
        answer(f"/{uuid(SUCCEEDED + 100)}", edited(status=400, body={"error": "no"})),
    ),
    Fault("a member left out", "response_matches_schema", BUILD, _bad_build(build_number="one")),
    Fault(
        "null where something must stand", "response_matches_schema", BUILD, _bad_build(job=None)
    ),
    Fault(
        "null for an optional list",
        "response_matches_schema",
        BUILD,
        _bad_build(warnings=None),
        level="warning",
    ),
    Fault(
        "an invalid query accepted",
        "invalid_request_is_refused",
        WORKSPACES,
        answer("/workspaces", _lenient_limit),
        level="warning",
        max_examples=12,
    ),
    Fault("a pending job with a worker name", "JOB-01", LIST, change(PENDING, worker_name="host")),
    Fault("a pending job with a worker", "JOB-01", BUILD, change(PENDING, worker_id=DAEMON)),
    Fault("a pending job that started", "JOB-01", BY_ID, change(LAST, started_at=at(310))),
    Fault("a running job without worker", "JOB-02", LIST, change(RUNNING, worker_id=None)),
    Fault("a running job that ended", "JOB-02", LIST, change(RUNNING, completed_at=at(320))),
    Fault("a succeeded job with an error", "JOB-03", LIST, change(SUCCEEDED, error="no")),
    Fault("a succeeded job without end", "JOB-03", LIST, change(SUCCEEDED, completed_at=None)),
    Fault("a failed job without error", "JOB-04", LIST, change(FAILED, error=None)),
    Fault("a canceled job without cancel", "JOB-05", LIST, change(CANCELED, canceled_at=None)),
    Fault("a canceling job that ended", "JOB-06", LIST, change(CANCELING, completed_at=at(330))),
    Fault("a job done before it began", "JOB-07", LIST, change(SUCCEEDED, completed_at=at(302))),
    Fault("a job begun before it was", "JOB-07", LIST, change(SUCCEEDED, started_at=at(1))),
    Fault("a worker without a start", "JOB-08", LIST, change(FAILED, started_at=None)),
    Fault("a worker that changes", "JOB-09", LIST, _other_worker_later),
    Fault("a worker name alone", "JOB-10", LIST, change(CANCELED, worker_name="host-0")),
    Fault("a name in a build's job", "JOB-11", BUILD, _embedded(worker_name="host-0")),
    Fault(
        "workers in a version's job",
        "JOB-11",
        "GET /templateversions/{templateversion}",
        _embedded(available_workers=[]),
    ),
    Fault("another daemon's name", "JOB-12", LIST, change(SUCCEEDED, worker_name="host-9")),
    Fault("an assigned job without name", "JOB-12", LIST, change(SUCCEEDED, worker_name=None)),
    Fault(
        "no name for a purged daemon",
        "JOB-12",
        LIST,
        change(SUCCEEDED, worker_name=None, worker_id=uuid(49)),
        level="warning",
    ),
    Fault("workers after the start", "JOB-13", LIST, change(RUNNING, available_workers=[DAEMON])),
    Fault("an unknown worker", "JOB-13", LIST, change(PENDING, available_workers=[uuid(48)])),
    Fault(
        "a worker without the tags",
        "JOB-13",
        LIST,
        change(PENDING, tags={**TAGS, "zone": "north"}),
    ),
    Fault("a position past the queue", "JOB-14", LIST, change(PENDING, queue_position=3)),
    Fault("a negative position", "JOB-14", LIST, change(FAILED, queue_position=-1)),
    Fault("a position after pending", "JOB-15", LIST, change(SUCCEEDED, queue_position=1)),
    Fault("a queue in a finished build", "JOB-15", BUILD, _embedded(queue_size=2)),
    Fault("two jobs in one place", "JOB-16", LIST, change(LAST, queue_position=1)),
    Fault(
        "a queue in the wrong order",
        "JOB-16",
        LIST,
        lambda tiny: (
            change(PENDING, queue_position=2)(tiny),
            change(LAST, queue_position=1)(tiny),
        )[-1],
    ),
    Fault("a queue that varies", "JOB-16", LIST, change(FAILED, queue_size=7)),
    Fault("an input without its build", "JOB-17", LIST, change(SUCCEEDED, input={})),
    Fault("an import with a build", "JOB-17", LIST, change(IMPORTED, input={"x": "y"})),
    Fault("no version name", "JOB-18", LIST, change(SUCCEEDED, metadata=_BAD_METADATA)),
    Fault(
        "a template forgotten",
        "JOB-18",
        LIST,
        change(IMPORTED, metadata={"template_version_name": "v1", "template_id": ZERO_UUID}),
    ),
    Fault(
        "an import with a workspace",
        "JOB-18",
        LIST,
        change(
            IMPORTED,
            metadata={
                "template_version_name": "v1",
                "template_id": uuid(20),
                "workspace_id": uuid(1),
            },
        ),
    ),
    Fault("tags without owner", "JOB-19", LIST, change(SUCCEEDED, tags={"scope": "user"})),
    Fault("an organization's owner", "JOB-19", LIST, change(SUCCEEDED, tags=_USER_TAGS)),
    Fault("an oldest-first list", "JOB-20", LIST, answer("/provisionerjobs", _unsorted)),
    Fault(
        "a limit ignored",
        "JOB-20",
        LIST,
        lambda tiny: setattr(tiny, "_job_list", _unlimited(tiny)),
    ),
    Fault("a build's job not listed", "JOB-21", LIST, answer("/provisionerjobs", _hides_a_job)),
    Fault(
        "another build as input",
        "JOB-21",
        LIST,
        change(SUCCEEDED, input={"workspace_build_id": uuid(999)}),
    ),
    Fault("a job of elsewhere", "JOB-22", LIST, change(SUCCEEDED, organization_id=SECOND)),
    Fault("a leak between organizations", "JOB-23", BY_ID, _ignores_organization),
    Fault(
        "a filter for tags ignored",
        "job_tags_are_heeded",
        LIST,
        lambda t: setattr(t, "heeds_tags", False),
    ),
    Fault("a busy daemon without job", "JOB-25", DAEMONS, _daemon(0, current_job=None)),
    Fault(
        "a stale daemon that idles",
        "JOB-26",
        DAEMONS,
        _daemon(1, status="idle", last_seen_at=seconds_ago(3600)),
    ),
    Fault(
        "a daemon never seen that idles",
        "JOB-26",
        DAEMONS,
        _daemon(1, status="idle", last_seen_at=None),
    ),
    Fault("logs out of order", "JOB-27", BUILD_LOGS, lambda t: setattr(t, "log_ids", [3, 2, 4])),
    Fault("a cursor ignored", "JOB-27", BUILD_LOGS, _ignores_cursor),
    Fault("a line lost behind the cursor", "JOB-27", BUILD_LOGS, _loses_a_line),
)


def _unlimited(tiny: TinyCoder) -> Callable[..., Reply]:
    healthy = tiny._job_list
    return lambda query, organization: healthy({**query, "limit": ["0"]}, organization)
