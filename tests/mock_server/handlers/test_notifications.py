"""Notifications: who is told what, the inbox, its stream, and what can be switched off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from coder_mock_server.notifications import kinds
from tests.support.mock import Mock

PASSWORD = "Mock-Password-1!"
FETCH = 15


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="unlicensed") as made:
        made.first_user()
        yield made


def new_user(mock: Mock, name: str) -> dict[str, Any]:
    home = mock.get("/organizations").json[0]["id"]
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    made: dict[str, Any] = mock.post("/users", {**body, "organization_ids": [home]}).json
    return made


def token_of(mock: Mock, name: str) -> str:
    login = {"email": f"{name}@example.com", "password": PASSWORD}
    return str(mock.post("/users/login", login, token="").json["session_token"])


def inbox(mock: Mock, query: str = "", **options: Any) -> dict[str, Any]:
    answer = mock.get(f"/notifications/inbox?{query}", **options)
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def titles(mock: Mock, query: str = "", **options: Any) -> list[str]:
    return [one["title"] for one in inbox(mock, query, **options)["notifications"]]


def test_a_notification_waits_for_the_notifier(mock: Mock) -> None:
    assert mock.post("/notifications/test").status == 204
    assert titles(mock) == []
    mock.clock.advance(seconds=FETCH)
    assert titles(mock) == ["A test notification"]


def test_a_paused_notifier_keeps_what_comes(mock: Mock) -> None:
    mock.put("/notifications/settings", {"notifier_paused": True})
    mock.post("/notifications/test")
    mock.clock.advance(seconds=10 * FETCH)
    assert titles(mock) == []
    mock.put("/notifications/settings", {"notifier_paused": False})
    mock.clock.advance(seconds=FETCH)
    assert titles(mock) == ["A test notification"]


def test_administrators_are_told_of_accounts_and_the_account_of_itself(mock: Mock) -> None:
    bob = new_user(mock, "bob")
    token = token_of(mock, "bob")
    mock.put("/users/bob/status/suspend")
    mock.put("/users/bob/status/activate")
    mock.clock.advance(seconds=FETCH)
    assert titles(mock) == [
        'User account "bob" activated',
        'User account "bob" suspended',
        'User account "bob" created',
    ]
    assert inbox(mock)["notifications"][0]["targets"] == [bob["id"]]
    assert titles(mock, token=token) == ["You may sign in again", "You were suspended"]


def test_a_new_administrator_is_not_told_about_himself(mock: Mock) -> None:
    new_user(mock, "bob")
    mock.clock.advance(seconds=FETCH)
    assert titles(mock, token=token_of(mock, "bob")) == []


def test_what_the_user_switched_off_is_not_sent(mock: Mock) -> None:
    switched = {"template_disabled_map": {kinds.USER_CREATED.id: True}}
    assert mock.put("/users/me/notifications/preferences", switched).status == 200
    new_user(mock, "bob")
    mock.clock.advance(seconds=FETCH)
    assert titles(mock) == []


def test_an_unknown_kind_cannot_be_switched(mock: Mock) -> None:
    path = "/users/me/notifications/preferences"
    unknown = {"template_disabled_map": {"00000000-0000-0000-0000-0000000000aa": True}}
    assert mock.put(path, unknown).status == 500
    assert mock.get(path).json is None


def test_nothing_switched_is_answered_with_the_list_as_it_is(mock: Mock) -> None:
    path = "/users/me/notifications/preferences"
    before = mock.put(path, {"template_disabled_map": {}})
    assert (before.status, before.json) == (200, None)
    mock.put(path, {"template_disabled_map": {kinds.USER_CREATED.id: True}})
    after = mock.put(path, {"template_disabled_map": {}})
    assert [one["id"] for one in after.json] == [kinds.USER_CREATED.id]


def test_marks_and_filters(mock: Mock) -> None:
    mock.post("/notifications/test")
    bob = new_user(mock, "bob")
    mock.clock.advance(seconds=FETCH)
    newest, oldest = inbox(mock)["notifications"]
    path = f"/notifications/inbox/{newest['id']}/read-status"
    marked = mock.put(path, {"is_read": True}).json
    assert marked["notification"]["read_at"] is not None
    assert marked["unread_count"] == 1
    assert titles(mock, "read_status=read") == [newest["title"]]
    assert titles(mock, "read_status=unread") == [oldest["title"]]
    assert titles(mock, f"targets={bob['id']}") == [newest["title"]]
    assert titles(mock, f"templates={kinds.TEST.id}") == [oldest["title"]]
    assert titles(mock, f"starting_before={newest['id']}") == [oldest["title"]]
    assert mock.put("/notifications/inbox/mark-all-as-read").status == 204
    assert inbox(mock)["unread_count"] == 0


def test_a_page_has_25_and_the_next_begins_before_its_last(mock: Mock) -> None:
    for _ in range(30):
        mock.post("/notifications/test")
        mock.clock.advance(seconds=FETCH)
    page = inbox(mock)
    assert (len(page["notifications"]), page["unread_count"]) == (25, 30)
    rest = inbox(mock, f"starting_before={page['notifications'][-1]['id']}")
    assert len(rest["notifications"]) == 5


def test_somebody_elses_notification_is_not_found(mock: Mock) -> None:
    new_user(mock, "bob")
    mock.clock.advance(seconds=FETCH)
    id = inbox(mock)["notifications"][0]["id"]
    answer = mock.put(
        f"/notifications/inbox/{id}/read-status", {"is_read": True}, token=token_of(mock, "bob")
    )
    assert answer.status == 500


def test_the_stream_tells_each_new_one_with_what_is_unread(mock: Mock) -> None:
    from coder_mock_server.call import Call
    from coder_mock_server.handlers.notifications import watch_for_new_inbox_notifications
    from coder_mock_server.notifications import delivery
    from coder_mock_server.security import authenticate
    from coder_mock_server.wire_in import Query

    world = mock.world
    headers = {"coder-session-token": mock.token}
    call = Call("watch", "GET", "/", {}, Query(), headers, b"", "", "http://mock.test")
    call.signed_in = authenticate(call, world)
    actor = call.signed_in.user

    async def watch() -> dict[str, Any]:
        source = watch_for_new_inbox_notifications(call, world).source()
        message = asyncio.ensure_future(anext(source))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        async with world.store.transaction():
            delivery.send(world, kinds.TEST, actor, {})
            delivery.deliver(world, world.now())
        found: dict[str, Any] = (await message).data
        return found

    told = mock.run(watch())
    assert told["notification"]["title"] == "A test notification"
    assert told["unread_count"] == 1


def test_the_owner_is_told_when_somebody_else_deletes_his_workspace() -> None:
    with Mock(scenario="small-team", edition="premium", instant=True) as mock:
        me = mock.get("/users/me").json["id"]
        found = mock.get("/workspaces?q=status:running").json["workspaces"]
        workspace = next(one for one in found if one["owner_id"] != me)
        path = f"/workspaces/{workspace['id']}/builds"
        assert mock.post(path, {"transition": "delete"}).status == 201
        mock.clock.advance(seconds=FETCH)
        mock.get("/buildinfo")
        notices = mock.state.notices.by("inbox", workspace["owner_id"])
        assert [one.template_id for one in notices] == [kinds.WORKSPACE_DELETED.id]


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_renders_without_a_place_left(kind: kinds.Kind) -> None:
    for text in (kind.title, kind.body, *(url for _, url in kind.actions)):
        assert "{{" not in kinds.rendered(text, {"Labels.name": "x"})
