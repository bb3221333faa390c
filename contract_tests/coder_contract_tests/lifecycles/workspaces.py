"""Workspaces: made, read, set, shared, put to sleep, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import archive, nested, people, rules, shares, watching
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    Person,
    View,
    at_rest,
    entry,
    member,
    message,
)
from coder_contract_tests.lifecycles.templates import UNKNOWN_ID, Template, the_template
from coder_contract_tests.observe import ACTIVE, moment, told_at

CREATE = "POST /users/{user}/workspaces"
CREATE_OLD = "POST /organizations/{organization}/members/{user}/workspaces"
GET, BY_NAME = "GET /workspaces/{workspace}", "GET /users/{user}/workspace/{workspacename}"
LIST, RENAME = "GET /workspaces", "PATCH /workspaces/{workspace}"
BUILD = "POST /workspaces/{workspace}/builds"
TTL, AUTOSTART = "PUT /workspaces/{workspace}/ttl", "PUT /workspaces/{workspace}/autostart"
UPDATES, DORMANT = (
    "PUT /workspaces/{workspace}/autoupdates",
    "PUT /workspaces/{workspace}/dormant",
)
EXTEND, USAGE = "PUT /workspaces/{workspace}/extend", "POST /workspaces/{workspace}/usage"
FAVORITE, UNFAVORITE = (
    "PUT /workspaces/{workspace}/favorite",
    "DELETE /workspaces/{workspace}/favorite",
)
SHARES = "GET /workspaces/{workspace}/port-share"

HOUR_MS = 3_600_000
SCHEDULE = "CRON_TZ=Europe/Berlin 30 9 * * 1-5"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace of this run."""

    id: str
    name: str
    owner: Person | None = None
    """None for ourselves."""


def creation(bench: Bench) -> tuple[str, tuple[str, ...]]:
    """The label that creates workspaces here, and its path values before the user."""
    if bench.has(CREATE):
        return CREATE, ()
    return CREATE_OLD, (bench.organization,)


def views_of(workspace: Workspace) -> list[View]:
    """All ways to look at a workspace, as its owner."""
    by = workspace.owner
    query = f"q={quote(f'owner:me name:{workspace.name}')}"
    return [
        View(GET, (workspace.id,), by=by),
        View(BY_NAME, (by.id if by else "me", workspace.name), by=by),
        View(LIST, query=query, find=entry("workspaces", id=workspace.id), by=by),
    ]


def create(
    bench: Bench, template: Template, what: str, *, by: Person | None = None, **more: Any
) -> tuple[Workspace, Exchange]:
    """A workspace whose first build begins."""
    label, before = creation(bench)
    body = {"name": bench.name(what), "template_id": template.id, **more}
    counted = View(LIST, query="q=owner:me&limit=1", find=lambda body: body, by=by)
    _, was = bench.look(counted)
    made = bench.write(label, *before, "me", body=body, want=(201, 200), by=by)
    id_ = str(member(made.json, "id"))
    workspace = Workspace(id_, body["name"], by)
    ttl = more.get("ttl_ms")
    expected: dict[str, Any] = {
        "id": id_,
        "name": body["name"],
        "template_id": template.id,
        "organization_id": template.organization,
        "autostart_schedule": more.get("autostart_schedule", ABSENT),
    }
    if ttl:
        expected["ttl_ms"] = ttl // 60_000 * 60_000
    if bench.is_recent:
        expected["automatic_updates"] = more.get("automatic_updates", "never")
        expected |= {"dormant_at": ABSENT, "favorite": False}
    bench.repeats(made, expected)
    begins = {
        "latest_build.build_number": 1,
        "latest_build.transition": "start",
        "latest_build.reason": "initiator",
        "latest_build.job.status": "pending",
        "latest_build.resources": [],
    }
    came = f"{made.status} instead of 201" if made.status != 201 else ""
    bench.judge(rules.WS_20, made, came, level="note" if came else None)
    bench.repeats(made, begins, rules.WS_20)
    exchange, now = bench.look(View(GET, (id_,), by=by))
    active = member(now, "template_active_version_id")
    if active is ABSENT:
        active = member(
            bench.call("GET /templates/{template}", template.id).json, "active_version_id"
        )
    used = member(now, "latest_build.template_version_id")
    came = "" if used == active else f"template_version_id {used}, but {active} is active"
    bench.judge(rules.WS_22, made if now else exchange, came)
    bench.shows(made, views_of(workspace), expected, rule=rules.CREATED_IS_THERE)
    exchange, now_counted = bench.look(counted)
    wanted = member(was, "count")
    if isinstance(wanted, int):
        count = member(now_counted, "count")
        came = "" if count == wanted + 1 else f"count is {count} after a creation, {wanted} before"
        bench.judge(rules.CREATED_IS_THERE, exchange, came, at="/count")
    return workspace, made


