"""What a scenario's past left in the audit log and in the owners' inboxes.

Entries are those that the recorder would have written when the facts came about. Of very many
only the newest are told: a log of weeks is enough to look at.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from coder_mock_server.audit import resources as a
from coder_mock_server.audit.recorder import build_entry
from coder_mock_server.domain import records as r
from coder_mock_server.domain.deployment import AuditEntry, Notice
from coder_mock_server.ids import derived
from coder_mock_server.notifications import kinds as k
from coder_mock_server.scenario_loader.builder import Past

MOST = 150
"""How many of each kind are told."""
NEWS = 5
"""How many notifications an owner finds."""
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/136.0.0.0 Safari/537.36"
)
FETCH = timedelta(seconds=15)


def put_news(past: Past) -> None:
    """Entries about users, templates, workspaces and builds; notifications about new users."""
    state = past.world.state
    owner = next((user for user in state.users if "owner" in user.roles), None)
    if owner is None:
        return
    if past.world.settings.edition != "oss":
        entries = sorted(_entries(past, owner), key=lambda entry: entry.time)
        state.counters["audit"] = len(entries)
        state.audit_log.extend(entries)
    notices = list(_notices(past, owner))
    state.counters["notices"] = len(notices)
    state.notices.extend(notices)


def _newest(rows: Any) -> list[Any]:
    return heapq.nlargest(MOST, rows, key=lambda row: row.created_at)


def _entries(past: Past, owner: r.User) -> Iterator[AuditEntry]:
    state = past.world.state
    for user in _newest(u for u in state.users if not u.is_system and u.id != owner.id):
        yield _created(past, a.USER, user, owner.id, user.created_at)
    for template in _newest(state.templates):
        yield _created(past, a.TEMPLATE, template, template.created_by, template.created_at)
    for workspace in _newest(state.workspaces):
        yield _created(past, a.WORKSPACE, workspace, workspace.owner_id, workspace.created_at)
    for build in _newest(state.builds):
        job = state.jobs[build.job_id]
        if job.completed_at is not None and job.started_at is not None:
            yield build_entry(past.world, job, _id(past, build.id))


def _created(
    past: Past, resource: a.Resource, record: Any, user_id: str, at: datetime
) -> AuditEntry:
    state = past.world.state
    dice = random.Random(user_id)
    return AuditEntry(
        id=_id(past, record.id),
        time=at,
        user_id=user_id,
        resource_type=resource.type,
        resource_id=record.id,
        resource_target=resource.target(state, record),
        action="create",
        status_code=201,
        request_id=_id(past, f"request {record.id}"),
        ip=f"10.20.{dice.randrange(4)}.{dice.randrange(2, 250)}",
        user_agent=BROWSER,
        organization_id=resource.organization(state, record),
        diff=a.diff(state, resource, None, record),
        additional_fields=dict(resource.extra(state, record)),
    )


def _id(past: Past, what: str) -> str:
    return derived(past.world.settings.seed, f"past {what}", 0)


def _notices(past: Past, owner: r.User) -> Iterator[Notice]:
    """The owner was told of the newest accounts, and read all but the last two."""
    users = [u for u in past.world.state.users if not u.is_system and u.id != owner.id]
    newest = heapq.nsmallest(NEWS, users, key=lambda user: past.now - user.created_at)
    for number, user in enumerate(newest):
        values = {
            "Labels.created_account_name": user.username,
            "Labels.created_account_user_name": user.name,
            "Labels.initiator": owner.name,
        }
        delivered = user.created_at + FETCH
        yield Notice(
            id=_id(past, f"notice {user.id}"),
            user_id=owner.id,
            template_id=k.USER_CREATED.id,
            created_at=user.created_at,
            title=k.rendered(k.USER_CREATED.title, values),
            content=k.rendered(k.USER_CREATED.body, values),
            targets=(user.id,),
            actions=tuple((label, k.rendered(url, {})) for label, url in k.USER_CREATED.actions),
            delivered_at=delivered,
            read_at=delivered + timedelta(hours=3) if number > 1 else None,
        )
