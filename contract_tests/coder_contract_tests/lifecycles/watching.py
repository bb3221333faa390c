"""Streams: opened, read with a clock, judged frame by frame, closed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from coder_contract_tests.checks.schema import keyword
from coder_contract_tests.doubles import Judged, is_told, told_places
from coder_contract_tests.exchange import NOTHING, TOKEN_HEADER, Exchange, excerpt
from coder_contract_tests.findings import Level, Rule
from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.judging import Seen
from coder_contract_tests.lifecycles import queue, rules
from coder_contract_tests.lifecycles.bench import (
    Bench,
    Blocked,
    Person,
    View,
    at_rest,
    member,
)
from coder_contract_tests.observe import ACTIVE, FINAL
from coder_contract_tests.session import is_absent
from coder_contract_tests.streaming import Frame, Stream, open_stream

if TYPE_CHECKING:
    from coder_contract_tests.lifecycles.workspaces import Workspace

WATCH, WATCH_WS = "GET /workspaces/{workspace}/watch", "GET /workspaces/{workspace}/watch-ws"
METADATA = "GET /workspaceagents/{workspaceagent}/watch-metadata"
METADATA_WS = "GET /workspaceagents/{workspaceagent}/watch-metadata-ws"
INBOX = "GET /notifications/inbox/watch"
BUILD_LOGS = "GET /workspacebuilds/{workspacebuild}/logs"
VERSION_LOGS = "GET /templateversions/{templateversion}/logs"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
FAVORITE = "PUT /workspaces/{workspace}/favorite"
UNFAVORITE = "DELETE /workspaces/{workspace}/favorite"
WORKSPACE, WORKSPACES = "GET /workspaces/{workspace}", "GET /workspaces"
BUILD = "GET /workspacebuilds/{workspacebuild}"

FIRST_SECONDS = 5.0
"""Within this time a stream that owes a message must have sent it."""
SILENCE_SECONDS = 0.6
"""So long a stream that owes nothing is listened to."""
END_SECONDS = 40.0
"""So long a build that is followed from its beginning may take."""
FINISHED_SECONDS = 8.0
"""So long the log of what has ended may be silent before its end."""
LONG_SECONDS = 0.7
"""A build of that length is shown before its end."""
SPEAKING = "hello"
MESSAGES_JUDGED = 6
_INDEX = re.compile(r"\A/\d+")
"""The number of a value in an event stream."""


def open_one(
    bench: Bench,
    label: str,
    values: tuple[str, ...],
    *,
    query: str = "",
    websocket: bool = False,
    by: Person | None = None,
    anonymous: bool = False,
) -> Stream:
    """An open stream; a refusal is a problem and raises `Blocked`."""
    stream = ask(bench, label, values, query=query, websocket=websocket, by=by, anonymous=anonymous)
    operation = stream.operation
    wanted = 101 if websocket else 200
    exchange = stream.exchange()
    if stream.status not in {101, 200}:
        if label_is_new(bench, operation.label) and is_absent(exchange):
            bench.session.absent[operation.label] = str(stream.status)
            raise Blocked(f"the target has no {label}")
        bench.session.observe(exchange)
    said = "" if stream.status == wanted else f"{stream.status} {_said(stream)}".rstrip()
    if stream.status == 200 and not websocket and exchange.media_type != "text/event-stream":
        said = f"Content-Type {exchange.media_type or '(none)'}"
    for odd in stream.odd:
        said = said or odd
    bench.judge(rules.STREAM_OPENS, exchange, said, at="status")
    if said:
        stream.leave()
        raise Blocked(f"{label} did not open: {said}")
    if not websocket:
        kept = exchange.header("cache-control")
        came = (
            "" if "no-cache" in kept or "no-store" in kept else f"Cache-Control: {kept or '(none)'}"
        )
        level: Level | None = None if bench.is_recent else "warning"
        bench.judge(rules.STREAM_OPENS, exchange, came, at="header:Cache-Control", level=level)
        # Proxies in front may keep this one for themselves.
        buffered = exchange.header("x-accel-buffering")
        came = "" if buffered == "no" else f"X-Accel-Buffering: {buffered or '(none)'}"
        if bench.is_recent:
            bench.judge(
                rules.STREAM_OPENS,
                exchange,
                came,
                at="header:X-Accel-Buffering",
                level="warning",
            )
    return stream


def ask(
    bench: Bench,
    label: str,
    values: tuple[str, ...],
    *,
    query: str = "",
    websocket: bool = False,
    by: Person | None = None,
    anonymous: bool = False,
) -> Stream:
    """Ask for a stream; what came instead of one is for the caller to judge."""
    operation = bench.operation(label)
    if operation is None:
        raise Blocked(f"the target has no {label}")
    if websocket and not operation.has_websocket:
        raise Blocked(f"the document has no WebSocket at {label}")
    path = operation.path
    for name, value in zip(operation.names, values, strict=True):
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    client, document = bench.session.client, bench.session.document
    token = "" if by is None else bench.session_of(by)
    return open_stream(
        client,
        operation,
        client.target.prefix + document.prefix(operation) + path,
        query=query,
        headers=((TOKEN_HEADER, token),) if by is not None or anonymous else (),
        websocket=websocket,
    )


def label_is_new(bench: Bench, label: str) -> bool:
    return label not in bench.session.exercised


def _said(stream: Stream) -> str:
    return stream._raw[:120].decode("utf-8", "replace")


def payloads(stream: Stream, frames: list[Frame]) -> list[tuple[Frame, Any]]:
    """The values that frames bring; pings bring none."""
    found = []
    for frame in frames:
        if stream.status == 200:
            if frame.event == "data":
                found.append((frame, frame.data))
        elif isinstance(frame.data, dict) and frame.data.get("type") in {"ping", "data", "error"}:
            if frame.data["type"] == "data":
                found.append((frame, frame.data.get("data", NOTHING)))
        else:
            found.append((frame, frame.data))
    return found


def finish(bench: Bench, stream: Stream) -> Exchange:
    """Leave a stream; its frames must have had their form, and what they show is judged, too."""
    exchange = stream.leave()
    bench.session.observe(exchange)
    wrong, at = _misformed(bench, stream, _told(bench, stream, exchange))
    bench.judge(rules.STREAM_FRAMES_FIT, exchange, wrong, at=at)
    broken = stream.ended if "broke" in stream.ended else ""
    bench.judge(rules.STREAM_CLOSES, exchange, broken)
    return exchange


def _told(bench: Bench, stream: Stream, exchange: Exchange) -> list[str]:
    """The places in a stream's values that break an invariant, which is told once.

    What a WebSocket showed meets the invariants of single replies here, as a reply does when it
    is observed.
    """
    if stream.status != 101:
        found = told_places(_judged(Seen(exchange, bench.session.document, bench.facts)))
        return [_INDEX.sub("", place) for place in found]
    told = []
    for _, value in payloads(stream, stream.frames)[-MESSAGES_JUDGED:]:
        if not isinstance(value, dict):
            continue
        shown = replace(exchange, status=200, json=value)
        judged = _judged(Seen(shown, bench.session.document, bench.facts))
        for rule, judgement in judged:
            bench.session.record(rule, judgement, exchange.label)
        told += told_places(judged)
    return told


def _judged(seen: Seen) -> list[Judged]:
    return [(one.rule, one.one(seen)) for one in INVARIANTS if one.one is not None]


def _misformed(bench: Bench, stream: Stream, told: list[str]) -> tuple[str, str]:
    """What is wrong with the frames of a stream, and where."""
    if stream.odd:
        return stream.odd[0], "frame"
    document, operation = bench.session.document, stream.operation
    content = operation.data.get("responses", {}).get("200", {}).get("content", {})
    has_events = "x-event-data" in content.get("text/event-stream", {})
    has_messages = "x-websocket-message" in operation.data
    for frame in stream.frames:
        if stream.status == 200:
            if frame.event not in {"ping", "data", "error"}:
                return f"an event named {frame.event!r}", "event"
            if frame.event != "data":
                continue
            pointer = document.pointer(
                operation, "responses", "200", "content", "text/event-stream", "x-event-data"
            )
            known = has_events
        else:
            pointer, known = document.pointer(operation, "x-websocket-message"), has_messages
        if frame.data is NOTHING:
            return f"data that is no JSON: {frame.text[:100]!r}", "data"
        for error in document.errors_at(pointer, frame.data) if known else ():
            if error.instance is None or is_told(_at(error), told):
                continue
            place = "/".join(str(part) for part in error.instance_path if not isinstance(part, int))
            return f"/{place}: {str(error.message)[:200]}", f"/{place}"
    return "", ""


def _at(error: Any) -> str:
    place = "".join(f"/{part}" for part in error.instance_path).removeprefix("/data")
    return f"{place}#{keyword(error)}:{error.kind.as_dict().get('property') or ''}"


def first(bench: Bench, stream: Stream, rule: Rule, what: str) -> Any:
    """The first value of a stream that owes one at once."""
    seconds = 0.0
    while seconds < FIRST_SECONDS:
        found = payloads(stream, stream.frames)
        if found:
            bench.judge(rules.STREAM_STARTS, stream.exchange())
            return found[0][1]
        if stream.next(0.25) is None:
            seconds += 0.25
        if stream.ended and not payloads(stream, stream.frames):
            break
    came = f"no {what} within {FIRST_SECONDS:g} s"
    if stream.ended:
        came = f"it ended ({stream.ended}) without {what}"
    bench.judge(rule, stream.exchange(), came)
    return NOTHING


# Watching a workspace


def begin(bench: Bench, workspace: str) -> list[Stream]:
    """Watch a workspace by every way there is; the first frame is the workspace as it is."""
    streams = []
    for label, websocket in ((WATCH, False), (WATCH_WS, True)):
        if not bench.has(label):
            continue
        try:
            stream = open_one(bench, label, (workspace,), websocket=websocket)
        except Blocked as reason:
            bench.session.skip(label, str(reason))
            continue
        streams.append(stream)
        if bench.is_recent:
            _first_workspace(bench, stream, workspace)
        else:
            stream.drain(SILENCE_SECONDS, quiet=0.2)
    return streams


def _first_workspace(bench: Bench, stream: Stream, workspace: str) -> None:
    shown = first(bench, stream, rules.WAT_01, "workspace")
    if shown is NOTHING:
        return
    _opens_with_ping(bench, stream)
    now = bench.call(WORKSPACE, workspace)
    if now.status != 200 or member(now.json, "latest_build.job.status") in ACTIVE:
        return
    came = ""
    if at_rest(shown) != at_rest(now.json):
        came = f"the first frame is not the workspace as GET gives it: {_unlike(shown, now.json)}"
    bench.judge(rules.WAT_01, stream.exchange(), came)


def _opens_with_ping(bench: Bench, stream: Stream) -> None:
    frame = stream.frames[0]
    kind = frame.event or (frame.data.get("type") if isinstance(frame.data, dict) else None)
    came = "" if kind == "ping" else f"it opens with {kind!r}, not with a ping"
    if not came and stream.status == 200 and frame.data is not NOTHING:
        came = f"its ping has data: {excerpt(frame.data)}"
    bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came, at="ping")


def _unlike(one: Any, other: Any) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = at_rest(one), at_rest(other)
        for key in sorted({*left, *right}):
            if left.get(key) != right.get(key):
                return f"{key} is {excerpt(left.get(key), 60)}, not {excerpt(right.get(key), 60)}"
    return excerpt(one)


def told(bench: Bench, streams: list[Stream], build: str, seconds: float) -> None:
    """WAT-02: watchers heard of a build that has ended by now, after so long."""
    for stream in streams:
        stream.drain(FIRST_SECONDS, quiet=1.0)
        values = [value for _, value in payloads(stream, stream.frames)]
        seen = [value for value in values if member(value, "latest_build.id") == build]
        came = "" if seen else f"{len(values)} frames, and none shows the build {build}"
        if stream.ended and not came:
            came = f"it ended: {stream.ended}"
        bench.judge(rules.WAT_02, stream.exchange(), came)
        done = [one for one in seen if member(one, "latest_build.job.status") in FINAL]
        if seen:
            begun = [one for one in seen if member(one, "latest_build.job.status") in ACTIVE]
            # A frame shows the state when it is sent: of a quick build that may be its end.
            if begun or seconds >= LONG_SECONDS:
                came = "" if begun else "no frame shows the build before its end"
                bench.judge(rules.WAT_02, stream.exchange(), came, at="begin")
            came = "" if done else "no frame shows the end of the build's job"
            bench.judge(rules.WAT_02, stream.exchange(), came, at="end")


def unfavored(bench: Bench, workspace: Workspace, views: list[View]) -> None:
    """Before somebody watches: what is no favourite can become one then."""
    if bench.has(UNFAVORITE) and bench.is_recent:
        changed = bench.write(UNFAVORITE, workspace.id, want=(204,))
        bench.shows(changed, views, {"favorite": False})


def told_of_the_end(bench: Bench, streams: list[Stream], workspace: str) -> None:
    """Watchers are told that the workspace is deleted, and stay with it."""
    for stream in streams:
        last: Any = "untold"
        for _ in range(int(FIRST_SECONDS / 0.25)):
            values = [value for _, value in payloads(stream, stream.frames)]
            last = member(values[-1], "latest_build.status") if values else "untold"
            if last == "deleted" or stream.ended:
                break
            stream.drain(0.25, quiet=0.1)
        came = "" if last == "deleted" else f"the deleted workspace is {last} in its last frame"
        bench.judge(rules.WAT_02, stream.exchange(), came, at="deleted")
    end(bench, streams)


def favored(bench: Bench, streams: list[Stream], workspace: Workspace, views: list[View]) -> None:
    """WAT-03: favouring is no news."""
    if not bench.has(FAVORITE) or not bench.is_recent:
        return
    counts = [len(stream.frames) for stream in streams]
    changed = bench.write(FAVORITE, workspace.id, want=(204,))
    bench.shows(changed, views, {"favorite": True})
    for stream, before in zip(streams, counts, strict=True):
        stream.drain(SILENCE_SECONDS, quiet=SILENCE_SECONDS)
        # The agent's own news may come at any time; a favourite is news if nothing else changed.
        old = payloads(stream, stream.frames[:before])
        new = payloads(stream, stream.frames[before:])
        last = at_rest(old[-1][1]) if old else None
        told_of = [
            value
            for _, value in new
            if isinstance(value, dict)
            and isinstance(last, dict)
            and {**at_rest(value), "favorite": None} == {**last, "favorite": None}
        ]
        news = [one for one in told_of if one.get("favorite") != (last or {}).get("favorite")]
        came = "a frame came for a favourite" if news else ""
        bench.judge(rules.WAT_03, stream.exchange(), came)


def end(bench: Bench, streams: list[Stream]) -> None:
    """Leave watchers: every frame was of the workspace they watched."""
    for stream in streams:
        values = [value for _, value in payloads(stream, stream.frames)]
        watched = stream.path.split("/")[-2]
        strange = [one for one in values if member(one, "id") != watched]
        came = f"a frame of {member(strange[0], 'id')}" if strange else ""
        bench.judge(rules.STREAM_IS_ITS_OWN, stream.exchange(), came, at="/id")
        is_deaf(bench, stream, 1002)
        finish(bench, stream)


def is_deaf(bench: Bench, stream: Stream, code: int) -> None:
    """A client that speaks on a one-way WebSocket is shown out."""
    if stream.status != 101 or stream.ended:
        return
    stream.say(SPEAKING)
    stream.drain(3.0)
    got = stream.close[0] if stream.close else None
    came = "" if got == code else f"a client that speaks is closed with {got}, not {code}"
    if not got and not stream.ended:
        came = "a client that speaks is not shown out within 3 s"
    bench.judge(rules.STREAM_CLOSES, stream.exchange(), came, at="close")


# Logs


def follow(
    bench: Bench, label: str, values: tuple[str, ...], *, seconds: float = FINISHED_SECONDS
) -> None:
    """WAT-04: follow a job's log to its end; it is what the plain log has."""
    if not bench.has(label):
        return
    try:
        stream = open_one(bench, label, values, query="follow&after=-1", websocket=True)
    except Blocked as reason:
        bench.session.skip(label, str(reason))
        return
    # What has ended is all there: nothing new for a while means that nothing will come.
    stream.drain(END_SECONDS, quiet=seconds if seconds < END_SECONDS else 0.0)
    exchange = stream.exchange()
    code = stream.close[0] if stream.close else None
    came = "" if code == 1000 else f"closed with {code}, not with 1000"
    if not stream.ended:
        came = f"it did not end within {seconds:g} s"
    bench.judge(rules.WAT_04, exchange, came, at="close")
    plain = bench.call(label, *values)
    if plain.status == 200 and isinstance(plain.json, list) and not came:
        wanted = [one.get("id") for one in plain.json if isinstance(one, dict)]
        got = [frame.data.get("id") for frame in stream.frames if isinstance(frame.data, dict)]
        wrong = "" if got == wanted else f"{len(got)} lines, the log has {len(wanted)}"
        if not wrong and [f.data for f in stream.frames] != plain.json:
            wrong = "its lines differ from those of the log"
        bench.judge(rules.WAT_04, exchange, wrong)
    finish(bench, stream)
    ended = bool(stream.close)
    if ended and plain.status == 200 and isinstance(plain.json, list) and len(plain.json) > 2:
        _rest(bench, label, values, plain.json)