def ready(bench: Bench, workspace: Workspace, made: Exchange) -> dict[str, Any]:
    """The workspace once its build has succeeded."""
    exchange, found = bench.settled(views_of(workspace)[0], "latest_build.job", made_by=made)
    state = member(found, "latest_build.job.status")
    if state != "succeeded":
        error = member(found, "latest_build.job.error")
        came = f"a build of a working template is {state}: {error}"
        bench.judge(rules.WORK_ENDS, exchange, came, level="warning")
        raise Blocked(came)
    bench.judge(rules.WORK_ENDS, exchange)
    return dict(found)


def the_workspace(bench: Bench) -> Workspace:
    """The run's own workspace, started; made on first use."""
    found = bench.made.get("workspace")
    if isinstance(found, Workspace):
        return found
    if isinstance(found, Blocked):
        raise found
    try:
        template = the_template(bench)
        _refused_creations(bench, template)
        workspace, made = create(
            bench,
            template,
            "dev",
            ttl_ms=HOUR_MS + 30_000,
            rich_parameter_values=[{"name": "fixed", "value": "a"}],
        )
        started = ready(bench, workspace, made)
        _deadline(bench, workspace, started)
        nested.nested_objects_agree(bench, views_of(workspace))
        _found_by_parameter(bench, workspace)
    except Blocked as reason:
        bench.made["workspace"] = reason
        raise
    bench.made["workspace"] = workspace
    return workspace


def _found_by_parameter(bench: Bench, workspace: Workspace) -> None:
    """A search by parameter and value finds the workspace, by another value it does not."""
    if not bench.is_recent:
        return
    for term, wanted in (("fixed=a", True), ("fixed=b", False), ("fixed", True), ("fixe", False)):
        query = f"q={quote(f'owner:me name:{workspace.name} param:{term}')}"
        view = View(LIST, query=query, find=entry("workspaces", id=workspace.id))
        exchange, found = bench.look(view)
        says = "is not found" if wanted else "is found"
        came = "" if (found is not None) == wanted else f"{says} by param:{term}, and fixed is a"
        bench.judge(rules.SEARCH_FINDS, exchange, came and f"a workspace {came}", at="query:q")


def the_members_workspace(bench: Bench) -> Workspace:
    """A workspace of the ordinary member; made on first use."""
    found = bench.made.get("members")
    if isinstance(found, Workspace):
        return found
    if isinstance(found, Blocked):
        raise found
    try:
        person = people.the_member(bench)
        wanted: dict[str, Any] = {
            "autostart_schedule": SCHEDULE,
            "rich_parameter_values": [{"name": "fixed", "value": "mine"}],
        }
        if bench.is_recent:
            wanted["automatic_updates"] = "always"
        workspace, made = create(bench, the_template(bench), "mine", by=person, **wanted)
        ready(bench, workspace, made)
        _has_parameter(bench, workspace, made, "fixed", "mine")
        _default_ttl(bench, workspace, made)
        nested.nested_objects_agree(bench, views_of(workspace))
    except Blocked as reason:
        bench.made["members"] = reason
        raise
    bench.made["members"] = workspace
    return workspace


def _has_parameter(
    bench: Bench, workspace: Workspace, made: Exchange, name: str, value: str
) -> None:
    """The first build has the value that the workspace was asked for with."""
    label = "GET /workspacebuilds/{workspacebuild}/parameters"
    if not bench.has(label):
        return
    _, found = bench.look(views_of(workspace)[0])
    build = str(member(found, "latest_build.id"))
    view = View(label, (build,), find=entry("", name=name), by=workspace.owner)
    bench.shows(made, [view], {"value": value}, rule=rules.CREATED_IS_THERE, keep=False)


