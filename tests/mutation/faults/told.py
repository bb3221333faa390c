"""More faults of streams: what those who listen are told late, wrongly, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import Inject, answered
from tests.mutation.model import BASE, Fault, Frame, Mutation, Reply, Request, Upstream

WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
METADATA = "GET /workspaceagents/{workspaceagent}/watch-metadata"
METADATA_WS = f"{METADATA}-ws"
INBOX, DERP_MAP = "GET /notifications/inbox/watch", "GET /derp-map"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
DRY_RUN_LOGS = "GET /templateversions/{templateversion}/dry-run/{jobID}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
SAY = "PATCH /workspaceagents/me/logs"
STATUS = "PATCH /workspaceagents/me/app-status"
WORKSPACE = "GET /workspaces/{workspace}"
_WAT = "recorded: workspace-settings, agents"

Change = Callable[[Frame, int], list[Frame]]


class _Told(Mutation):
    def __init__(
        self,
        label: str,
        change: Change = lambda frame, number: [frame],
        *,
        first: tuple[Frame, ...] = (),
        code: Callable[[int], int | None] = lambda code: code,
        opened: Callable[[Request, Reply], None] = lambda request, reply: None,
    ) -> None:
        self.label, self.change, self.before = label, change, first
        self.code, self.open_as = code, opened

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        return self.change(frame, number) if request.label == self.label else [frame]

    def first(self, request: Request) -> list[Frame]:
        return list(self.before) if request.label == self.label else []

    def closed(self, request: Request, code: int) -> int | None:
        return self.code(code) if request.label == self.label else code

    def opened(self, request: Request, reply: Reply) -> Reply:
        if request.label == self.label:
            self.open_as(request, reply)
        return reply


def _told(label: str, change: Change = lambda frame, number: [frame], **how: Any) -> Inject:
    return lambda: _Told(label, change, **how)


def _value(frame: Frame) -> Any:
    found = frame.json
    return found["data"] if isinstance(found, dict) and "data" in found else found


def _again(frame: Frame, value: Any) -> Frame:
    found = frame.json
    wrapped = isinstance(found, dict) and "data" in found
    return frame.with_json({**found, "data": value} if wrapped else value)


def _unless(*states: str) -> Change:
    """No frames of a workspace whose job, or build, is in one of these states."""

    def change(frame: Frame, number: int) -> list[Frame]:
        value = _value(frame)
        if not isinstance(value, dict) or "latest_build" not in value or number < 2:
            return [frame]
        build = value["latest_build"]
        return [] if {build["status"], build["job"]["status"]} & set(states) else [frame]

    return change


def _turned(frame: Frame, number: int) -> list[Frame]:
    value = _value(frame)
    return [_again(frame, value[::-1])] if isinstance(value, list) else [frame]


def _collected(frame: Frame, number: int) -> list[Frame]:
    value = _value(frame)
    if not isinstance(value, list):
        return [frame]
    return [_again(frame, [{**one, "result": {**one["result"], "age": 0}} for one in value])]


def _uncounted(frame: Frame, number: int) -> list[Frame]:
    return [frame.with_json({**frame.json, "unread_count": 0})]


def _no_later(frame: Frame, number: int) -> list[Frame]:
    return [frame] if number == 0 else []


def _no_beats(frame: Frame, number: int) -> list[Frame]:
    return [] if frame.event == "ping" and number else [frame]


def _needs_session(request: Request, reply: Reply) -> None:
    if not request.token:
        reply.refuse(401, "You are signed out.")


def _for_anybody(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request)
    return upstream.send(request.as_user(upstream.token)) if reply.status == 404 else reply


def _one_line(request: Request, upstream: Upstream) -> Reply | None:
    """Of several lines only the first is kept."""
    value = request.json
    if not isinstance(value, dict) or len(value.get("logs") or ()) < 2:
        return None
    return upstream.send(request.with_json({**value, "logs": value["logs"][:1]}))


def _status_unsaid(request: Request, upstream: Upstream) -> Reply | None:
    reply = upstream.send(request.other(method="GET", path=f"{BASE}/buildinfo", body=b""))
    known = (request.json or {}).get("state") == "working"
    if not known or len((request.json or {}).get("message", "")) > 160:
        return None
    if (request.json or {}).get("app_slug") == "none":
        return None
    reply.answer(200, None)
    return reply


def _fault(id_: str, operation: str, description: str, inject: Inject, **more: Any) -> Fault:
    also = more.pop("also", ())
    return Fault(f"streams-{id_}", "streams", description, _WAT, (operation, *also), inject, **more)


TOLD: tuple[Fault, ...] = (
    _fault(
        "build-told-late",
        WATCH_WS,
        "a build is told of when it has ended",
        _told(WATCH_WS, _unless("pending", "running")),
    ),
    _fault(
        "deletion-untold",
        WATCH,
        "that the workspace is deleted is not told",
        _told(WATCH, _unless("deleted")),
    ),
    _fault(
        "watch-no-beats", WATCH, "a watch is pinged once and never again", _told(WATCH, _no_beats)
    ),
    _fault(
        "watch-for-anybody",
        WATCH,
        "whoever is signed in may watch a workspace",
        answered(WATCH, by=_for_anybody),
    ),
    _fault(
        "metadata-ping",
        METADATA,
        "metadata open with a ping",
        _told(METADATA, first=(Frame("", "ping"),)),
    ),
    _fault(
        "metadata-turned", METADATA_WS, "metadata in another order", _told(METADATA_WS, _turned)
    ),
    _fault(
        "metadata-age",
        METADATA,
        "what was never collected is not old",
        _told(METADATA, _collected),
    ),
    _fault(
        "agent-log-later",
        AGENT_LOGS,
        "who follows an agent's log hears no later line",
        _told(AGENT_LOGS, _no_later),
    ),
    _fault(
        "agent-log-open",
        AGENT_LOGS,
        "following an agent's log does not end with a newer build",
        _told(AGENT_LOGS, code=lambda code: None if code == 1000 else code),
    ),
    _fault(
        "agent-log-cut", SAY, "of an agent's lines the first is kept", answered(SAY, by=_one_line)
    ),
    _fault(
        "app-status-lost",
        STATUS,
        "what an app says of itself is lost",
        answered(STATUS, by=_status_unsaid),
        also=(WORKSPACE,),
    ),
    _fault(
        "dry-run-log-open",
        DRY_RUN_LOGS,
        "following a dry run's log has no end",
        _told(DRY_RUN_LOGS, code=lambda code: None),
    ),
    _fault(
        "dry-run-log-marks",
        DRY_RUN_LOGS,
        "of a dry run's log only the marks of its stages are told",
        _told(
            DRY_RUN_LOGS,
            lambda frame, number: [frame] if not frame.json.get("output") else [],
        ),
    ),
    _fault(
        "inbox-untold", INBOX, "entries of the inbox are not told", _told(INBOX, lambda f, n: [])
    ),
    _fault(
        "inbox-uncounted", INBOX, "watchers hear that nothing is unread", _told(INBOX, _uncounted)
    ),
    _fault(
        "relays-known",
        DERP_MAP,
        "the map of relays is for who has a session",
        _told(DERP_MAP, opened=_needs_session),
    ),
)
