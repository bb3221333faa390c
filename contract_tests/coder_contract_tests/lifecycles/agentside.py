"""What an agent itself says with its token, and what those who watch it hear of that."""

from __future__ import annotations

import uuid
from typing import Any

from coder_contract_tests.exchange import NOTHING
from coder_contract_tests.lifecycles import (
    archive,
    listening,
    people,
    rules,
    states,
    watching,
    workspaces,
)
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, Blocked, View, entry, member
from coder_contract_tests.lifecycles.watching import AGENT_LOGS, METADATA, METADATA_WS, open_one
from coder_contract_tests.streaming import Stream

AGENT = "GET /workspaceagents/{workspaceagent}"
ALIAS = "GET /workspaceagents/{workspaceagent}/startup-logs"
CONTAINERS = "GET /workspaceagents/{workspaceagent}/containers"
SAY, SOURCE = "PATCH /workspaceagents/me/logs", "POST /workspaceagents/me/log-source"
STATUS = "PATCH /workspaceagents/me/app-status"
NEVER = 10**9
"""More seconds than any value that was ever collected is old."""
TOLD_SECONDS = 3.0


def words(bench: Bench) -> None:
    """The agent of the run's own workspace: its metadata, and its logs once it says something."""
    if not bench.is_recent:
        raise Blocked("agents of this API say other things")
    workspace = workspaces.the_workspace(bench)
    view = workspaces.views_of(workspace)[0]
    agents = watching.agents_of(bench.look(view)[1])
    if not agents:
        raise Blocked("the workspace has no agent")
    agent = agents[0]
    _uncollected(bench, agent)
    _wrong_label(bench, agent)
    _not_for_others(bench, workspace, agent)
    token = states.token(states.of_latest(bench, view))
    if not token or not bench.has(SAY, SOURCE):
        raise Blocked("the agent's token is not to be had")
    bench.session.client.masker.learn(token)
    _said(bench, agent, token)
    _app_told(bench, workspace, token)


def _uncollected(bench: Bench, agent: str) -> None:
    """The metadata of an agent that never connected: in their order, and never collected."""
    if member(bench.call(AGENT, agent).json, "first_connected_at") is not ABSENT:
        return
    for label, websocket in ((METADATA, False), (METADATA_WS, True)):
        if not bench.has(label):
            continue
        stream = open_one(bench, label, (agent,), websocket=websocket)
        shown = watching.first(bench, stream, rules.STREAM_STARTS, "metadata")
        if shown is not NOTHING:
            opening = stream.frames[0]
            kind = opening.event or str(member(opening.data, "type"))
            came = "" if kind == "data" else f"it opens with {kind!r}, and data belong there"
            bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came, at="event")
            _as_in_the_template(bench, stream, shown)
        watching.finish(bench, stream)


def _as_in_the_template(bench: Bench, stream: Stream, shown: Any) -> None:
    listed = shown if isinstance(shown, list) else []
    keys = [member(one, "description.key") for one in listed]
    came = "" if keys == list(archive.METADATA) else f"the keys are {keys}"
    bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came, at="/description/key")
    for one in listed:
        wrong = [
            name
            for name, right in (
                ("value", member(one, "result.value") == ""),
                ("error", member(one, "result.error") == ""),
                ("collected_at", str(member(one, "result.collected_at")).startswith("0001-01-01")),
                ("age", _number(member(one, "result.age")) >= NEVER),
            )
            if not right
        ]
        came = f"{wrong[0]} of what was never collected is odd" if wrong else ""
        bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came, at="/result")


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _wrong_label(bench: Bench, agent: str) -> None:
    """A label without a value is told before the agent's state."""
    if not bench.has(CONTAINERS):
        return
    reply = bench.call(CONTAINERS, agent, query="label=nothing")
    said = str(member(reply.json, "message"))
    right = reply.status == 400 and "label" in said.lower()
    came = "" if right else f"{reply.status} {said} to a label without a value"
    bench.judge(rules.WRONG_WRITE_IS_REFUSED, reply, came, at="query:label")