def _default_ttl(bench: Bench, workspace: Workspace, made: Exchange) -> None:
    """A workspace made without a ttl has its template's."""
    template = bench.call("GET /templates/{template}", the_template(bench).id).json
    default = member(template, "default_ttl_ms")
    if isinstance(default, int) and bench.is_recent:
        expected = {"ttl_ms": default or ABSENT}
        bench.shows(made, views_of(workspace)[:1], expected, keep=False)


def _deadline(bench: Bench, workspace: Workspace, started: dict[str, Any]) -> None:
    """BLD-08: completed_at plus ttl."""
    exchange = bench.call(GET, workspace.id)
    build = started["latest_build"]
    ended, deadline = moment(build["job"].get("completed_at")), moment(build.get("deadline"))
    if ended is None or member(started, "ttl_ms") is ABSENT:
        return
    wanted = ended + timedelta(milliseconds=started["ttl_ms"])
    maximum = moment(build.get("max_deadline"))
    if maximum is not None and maximum < wanted:
        wanted = maximum
    near = deadline is not None and abs(deadline - wanted) <= timedelta(seconds=2)
    came = (
        "" if near else f"deadline is {build.get('deadline')} after {build['job']['completed_at']}"
    )
    bench.judge(rules.BLD_08, exchange, came, at="/latest_build/deadline")


def _refused_creations(bench: Bench, template: Template) -> None:
    label, before = creation(bench)
    gone = [View(BY_NAME, ("me", bench.name("no")))]
    body = {"name": bench.name("no"), "template_id": template.id}
    if bench.is_recent:
        for wrong in (
            {"name": bench.name("no")},
            {**body, "template_version_id": template.first},
        ):
            reply = bench.refuses(
                label, *before, "me", body=wrong, want=(400,), rule=rules.WS_21, views=gone
            )
            listed = member(reply.json, "validations")
            named = {one.get("field") for one in listed} if isinstance(listed, list) else set()
            ok = {"template_id", "template_version_id"} <= named
            came = "" if ok else f"validations name {sorted(map(str, named))}"
            bench.judge(rules.WS_21, reply, came, at="/validations")
    wrongs: list[dict[str, Any]] = [
        {**body, "name": "no name"},
        {**body, "template_id": UNKNOWN_ID},
        {**body, "ttl_ms": 1000},
        {**body, "autostart_schedule": "every day"},
        {**body, "rich_parameter_values": [{"name": "seconds", "value": "many"}]},
    ]
    for wrong in wrongs:
        bench.refuses(label, *before, "me", body=wrong, want=(400,), views=gone)
    bench.refuses(
        label,
        *before,
        "me",
        raw=b"",
        want=(400,),
        rule=rules.ERR_04,
        says="Request body must be valid JSON.",
    )


def conflicts(bench: Bench) -> None:
    """WS-19 while the workspace lives, TPL-04 and USR-03 while there are workspaces."""
    workspace, template = the_workspace(bench), the_template(bench)
    label, before = creation(bench)
    seen = views_of(workspace)[:1]
    for name in (workspace.name, workspace.name.upper()):
        body = {"name": name, "template_id": template.id}
        bench.refuses(label, *before, "me", body=body, want=(409,), rule=rules.WS_19, views=seen)
    bench.refuses(
        "DELETE /templates/{template}",
        template.id,
        want=(400,),
        rule=rules.TPL_04,
        views=[View("GET /templates/{template}", (template.id,))],
    )
    members = the_members_workspace(bench)
    person = members.owner
    assert person is not None
    bench.refuses(
        people.DELETE,
        person.id,
        want=(417,),
        rule=rules.USR_03,
        views=[View(people.GET, (person.id,))],
    )


@dataclass(frozen=True, slots=True)
class _Others:
    """A workspace that no write here may change."""

    view: View
    before: Any


