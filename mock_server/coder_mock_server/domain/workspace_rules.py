"""What may be set on a workspace, and what its template decides of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from coder_mock_server.domain.automation import deleting_at
from coder_mock_server.domain.records import Template, Workspace
from coder_mock_server.domain.schedule import next_autostart
from coder_mock_server.policy import Policy
from coder_mock_server.store.state import State

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
UPDATE_POLICIES = ("always", "never")


class TtlError(ValueError):
    """A time to live out of bounds; its text is what the API says about it."""


def whole_minutes(ttl_ms: int | None, policy: Policy) -> int | None:
    """The time to live in milliseconds, cut to minutes; `None` when none is asked for.

    Raises `TtlError`.
    """
    if not ttl_ms:
        return None
    minutes = ttl_ms // MINUTE_MS
    if minutes < 1:
        raise TtlError(policy.ttl_too_short)
    if minutes * MINUTE_MS > policy.max_ttl_days * DAY_MS:
        raise TtlError(policy.ttl_too_long)
    return minutes * MINUTE_MS


def is_update_policy(text: str) -> bool:
    """Whether automatic updates can be set to this."""
    return text in UPDATE_POLICIES


def follow_template(state: State, template: Template, now: datetime) -> None:
    """Bring what its workspaces were told of the future in line with a changed template."""
    for workspace in state.workspaces.by("template", template.id):
        changed = followed(workspace, template, now)
        if not workspace.deleted and changed != workspace:
            state.workspaces.put(changed)


def followed(workspace: Workspace, template: Template, now: datetime) -> Workspace:
    """The workspace as this template has it: its next start, and its deletion while dormant."""
    dormant_at = workspace.dormant_at
    return replace(
        workspace,
        next_start_at=next_autostart(workspace.autostart_schedule, template, now),
        deleting_at=None if dormant_at is None else deleting_at(template, dormant_at),
    )
