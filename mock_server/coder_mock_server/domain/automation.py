"""What the server does to a workspace by itself, and from which moment on.

The rules are tried in one order: autostart, autostop, failure cleanup, dormancy, deletion. Each
gives the moment from which it applies, so that time may be skipped up to the earliest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coder_mock_server.domain.lifecycle import is_active, job_status
from coder_mock_server.domain.records import (
    BuildReason,
    ProvisionerJob,
    Template,
    Transition,
    User,
    Workspace,
    WorkspaceBuild,
)
from coder_mock_server.domain.schedule import next_autostart

AT_ONCE = datetime.min.replace(tzinfo=UTC)
DELETE_AGAIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Situation:
    """A workspace with everything that the rules look at."""

    workspace: Workspace
    build: WorkspaceBuild
    job: ProvisionerJob
    template: Template
    owner: User


@dataclass(frozen=True, slots=True)
class Action:
    """A build to make from `due` on (`None`: no build), after going dormant where it says so."""

    due: datetime
    transition: Transition | None
    reason: BuildReason
    dormant: bool = False
    active_version: bool = False
    """Build the template's active version instead of the last one."""


def actions(now: Situation) -> list[Action]:
    """What may come, in the order in which the rules are tried."""
    if now.workspace.deleted or is_active(now.job):
        return []
    rules = (autostart, autostop, failed_start, inactivity, deletion)
    return [action for rule in rules if (action := rule(now)) is not None]


def autostart(now: Situation) -> Action | None:
    """A stopped workspace whose schedule fired since its last build is started."""
    workspace, template = now.workspace, now.template
    if (
        now.build.transition != "stop"
        or job_status(now.job) == "failed"
        or workspace.dormant_at is not None
        or now.owner.status != "active"
        or not template.allow_user_autostart
        or not workspace.autostart_schedule
    ):
        return None
    due = workspace.next_start_at
    if due is None or due <= now.build.created_at:
        due = next_autostart(workspace.autostart_schedule, template, now.build.created_at)
    if due is None:
        return None
    newest = workspace.automatic_updates == "always" or template.require_active_version
    return Action(due, "start", "autostart", active_version=newest)


def autostop(now: Situation) -> Action | None:
    """A started workspace is stopped at its deadline, or when its owner is suspended."""
    if (
        now.build.transition != "start"
        or job_status(now.job) == "failed"
        or now.workspace.dormant_at is not None
    ):
        return None
    due = AT_ONCE if now.owner.status == "suspended" else now.build.deadline
    return None if due is None else Action(due, "stop", "autostop")


def failed_start(now: Situation) -> Action | None:
    """A failed start is cleaned up after the template's time for that."""
    ended, ms = now.job.completed_at, now.template.failure_ttl_ms
    if now.build.transition != "start" or job_status(now.job) != "failed" or not ms or not ended:
        return None
    return Action(ended + timedelta(milliseconds=ms), "stop", "autostop")


def inactivity(now: Situation) -> Action | None:
    """A workspace that nobody used for long becomes dormant, and is stopped if it was started."""
    ms = now.template.time_til_dormant_ms
    if now.workspace.dormant_at is not None or not ms:
        return None
    due = now.workspace.last_used_at + timedelta(milliseconds=ms)
    stops: Transition | None = "stop" if now.build.transition == "start" else None
    return Action(due, stops, "dormancy", dormant=True)


def deletion(now: Situation) -> Action | None:
    """A dormant workspace is deleted when its time is over; after a failure, a day later again."""
    due = now.workspace.deleting_at
    if now.workspace.dormant_at is None or due is None:
        return None
    if not now.template.time_til_dormant_autodelete_ms:
        return None
    failed = now.build.transition == "delete" and job_status(now.job) == "failed"
    if failed and now.job.completed_at is not None:
        due = max(due, now.job.completed_at + DELETE_AGAIN)
    return Action(due, "delete", "autodelete")


def deleting_at(template: Template, dormant_at: datetime) -> datetime | None:
    """When a workspace that is dormant since then will be deleted, as its template says."""
    ms = template.time_til_dormant_autodelete_ms
    return dormant_at + timedelta(milliseconds=ms) if ms else None