def settings(bench: Bench) -> None:
    """Everything that is set on a workspace, beside one that must stay as it is."""
    workspace = the_workspace(bench)
    other = views_of(the_members_workspace(bench))[0]
    others = _Others(other, at_rest(bench.look(other)[1]))
    _ttl(bench, workspace, others)
    _autostart(bench, workspace, others)
    _updates(bench, workspace, others)
    _favorite(bench, workspace, others)
    _rename(bench, workspace)
    _extend(bench, workspace, others)
    shares.shares(bench, workspace.id, the_template(bench).id)
    if bench.has(USAGE):
        bench.write(USAGE, workspace.id, body={}, want=(204, 200))
    no_deadline(bench, workspace)


def _ttl(bench: Bench, workspace: Workspace, others: _Others) -> None:
    views = views_of(workspace)
    ends = member(bench.look(views[0])[1], "latest_build.deadline")
    changed = bench.write(TTL, workspace.id, body={"ttl_ms": 4 * HOUR_MS + 30_000}, want=(204,))
    bench.shows(changed, views, {"ttl_ms": 4 * HOUR_MS})
    # It counts from the next start on.
    bench.shows(changed, views[:1], {"latest_build.deadline": ends}, keep=False)
    bench.untouched(changed, others.view, others.before)
    for wrong in (1000, 99_999_999_999):
        bench.refuses(TTL, workspace.id, body={"ttl_ms": wrong}, want=(400,), views=views[:1])
    people.empty_body(bench, TTL, workspace.id, views=views[:1])
    odd = bench.call(TTL, workspace.id, body={"ttl_ms": 3 * HOUR_MS, "no_such_member": {}})
    came = "" if odd.status == 204 else f"{odd.status} {message(odd)} to an unknown member"
    bench.judge(rules.ERR_06, odd, came)
    if odd.status == 204:
        bench.shows(odd, views, {"ttl_ms": 3 * HOUR_MS})


def _autostart(bench: Bench, workspace: Workspace, others: _Others) -> None:
    views = views_of(workspace)
    changed = bench.write(AUTOSTART, workspace.id, body={"schedule": SCHEDULE}, want=(204,))
    bench.shows(changed, views, {"autostart_schedule": SCHEDULE}, keep=False)
    bench.untouched(changed, others.view, others.before)
    for wrong in ("30 9 * *", "30 25 * * 1-5", "CRON_TZ=Mars/Base 30 9 * * 1-5"):
        bench.refuses(
            AUTOSTART, workspace.id, body={"schedule": wrong}, want=(400,), views=views[:1]
        )
    cleared = bench.write(AUTOSTART, workspace.id, body={"schedule": None}, want=(204,))
    bench.shows(cleared, views, {"autostart_schedule": ABSENT}, keep=False)
    again = bench.write(AUTOSTART, workspace.id, body={"schedule": SCHEDULE}, want=(204,))
    bench.shows(again, views, {"autostart_schedule": SCHEDULE})


def _updates(bench: Bench, workspace: Workspace, others: _Others) -> None:
    if not bench.has(UPDATES):
        return
    views = views_of(workspace)
    for value in ("always", "never", "always"):
        body = {"automatic_updates": value}
        changed = bench.write(UPDATES, workspace.id, body=body, want=(204,))
        bench.shows(changed, views, body)
        bench.untouched(changed, others.view, others.before)
    wrong = {"automatic_updates": "maybe"}
    bench.refuses(UPDATES, workspace.id, body=wrong, want=(400,), views=views[:1])


def _favorite(bench: Bench, workspace: Workspace, others: _Others) -> None:
    if not bench.has(FAVORITE, UNFAVORITE):
        return
    views = views_of(workspace)
    for label, value in ((FAVORITE, True), (UNFAVORITE, False), (FAVORITE, True)):
        changed = bench.write(label, workspace.id, want=(204,))
        bench.shows(changed, views, {"favorite": value})
        bench.untouched(changed, others.view, others.before)
        again = bench.call(label, workspace.id)
        came = "" if again.status == 204 else f"{again.status} for the repetition"
        bench.judge(rules.WS_31, again, came)
        if value:
            # Its place among the others is judged like that of every entry.
            bench.call(LIST)
    # Of somebody else's workspace it is refused, even to those who may read it.
    bench.refuses(
        FAVORITE,
        others.view.values[0],
        want=(403, 404),
        views=[others.view],
        rule=rules.ACCESS_IS_KEPT_APART,
    )


