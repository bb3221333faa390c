"""Settings of the whole deployment: changed for a moment, put back, and not for everybody."""

from __future__ import annotations

import contextlib
from typing import Any

from coder_contract_tests.lifecycles import people, rules
from coder_contract_tests.lifecycles.bench import ABSENT, Bench, Blocked, View, member

NOTICES, SET_NOTICES = "GET /notifications/settings", "PUT /notifications/settings"
HEALTH, SET_HEALTH = "GET /debug/health/settings", "PUT /debug/health/settings"
SECTION = "Websocket"
REFUSED = (400, 403, 404, 405, 500)


def deployment(bench: Bench) -> None:
    """What the owner sets, and an ordinary member does not."""
    if not bench.is_recent:
        raise Blocked("this API has no settings of a deployment")
    paused = _paused(bench) if bench.facts.is_owner else ABSENT
    dismissed = _dismissed(bench) if bench.facts.is_owner else ABSENT
    _of_owners_only(bench, paused, dismissed)


def _paused(bench: Bench) -> Any:
    """Notifications are paused for a moment; gives what the setting was."""
    if not bench.has(NOTICES, SET_NOTICES):
        return ABSENT
    view = View(NOTICES)
    was = member(bench.look(view)[1], "notifier_paused")
    if not isinstance(was, bool):
        return ABSENT
    before = {"notifier_paused": was}
    again = bench.call(SET_NOTICES, body=before)
    came = "" if again.status == 304 else f"{again.status} for settings as they are"
    bench.judge(rules.NO_CHANGE_IS_TOLD, again, came, at="status")
    other = {"notifier_paused": not was}
    try:
        changed = bench.write(SET_NOTICES, body=other, want=(200,), repeats=other)
        bench.shows(changed, [view], other, keep=False)
    finally:
        back = bench.write(SET_NOTICES, body=before, want=(200, 304))
    bench.shows(back, [view], before)
    return was


def _dismissed(bench: Bench) -> Any:
    """A section of the health report is dismissed for a moment; gives what was dismissed."""
    if not bench.has(HEALTH, SET_HEALTH):
        return ABSENT
    view = View(HEALTH)
    reply, found = bench.look(view)
    if reply.status != 200:
        return ABSENT
    listed = member(found, "dismissed_healthchecks")
    was = list(listed) if isinstance(listed, list) else []
    now = [one for one in was if one != SECTION] if SECTION in was else [*was, SECTION]

    def are(names: list[Any]) -> dict[str, Any]:
        return {"dismissed_healthchecks": lambda got: _names(got) == sorted(map(str, names))}

    try:
        body = {"dismissed_healthchecks": now}
        changed = bench.write(SET_HEALTH, body=body, want=(200,), repeats=are(now))
        bench.shows(changed, [view], are(now), keep=False)
        again = bench.call(SET_HEALTH, body=body)
        came = "" if again.status == 204 else f"{again.status} for settings as they are"
        bench.judge(rules.NO_CHANGE_IS_TOLD, again, came, at="status")
        unknown = {"dismissed_healthchecks": ["Weather"]}
        bench.refuses(SET_HEALTH, body=unknown, want=(400, 500), views=[view], known=True)
    finally:
        back = bench.write(SET_HEALTH, body={"dismissed_healthchecks": was}, want=(200, 204))
    bench.shows(back, [view], are(was))
    return was


def _names(found: Any) -> list[str]:
    return sorted(map(str, found)) if isinstance(found, list) else []


def _of_owners_only(bench: Bench, paused: Any, dismissed: Any) -> None:
    """Nothing here would change anything, were it done."""
    mia = people.the_member(bench)
    asked: list[tuple[str, tuple[str, ...], Any]] = [
        ("GET /audit", (), None),
        (HEALTH, (), None),
        ("GET /replicas", (), None),
        ("GET /insights/daus", (), None),
        ("GET /templates/examples", (), None),
        ("POST /notifications/test", (), {}),
        ("POST /licenses", (), {"license": "none"}),
    ]
    if paused is not ABSENT:
        asked.append((SET_NOTICES, (), {"notifier_paused": paused}))
    if dismissed is not ABSENT:
        asked.append((SET_HEALTH, (), {"dismissed_healthchecks": dismissed}))
    for label, values, body in asked:
        if not bench.has(label):
            continue
        with contextlib.suppress(Blocked):
            request = {} if body is None else {"body": body}
            reply = bench.call(label, *values, by=mia, **request)
            came = "" if reply.status in REFUSED else f"{reply.status} to an ordinary member"
            bench.judge(rules.ACCESS_IS_KEPT_APART, reply, came)