def _not_for_others(bench: Bench, workspace: workspaces.Workspace, agent: str) -> None:
    """Streams of our workspace are closed to the member as what is missing is."""
    mia = people.the_member(bench)
    for label, id_, websocket in (
        (watching.WATCH, workspace.id, False),
        (watching.WATCH_WS, workspace.id, True),
        (METADATA, agent, False),
        (METADATA_WS, agent, True),
        (AGENT_LOGS, agent, True),
    ):
        if not bench.has(label):
            continue
        query = "follow" if label == AGENT_LOGS else ""
        stream = watching.ask(bench, label, (id_,), query=query, websocket=websocket, by=mia)
        came = "" if stream.status == 404 else f"{stream.status} to a member for a stream of others"
        bench.judge(rules.ACCESS_IS_KEPT_APART, stream.leave(), came)


def _said(bench: Bench, agent: str, token: str) -> None:
    """Two lines of a source of its own: told to who follows, listed, counted, read in part."""
    source = str(uuid.uuid4())
    follower = open_one(bench, AGENT_LOGS, (agent,), query="follow", websocket=True)
    listening.hold(bench, AGENT_LOGS, follower)
    watching.first(bench, follower, rules.WAT_05, "array of log lines")
    named = {"id": source, "display_name": "Contract", "icon": "/icon/code.svg"}
    bench.write(SOURCE, body=named, want=(201, 200), token=token, repeats=named)
    texts = (f"one of {bench.prefix}", "two <&> ü")
    lines = [
        {"created_at": "2025-05-19T10:00:00Z", "output": text, "level": level}
        for text, level in zip(texts, ("info", "error"), strict=True)
    ]
    body = {"log_source_id": source, "logs": lines}
    said = bench.write(SAY, body=body, want=(200,), token=token)
    plain = bench.call(AGENT_LOGS, agent)
    listed = plain.json if isinstance(plain.json, list) else []
    wanted = [(text, level, source) for text, level in zip(texts, ("info", "error"), strict=True)]
    came = "" if _lines(listed) == wanted else f"{said.status}, but the log has {len(listed)} lines"
    if not bench.judge(rules.CREATED_IS_THERE, said, came):
        return
    size = sum(len(text.encode()) for text in texts)
    about = View(AGENT, (agent,))
    bench.shows(said, [about], {"logs_length": size}, keep=False)
    sources = View(
        AGENT, (agent,), find=lambda found: entry("", id=source)(found.get("log_sources"))
    )
    bench.shows(said, [sources], {"display_name": "Contract"}, keep=False)
    _heard(bench, follower, listed)
    _in_part(bench, agent, listed)
    for wrong, says in (
        ({**body, "logs": []}, "No logs provided."),
        ({**body, "logs": [{**lines[0], "level": "loud"}]}, "Invalid log level provided."),
    ):
        bench.refuses(SAY, body=wrong, want=(400,), says=says, views=[about], token=token)
    bench.refuses(SAY, body=body, want=(401,), views=[about], token=str(uuid.uuid4()))


def _lines(listed: list[Any]) -> list[tuple[Any, Any, Any]]:
    return [(member(i, "output"), member(i, "level"), member(i, "source_id")) for i in listed]