def _rename(bench: Bench, workspace: Workspace) -> None:
    if not bench.is_recent:
        return
    views = views_of(workspace)
    _, found = bench.look(views[0])
    new = f"{workspace.name}x"
    if member(found, "allow_renames") is True:
        changed = bench.write(RENAME, workspace.id, body={"name": new}, want=(204,))
        renamed = Workspace(workspace.id, new)
        bench.shows(changed, views_of(renamed), {"name": new}, keep=False)
        back = bench.write(RENAME, workspace.id, body={"name": workspace.name}, want=(204,))
        bench.shows(back, views, {"name": workspace.name}, keep=False)
        return
    bench.refuses(
        RENAME, workspace.id, body={"name": new}, want=(400,), rule=rules.WS_27, views=views[:1]
    )
    same = bench.call(RENAME, workspace.id, body={"name": workspace.name})
    came = "" if same.status == 204 else f"{same.status} for the same name again"
    bench.judge(rules.WS_27, same, came)
    bench.refuses(RENAME, workspace.id, body={"name": "-x-"}, want=(400,), views=views[:1])


def _extend(bench: Bench, workspace: Workspace, others: _Others) -> None:
    views = views_of(workspace)
    seen, found = bench.look(views[0])
    if member(found, "latest_build.deadline") is ABSENT:
        return
    # What is soon, the target's clock decides.
    present = told_at(seen) or datetime.now(UTC).replace(microsecond=0)
    late = present + timedelta(hours=10)
    maximum = moment(member(found, "latest_build.max_deadline"))
    if maximum is not None:
        beyond = {"deadline": _text(maximum + timedelta(hours=1))}
        bench.refuses(
            EXTEND, workspace.id, body=beyond, want=(400,), rule=rules.WS_28, views=views[:1]
        )
    else:
        body = {"deadline": _text(late)}
        changed = bench.write(EXTEND, workspace.id, body=body, want=(200,))
        shown = {"latest_build.deadline": lambda value: moment(value) == late}
        bench.shows(changed, views, shown)
        if bench.is_recent:
            bench.repeats(changed, {"message": f"Deadline updated to {_text(late)}."})
        bench.untouched(changed, others.view, others.before)
    for soon in (timedelta(minutes=10), timedelta(days=-1)):
        body = {"deadline": _text(present + soon)}
        bench.refuses(
            EXTEND, workspace.id, body=body, want=(400,), rule=rules.WS_28, views=views[:1]
        )
    bench.refuses(EXTEND, workspace.id, body={}, want=(400,), views=views[:1])


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def no_deadline(bench: Bench, workspace: Workspace) -> None:
    """WS-29: without a ttl the running build has no deadline; an extension is refused then."""
    views = views_of(workspace)
    bench.still(workspace.id, workspace.name)
    cleared = bench.write(TTL, workspace.id, body={"ttl_ms": None}, want=(204,))
    bench.shows(cleared, views, {"ttl_ms": ABSENT}, keep=False)
    seen, found = bench.look(views[0])
    if member(found, "latest_build.transition") == "start":
        deadline = member(found, "latest_build.deadline")
        came = "" if deadline is ABSENT else f"deadline is still {deadline}"
        bench.judge(rules.WS_29, cleared, came)
        present = told_at(seen) or datetime.now(UTC)
        body = {"deadline": _text(present + timedelta(hours=2))}
        bench.refuses(EXTEND, workspace.id, body=body, want=(409,), views=views[:1])


