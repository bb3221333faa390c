"""Faults of event streams and WebSockets."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from tests.mutation.faults.edits import NOBODY, Inject
from tests.mutation.model import JSON, Fault, Frame, Mutation, Reply, Request

WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
METADATA = "GET /workspaceagents/{workspaceagent}/watch-metadata"
INBOX = "GET /notifications/inbox/watch"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
VERSION_LOGS = "GET /templateversions/{templateversion}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"

Frames = Callable[[Frame, int], list[Frame]]


class _Streams(Mutation):
    """Messages of the streams of these operations, changed."""

    def __init__(
        self,
        labels: tuple[str, ...],
        frames: Frames | None = None,
        *,
        opened: Callable[[Reply], Reply] | None = None,
        first: tuple[Frame, ...] = (),
        code: Callable[[int], int | None] | None = None,
    ) -> None:
        self.labels, self.change = labels, frames
        self.open_as, self.before, self.code = opened, first, code

    def _mine(self, request: Request) -> bool:
        return any(fnmatchcase(request.label, label) for label in self.labels)

    def opened(self, request: Request, reply: Reply) -> Reply:
        if self._mine(request) and self.open_as is not None and reply.status in {101, 200}:
            return self.open_as(reply)
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        if self._mine(request) and self.change is not None:
            return self.change(frame, number)
        return [frame]

    def first(self, request: Request) -> list[Frame]:
        return list(self.before) if self._mine(request) else []

    def closed(self, request: Request, code: int) -> int | None:
        return self.code(code) if self._mine(request) and self.code is not None else code


def _streams(*labels: str, **how: Any) -> Inject:
    return lambda: _Streams(
        labels, how.get("frames"), **{k: v for k, v in how.items() if k != "frames"}
    )


def _fault(
    id_: str, operation: str, description: str, oracle: str, inject: Inject, **more: Any
) -> Fault:
    also = more.pop("also", ())
    return Fault(
        f"streams-{id_}", "streams", description, oracle, (operation, *also), inject, **more
    )


def _nothing(frame: Frame, number: int) -> list[Frame]:
    return []


def _is_data(frame: Frame) -> bool:
    if frame.event:
        return frame.event == "data"
    value = frame.json
    return isinstance(value, dict) and value.get("type") == "data"


def _pings_only(frame: Frame, number: int) -> list[Frame]:
    return [] if _is_data(frame) else [frame]


def _once() -> Frames:
    """Only the first data frame of each stream leaves."""

    def change(frame: Frame, number: int) -> list[Frame]:
        return [frame] if number < 2 else []

    return change


def _value(change: Callable[[Any], Any]) -> Frames:
    """The value in a data frame, changed."""

    def edit(frame: Frame, number: int) -> list[Frame]:
        if not _is_data(frame):
            return [frame]
        if frame.event:
            return [frame.with_json(change(frame.json))]
        found = frame.json
        return [frame.with_json({**found, "data": change(found["data"])})]

    return edit


def _other(value: Any) -> Any:
    build = {**value["latest_build"], "workspace_id": NOBODY}
    return {**value, "id": NOBODY, "latest_build": build}


def _renamed(name: str) -> Frames:
    def edit(frame: Frame, number: int) -> list[Frame]:
        if frame.event == "data":
            return [Frame(frame.text, name)]
        return [frame]

    return edit


def _typed(name: str) -> Frames:
    def edit(frame: Frame, number: int) -> list[Frame]:
        found = frame.json
        return [frame.with_json({**found, "type": name})] if _is_data(frame) else [frame]

    return edit


def _bare(frame: Frame, number: int) -> list[Frame]:
    """The value itself without its frame."""
    return [frame.with_json(frame.json["data"])] if _is_data(frame) else []


def _broken(frame: Frame, number: int) -> list[Frame]:
    if not frame.event:
        return [Frame(frame.text[: len(frame.text) // 2])]
    return [Frame(frame.text[: len(frame.text) // 2], frame.event)] if frame.text else [frame]


def _no_ping(frame: Frame, number: int) -> list[Frame]:
    is_ping = frame.event == "ping" or (
        isinstance(frame.json, dict) and frame.json.get("type") == "ping"
    )
    return [] if is_ping else [frame]


def _skips(frame: Frame, number: int) -> list[Frame]:
    """Every third line is lost."""
    return [] if number % 3 == 1 else [frame]


def _doubled(frame: Frame, number: int) -> list[Frame]:
    return [frame, frame]


def _first_lines(frame: Frame, number: int) -> list[Frame]:
    return [frame] if number < 2 else []


def _in_array(frame: Frame, number: int) -> list[Frame]:
    return [frame.with_json([frame.json])]


def _out_of_array(frame: Frame, number: int) -> list[Frame]:
    found = frame.json
    return [frame.with_json(one) for one in found] if isinstance(found, list) else [frame]


def _as_json(reply: Reply) -> Reply:
    reply.set("Content-Type", JSON)
    reply.json = {}
    return reply


def _as_text(reply: Reply) -> Reply:
    reply.set("Content-Type", "text/plain")
    return reply


def _refused(reply: Reply) -> Reply:
    reply.unset("Upgrade")
    reply.unset("Sec-WebSocket-Accept")
    reply.refuse(500, "Internal error.")
    return reply


def _old(value: Any) -> Any:
    """What happened in the meantime does not show: always the first state."""
    return {**value, "name": "old-name"}


def _without_worker_rule(value: Any) -> Any:
    build = value["latest_build"]
    return {**value, "latest_build": {**build, "job": {**build["job"], "worker_name": "host-0"}}}


def _less(value: Any) -> Any:
    return {name: one for name, one in value.items() if name != "latest_build"}


NOTICE = Frame('{"notification":{"id":"' + NOBODY + '"},"unread_count":1}')

STREAMS: tuple[Fault, ...] = (
    _fault(
        "watch-silent",
        WATCH,
        "no frame ever comes",
        "rule: WAT-01",
        _streams(WATCH, frames=_nothing),
    ),
    _fault(
        "watch-pings", WATCH, "only pings come", "rule: WAT-01", _streams(WATCH, frames=_pings_only)
    ),
    _fault(
        "watch-other",
        WATCH,
        "frames of another workspace",
        "rule: WAT-01",
        _streams(WATCH, frames=_value(_other)),
    ),
    _fault(
        "watch-differs",
        WATCH,
        "the first frame is not the workspace as it is",
        "rule: WAT-01",
        _streams(WATCH, frames=_value(_old)),
    ),
    _fault(
        "watch-type",
        WATCH,
        "an event stream announced as text",
        "docs: workspaces.md",
        _streams(WATCH, opened=_as_text),
    ),
    _fault(
        "watch-json",
        WATCH,
        "one JSON object in place of a stream",
        "docs: workspaces.md",
        _streams(WATCH, opened=_as_json),
    ),
    _fault(
        "watch-event",
        WATCH,
        "events are named message",
        "docs: workspaces.md",
        _streams(WATCH, frames=_renamed("message")),
    ),
    _fault(
        "watch-broken",
        WATCH,
        "data that is no JSON",
        "docs: workspaces.md",
        _streams(WATCH, frames=_broken),
    ),
    _fault(
        "watch-no-ping", WATCH, "no ping at first", "rule: C.6", _streams(WATCH, frames=_no_ping)
    ),
    _fault(
        "watch-deaf",
        WATCH,
        "a build is not told",
        "rule: WAT-02",
        _streams(WATCH, frames=_once()),
    ),
    _fault(
        "watch-worker",
        WATCH,
        "worker_name in watched workspaces",
        "rule: JOB-11",
        _streams(WATCH, frames=_value(_without_worker_rule)),
    ),
    _fault(
        "watch-less",
        WATCH,
        "watched workspaces lack latest_build",
        "docs: workspaces.md",
        _streams(WATCH, frames=_value(_less)),
    ),
    _fault(
        "ws-silent",
        WATCH_WS,
        "no message ever comes",
        "rule: WAT-01",
        _streams(WATCH_WS, frames=_nothing),
    ),
    _fault(
        "ws-other",
        WATCH_WS,
        "messages of another workspace",
        "rule: WAT-01",
        _streams(WATCH_WS, frames=_value(_other)),
    ),
    _fault(
        "ws-type",
        WATCH_WS,
        "messages of an unknown type",
        "docs: workspaces.md",
        _streams(WATCH_WS, frames=_typed("update")),
    ),
    _fault(
        "ws-bare",
        WATCH_WS,
        "workspaces come without type and data",
        "docs: workspaces.md",
        _streams(WATCH_WS, frames=_bare),
    ),
    _fault(
        "ws-broken",
        WATCH_WS,
        "messages that are no JSON",
        "docs: workspaces.md",
        _streams(WATCH_WS, frames=_broken),
    ),
    _fault(
        "ws-deaf",
        WATCH_WS,
        "a build is not told",
        "rule: WAT-02",
        _streams(WATCH_WS, frames=_once()),
    ),
    _fault(
        "ws-worker",
        WATCH_WS,
        "worker_name in watched workspaces",
        "rule: JOB-11",
        _streams(WATCH_WS, frames=_value(_without_worker_rule)),
    ),
    _fault(
        "ws-refused",
        WATCH_WS,
        "the WebSocket does not open",
        "docs: workspaces.md",
        _streams(WATCH_WS, opened=_refused),
    ),
    _fault(
        "ws-talks",
        WATCH_WS,
        "a client that speaks is closed with 1000",
        "rule: C.6",
        _streams(WATCH_WS, code=lambda code: 1000),
    ),
    _fault(
        "log-code",
        BUILD_LOGS,
        "a finished log closes with 1011",
        "rule: WAT-04",
        _streams(BUILD_LOGS, code=lambda code: 1011),
    ),
    _fault(
        "log-open",
        BUILD_LOGS,
        "a finished log stays open",
        "rule: WAT-04",
        _streams(BUILD_LOGS, code=lambda code: None),
    ),
    _fault(
        "log-gaps",
        BUILD_LOGS,
        "lines are missing in a followed log",
        "rule: WAT-04",
        _streams(BUILD_LOGS, frames=_skips),
    ),
    _fault(
        "log-twice",
        BUILD_LOGS,
        "lines come twice in a followed log",
        "rule: WAT-04",
        _streams(BUILD_LOGS, frames=_doubled),
    ),
    _fault(
        "log-array",
        BUILD_LOGS,
        "lines come in arrays",
        "rule: B.7",
        _streams(BUILD_LOGS, frames=_in_array),
    ),
    _fault(
        "import-log-short",
        VERSION_LOGS,
        "a followed import log ends after two lines",
        "rule: WAT-04",
        _streams(VERSION_LOGS, frames=_first_lines),
    ),
    _fault(
        "import-log-code",
        VERSION_LOGS,
        "a followed import log closes with 1001",
        "rule: WAT-04",
        _streams(VERSION_LOGS, code=lambda code: 1001),
    ),
    _fault(
        "agent-log-objects",
        AGENT_LOGS,
        "agent logs come one by one, not in arrays",
        "rule: WAT-05",
        _streams(AGENT_LOGS, frames=_out_of_array),
    ),
    _fault(
        "agent-log-silent",
        AGENT_LOGS,
        "agent logs give nothing at first",
        "rule: WAT-05",
        _streams(AGENT_LOGS, frames=_nothing),
    ),
    _fault(
        "inbox-talks",
        INBOX,
        "the inbox speaks before there is news",
        "rule: WAT-06",
        _streams(INBOX, first=(NOTICE,)),
    ),
    _fault(
        "inbox-refused",
        INBOX,
        "the inbox does not open",
        "docs: notifications.md",
        _streams(INBOX, opened=_refused),
    ),
    _fault(
        "metadata-silent",
        METADATA,
        "metadata of an agent never comes",
        "rule: E.5",
        _streams(METADATA, frames=_nothing),
    ),
    _fault(
        "metadata-event",
        METADATA,
        "metadata comes in events of another name",
        "rule: E.5",
        _streams(METADATA, frames=_renamed("metadata")),
    ),
)
