"""What follows from a write elsewhere: names joined at reading, times reckoned, parts of lists."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import archive, people, rules, templates, workspaces
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    View,
    differences,
    entry,
    member,
)
from coder_contract_tests.lifecycles.templates import UNKNOWN_ID, Template
from coder_contract_tests.lifecycles.watching import agents_of
from coder_contract_tests.observe import moment

BUILDS = "GET /workspaces/{workspace}/builds"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"
IN_ORGANIZATION = (
    "GET /organizations/{organization}/templates/{templatename}/versions/{templateversionname}"
)
PREVIOUS = f"{IN_ORGANIZATION}/previous"
TIMINGS = "GET /workspaces/{workspace}/timings"
BUILD_TIMINGS = "GET /workspacebuilds/{workspacebuild}/timings"
RESOLVE = "GET /workspaces/{workspace}/resolve-autostart"
AUTOFILL = "GET /users/{user}/autofill-parameters"
ZONE, HOUR, MINUTE = "Europe/Berlin", 9, 30
"""When the schedule of the member's workspace fires, on working days."""
CLOCKS_APART = timedelta(minutes=2)


def derived(bench: Bench) -> None:
    """Everything here is read somewhere else than it was written."""
    if not bench.is_recent:
        raise Blocked("this API joins less")
    workspace, template = workspaces.the_workspace(bench), templates.the_template(bench)
    theirs = workspaces.the_members_workspace(bench)
    _template_joined(bench, workspace, template)
    _owner_joined(bench, theirs)
    _next_start(bench, theirs)
    _by_time(bench, workspace)
    _named(bench, template)
    _odd(bench, workspace)
    _remembered(bench, template)
    _imported(bench, template)
    _timed(bench, workspace)


def _template_joined(bench: Bench, workspace: workspaces.Workspace, template: Template) -> None:
    """A workspace shows its template's texts and settings as they are now."""
    bench.still(template.id, template.name)
    _, before = bench.look(View(templates.TEMPLATE, (template.id,)))
    kept = {name: value for name in _SETTINGS if (value := member(before, name)) is not ABSENT}
    cancels = not member(before, "allow_user_cancel_workspace_jobs")
    changes = {
        "display_name": f"Joined {bench.prefix}",
        "icon": "/icon/k8s.png",
        "allow_user_cancel_workspace_jobs": cancels,
    }
    try:
        changed = bench.write(templates.PATCH, template.id, body={**kept, **changes}, want=(200,))
        shown = {f"template_{name}": value for name, value in changes.items()}
        bench.shows(changed, workspaces.views_of(workspace), shown, keep=False)
    finally:
        back = bench.write(templates.PATCH, template.id, body=kept, want=(200, 304))
    bench.shows(back, [View(templates.TEMPLATE, (template.id,))], kept)


_SETTINGS = (
    *("name", "display_name", "description", "icon", "default_ttl_ms", "activity_bump_ms"),
    *("allow_user_autostart", "allow_user_autostop", "allow_user_cancel_workspace_jobs"),
)


def _owner_joined(bench: Bench, theirs: workspaces.Workspace) -> None:
    """A workspace and its build show their owner's name as it is now."""
    mia = people.the_member(bench)
    bench.still(mia.id, mia.username)
    new = f"{mia.username}y"
    full = member(bench.look(View(people.GET, (mia.id,)))[1], "name")
    body = {"name": "" if full is ABSENT else full}
    for name in (new, mia.username):
        changed = bench.write(people.PROFILE, mia.id, body={**body, "username": name}, want=(200,))
        expected = {"owner_name": name, "latest_build.workspace_owner_name": name}
        bench.shows(changed, workspaces.views_of(theirs), expected, keep=False)
        by_name = View(workspaces.BY_NAME, (name, theirs.name))
        if bench.facts.is_owner:
            bench.shows(changed, [by_name], {"id": theirs.id}, keep=False)


def _next_start(bench: Bench, theirs: workspaces.Workspace) -> None:
    """The next start is when the schedule fires next, in its own time zone."""
    reply, found = bench.look(workspaces.views_of(theirs)[0])
    if member(found, "autostart_schedule") != workspaces.SCHEDULE:
        return
    template = bench.call(templates.TEMPLATE, str(member(found, "template_id"))).json
    days = member(template, "autostart_requirement.days_of_week")
    try:
        zone = ZoneInfo(ZONE)
    except ZoneInfoNotFoundError:
        return
    if not isinstance(days, list) or len(days) != 7:
        return
    now = _now(reply)
    right = {_fires(now + apart, zone) for apart in (-CLOCKS_APART, CLOCKS_APART)}
    said = member(found, "next_start_at")
    came = "" if moment(said) in right else f"next_start_at is {said}, it fires at {min(right)}"
    bench.judge(rules.FOLLOWS, reply, came, at="/next_start_at")


