"""Streams held open beside the other chapters: what they tell in the end, and that they live."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import people, rules, watching, workspaces
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, Blocked, View, entry, member
from coder_contract_tests.observe import moment
from coder_contract_tests.streaming import Stream

INBOX = "GET /notifications/inbox"
READ, ALL_READ = (
    "PUT /notifications/inbox/{id}/read-status",
    "PUT /notifications/inbox/mark-all-as-read",
)
HEARTBEAT_SECONDS = 15.0
LATE_SECONDS = 3.0
"""So much later than due a heartbeat may come."""
WAITED_SECONDS = 4.0
"""So long one is waited for where the other chapters were quick."""
NOTIFIED_SECONDS = 20.0
"""A notification comes to the inbox within the time after which servers look for new ones."""
TOLD_SECONDS = 1.5
"""So long after an entry is in the inbox the watch may take to tell of it."""
PAGE = 25
"""How many entries the inbox shows at most."""
LABELS = (watching.INBOX, watching.WATCH, watching.WATCH_WS, INBOX, READ, ALL_READ)


@dataclass(slots=True)
class Held:
    """An open stream and when it was opened."""

    stream: Stream
    at: float
    since: datetime


def _held(bench: Bench) -> dict[str, Held]:
    found: dict[str, Held] = bench.made.setdefault("held", {})
    return found


def pump(bench: Bench) -> None:
    """Take what has arrived, and answer pings, so that no server takes us for gone."""
    for one in bench.made.get("held", {}).values():
        one.stream.drain(0.002, quiet=0.001)


def _hold(bench: Bench, label: str, values: tuple[str, ...], *, websocket: bool) -> None:
    since = datetime.now(UTC)
    reply = bench.call("GET /users/{user}", "me")
    since = _date(reply) or since
    stream = watching.open_one(bench, label, values, websocket=websocket)
    _held(bench)[label] = Held(stream, time.monotonic(), since)


def hold(bench: Bench, label: str, stream: Stream) -> None:
    """Keep a stream open beside the chapters that follow."""
    _held(bench)[label] = Held(stream, time.monotonic(), datetime.now(UTC))


def taken(bench: Bench, label: str) -> Held | None:
    """A stream that was kept open, now the caller's."""
    return _held(bench).pop(label, None)


def leave(bench: Bench) -> None:
    """Close what is held still."""
    for one in bench.made.pop("held", {}).values():
        one.stream.leave()


def _date(reply: Exchange) -> datetime | None:
    """The server's own clock."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(reply.header("date")).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def inbox(bench: Bench) -> None:
    """From now on our inbox is watched."""
    if not bench.has(watching.INBOX):
        raise Blocked("the target has no inbox to watch")
    _hold(bench, watching.INBOX, (), websocket=True)


def workspace(bench: Bench) -> None:
    """From now on the member's workspace is watched, by every way there is."""
    watched = workspaces.the_members_workspace(bench)
    opened = False
    for label, websocket in ((watching.WATCH, False), (watching.WATCH_WS, True)):
        if bench.has(label):
            _hold(bench, label, (watched.id,), websocket=websocket)
            opened = True
    if not opened:
        raise Blocked("the target has no watch of workspaces")


def heard(bench: Bench) -> None:
    """What came meanwhile."""
    held = _held(bench)
    notices = held.get(watching.INBOX)
    for label in (watching.WATCH, watching.WATCH_WS):
        if label in held:
            _lives(bench, held[label])
    if notices is not None:
        _notices(bench, notices)
    for one in held.values():
        watching.finish(bench, one.stream)
    held.clear()


def _lives(bench: Bench, held: Held) -> None:
    """A stream that has been open for longer than a heartbeat's time has had one."""
    stream = held.stream
    due = held.at + HEARTBEAT_SECONDS + LATE_SECONDS
    left = due - time.monotonic()
    if left > WAITED_SECONDS or stream.ended:
        return
    while not _beats(stream) and time.monotonic() < due and not stream.ended:
        stream.drain(min(0.5, max(0.01, due - time.monotonic())))
    stream.drain(0.05)
    if stream.ended:
        return
    seconds = f"{time.monotonic() - held.at:.0f}"
    came = "" if _beats(stream) else f"no ping came in {seconds} s"
    bench.judge(rules.STREAM_LIVES, stream.exchange(), came)


