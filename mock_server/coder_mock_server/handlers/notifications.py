"""Notifications page: the inbox and its stream, kinds, methods, preferences, the notifier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, StreamItem, StreamReply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.deployment import Notice, NotificationPreference, Setting
from coder_mock_server.errors import ApiError, Forbidden, NotFound
from coder_mock_server.notifications import delivery
from coder_mock_server.notifications.kinds import KINDS, TEST
from coder_mock_server.presenters import notifications as present
from coder_mock_server.store.topics import Topic
from coder_mock_server.wire_in import QueryReader

PAGE = 25
READ_STATUSES = ("all", "read", "unread")
RBAC = "unauthorized: rbac: forbidden"
FOREIGN_KEY = (
    'pq: insert or update on table "notification_preferences" violates foreign key constraint '
    '"notification_preferences_notification_template_id_fkey"'
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which notifications are asked for."""

    targets: frozenset[str]
    templates: frozenset[str]
    read_status: str

    def matches(self, notice: Notice) -> bool:
        """Whether the notification is one of them; it must be about all of the targets."""
        if self.read_status != "all" and (self.read_status == "read") is (notice.read_at is None):
            return False
        if self.templates and notice.template_id not in self.templates:
            return False
        return self.targets.issubset(notice.targets)


def _filter(reader: QueryReader) -> Filter:
    return Filter(
        frozenset(reader.uuids("targets")),
        frozenset(reader.uuids("templates")),
        reader.text("read_status", "all"),
    )


def _check_status(chosen: Filter) -> None:
    if chosen.read_status not in READ_STATUSES:
        raise ApiError(
            400, "starting_before query parameter should be any of 'all', 'read', 'unread'."
        )


def list_inbox_notifications(call: Call, world: World) -> Reply:
    """The caller's newest notifications, and how many he did not read yet."""
    reader = QueryReader(call.query)
    chosen = _filter(reader)
    before = reader.uuid("starting_before")
    reader.finish(strict=True)
    _check_status(chosen)
    limit: datetime | None = None
    if before is not None:
        start = world.state.notices.get(before)
        if start is None or start.user_id != call.actor.id:
            raise ApiError(400, "Failed to get notification by id.")
        limit = start.delivered_at
    found = [
        notice
        for notice in _inbox(world, call.actor.id)
        if chosen.matches(notice)
        and (limit is None or (notice.delivered_at or notice.created_at) < limit)
    ]
    return Reply.ok(
        {
            "notifications": [present.notice(one, call.base_url) for one in found[:PAGE]],
            "unread_count": world.state.notices.count("unread", call.actor.id),
        }
    )


def _inbox(world: World, user_id: str) -> list[Notice]:
    """What was delivered to the user, newest first."""
    found = world.state.notices.by("inbox", user_id)
    return sorted(found, key=lambda n: n.delivered_at or n.created_at, reverse=True)


def watch_for_new_inbox_notifications(call: Call, world: World) -> StreamReply:
    """Each new notification as it is delivered; nothing at the start."""
    reader = QueryReader(call.query)
    chosen = _filter(reader)
    reader.ignore("format")
    reader.finish(strict=True)
    _check_status(chosen)
    user_id = call.actor.id
    plain = call.query.get("format") == "plaintext"

    async def source() -> AsyncIterator[StreamItem]:
        with world.store.hub.subscribe(Topic("inbox", user_id)) as subscription:
            known = {notice.id for notice in world.state.notices.by("inbox", user_id)}
            while True:
                await subscription.changed()
                for notice in reversed(_inbox(world, user_id)):
                    if notice.id in known:
                        continue
                    known.add(notice.id)
                    if chosen.matches(notice):
                        yield _message(world, notice, call.base_url, plain=plain)

    return StreamReply(source, "raw")


def _message(world: World, notice: Notice, base_url: str, *, plain: bool) -> StreamItem:
    shown = present.notice(notice, base_url)
    if plain:
        shown["content"] = shown["content"].replace("**", "")
    unread = world.state.notices.count("unread", notice.user_id)
    return StreamItem("data", {"notification": shown, "unread_count": unread})