def _heard(bench: Bench, follower: Stream, listed: list[Any]) -> None:
    got: list[Any] = []
    for _ in range(10):
        follower.drain(TOLD_SECONDS / 10)
        got = [one for frame in follower.frames for one in _array(frame.data)]
        if len(got) >= len(listed):
            break
    came = "" if got == listed else f"{len(got)} lines were told, the log has {len(listed)}"
    bench.judge(rules.WAT_05, follower.exchange(), came, at="later")


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _in_part(bench: Bench, agent: str, listed: list[Any]) -> None:
    """Behind the first line comes the second, by both names and followed."""
    after = f"after={member(listed[0], 'id')}"
    for label in (AGENT_LOGS, ALIAS):
        if not bench.has(label):
            continue
        for query, wanted in (("", listed), (after, listed[1:])):
            reply = bench.call(label, agent, query=query)
            came = "" if reply.json == wanted else f"{query or 'the log'} gives other lines"
            bench.judge(rules.AGT_11, reply, came)
        try:
            stream = open_one(bench, label, (agent,), query=f"follow&{after}", websocket=True)
        except Blocked as reason:
            bench.session.skip(label, str(reason))
            continue
        shown = watching.first(bench, stream, rules.WAT_05, "array of log lines")
        came = "" if shown == listed[1:] else f"{after} followed gives other lines"
        bench.judge(rules.WAT_05, stream.exchange(), came)
        watching.is_deaf(bench, stream, 1008)
        watching.finish(bench, stream)


def _app_told(bench: Bench, workspace: workspaces.Workspace, token: str) -> None:
    """The state of an app is the workspace's newest, and stands in the app's own list."""
    if not bench.has(STATUS):
        return
    body = {
        "app_slug": archive.APP,
        "state": "working",
        "message": "examined",
        "uri": "https://example.com/examined",
    }
    told = bench.write(STATUS, body=body, want=(200,), token=token)
    shown = {f"latest_app_status.{key}": body[key] for key in ("state", "message", "uri")}
    views = workspaces.views_of(workspace)
    bench.shows(told, views, shown, rule=rules.CREATED_IS_THERE, keep=False)
    listed = View(views[0].label, views[0].values, find=_statuses)
    bench.shows(told, [listed], {"0.message": "examined"}, rule=rules.CREATED_IS_THERE, keep=False)
    for wrong in ({"app_slug": "none"}, {"state": "idle"}, {"message": "x" * 161}):
        bench.refuses(STATUS, body={**body, **wrong}, want=(400,), views=[listed], token=token)


def _statuses(workspace: Any) -> Any:
    """All statuses of the apps of a workspace."""
    return [
        status
        for resource in member(workspace, "latest_build.resources")
        for agent in resource.get("agents") or ()
        for app in agent.get("apps") or ()
        for status in app.get("statuses") or ()
    ]


def parted(bench: Bench) -> None:
    """Who follows the log of an agent is shown out once a newer build was posted."""
    held = listening.taken(bench, AGENT_LOGS)
    if held is None:
        raise Blocked("nobody follows the log of an agent of the run")
    stream = held.stream
    workspace = workspaces.the_workspace(bench)
    _, found = bench.look(workspaces.views_of(workspace)[0])
    number = member(found, "latest_build.build_number")
    if isinstance(number, int) and number > 1:
        stream.drain(TOLD_SECONDS)
        code = stream.close[0] if stream.close else None
        came = "" if code == 1000 else f"closed with {code}, not with 1000, after a newer build"
        if not stream.ended:
            came = "it is open still, though a newer build was posted"
        bench.judge(rules.STREAM_CLOSES, stream.exchange(), came, at="close")
        for label in (AGENT_LOGS, ALIAS):
            _over(bench, label, stream.path.split("/")[-2])
    watching.finish(bench, stream)


def _over(bench: Bench, label: str, agent: str) -> None:
    """Who follows the log of an agent of an older build gets what there is, and the end."""
    if not bench.has(label):
        return
    try:
        stream = open_one(bench, label, (agent,), query="follow", websocket=True)
    except Blocked as reason:
        bench.session.skip(label, str(reason))
        return
    watching.first(bench, stream, rules.WAT_05, "array of log lines")
    stream.drain(TOLD_SECONDS)
    code = stream.close[0] if stream.close else None
    came = "" if code == 1000 else f"closed with {code}, not with 1000, for an agent of before"
    bench.judge(rules.STREAM_CLOSES, stream.exchange(), came, at="close")
    watching.finish(bench, stream)
