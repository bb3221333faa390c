"""The list of workspaces: who may see which, the search grammar's filters, order and pages.

What a viewer may see of all live workspaces, by owner and name, is kept until a workspace or a
user changes. The order of a page follows from it as far as the page reaches, and a page that
nothing has changed is given again as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from coder_mock_server import lookup
from coder_mock_server.call import Call, World
from coder_mock_server.domain import agents
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Subject, Thing, may
from coder_mock_server.domain.lifecycle import build_status, job_status
from coder_mock_server.presenters.workspaces import is_started, unchanged_until, workspace_view
from coder_mock_server.search import WORKSPACES, contains, like, parse_search
from coder_mock_server.store.state import State
from coder_mock_server.store.table import Table
from coder_mock_server.wire_in import Query, QueryReader

STATUSES = (
    "pending",
    "starting",
    "running",
    "stopping",
    "stopped",
    "failed",
    "canceling",
    "canceled",
    "deleting",
    "deleted",
)
OLDER_KEYS = ("owner", "template", "name", "status", "has-agent", "deleting_by")
"""What a search of 2023 knows: the filters that its docs list for the operation."""
SCHEMA = "codersdk.WorkspacesResponse"
MOST_KEPT = 100
"""Pages with more workspaces are put together anew each time, so that they take no memory."""
Test = Callable[[r.Workspace], bool]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search asks for; all of it must hold."""

    ids: frozenset[str] = frozenset()
    owner_id: str | None = None
    template: str = ""
    name: str = ""
    status: str = ""
    has_agent: str = ""
    dormant: bool = False
    deleting_by: datetime | None = None
    last_used_after: datetime | None = None
    last_used_before: datetime | None = None
    outdated: bool | None = None
    organization_id: str | None = None
    parameters: frozenset[str] = frozenset()
    """Patterns of names, one of which the latest build must have."""
    values: frozenset[tuple[str, str]] = frozenset()
    """Names and values, one of which the latest build must have."""
    nothing: bool = False
    """Something unknown was asked for by name, so nothing fits."""


NO_FILTERS = Filters()


# --- the search ------------------------------------------------------------------------------


def parse(call: Call, world: World, text: str) -> Filters:
    """The filters of a search; raises the API's refusal."""
    if not text.strip():
        return NO_FILTERS
    terms = parse_search(text, default_key="name", owner_key="owner", message=WORKSPACES)
    reader = QueryReader(terms)
    if world.policy.query_filter_grammar == "2023":
        return _of_2023(call, world, reader, terms)
    ids = reader.uuids("id")
    found, owner = _named(reader)
    dormant = reader.boolean("dormant")
    after = reader.time("last_used_after", upper=True)
    before = reader.time("last_used_before", upper=True)
    outdated = reader.boolean("outdated") if terms.has("outdated") else None
    organization = reader.custom("organization", None, lambda t: _organization(call, world, t))
    parameters = reader.each("param", _parameter)
    reader.finish(WORKSPACES, strict=True)
    return replace(
        _of_owner(call, world, found, owner),
        ids=frozenset(ids),
        dormant=dormant,
        last_used_after=after,
        last_used_before=before,
        outdated=outdated,
        organization_id=organization,
        parameters=frozenset(pattern for pattern, value in parameters if value is None),
        values=frozenset((p, value) for p, value in parameters if value is not None),
    )


def _of_2023(call: Call, world: World, reader: QueryReader, terms: Query) -> Filters:
    """The search that has nothing but the documented filters, and words of its own."""
    found, owner = _named(reader)
    # Our choice: a day, as the docs give no format.
    deleting_by = reader.time("deleting_by", "2006-01-02")
    for key in terms.keys():  # noqa: SIM118 - a list in order, not a mapping
        if key not in OLDER_KEYS:
            reader.problem(key, f'Query param "{key}" is not a valid query param')
    reader.finish(WORKSPACES)
    return replace(_of_owner(call, world, found, owner), deleting_by=deleting_by)


def _named(reader: QueryReader) -> tuple[Filters, str]:
    """The filters that searches of all dates have, and the name of the owner."""
    owner = reader.text("owner")
    found = Filters(
        template=reader.text("template"),
        name=reader.text("name"),
        status=reader.enum("status", STATUSES),
        has_agent=reader.text("has-agent"),
    )
    return found, owner


