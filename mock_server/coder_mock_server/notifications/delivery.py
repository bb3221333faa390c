"""From an event to the inbox: notices wait for the notifier, which looks every 15 seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.deployment import Notice
from coder_mock_server.domain.jobs import WORK
from coder_mock_server.ids import derived
from coder_mock_server.notifications.kinds import Kind, rendered

FETCH_SECONDS = 15
PAUSED = "notifications"
"""Name of the setting that stops the notifier."""


def wants(world: World, user_id: str, kind: Kind) -> bool:
    """Whether the user is to be told: what he said about it, else what is usual."""
    said = world.state.notification_preferences.get((user_id, kind.id))
    return kind.enabled_by_default if said is None else not said.disabled


def send(
    world: World,
    kind: Kind,
    user: r.User,
    labels: Mapping[str, str],
    targets: tuple[str, ...] = (),
) -> None:
    """Put a notice for the user into the line, unless he does not want to be told."""
    if not wants(world, user.id, kind):
        return
    values = {f"Labels.{name}": text for name, text in labels.items()}
    values |= {
        "UserName": user.name or user.username,
        "UserUsername": user.username,
        "UserEmail": user.email,
    }
    number = world.state.next("notices")
    world.state.notices.put(
        Notice(
            id=derived(world.settings.seed, "notice", number),
            user_id=user.id,
            template_id=kind.id,
            created_at=world.now(),
            title=rendered(kind.title, values),
            content=rendered(kind.body, values),
            targets=targets,
            actions=tuple((label, rendered(url, values)) for label, url in kind.actions),
        )
    )
    world.announce(*WORK)


def is_paused(world: World) -> bool:
    """Whether the notifier is switched off."""
    setting = world.state.settings.get(PAUSED)
    return setting is not None and bool(setting.value)


def next_due(world: World) -> datetime | None:
    """When the notifier looks next with something to deliver."""
    waiting = world.state.notices
    if not waiting.count("waiting", True) or is_paused(world):
        return None
    first = waiting.by("waiting", True)[0].created_at
    if world.settings.instant:
        return first
    seconds = first.timestamp()
    return datetime.fromtimestamp((seconds // FETCH_SECONDS + 1) * FETCH_SECONDS, UTC)


def deliver(world: World, due: datetime) -> None:
    """Hand out what was waiting at this moment."""
    for number, notice in enumerate(world.state.notices.by("waiting", True)):
        if notice.created_at <= due:
            moment = due + timedelta(microseconds=number)
            world.state.notices.put(replace(notice, delivered_at=moment))
            world.announce("inbox", notice.user_id)
