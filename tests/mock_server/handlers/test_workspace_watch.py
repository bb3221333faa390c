from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from coder_mock_server.call import Actor, Call, StreamItem
from coder_mock_server.handlers.workspaces import watch
from coder_mock_server.wire_in import Query
from tests.support.mock import Mock
from tests.support.workbench import PLAIN, Workbench


@pytest.fixture
def bench(mock: Mock) -> Workbench:
    return Workbench(mock)


class Watch:
    """What one watcher gets, frame by frame."""

    def __init__(self, mock: Mock, stream: Any) -> None:
        self._mock = mock
        self._stream = stream

    def kind(self) -> str:
        """The next frame's kind."""
        return self._next().kind

    def workspace(self) -> dict[str, Any]:
        """The workspace in the next frame."""
        body: dict[str, Any] = json.loads(self._next().data.encoded)
        return body

    def while_it_comes(
        self, now: Callable[[], object], then: Callable[[], Coroutine[Any, Any, None]]
    ) -> dict[str, Any]:
        """The workspace in the next frame, when this happens after the change that it tells of."""

        async def frame() -> StreamItem:
            upcoming = asyncio.ensure_future(anext(self._stream))
            for _ in range(3):
                await asyncio.sleep(0)
            now()
            await then()
            item: StreamItem = await asyncio.wait_for(upcoming, 5)
            return item

        body: dict[str, Any] = json.loads(self._mock.run(frame()).data.encoded)
        return body

    def is_quiet(self) -> bool:
        """Whether nothing comes; ends the watch."""
        return self._mock.run(_waits(self._stream))

    def _next(self) -> StreamItem:
        item: StreamItem = self._mock.run(asyncio.wait_for(anext(self._stream), 5))
        return item


async def _waits(stream: Any) -> bool:
    upcoming = asyncio.ensure_future(anext(stream))
    for _ in range(5):
        await asyncio.sleep(0)
    is_waiting = not upcoming.done()
    upcoming.cancel()
    await asyncio.gather(upcoming, return_exceptions=True)
    return is_waiting


@contextmanager
def watching(bench: Workbench, workspace: str) -> Iterator[Watch]:
    """Watch as the owner of the site."""
    mock = bench.mock
    key = mock.state.api_keys[bench.admin.partition("-")[0]]
    call = Call(
        operation_id="watch-workspace-by-id",
        method="GET",
        url_path="",
        path={"workspace": workspace},
        query=Query(),
        headers={},
        raw=b"",
        request_id="",
        base_url="http://mock.test",
        signed_in=Actor(mock.state.users[key.user_id], key),
    )
    stream: Any = watch.watch_workspace_by_id(call, mock.world).source()
    watcher = Watch(mock, stream)
    assert watcher.kind() == "ping"
    try:
        yield watcher
    finally:
        mock.run(stream.aclose())


def test_a_watch_opens_with_a_ping_and_the_workspace_as_it_is_read(bench: Workbench) -> None:
    workspace = bench.workspace(bench.template())
    events = bench.mock.events(f"/workspaces/{workspace['id']}/watch", 2)
    assert [kind for kind, _ in events] == ["ping", "data"]
    assert events[0][1] == ""
    assert json.loads(events[1][1]) == bench.seen(workspace["id"])


def test_over_a_websocket_the_frames_are_the_same(bench: Workbench) -> None:
    workspace = bench.workspace(bench.template())
    said = bench.mock.websocket(f"/workspaces/{workspace['id']}/watch-ws", 2)
    ping, frame = (json.loads(text) for text in said.texts)
    assert ping == {"type": "ping", "data": None}
    assert frame == {"type": "data", "data": bench.seen(workspace["id"])}