def _of_owner(call: Call, world: World, found: Filters, owner: str) -> Filters:
    if not owner:
        return found
    owner_id = _owner_id(call, world, owner)
    return replace(found, owner_id=owner_id, nothing=owner_id is None)


def _owner_id(call: Call, world: World, name: str) -> str | None:
    if name == "me":
        return call.actor.id
    found = world.state.users.one("username", name)
    return found.id if found is not None else None


def _organization(call: Call, world: World, text: str) -> str | None:
    found = lookup.find_organization(world, text)
    if found is None or not lookup.can(call, world, "read", Thing("organization", found.id)):
        raise ValueError(
            f'organization "{text}" either does not exist, or you are unauthorized to view it'
        )
    return found.id


def _parameter(text: str) -> tuple[str, str | None]:
    name, *values = text.split("=")
    if not values:
        return name, None
    if len(values) > 1:
        raise ValueError(f"query element \"{text}\" can only contain 1 '='")
    if not values[0]:
        raise ValueError(
            f"query element \"{text}\" has an empty value. omit the '=' to match just on the "
            "parameter name"
        )
    return name, values[0]


# --- the list --------------------------------------------------------------------------------


def page(call: Call, world: World, filters: Filters, offset: int, limit: int) -> Any:
    """The asked-for part of what the caller may read and the filters let through: the answer."""
    state, now = world.state, world.now()
    subject = lookup.subject(call, world)
    stamp = (subject, *(table.version for table in _shown_tables(state)))

    def make() -> tuple[Any, datetime | None]:
        matching = _matching(world, subject, filters, now)
        stop = offset + limit if limit else None
        rows = list(islice(_in_order(state, subject, matching), offset, stop))
        rows = [row for row in rows if _template_is_readable(state, subject, row)]
        views = [workspace_view(world, row, subject.user_id, now) for row in rows]
        moments = [unchanged_until(world, row, now) for row in rows]
        until = min((moment for moment in moments if moment is not None), default=None)
        body = {"workspaces": views, "count": len(matching)}
        answer = world.views.render(SCHEMA, body) if 0 < len(views) <= MOST_KEPT else body
        # Whose agents are in a given state changes with time alone.
        return answer, now if filters.has_agent else until

    key = ("page of workspaces", subject.user_id, filters, offset, limit)
    return world.views.derive(key, stamp, now, make)


def _shown_tables(state: State) -> tuple[Table[Any], ...]:
    """Everything that a workspace shows or that decides its place."""
    return (
        state.workspaces,
        state.builds,
        state.jobs,
        state.agents,
        state.apps,
        state.app_statuses,
        state.templates,
        state.template_versions,
        state.users,
        state.organizations,
        state.daemons,
    )


def _in_order(state: State, subject: Subject, rows: Sequence[r.Workspace]) -> Iterator[r.Workspace]:
    """Favourites of this subject, then started ones, then the rest; as far as anybody asks.

    Within each the rows keep their order, which is that of owners and names.
    """

    def started(row: r.Workspace) -> bool:
        build = state.latest_build(row.id)
        return is_started(state.jobs[build.job_id], build)

    mine = {w.id for w in state.workspaces.by("owner", subject.user_id) if w.favorite}
    others: Iterable[r.Workspace] = rows
    if mine:
        favorites = [row for row in rows if row.id in mine]
        yield from sorted(favorites, key=lambda row: not started(row))
        others = [row for row in rows if row.id not in mine]
    waiting = []
    for row in others:
        if started(row):
            yield row
        else:
            waiting.append(row)
    yield from waiting


def _matching(
    world: World, subject: Subject, filters: Filters, now: datetime
) -> Sequence[r.Workspace]:
    """What the subject may read and the filters let through, by owner and name."""
    state = world.state
    tables: tuple[Table[Any], ...] = (state.workspaces, state.users)
    if filters != NO_FILTERS:
        tables = (*tables, state.builds, state.jobs, state.templates)

    def make() -> tuple[Sequence[r.Workspace], datetime | None]:
        rows = _candidates(world, filters, now)
        for test in (*_visibility(subject), *_tests(state, filters, now)):
            rows = [row for row in rows if test(row)]
        return rows, now if filters.has_agent else None

    stamp = (subject, *(table.version for table in tables))
    return world.views.derive(("matching", subject.user_id, filters), stamp, now, make)


