"""Where chapters work: requests as several people, views of what was written, who is to blame.

A write that was answered must show in every *view* of its object (by id, by name, in a list).
Where reads of several operations do not show it, the write lost it and is named; where a single
one does not, that read is named.
What was once seen is read again before the object goes (`Bench.still`).
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import NOTHING, TOKEN_HEADER, Exchange, excerpt
from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.invariants.rules import DAEMONS
from coder_contract_tests.judging import Facts
from coder_contract_tests.lifecycles import rules, words
from coder_contract_tests.observe import ACTIVE
from coder_contract_tests.session import Session

JOB_SECONDS = 90.0
"""How long a job may take once a daemon has it."""
QUEUE_SECONDS = 45.0
"""How long it may wait for one: daemons that nobody wakes look every 30 s.

Without a free daemon chapters end early and do not fail.
"""
POLL_SECONDS = 0.1
SLOWEST_POLL_SECONDS = 1.0
ABSENT: Any = object()
"""Stands for a member that is left out or null."""
NOT_OURS = (
    *("premium", "enterprise", "disabled", "not enabled", "licen", "contact sales"),
    *("under development", "experiment"),
)
"""Words by which a refusal says that the target does not do such things at all."""

NOT_ALLOWED = ("rbac: forbidden", "not authorized to")
"""Words by which it says that our own account may not."""

# Members that may change by themselves between two reads of an object at rest.
_RESTLESS = frozenset(
    {
        *("updated_at", "last_used_at", "last_seen_at", "last_used", "next_start_at"),
        *("matched_provisioners", "queue_position", "queue_size", "available_workers"),
        *("active_user_count", "build_time_stats", "latency", "most_recently_seen", "health"),
        *("checked_at", "first_connected_at", "last_connected_at", "lifecycle_state", "job"),
    }
)


class Blocked(Exception):
    """A chapter cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user that the run made, with a session of their own."""

    id: str
    username: str
    email: str
    password: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at an object."""

    label: str
    values: tuple[str, ...] = ()
    query: str = ""
    find: Callable[[Any], Any] = lambda body: body
    """The object in the reply's JSON; None where it is not there."""
    by: Person | None = None
    shows: frozenset[str] | None = None
    """The members it is asked for; None for all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Finds the first object of a list (below a member) whose members have these values."""

    where: str
    same: tuple[tuple[str, str], ...]

    def __call__(self, body: Any) -> Any:
        listed = body.get(self.where) if self.where and isinstance(body, dict) else body
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and all(one.get(key) == value for key, value in self.same):
                return one
        return None


def entry(where: str = "", **same: str) -> Entry:
    """An `Entry` by keywords."""
    return Entry(where, tuple(sorted(same.items())))


def names(view: View) -> frozenset[str]:
    """What tells whose view it is: ids and names in its path and in what it looks for."""
    found = view.find.same if isinstance(view.find, Entry) else ()
    return frozenset((*view.values, *(value for _, value in found)))


def member(value: Any, dotted: str) -> Any:
    """What stands at a dotted place; `ABSENT` for nothing, and for null."""
    for part in dotted.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return ABSENT
    return ABSENT if value is None else value


def at_rest(value: Any) -> Any:
    """An object without what moves by itself."""
    if isinstance(value, dict):
        # An agent that nobody starts runs into its timeout.
        moving = {"status"} if "lifecycle_state" in value else set()
        return {k: at_rest(one) for k, one in value.items() if k not in _RESTLESS | moving}
    if isinstance(value, list):
        return [at_rest(one) for one in value]
    return value


@dataclass(frozen=True, slots=True)
class _Kept:
    """A write whose effect must last."""

    write: Exchange
    expected: Any