def _beats(stream: Stream) -> int:
    """How many pings came, without the one that opens a stream."""
    if stream.status == 101:
        return stream.pings
    return sum(one.event == "ping" for one in stream.frames[1:])


def _notices(bench: Bench, held: Held) -> None:
    """Our inbox, and what its watcher was told."""
    person = people.the_member(bench)
    ours = _entry_about(bench, person.id, held)
    stream = held.stream
    stream.drain(TOLD_SECONDS if ours is not None else 0.1, quiet=0.3)
    told = [member(one.data, "notification") for one in stream.frames]
    strangers = [
        one
        for one in told
        if one is not ABSENT and member(one, "user_id") not in {ABSENT, bench.facts.me}
    ]
    came = f"it tells of a notification of {member(strangers[0], 'user_id')}" if strangers else ""
    bench.judge(rules.STREAM_IS_ITS_OWN, stream.exchange(), came, at="/notification/user_id")
    if ours is None:
        return
    made = moment(member(ours, "created_at"))
    if made is not None and made > held.since + timedelta(seconds=1) and not stream.ended:
        ids = {member(one, "id") for one in told}
        came = "" if member(ours, "id") in ids else "an entry that came to the inbox was not told"
        bench.judge(rules.INBOX_IS_TOLD, stream.exchange(), came)
    _counted(bench, stream)
    _marked(bench, str(member(ours, "id")), str(person.id))
    _all_marked(bench)


def _entry_about(bench: Bench, user: str, held: Held) -> Any:
    """The notification that says the member was created, where there is one, or soon is."""
    if not bench.has(INBOX):
        return None
    until = min(time.monotonic() + WAITED_SECONDS, held.at + NOTIFIED_SECONDS)
    while True:
        listed = member(bench.call(INBOX, query=f"targets={user}").json, "notifications")
        found = listed if isinstance(listed, list) else []
        if found or time.monotonic() > until:
            return found[-1] if found else None
        bench.session.pause(0.5)


def _counted(bench: Bench, stream: Stream) -> None:
    """The last message has the number of unread entries that the inbox has."""
    for _ in range(3):
        stream.drain(0.2, quiet=0.1)
        if not stream.frames:
            return
        said = member(stream.frames[-1].data, "unread_count")
        now = member(bench.call(INBOX).json, "unread_count")
        if said == now:
            break
    came = "" if said == now else f"unread_count is {said}, but {now} in the inbox"
    bench.judge(rules.INBOX_IS_TOLD, stream.exchange(), came, at="/unread_count")


def _marked(bench: Bench, id_: str, target: str) -> None:
    """An entry is marked as read, as unread, and as read for good."""
    if not bench.has(READ):
        return
    found = entry("notifications", id=id_)
    everything = View(INBOX, query=f"targets={target}", find=found)
    for read in (True, False, True):
        is_set = {"read_at": lambda value, read=read: (moment(value) is not None) is read}
        changed = bench.write(READ, id_, body={"is_read": read}, want=(200,))
        bench.repeats(changed, {f"notification.{key}": value for key, value in is_set.items()})
        bench.shows(changed, [everything], is_set, keep=False)
        for word, here in (("read", read), ("unread", not read)):
            view = View(INBOX, query=f"targets={target}&read_status={word}", find=found)
            reply, shown = bench.look(view)
            came = "" if (shown is not None) is here else f"read_status={word} is wrong about it"
            bench.judge(rules.READS_AGREE, reply, came, at="/notifications")


def _all_marked(bench: Bench) -> None:
    """All are marked as read; what was unread before is unread again afterwards."""
    if not bench.has(ALL_READ, READ):
        return
    reply = bench.call(INBOX, query="read_status=unread")
    listed = member(reply.json, "notifications")
    unread = [str(member(one, "id")) for one in listed] if isinstance(listed, list) else []
    if member(reply.json, "unread_count") != len(unread) or len(unread) >= PAGE:
        # More than one page: they could not all be put back.
        return
    try:
        changed = bench.write(ALL_READ, want=(204, 200))
        view = View(INBOX, query="read_status=unread")
        left = bench.look(view)[1]
        known = set(unread)
        still = [one for one in member(left, "notifications") or () if member(one, "id") in known]
        came = f"{len(still)} entries are unread still" if still else ""
        bench.judge(rules.CHANGE_IS_KEPT, changed, came, at="/unread_count")
    finally:
        for id_ in unread:
            bench.call(READ, id_, body={"is_read": False})