def _candidates(world: World, filters: Filters, now: datetime) -> Sequence[r.Workspace]:
    """What the indexes leave of all live workspaces, by owner and name."""
    state = world.state
    if filters.nothing:
        return ()
    if filters.ids:
        found = [state.workspaces.get(id) for id in filters.ids]
    elif filters.owner_id is not None:
        found = list(state.workspaces.by("owner", filters.owner_id))
    else:
        return _everything(world, now)
    return _sorted(state, [row for row in found if row is not None and not row.deleted])


def _everything(world: World, now: datetime) -> Sequence[r.Workspace]:
    state = world.state
    stamp = (state.workspaces.version, state.users.version)
    return world.views.derive(
        "live workspaces",
        stamp,
        now,
        lambda: (_sorted(state, state.workspaces.by("live", True)), None),
    )


def _sorted(state: State, rows: list[r.Workspace]) -> list[r.Workspace]:
    """By owner, then name, in any letter case."""
    names = {id: state.users[id].username.lower() for id in {row.owner_id for row in rows}}
    return sorted(rows, key=lambda w: (names[w.owner_id], w.name.lower(), w.id))


def _visibility(subject: Subject) -> Iterator[Test]:
    """Whether the list shows a workspace to this subject: a dormant one like any other."""
    if may(subject, "read", Thing("workspace")):
        return
    known: dict[tuple[str, str], bool] = {}

    def test(row: r.Workspace) -> bool:
        key = (row.organization_id, row.owner_id)
        found = known.get(key)
        if found is None:
            found = known[key] = may(subject, "read", Thing("workspace", *key))
        return found

    yield test


def _template_is_readable(state: State, subject: Subject, row: r.Workspace) -> bool:
    return may(subject, "read", lookup.template_thing(state.templates[row.template_id]))


def _tests(state: State, filters: Filters, now: datetime) -> Iterator[Test]:
    if filters.owner_id is not None:
        yield lambda row: row.owner_id == filters.owner_id
    if filters.template:
        yield lambda row: state.templates[row.template_id].name.lower() == filters.template
    if filters.name:
        yield lambda row: contains(row.name, filters.name)
    if filters.dormant:
        yield lambda row: row.dormant_at is not None
    if (by := filters.deleting_by) is not None:
        yield lambda row: row.deleting_at is not None and row.deleting_at <= by
    if (after := filters.last_used_after) is not None:
        yield lambda row: row.last_used_at >= after
    if (before := filters.last_used_before) is not None:
        yield lambda row: row.last_used_at <= before
    if filters.organization_id is not None:
        yield lambda row: row.organization_id == filters.organization_id
    if filters.outdated is not None:
        yield lambda row: _is_outdated(state, row) == filters.outdated
    if filters.status:
        yield lambda row: _status(state, row) == filters.status
    if filters.has_agent:
        yield lambda row: _has_agent(state, row, filters.has_agent, now)
    if filters.parameters or filters.values:
        yield lambda row: _has_parameter(state, row, filters)


def _is_outdated(state: State, row: r.Workspace) -> bool:
    active = state.templates[row.template_id].active_version_id
    return state.latest_build(row.id).template_version_id != active


def _status(state: State, row: r.Workspace) -> str:
    build = state.latest_build(row.id)
    return build_status(job_status(state.jobs[build.job_id]), build.transition)


def _has_agent(state: State, row: r.Workspace, status: str, now: datetime) -> bool:
    build = state.latest_build(row.id)
    if not is_started(state.jobs[build.job_id], build):
        return False
    found = state.agents.by("job", build.job_id)
    return any(agents.agent_status(agent, now) == status for agent in found)


def _has_parameter(state: State, row: r.Workspace, filters: Filters) -> bool:
    given = {name.lower(): value.lower() for name, value in state.latest_build(row.id).parameters}
    if filters.values and not any(given.get(name) == value for name, value in filters.values):
        return False
    return not filters.parameters or any(
        like(name, pattern) for pattern in filters.parameters for name in given
    )