class Bench:
    """A session for writing: people, names of this run, and judgements about effects."""

    def __init__(self, session: Session, *, prefix: str = "") -> None:
        self.session = session
        self.prefix = prefix or f"ct-{int(time.time()) & 0xFFFFFF:06x}{secrets.token_hex(1)}"
        self.people: dict[str, Person] = {}
        self.made: dict[str, Any] = {}
        """What chapters share, made on first use, or the `Blocked` that tells why it is missing."""
        self.jobs = 0
        """Provisioner jobs that the run made."""
        self._kept: dict[tuple[View, str], _Kept] = {}

    @property
    def facts(self) -> Facts:
        return self.session.facts

    @property
    def organization(self) -> str:
        """The organization that a run works in: the default one; 2023 knew no other."""
        return self.facts.default_organization or next(iter(self.facts.organizations), "")

    @property
    def is_recent(self) -> bool:
        """Whether the target speaks the API of 2025; documents of others count as such, too."""
        version = self.session.document.version
        return not version[:4].isdigit() or version >= "2024"

    def holds(self, rule: Rule) -> bool:
        """Whether a rule is one for the version of the API that the target speaks."""
        return not rule.versions or self.is_recent

    def licence_has(self, feature: str) -> bool:
        """Whether a licensed feature is enabled on the target."""
        if "features" not in self.made:
            self.made["features"] = {}
            # A build without licensed code has no such route.
            with contextlib.suppress(Blocked):
                self.made["features"] = self.call("GET /entitlements").json
        return member(self.made["features"], f"features.{feature}.enabled") is True

    def name(self, what: str) -> str:
        """A name that shows where it comes from."""
        return f"{self.prefix}-{what}"

    def operation(self, label: str) -> Operation | None:
        """The operation, where document and target have it."""
        found = self.session.document.operation(label)
        return None if found is None or found.label in self.session.absent else found

    def has(self, *labels: str) -> bool:
        return all(self.operation(label) is not None for label in labels)

    # Requests

    def call(
        self,
        label: str,
        *values: str,
        query: str = "",
        body: Any = NOTHING,
        raw: bytes | None = None,
        media: str = "application/json",
        by: Person | None = None,
        token: str = "",
    ) -> Exchange:
        """Send a request; raises `Blocked` where the target has no such operation."""
        operation = self.operation(label)
        if operation is None:
            raise Blocked(f"the target has no {label}")
        headers: list[tuple[str, str]] = []
        data = raw
        if body is not NOTHING:
            data = orjson.dumps(body)
        if data is not None:
            headers.append(("Content-Type", media))
        key = token or self.session_of(by)
        if key:
            headers.append((TOKEN_HEADER, key))
        exchange = self.session.send(
            operation,
            dict(zip(operation.names, values, strict=True)),
            query,
            headers=tuple(headers),
            body=data,
        )
        if operation.label in self.session.absent:
            raise Blocked(f"the target has no {label}")
        if exchange.status == 0:
            raise Blocked(f"no reply to {label}")
        return exchange

    def session_of(self, person: Person | None) -> str:
        """A person's newest session: a view may be older than it."""
        if person is None:
            return ""
        known = (one for one in self.people.values() if one.id == person.id)
        return next((one.token for one in known if one.token), person.token)

    def secret(self, name: str) -> str:
        """A secret member of the last reply, which exchanges only show masked."""
        return self.session.client.secret(name)

    def write(
        self,
        label: str,
        *values: str,
        want: Sequence[int] = (200, 201, 204),
        repeats: Mapping[str, Any] | None = None,
        **request: Any,
    ) -> Exchange:
        """A valid write; what is not answered with success is a problem and ends the chapter."""
        exchange = self.call(label, *values, **request)
        said = message(exchange)
        if exchange.status in want:
            self.judge(rules.WRITE_SUCCEEDS, exchange)
        elif self._may_be_refused(exchange, said):
            raise Blocked(f"{label} answered {exchange.status} {said}".rstrip())
        else:
            came = f"{exchange.status} {said}".rstrip()
            self.judge(rules.WRITE_SUCCEEDS, exchange, f"{came} to a valid request", at="status")
            raise Blocked(f"{label} answered {came}")
        if repeats:
            self.repeats(exchange, repeats)
        if self.is_recent and (odd := words.wrong(exchange)):
            self.judge(rules.REPLY_SHOWS_THE_WRITE, exchange, odd, at="/message")
        return exchange

    def _may_be_refused(self, exchange: Exchange, said: str) -> bool:
        """Whether a refusal says that this target, or our own account, does not do such things."""
        is_limited = not self.facts.is_owner
        if exchange.status not in {401, 403, 404, 405, 501}:
            # Where no handler looks first, the database refuses, and that shows as a 500.
            words = f"{said} {exchange.json}".lower()
            return is_limited and any(word in words for word in NOT_ALLOWED)
        return is_limited or any(word in said.lower() for word in NOT_OURS)

    # Judgements

    def judge(
        self,
        rule: Rule,
        exchange: Exchange,
        came: str = "",
        *,
        at: str = "",
        level: Level | None = None,
    ) -> bool:
        """Count a promise as kept, or as broken where `came` says what came instead."""
        problems = [Problem(exchange, came, at=at, level=level)] if came else []
        self.session.record(rule, problems, exchange.label)
        return not came

    def repeats(
        self, exchange: Exchange, expected: Mapping[str, Any], rule: Rule | None = None
    ) -> bool:
        """The reply to a write shows what was asked for."""
        wrong = differences(exchange.json, expected)
        came = f"the reply to the write has {wrong[0]}" if wrong else ""
        at = f"/{_first(wrong)}" if wrong else ""
        return self.judge(rule or rules.REPLY_SHOWS_THE_WRITE, exchange, came, at=at)

    def look(self, view: View) -> tuple[Exchange, Any]:
        """A view's exchange and the object in it, None where it is not there."""
        exchange = self.call(view.label, *view.values, query=view.query, by=view.by)
        if exchange.status != 200 or not exchange.is_json:
            return exchange, None
        return exchange, view.find(exchange.json)

    def shows(
        self,
        write: Exchange,
        views: Iterable[View],
        expected: Mapping[str, Any],
        *,
        rule: Rule | None = None,
        keep: bool = True,
    ) -> bool:
        """Every view shows the effect of a write, now and when `still` asks again."""
        looked = []
        for view in views:
            wanted = {k: v for k, v in expected.items() if view.shows is None or k in view.shows}
            if not wanted:
                continue
            exchange, found = self.look(view)
            wrong = ["no such object"] if found is None else differences(found, wanted)
            looked.append((view, wanted, exchange, wrong))
        if not looked:
            return True
        good = [one for one in looked if not one[3]]
        bad = [one for one in looked if one[3]]
        rule = rule or rules.CHANGE_IS_KEPT
        if _is_the_writes(bad, good):
            _, _, exchange, wrong = bad[0]
            came = f"{write.status} for the write, but {exchange.method} {exchange.target} has "
            return self.judge(rule, write, came + wrong[0], at=f"/{_first(wrong)}")
        self.judge(rule, write)
        for _, _, exchange, wrong in bad:
            came = f"{wrong[0]} after {write.label}; other reads show the change"
            self.judge(rules.READS_AGREE, exchange, came, at=f"/{_first(wrong)}")
        for view, wanted, exchange, _ in good:
            self.judge(rules.READS_AGREE, exchange)
            if keep:
                for name, value in wanted.items():
                    self._kept[view, name] = _Kept(write, value)
        return not bad

    def gone(self, write: Exchange, views: Iterable[View]) -> bool:
        """No view shows a removed object any longer."""
        looked = [(view, *self.look(view)) for view in views]
        still = [(view, exchange) for view, exchange, found in looked if found is not None]
        for view, _, _ in looked:
            self.drop(view)
        if looked and _is_the_writes(still, [one for one in looked if one[2] is None]):
            shown = f"{still[0][1].method} {still[0][1].target} still shows it"
            came = f"{write.status} for the removal, but {shown}"
            return self.judge(rules.REMOVED_IS_GONE, write, came)
        self.judge(rules.REMOVED_IS_GONE, write)
        for _, exchange in still:
            came = f"it still shows what {write.label} removed; other reads do not"
            self.judge(rules.READS_AGREE, exchange, came)
        return not still

    def refuses(
        self,
        label: str,
        *values: str,
        want: Sequence[int],
        views: Iterable[View] = (),
        says: str = "",
        rule: Rule | None = None,
        known: bool = False,
        **request: Any,
    ) -> Exchange:
        """A wrong write is refused with a status (and a message), and changes nothing."""
        watched = list(views)
        before = [at_rest(self.look(view)[1]) for view in watched]
        exchange = self.call(label, *values, **request)
        said = message(exchange)
        if self.is_recent and exchange.status in want and request.get("by") is None:
            says = says or words.REFUSED.get((exchange.label, exchange.status), "")
        wrong = ""
        if exchange.status not in want:
            wanted = " or ".join(map(str, want))
            wrong = f"{exchange.status} {said}".rstrip() + f", where {wanted} belongs"
        elif says and says not in f"{said} {member(exchange.json, 'detail')}":
            wrong = f"{exchange.status} saying {said!r}, not {says!r}"
        if not known or exchange.status < 500:
            self.judge(rule or rules.WRONG_WRITE_IS_REFUSED, exchange, wrong, at="status")
        self._field_names(exchange)
        for view, was in zip(watched, before, strict=True):
            now = at_rest(self.look(view)[1])
            came = "" if now == was else f"{exchange.status}, and yet {_changed(was, now)}"
            self.judge(rules.REFUSAL_CHANGES_NOTHING, exchange, came)
        return exchange

    def _field_names(self, exchange: Exchange) -> None:
        """ERR-05: what a validation names is a field of the request."""
        listed = exchange.json.get("validations") if isinstance(exchange.json, dict) else None
        names = self._request_members(exchange.operation)
        if not isinstance(listed, list) or not names or exchange.status != 400:
            return
        unknown = [
            str(one.get("field"))
            for one in listed
            if isinstance(one, dict) and str(one.get("field")) not in names
        ]
        came = f"a validation names {unknown[0]!r}, no field of the request" if unknown else ""
        self.judge(rules.ERR_05, exchange, came, at="/validations/0/field")

    def _request_members(self, operation: Operation | None) -> set[str]:
        if operation is None:
            return set()
        resolve = self.session.document.resolve
        content = resolve(operation.data.get("requestBody", {})).get("content", {})
        schema = resolve(content.get("application/json", {}).get("schema", {}))
        properties = schema.get("properties", {})
        # What servers of this API name though the request has no such field.
        return {*properties, *_ODD_FIELDS} if properties else set()

    def untouched(self, write: Exchange, view: View, before: Any) -> bool:
        """A write did not hit another object than its own."""
        _, found = self.look(view)
        now = at_rest(found)
        came = (
            "" if now == before else f"the write also changed {view.label}: {_changed(before, now)}"
        )
        return self.judge(rules.WRITE_HITS_ITS_OBJECT, write, came)

    def still(self, *of: str) -> None:
        """Read kept effects again: all, or those of objects with one of these ids or names."""
        kept: dict[View, list[tuple[str, _Kept]]] = {}
        for key, one in list(self._kept.items()):
            if not of or names(key[0]) & set(of):
                kept.setdefault(key[0], []).append((key[1], one))
                del self._kept[key]
        for view, group in kept.items():
            exchange, found = self.look(view)
            for name, one in group:
                expected = {name: one.expected}
                wrong = ["no such object"] if found is None else differences(found, expected)
                where = f"{exchange.method} {exchange.target}"
                came = f"{wrong[0]} in {where}, some requests after the write" if wrong else ""
                self.judge(rules.CHANGE_LASTS, one.write, came, at=f"/{name}")

    def forget(self, *of: str) -> None:
        """Effects on the objects with one of these ids or names are over."""
        for key in [key for key in self._kept if names(key[0]) & set(of)]:
            del self._kept[key]

    def drop(self, view: View) -> None:
        """A view that another name has made void is not asked again."""
        for key in [key for key in self._kept if key[0] == view]:
            del self._kept[key]

    # Waiting

    def until(
        self,
        view: View,
        done: Callable[[Any], bool],
        *,
        seconds: float = 0.0,
    ) -> tuple[Exchange, Any]:
        """Poll a view until it is as wanted; `Blocked` when it takes too long.

        That is as long as a job may take, unless `seconds` are given.
        """
        seconds = seconds or JOB_SECONDS
        deadline, pause = time.monotonic() + seconds, POLL_SECONDS
        while True:
            exchange, found = self.look(view)
            if found is not None and done(found):
                return exchange, found
            if time.monotonic() > deadline:
                raise Blocked(f"{view.label} was not as awaited within {seconds:g} s")
            self.session.pause(pause)
            pause = min(SLOWEST_POLL_SECONDS, pause * 1.3)

    def settled(self, view: View, job: str = "job", *, made_by: Exchange) -> tuple[Exchange, Any]:
        """Poll a view until the job in it has ended."""

        def state_of(found: Any) -> Any:
            return member(found, f"{job}.status")

        try:
            self.until(view, lambda found: state_of(found) != "pending", seconds=QUEUE_SECONDS)
            return self.until(view, lambda found: state_of(found) not in ACTIVE)
        except Blocked:
            exchange, found = self.look(view)
            state = state_of(found)
            if found is not None and state is not ABSENT and state not in ACTIVE:
                return exchange, found
            if state == "pending" and self._no_daemon_is_free(member(found, f"{job}.tags")):
                raise Blocked("no daemon of the target is free to take its job") from None
            came = f"its job is still {_text(state)}"
            level: Level | None = None if state == "running" else "warning"
            self.judge(rules.WORK_ENDS, made_by, came, level=level)
            raise
        finally:
            self.jobs += 1

    def _no_daemon_is_free(self, tags: Any) -> bool:
        """Whether no listed daemon with a job's tags is idle; false where none can be listed."""
        if not self.organization or not self.has(DAEMONS):
            return False
        daemons = self.call(DAEMONS, self.organization).json
        wanted = {} if tags is ABSENT else dict(tags)
        return isinstance(daemons, list) and not any(
            member(one, "status") == "idle"
            and all(member(one, "tags").get(key) == value for key, value in wanted.items())
            for one in daemons
            if isinstance(member(one, "tags"), dict)
        )