def overheard(bench: Bench, label: str, values: tuple[str, ...]) -> None:
    """Who speaks while they follow the log of a job at work is shown out."""
    if not bench.has(label):
        return
    try:
        stream = open_one(bench, label, values, query="follow&after=-1", websocket=True)
    except Blocked as reason:
        bench.session.skip(label, str(reason))
        return
    stream.drain(SILENCE_SECONDS, quiet=0.1)
    is_deaf(bench, stream, 1008)
    finish(bench, stream)


def _rest(bench: Bench, label: str, values: tuple[str, ...], lines: list[Any]) -> None:
    """JOB-27: after one line of a finished log come those behind it, read or followed."""
    middle = len(lines) // 2
    after = f"after={member(lines[middle], 'id')}"
    rest = lines[middle + 1 :]
    reply = bench.call(label, *values, query=after)
    came = "" if reply.json == rest else f"{after} does not give the {len(rest)} lines behind it"
    bench.judge(queue.rule_of("JOB-27"), reply, came)
    try:
        stream = open_one(bench, label, values, query=f"follow&{after}", websocket=True)
    except Blocked as reason:
        bench.session.skip(label, str(reason))
        return
    stream.drain(END_SECONDS, quiet=FIRST_SECONDS)
    got = [frame.data for frame in stream.frames]
    came = "" if got == rest else f"{len(got)} lines of {after} followed, {len(rest)} are behind it"
    bench.judge(rules.WAT_04, stream.exchange(), came)
    is_deaf(bench, stream, 1008)
    finish(bench, stream)