def update_read_status_of_a_notification(call: Call, world: World) -> Reply:
    """Mark one of the caller's notifications as read, or as new again."""
    id = lookup.path_uuid(call, "id")
    is_read = call.body().boolean("is_read")
    notice = world.state.notices.get(id)
    if notice is None or notice.delivered_at is None or notice.user_id != call.actor.id:
        raise ApiError(500, "Failed to update inbox notification read status.")
    notice = world.state.notices.put(replace(notice, read_at=world.now() if is_read else None))
    return Reply.ok(
        {
            "notification": present.notice(notice, call.base_url),
            "unread_count": world.state.notices.count("unread", call.actor.id),
        }
    )


def mark_all_unread_notifications_as_read(call: Call, world: World) -> Reply:
    """Nothing of the caller's is new any more."""
    now = world.now()
    for notice in world.state.notices.by("unread", call.actor.id):
        world.state.notices.put(replace(notice, read_at=now))
    return Reply.no_content()


def send_a_test_notification(call: Call, world: World) -> Reply:
    """Notify the caller, to see whether notifying works."""
    if not lookup.can(call, world, "update", Thing("deployment_config")):
        raise Forbidden()
    delivery.send(world, TEST, call.actor.user, {})
    return Reply.no_content()


def get_notifications_settings(call: Call, world: World) -> Reply:
    """Whether the notifier is paused."""
    return Reply.ok({"notifier_paused": delivery.is_paused(world)})


def update_notifications_settings(call: Call, world: World) -> Reply:
    """Pause the notifier, or let it go on; what is so already is 304."""
    if not lookup.can(call, world, "update", Thing("deployment_config")):
        raise Forbidden()
    paused = call.body().boolean("notifier_paused")
    if paused == delivery.is_paused(world):
        return Reply.not_modified()
    world.state.settings.put(Setting(delivery.PAUSED, paused))
    world.announce("jobs", "")
    return Reply.ok({"notifier_paused": paused})


def get_system_notification_templates(call: Call, world: World) -> Reply:
    """Every kind of notification, by name; any user may know them, to switch them off."""
    return Reply.ok([present.kind(world, one) for one in KINDS.values()])


def get_notification_dispatch_methods(call: Call, world: World) -> Reply:
    """By which ways notifications may leave the server."""
    return Reply.ok({"available": ["smtp", "webhook"], "default": "smtp"})


def get_user_notification_preferences(call: Call, world: World) -> Reply:
    """What the user said about kinds of notifications; `null` before he said anything."""
    user = lookup.user(call, world)
    if not lookup.can(call, world, "read", Thing("notification_preference", owner_id=user.id)):
        raise ApiError(500, "Failed to retrieve user notification preferences.", RBAC)
    return _preferences(world, user.id)


def update_user_notification_preferences(call: Call, world: World) -> Reply:
    """Switch kinds of notifications off or on."""
    user = lookup.user(call, world)
    thing = Thing("notification_preference", owner_id=user.id)
    if not lookup.can(call, world, "read", thing):
        raise ApiError(500, "Failed to retrieve user notification preferences.", RBAC)
    wanted = call.body().mapping("template_disabled_map")
    said: dict[str, bool] = {}
    for text, disabled in wanted.items():
        id = lookup.parse_uuid(text)
        if id is None:
            problem = lookup.uuid_problem(text)
            raise ApiError(400, "Unable to parse notification template UUID.", problem)
        said[id] = disabled is True
    if not lookup.can(call, world, "update", thing):
        raise ApiError(500, "Failed to update user notifications preferences.", RBAC)
    for id, disabled in said.items():
        if id not in KINDS:
            raise ApiError(500, "Failed to update user notifications preferences.", FOREIGN_KEY)
        world.state.notification_preferences.put(
            NotificationPreference(user.id, id, disabled, world.now())
        )
    return _preferences(world, user.id)


def _preferences(world: World, user_id: str) -> Reply:
    rows = world.state.notification_preferences.by("user", user_id)
    return Reply.ok([present.preference(row) for row in rows] or None)


def subscribe_to_web_push(call: Call, world: World) -> Reply:
    """Web push is an experiment that is not enabled."""
    return _without_web_push(call, world)


def unsubscribe_from_web_push(call: Call, world: World) -> Reply:
    """Web push is an experiment that is not enabled."""
    return _without_web_push(call, world)


def send_a_test_by_web_push(call: Call, world: World) -> Reply:
    """Web push is an experiment that is not enabled."""
    return _without_web_push(call, world)


def _without_web_push(call: Call, world: World) -> Reply:
    lookup.user(call, world)
    raise NotFound()