def dormancy(bench: Bench, workspace: Workspace) -> None:
    """WS-24 and WS-25."""
    if not bench.has(DORMANT):
        return
    views = views_of(workspace)
    used = moment(member(bench.look(views[0])[1], "last_used_at"))
    sleeps = bench.write(DORMANT, workspace.id, body={"dormant": True}, want=(200,))
    bench.repeats(sleeps, {"dormant_at": lambda value: moment(value) is not None}, rules.WS_24)
    set_ = {"dormant_at": lambda value: moment(value) is not None}
    bench.shows(sleeps, views, set_, keep=False, rule=rules.WS_24)
    again = bench.call(DORMANT, workspace.id, body={"dormant": True})
    came = "" if again.status == 304 else f"{again.status} for the repetition"
    bench.judge(rules.WS_24, again, came)
    bench.refuses(
        BUILD,
        workspace.id,
        body={"transition": "start"},
        want=(403,),
        rule=rules.WS_25,
        views=views[:1],
    )
    wakes = bench.write(DORMANT, workspace.id, body={"dormant": False}, want=(200,))
    awake = {"dormant_at": ABSENT, "deleting_at": ABSENT}
    bench.shows(wakes, views, awake, rule=rules.WS_24)
    if used is not None:
        # To be woken is a use.
        later = {"last_used_at": lambda value: (moment(value) or used) > used}
        bench.repeats(wakes, later)
        bench.shows(wakes, views[:1], later, keep=False)
    again = bench.call(DORMANT, workspace.id, body={"dormant": False})
    came = "" if again.status == 304 else f"{again.status} for the repetition"
    bench.judge(rules.WS_24, again, came)


def delete(bench: Bench, workspace: Workspace) -> None:
    """Delete by a build: gone by id, by name and in the list, and there for those who ask."""
    by = workspace.owner
    bench.still(workspace.id, workspace.name)
    counted = View(LIST, query="q=owner:me&limit=1", by=by)
    _, was = bench.look(counted)
    body = {
        "transition": "delete",
        "rich_parameter_values": [{"name": archive.SCOPE, "value": archive.HERE}],
    }
    watch = watching.begin(bench, workspace.id) if by is None and bench.is_recent else []
    asked = bench.write(BUILD, workspace.id, body=body, want=(201, 200), by=by)
    build = str(member(asked.json, "id"))
    seen = View("GET /workspacebuilds/{workspacebuild}", (build,), by=by)
    exchange, ended = bench.settled(seen, made_by=asked)
    state = member(ended, "job.status")
    if state != "succeeded":
        came = f"the delete build of a working workspace is {state}"
        bench.judge(rules.WORK_ENDS, exchange, came, level="warning")
        raise Blocked(came)
    watching.told_of_the_end(bench, watch, workspace.id)
    bench.gone(asked, views_of(workspace))
    for view, status in zip(views_of(workspace)[:2], (410, 404), strict=True):
        reply = bench.call(view.label, *view.values, by=by)
        came = "" if reply.status == status else f"{reply.status}, where {status} belongs"
        bench.judge(rules.WS_26, reply, came)
        both = bench.call(view.label, *view.values, query="include_deleted=true", by=by)
        right = both.status == 200 and member(both.json, "id") == workspace.id
        came = "" if right else f"{both.status} with include_deleted"
        state = member(both.json, "latest_build.status")
        if right and state != "deleted":
            came = f"its status is {state}"
        bench.judge(rules.WS_26, both, came)
    exchange, now = bench.look(counted)
    before, after = member(was, "count"), member(now, "count")
    if isinstance(before, int):
        came = "" if after == before - 1 else f"count is {after} after a deletion, {before} before"
        bench.judge(rules.REMOVED_IS_GONE, exchange, came, at="/count")
    bench.forget(workspace.id, workspace.name)


def is_idle(found: Any) -> bool:
    return member(found, "latest_build.job.status") not in ACTIVE


def farewell(bench: Bench) -> None:
    """Delete what is left of our workspaces, and the member's."""
    for key in ("workspace", "members"):
        workspace = bench.made.get(key)
        if isinstance(workspace, Workspace):
            del bench.made[key]
            _awake(bench, workspace)
            nested.nested_objects_agree(bench, views_of(workspace))
            delete(bench, workspace)


def withdrawn(bench: Bench, workspace: Workspace) -> None:
    """A workspace whose build waits for a daemon is taken back."""
    _awake(bench, workspace)
    delete(bench, workspace)


def _awake(bench: Bench, workspace: Workspace) -> None:
    """Cancel a build that waits for a daemon, so that the deletion can follow."""
    view = views_of(workspace)[0]
    _, found = bench.look(view)
    if found is not None and not is_idle(found):
        build = str(member(found, "latest_build.id"))
        bench.call("PATCH /workspacebuilds/{workspacebuild}/cancel", build)
        bench.until(view, is_idle)
