"""Lists asked for a part of time, and for what nobody has: the part comes whole, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import quote

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.observe import moment
from coder_contract_tests.probes.rules import NOBODY
from coder_contract_tests.relations.terms import entries, filters, looked_up, pagination, shown
from coder_contract_tests.relations.whole import TOP, Whole, askable, id_of, ids, place_of, whole

LISTS_PER_OPERATION = 3
NO_WORD = "zz-nobody-has-this-name"
DAY = timedelta(days=1)
FAR = timedelta(hours=1)

Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Window:
    """A query for what lies on one side of a moment."""

    query: str
    by: str
    side: Side
    days: bool
    """Whether only whole days can be asked for."""


def windows(operation: Operation) -> tuple[Window, ...]:
    """What the document says of an operation in `x-window`."""
    return tuple(
        Window(
            query=str(raw["set"]),
            by=str(raw["by"]),
            side="before" if raw["gives"] == "before" else "after",
            days=bool(raw.get("days")),
        )
        for raw in operation.data.get("x-window", ())
    )


def windows_are_exact(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for operation, way in askable(asker, "x-window", LISTS_PER_OPERATION):
        for one in windows(operation):
            found = _settled(asker, operation, way, one)
            if found is not None:
                judged = True
                problems += found
    return problems if judged else None


def _settled(
    asker: Asker, operation: Operation, way: Mapping[str, str], one: Window
) -> list[Problem] | None:
    """What is wrong with a window of a list that may change meanwhile: only what is so twice."""
    found: list[Problem] | None = None
    for _ in range(2):
        full = whole(asker, operation, way)
        cut = _cut(one, full) if full is not None else None
        if full is None or cut is None:
            return None
        found = list(_wrong(asker, operation, way, one, full, cut))
        if not found:
            break
    return found


def _times(one: Window, full: Whole) -> list[datetime]:
    """The moments that the list shows, in order; what never was has none."""
    found = {moment(looked_up(item, one.by)) for item in full.items}
    return sorted(at for at in found if at is not None and at.year > 1)


def _cut(one: Window, full: Whole) -> datetime | None:
    """A moment that no entry is near: in the widest gap, else beyond all of them."""
    times = _times(one, full)
    if not times:
        return None
    gaps = [(second - first, first) for first, second in pairwise(times)]
    width, start = max(gaps, default=(timedelta(), times[0]))
    if one.days:
        if width > 4 * DAY:
            return _midnight(start + 2 * DAY)
        # Days to come may be refused; those before the list hold nothing of it.
        return _midnight(times[0] - 2 * DAY) if one.side == "before" else None
    if width > timedelta(milliseconds=4):
        return start + width / 2
    return times[0] - FAR if one.side == "before" else times[-1] + FAR


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _wrong(
    asker: Asker,
    operation: Operation,
    way: Mapping[str, str],
    one: Window,
    full: Whole,
    cut: datetime,
) -> Iterator[Problem]:
    text = cut.date().isoformat() if one.days else cut.isoformat().replace("+00:00", "Z")
    asked = one.query.replace("{}", text)
    reply = _asked(asker, operation, way, asked)
    if reply is None:
        return
    at = f"query:{_name(one.query)}"
    items = entries(reply, place_of(operation))
    if items is None:
        yield Problem(reply, f"{reply.status} for {asked}", at=at)
        return
    slack = DAY if one.days else timedelta()
    for item in items:
        if _lies(one, item, cut, -slack) is False:
            came = f"{asked} gives an entry with {one.by} {excerpt(looked_up(item, one.by))}"
            yield Problem(reply, came, at=at)
            return
    name = id_of(operation)
    got = set(ids(items, name))
    for item in full.items:
        id_ = str(item.get(name, ""))
        if _lies(one, item, cut, slack) and id_ not in got:
            yield Problem(reply, f"{asked} leaves out {shown(id_)}, which lies there", at=at)
            return


def _lies(one: Window, item: Mapping[str, Any], cut: datetime, slack: timedelta) -> bool | None:
    """Whether an entry lies on the side that is asked for, by so much; None where none can say."""
    at = moment(looked_up(item, one.by))
    if at is None or at.year <= 1:
        return None
    return at + slack < cut if one.side == "before" else at - slack > cut


def _asked(
    asker: Asker, operation: Operation, way: Mapping[str, str], asked: str
) -> Exchange | None:
    """The list with a query whose value is not quoted yet."""
    key, _, value = asked.partition("=")
    query = f"{key}={quote(value)}"
    cut = pagination(operation)
    if cut is not None:
        query += f"&{cut.limit}={TOP}"
    return asker.send(operation, way, query)


def _name(query: str) -> str:
    """The parameter, or the word of the search grammar, that a query uses."""
    key, _, template = query.partition("=")
    return template.partition(":")[0] if key == "q" and ":" in template else key


def nobody_is_found(asker: Asker) -> Judgement:
    """Ask for an id and for a name that nothing has, wherever entries can be asked for by them."""
    problems: list[Problem] = []
    judged = False
    for operation, way in askable(asker, "x-filter", 1):
        for one in filters(operation):
            stranger = _stranger(one.places[0]) if one.places else ""
            if stranger:
                judged = True
                problems += _is_empty(asker, operation, way, one.query.replace("{}", stranger))
    for operation, way in askable(asker, "x-nothing-for", 1):
        for asked in operation.data["x-nothing-for"]:
            judged = True
            problems += _is_empty(asker, operation, way, str(asked))
    return problems if judged else None


def _stranger(place: str) -> str:
    """A value that stands nowhere at a place; empty where an unknown one may be refused."""
    last = place.rpartition(".")[2]
    if last in {"id", "targets"} or (last.endswith("_id") and last != "organization_id"):
        return NOBODY
    return NO_WORD if last in {"name", "username", "owner_name"} else ""


def _is_empty(
    asker: Asker, operation: Operation, way: Mapping[str, str], asked: str
) -> list[Problem]:
    reply = _asked(asker, operation, way, asked)
    if reply is None:
        return []
    items = entries(reply, place_of(operation))
    at = f"query:{_name(asked)}"
    if items is None:
        if entries(asker.send(operation, way), place_of(operation)) is None:
            # The list itself is not for us.
            return []
        return [Problem(reply, f"{reply.status} for {asked}, which nothing has", at=at)]
    if items:
        came = f"{asked} gives {len(items)} entries, and nothing has it"
        return [Problem(reply, came, at=at)]
    return []


WINDOWS: tuple[Invariant, ...] = (
    Invariant(
        Rule(
            id="time_window_is_exact",
            kind="check",
            level="error",
            promise="a list asked for what was before or after a moment gives all of that, and "
            "nothing from the other side",
            oracle="the document's x-window",
            applies="lists that can be asked by time; the moment lies in the widest gap between "
            "entries, or beyond them all",
        ),
        ask=windows_are_exact,
    ),
    Invariant(
        Rule(
            id="nobody_is_found",
            kind="check",
            level="error",
            promise="a filter for an id, a name or a tag that nothing has gives an empty list",
            oracle="the document's x-filter and x-nothing-for; recorded: templates/"
            "list-by-exact-name, provisioner-jobs/daemon-by-tags",
            applies="lists that can be asked for by id, name or tag",
        ),
        ask=nobody_is_found,
    ),
)