def test_each_step_of_a_build_gives_a_frame_with_what_there_is_when_it_is_sent(
    bench: Workbench,
) -> None:
    workspace = bench.workspace(bench.template())
    with watching(bench, workspace["id"]) as watcher:
        assert watcher.workspace()["latest_build"]["status"] == "running"
        bench.build(workspace["id"], "stop")
        bench.mock.advance(0.1)
        # Posted and taken: both frames are sent after both have happened.
        assert [watcher.workspace()["latest_build"]["status"] for _ in range(2)] == [
            "stopping",
            "stopping",
        ]
        bench.settle()
        assert watcher.workspace()["latest_build"]["status"] == "stopped"
        assert watcher.is_quiet()


def test_the_frame_of_a_posted_build_shows_it_at_work_where_a_daemon_is_idle(
    bench: Workbench,
) -> None:
    workspace = bench.workspace(bench.template())
    with watching(bench, workspace["id"]) as watcher:
        assert watcher.workspace()["latest_build"]["status"] == "running"
        bench.build(workspace["id"], "stop")
        taken = bench.mock.server.pipeline.catch_up
        frame = watcher.while_it_comes(lambda: bench.mock.clock.advance(0.1), taken)
        assert frame["latest_build"]["status"] == "stopping"
        assert watcher.workspace()["latest_build"]["status"] == "stopping"


def test_a_deleted_workspace_goes_on_being_delivered(bench: Workbench) -> None:
    workspace = bench.workspace(bench.template())
    bench.built(workspace["id"], "delete")
    with watching(bench, workspace["id"]) as watcher:
        assert watcher.workspace()["latest_build"]["status"] == "deleted"


def test_a_new_active_version_is_a_change_of_the_workspace(bench: Workbench) -> None:
    template = bench.template()
    workspace = bench.workspace(template)
    version = bench.version(PLAIN, template)
    with watching(bench, workspace["id"]) as watcher:
        assert watcher.workspace()["outdated"] is False
        bench.mock.patch(f"/templates/{template}/versions", {"id": version})
        assert watcher.workspace()["outdated"] is True


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("autostart", {"schedule": "0 8 * * *"}),
        ("ttl", {"ttl_ms": 60_000}),
        ("autoupdates", {"automatic_updates": "always"}),
        ("favorite", None),
        ("dormant", {"dormant": True}),
    ],
)
def test_settings_wait_for_the_next_frame(bench: Workbench, route: str, body: Any) -> None:
    workspace = bench.workspace(bench.template())
    with watching(bench, workspace["id"]) as watcher:
        watcher.workspace()
        assert bench.mock.put(f"/workspaces/{workspace['id']}/{route}", body).status < 300
        assert watcher.is_quiet()


def test_moving_the_deadline_is_a_change(bench: Workbench) -> None:
    workspace = bench.workspace(bench.template(), ttl_ms=3_600_000)
    with watching(bench, workspace["id"]) as watcher:
        watcher.workspace()
        wanted = {"deadline": "2099-01-01T00:00:00Z"}
        assert bench.mock.put(f"/workspaces/{workspace['id']}/extend", wanted).status == 200
        assert watcher.workspace()["latest_build"]["deadline"] == "2099-01-01T00:00:00Z"


def test_in_2023_a_watch_opens_with_nothing_but_a_ping() -> None:
    with Mock(api="2023-06-20") as mock:
        bench = Workbench(mock)
        path = f"/organizations/{bench.organization}/members/me/workspaces"
        id = mock.post(path, {"name": "one", "template_id": bench.template()}).json["id"]
        bench.settle()
        with watching(bench, id) as watcher:
            assert watcher.is_quiet()


def test_a_frame_is_rendered_once_for_all_who_see_the_same(bench: Workbench) -> None:
    workspace = bench.workspace(bench.template())
    record = bench.mock.state.workspaces[workspace["id"]]
    rendered: list[str] = []
    render = bench.mock.world.views._render

    def counting(schema: str, value: Any) -> bytes:
        rendered.append(schema)
        return render(schema, value)

    bench.mock.world.views._render = counting
    with watching(bench, record.id) as one, watching(bench, record.id) as other:
        bench.mock.state.workspaces.put(replace(record, name="renamed"))
        assert one.workspace()["name"] == other.workspace()["name"] == "renamed"
    assert rendered == ["codersdk.Workspace"]