def _is_the_writes(wrong: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether the write is to blame: every read is wrong, or reads of several operations are.

    One read that is wrong beside others that are right is its own fault.
    """
    return bool(wrong) and (not right or len({one[0].label for one in wrong}) > 1)


_ODD_FIELDS = frozenset(
    {
        # recorded: templates/template-bad-settings, workspace-settings, users/token-taken.
        "time_til_dormant_autodeletion_ms",
        "max_port_sharing_level",
        "schedule",
        "name",
        "autostop_requirement.days_of_week",
        "autostop_requirement.weeks",
        "autostart_requirement.days_of_week",
        "organization_ids",
    }
)


def message(exchange: Exchange) -> str:
    """The message of an error or acknowledgement."""
    body = exchange.json
    return str(body.get("message") or "") if isinstance(body, dict) else ""


def differences(found: Any, expected: Mapping[str, Any]) -> list[str]:
    """What an object has other than expected, as ``member value instead of value``."""
    wrong = []
    for name, value in expected.items():
        got = member(found, name)
        if callable(value) and value is not ABSENT:
            if not value(got):
                wrong.append(f"{name} {_text(got)}")
        elif got is not value and (value is ABSENT or got is ABSENT or got != value):
            wrong.append(f"{name} {_text(got)} instead of {_text(value)}")
    return wrong


def _text(value: Any) -> str:
    return "absent" if value is ABSENT else excerpt(value, 80)


def _first(wrong: Sequence[str]) -> str:
    return wrong[0].split(" ", 1)[0] if wrong and not wrong[0].startswith("no such") else ""


def _changed(was: Any, now: Any) -> str:
    """Where two objects differ, in a few words."""
    if was is None or now is None:
        return "the object is gone" if now is None else "there is an object now"
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            if was.get(key, ABSENT) != now.get(key, ABSENT):
                left, right = _text(was.get(key, ABSENT)), _text(now.get(key, ABSENT))
                return f"{key} went from {left} to {right}"
    return f"it went from {_text(was)} to {_text(now)}"
