"""Records of the deployment as a whole: what was done, who is told, what was switched, how much the
workspaces were used. Facts only, like those of `records`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coder_mock_server.domain.records import NIL_UUID


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log, as it was written; what is shown of users and links is current."""

    id: str
    time: datetime
    user_id: str
    resource_type: str
    resource_id: str
    action: str
    status_code: int
    resource_target: str = ""
    resource_icon: str = ""
    request_id: str = NIL_UUID
    ip: str = ""
    user_agent: str = ""
    organization_id: str = NIL_UUID
    diff: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Field -> `old`, `new` (absent where there is none) and `secret`. Never changed."""
    additional_fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification, waiting for the notifier until it is delivered to the inbox."""

    id: str
    user_id: str
    template_id: str
    created_at: datetime
    title: str
    content: str
    targets: tuple[str, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    """(label, path below the access URL) pairs."""
    delivered_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotificationPreference:
    """What a user said about one kind of notification."""

    user_id: str
    template_id: str
    disabled: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Setting:
    """A switch of the deployment, as it was last set; unset ones have no record."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A user's status from this moment on."""

    id: int
    user_id: str
    status: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """How long one application of a workspace was used within one clock hour."""

    user_id: str
    workspace_id: str
    template_id: str
    app: str
    """`vscode`, `jetbrains`, `reconnecting-pty`, `ssh`, `sftp`, or the slug of a workspace app."""
    hour: datetime
    seconds: int
    latency_ms: float | None = None
