"""Each kind of stream opened once, on what a target holds: without writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coder_contract_tests.exchange import NOTHING
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import Bench, Blocked, member
from coder_contract_tests.lifecycles.watching import (
    AGENT_LOGS,
    BUILD,
    BUILD_LOGS,
    INBOX,
    METADATA,
    METADATA_WS,
    SILENCE_SECONDS,
    VERSION_LOGS,
    WATCH,
    WATCH_WS,
    WORKSPACE,
    agent,
    begin,
    end,
    finish,
    first,
    follow,
    open_one,
)
from coder_contract_tests.observe import FINAL, moment

DERP_MAP = "GET /derp-map"
LABELS = (
    *(
        DERP_MAP,
        WATCH,
        WATCH_WS,
        METADATA,
        METADATA_WS,
        INBOX,
        BUILD_LOGS,
        VERSION_LOGS,
        AGENT_LOGS,
    ),
)


def streams(bench: Bench) -> None:
    """Open each kind of stream once, on what the target holds."""
    contexts = bench.facts.contexts
    opened = 0
    for tell in (_a_workspace, _build_log, _version_log, _an_agent, _inbox, _relays, _plainly):
        try:
            opened += tell(bench, list(contexts))
        except Blocked as reason:
            bench.session.skip(f"streams: {tell.__name__.strip('_')}", str(reason))
    if not opened:
        raise Blocked("the target shows nothing to watch")


def _pick(
    contexts: list[Any], name: str, fits: Callable[[str], bool] = lambda value: True, most: int = 8
) -> str:
    """A discovered value that fits, among the first few."""
    tried: list[str] = []
    for context in contexts:
        value = context.get(name)
        if value and value not in tried:
            tried.append(value)
            if fits(value):
                return str(value)
            if len(tried) >= most:
                break
    return ""


def _a_workspace(bench: Bench, contexts: list[Any]) -> int:
    # Deleted workspaces can be watched, but their GET is 410; one at work shows no first frame
    # that could be compared.
    def rests(id_: str) -> bool:
        reply = bench.call(WORKSPACE, id_)
        return reply.status == 200 and member(reply.json, "latest_build.job.status") in FINAL

    def is_there(id_: str) -> bool:
        return bench.call(WORKSPACE, id_).status == 200

    id_ = _pick(contexts, "workspace", rests) or _pick(contexts, "workspace", is_there)
    if not id_:
        return 0
    opened = begin(bench, id_)
    end(bench, opened)
    for one in list(dict.fromkeys(c["workspace"] for c in contexts if c.get("workspace")))[:5]:
        _scripts(bench, one)
    return len(opened)


def _scripts(bench: Bench, workspace: str) -> None:
    """BLD-17: a timing for each start script of agents that are done with them."""
    label = "GET /workspaces/{workspace}/timings"
    found = bench.call(WORKSPACE, workspace)
    resources = member(found.json, "latest_build.resources")
    agents = [
        one
        for resource in (resources if isinstance(resources, list) else ())
        for one in resource.get("agents") or ()
        if isinstance(one, dict)
    ]
    done = {"ready", "start_error", "start_timeout"}
    if not bench.has(label) or not agents:
        return
    if any(one.get("lifecycle_state") not in done for one in agents):
        return
    scripts = [s for one in agents for s in one.get("scripts") or () if s.get("run_on_start")]
    reply = bench.call(label, workspace)
    listed = member(reply.json, "agent_script_timings")
    if not scripts or not isinstance(listed, list):
        return
    count = sum(one.get("stage") == "start" for one in listed if isinstance(one, dict))
    came = "" if count == len(scripts) else f"{count} start timings for {len(scripts)} scripts"
    bench.judge(rules.BLD_17, reply, came, at="/agent_script_timings")


def _ended_in(label: str, bench: Bench) -> Callable[[str], bool]:
    def fits(id_: str) -> bool:
        # A pending job that was canceled has no end of its log on some servers (recorded).
        reply = bench.call(label, id_)
        state = member(reply.json, "job.status")
        return state in {"succeeded", "failed"}

    return fits


def _build_log(bench: Bench, contexts: list[Any]) -> int:
    id_ = _pick(contexts, "workspacebuild", _ended_in(BUILD, bench))
    if id_:
        follow(bench, BUILD_LOGS, (id_,))
    return bool(id_)


def _version_log(bench: Bench, contexts: list[Any]) -> int:
    label = "GET /templateversions/{templateversion}"
    id_ = _pick(contexts, "templateversion", _ended_in(label, bench))
    if id_:
        follow(bench, VERSION_LOGS, (id_,))
    return bool(id_)


def _an_agent(bench: Bench, contexts: list[Any]) -> int:
    id_ = _pick(contexts, "workspaceagent")
    if id_:
        agent(bench, id_)
    return bool(id_)


def _inbox(bench: Bench, contexts: list[Any]) -> int:
    """WAT-06: silence, unless a notification arrives just now."""
    if not bench.has(INBOX):
        return 0
    stream = open_one(bench, INBOX, (), websocket=True)
    opened = bench.call("GET /users/{user}", "me").header("date")
    stream.drain(SILENCE_SECONDS)
    came = ""
    for frame in stream.frames:
        made = moment(member(frame.data, "notification.created_at"))
        if made is None or _is_older(made, opened):
            came = f"a message without a new notification: {frame.text[:100]}"
    bench.judge(rules.WAT_06, stream.exchange(), came)
    finish(bench, stream)
    return 1


def _relays(bench: Bench, contexts: list[Any]) -> int:
    """The map of relays, told to everybody at once."""
    if not bench.has(DERP_MAP):
        return 0
    stream = open_one(bench, DERP_MAP, (), websocket=True, anonymous=True)
    shown = first(bench, stream, rules.STREAM_STARTS, "map of relays")
    if shown is not NOTHING:
        regions = member(shown, "Regions")
        told = regions.items() if isinstance(regions, dict) else ()
        wrong = [key for key, one in told if str(member(one, "RegionID")) != key]
        came = f"region {wrong[0]} calls itself otherwise" if wrong else ""
        came = came if told else "a map without regions"
        bench.judge(rules.STREAM_FRAMES_FIT, stream.exchange(), came, at="/Regions")
    finish(bench, stream)
    return 1


def _plainly(bench: Bench, contexts: list[Any]) -> int:
    """Asked without a handshake, WebSockets are told to be some."""
    if not bench.is_recent:
        return 0
    asked = [
        (WATCH_WS, "workspace", ""),
        (METADATA_WS, "workspaceagent", ""),
        (AGENT_LOGS, "workspaceagent", "follow"),
        (BUILD_LOGS, "workspacebuild", "follow"),
        (VERSION_LOGS, "templateversion", "follow"),
        (INBOX, "", ""),
        (DERP_MAP, "", ""),
    ]
    for label, name, query in asked:
        id_ = _pick(contexts, name) if name else ""
        operation = bench.operation(label)
        if operation is None or not operation.has_websocket or (name and not id_):
            continue
        reply = bench.call(label, *filter(None, [id_]), query=query)
        if name and reply.status in {400, 403, 404}:
            # What the context holds may be gone, or not ours to read.
            continue
        came = "" if reply.status == 426 else f"{reply.status} to a plain GET"
        if not came and reply.media_type != "text/plain":
            came = f"426 as {reply.media_type or '(none)'}"
        bench.judge(rules.UPGRADE_IS_NEEDED, reply, came, at="status")
    return 0


def _is_older(made: Any, date: str) -> bool:
    """Whether something was made a good while before a Date header."""
    from datetime import timedelta
    from email.utils import parsedate_to_datetime

    try:
        now = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return False
    return bool(made < now - timedelta(minutes=1))