def _now(reply: Exchange) -> datetime:
    """The server's clock, or ours."""
    try:
        return parsedate_to_datetime(reply.header("date")).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)


def _fires(after: datetime, zone: ZoneInfo) -> datetime:
    day = after.astimezone(zone).date()
    while True:
        at = datetime.combine(day, time(HOUR, MINUTE), zone)
        if at.weekday() < 5 and at > after:
            return at.astimezone(UTC)
        day += timedelta(days=1)


def _by_time(bench: Bench, workspace: workspaces.Workspace) -> None:
    """Searches by the time of the last use."""
    reply = bench.call(workspaces.GET, workspace.id)
    used = moment(member(reply.json, "last_used_at"))
    if used is None:
        return
    before, after = used - timedelta(hours=1), used + timedelta(hours=1)
    for terms, wanted in (
        (f'last_used_after:"{_text(before)}" last_used_before:"{_text(after)}"', True),
        (f'last_used_after:"{_text(after)}"', False),
        (f'last_used_before:"{_text(before)}"', False),
    ):
        query = f"q={quote(f'owner:me name:{workspace.name} {terms}')}"
        view = View(workspaces.LIST, query=query, find=entry("workspaces", id=workspace.id))
        exchange, found = bench.look(view)
        came = "" if (found is not None) is wanted else f"{terms} is wrong about a workspace"
        bench.judge(rules.PARTS_ARE_EXACT, exchange, came, at="query:q")


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def since(bench: Bench) -> None:
    """Builds made after a moment: all that are newer than the build of that moment."""
    workspace = workspaces.the_workspace(bench)
    listed = bench.call(BUILDS, workspace.id).json
    known = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if len(known) < 3:
        raise Blocked("the workspace has too few builds")
    middle = known[len(known) // 2]
    made = moment(middle.get("created_at"))
    if made is None:
        return
    newer = [one["id"] for one in known if (moment(one.get("created_at")) or made) > made]
    asked = str(middle.get("created_at"))
    if made.microsecond % 1000 == 0:
        # Rounded, it may lie before what the server compares with.
        asked = (made + timedelta(milliseconds=1)).isoformat()
    reply = bench.call(BUILDS, workspace.id, query=f"since={quote(asked, safe='')}")
    got = [member(one, "id") for one in reply.json] if isinstance(reply.json, list) else []
    came = "" if got == newer else f"{len(got)} builds since one, {len(newer)} are newer"
    bench.judge(rules.PARTS_ARE_EXACT, reply, came, at="query:since")
    bench.refuses(BUILDS, workspace.id, query="since=yesterday", want=(400,))


def _named(bench: Bench, template: Template) -> None:
    """Templates are found by name in any case, versions only as they are written."""
    if bench.has(templates.BY_NAME):
        upper = View(templates.BY_NAME, (template.organization, template.name.upper()))
        reply, found = bench.look(upper)
        came = "" if member(found, "id") == template.id else "its name in capitals is not found"
        bench.judge(rules.READS_AGREE, reply, came)
    _, first = bench.look(View(templates.VERSION, (template.first,)))
    name = str(member(first, "name"))
    if bench.has(templates.VERSION_BY_NAME):
        reply = bench.call(templates.VERSION_BY_NAME, template.id, name.upper())
        came = "" if reply.status == 404 else f"{reply.status} for the name in capitals"
        bench.judge(rules.READS_AGREE, reply, came)
    if bench.has(IN_ORGANIZATION):
        view = View(IN_ORGANIZATION, (template.organization, template.name, name))
        reply, found = bench.look(view)
        came = "" if member(found, "id") == template.first else "another version has this name"
        bench.judge(rules.READS_AGREE, reply, came, at="/id")
    if not bench.has(PREVIOUS):
        return
    bench.refuses(PREVIOUS, template.organization, template.name, name, want=(404,))
    if template.second:
        later = str(member(bench.look(View(templates.VERSION, (template.second,)))[1], "name"))
        view = View(PREVIOUS, (template.organization, template.name, later))
        reply, found = bench.look(view)
        came = "" if member(found, "id") == template.first else "it is not the one before"
        bench.judge(rules.READS_AGREE, reply, came, at="/id")


def _odd(bench: Bench, workspace: workspaces.Workspace) -> None:
    """Reads that ask for what cannot be."""
    for view in workspaces.views_of(workspace)[:2]:
        bench.refuses(view.label, *view.values, query="include_deleted=maybe", want=(400,))
    if bench.has(BY_NUMBER):
        for number, status in (("0", 404), ("99999", 404), ("abc", 400)):
            bench.refuses(BY_NUMBER, "me", workspace.name, number, want=(status,))
    bench.refuses(BUILDS, workspace.id, query=f"after_id={UNKNOWN_ID}", want=(400,))


def _remembered(bench: Bench, template: Template) -> None:
    """What is offered for a next workspace is asked for with a template."""
    if not bench.has(AUTOFILL):
        return
    bench.refuses(AUTOFILL, "me", want=(400,))
    reply = bench.call(AUTOFILL, "me", query=f"template_id={UNKNOWN_ID}")
    came = "" if reply.status == 200 and reply.json == [] else f"{reply.status} for no template"
    bench.judge(rules.PARTS_ARE_EXACT, reply, came)


def other_ways(bench: Bench) -> None:
    """A workspace made for somebody else, by the older route, from a version that is not active."""
    if not bench.is_recent or not bench.facts.is_owner or not bench.has(workspaces.CREATE_OLD):
        raise Blocked("nobody makes workspaces for others here")
    template, mia = templates.the_template(bench), people.the_member(bench)
    if not template.second:
        raise Blocked("the template has one version only")
    _, found = bench.look(View(templates.TEMPLATE, (template.id,)))
    active = member(found, "active_version_id")
    other = template.first if active == template.second else template.second
    name = bench.name("gift")
    body = {
        "name": name,
        "template_version_id": other,
        "rich_parameter_values": [{"name": archive.SCOPE, "value": archive.NOWHERE}],
    }
    made = bench.write(
        workspaces.CREATE_OLD, bench.organization, mia.id, body=body, want=(201, 200)
    )
    id_ = str(member(made.json, "id"))
    gift = workspaces.Workspace(id_, name, mia)
    expected = {"owner_id": mia.id, "owner_name": mia.username, "template_id": template.id}
    bench.repeats(made, expected)
    version = {"latest_build.template_version_id": other, "outdated": True}
    begun = {"latest_build.initiator_id": bench.facts.me, "latest_build.build_number": 1}
    views = workspaces.views_of(gift)
    shown = {**expected, **version, **begun}
    bench.shows(made, views, shown, rule=rules.CREATED_IS_THERE, keep=False)
    bench.jobs += 1
    workspaces.withdrawn(bench, gift)


def _imported(bench: Bench, template: Template) -> None:
    """Parameters and variables are as the archive has them, and in its order."""
    reply = bench.call(templates.PARAMETERS, template.first)
    listed = reply.json if isinstance(reply.json, list) else []
    for one, known in zip(listed, archive.PARAMETERS, strict=False):
        wrong = differences(one, known)
        bench.judge(rules.CREATED_IS_THERE, reply, wrong[0] if wrong else "", at="/*/name")
    if bench.has(templates.VARIABLES):
        reply = bench.call(templates.VARIABLES, template.first)
        known = {"value": "3", "default_value": "3", "type": "number", "required": False}
        size = entry("", name="size")(reply.json) or {}
        wrong = differences(size, known)
        bench.judge(rules.CREATED_IS_THERE, reply, wrong[0] if wrong else "", at="/*/value")


def _timed(bench: Bench, workspace: workspaces.Workspace) -> None:
    """A start has times of each of its stages, in order, and a row for each agent."""
    reply, found = bench.look(workspaces.views_of(workspace)[0])
    build = str(member(found, "latest_build.id"))
    agents = agents_of(found)
    for label, id_ in ((TIMINGS, workspace.id), (BUILD_TIMINGS, build)):
        if not bench.has(label):
            continue
        reply = bench.call(label, id_)
        rows = member(reply.json, "provisioner_timings")
        stages = [member(one, "stage") for one in rows] if isinstance(rows, list) else []
        right = list(dict.fromkeys(stages)) == ["init", "plan", "graph", "apply"]
        came = "" if right else f"the stages are {list(dict.fromkeys(map(str, stages)))}"
        bench.judge(rules.FOLLOWS, reply, came, at="/provisioner_timings")
        rows = member(reply.json, "agent_connection_timings")
        ids = {member(one, "workspace_agent_id") for one in rows} if isinstance(rows, list) else ()
        came = "" if ids == set(agents) else f"{len(ids)} agents, the build has {len(agents)}"
        bench.judge(rules.FOLLOWS, reply, came, at="/agent_connection_timings")
    if bench.has(RESOLVE):
        reply = bench.call(RESOLVE, workspace.id)
        said = member(reply.json, "parameter_mismatch")
        came = "" if said is False else f"parameter_mismatch is {said}, nothing is missing"
        bench.judge(rules.FOLLOWS, reply, came, at="/parameter_mismatch")