def agent(bench: Bench, id_: str) -> None:
    """An agent's logs and metadata."""
    if bench.has(AGENT_LOGS):
        stream = open_one(bench, AGENT_LOGS, (id_,), query="follow&after=0", websocket=True)
        shown = first(bench, stream, rules.WAT_05, "array of log lines")
        if shown is not NOTHING:
            came = "" if isinstance(shown, list) else f"the first message is {excerpt(shown)}"
            bench.judge(rules.WAT_05, stream.exchange(), came)
        _log_order(bench, stream)
        is_deaf(bench, stream, 1008)
        finish(bench, stream)
    for label, websocket in ((METADATA, False), (METADATA_WS, True)):
        if not bench.has(label):
            continue
        stream = open_one(bench, label, (id_,), websocket=websocket)
        shown = first(bench, stream, rules.STREAM_STARTS, "metadata")
        if shown is not NOTHING:
            came = "" if isinstance(shown, list) else f"the metadata are {excerpt(shown)}"
            bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came)
        finish(bench, stream)


def _log_order(bench: Bench, stream: Stream) -> None:
    ids = [
        one["id"]
        for frame in stream.frames
        if isinstance(frame.data, list)
        for one in frame.data
        if isinstance(one, dict) and isinstance(one.get("id"), int)
    ]
    if ids:
        came = "" if ids == sorted(set(ids)) else "its ids do not strictly increase"
        bench.judge(rules.AGT_11, stream.exchange(), came)


def agents_of(found: Any) -> list[str]:
    """Ids of the agents in a workspace."""
    listed = member(found, "latest_build.resources")
    return [
        str(one["id"])
        for resource in (listed if isinstance(listed, list) else ())
        if isinstance(resource, dict)
        for one in resource.get("agents") or ()
        if isinstance(one, dict) and one.get("id")
    ]


def view_of(workspace: str) -> View:
    return View(WORKSPACE, (workspace,))


def of_our_agents(bench: Bench) -> None:
    """The agent of the run's own workspace, which never connects."""
    from coder_contract_tests.lifecycles import workspaces

    workspace = workspaces.the_workspace(bench)
    _, found = bench.look(view_of(workspace.id))
    for id_ in agents_of(found)[:1]:
        agent(bench, id_)
