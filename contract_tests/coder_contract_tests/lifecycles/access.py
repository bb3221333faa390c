"""What an ordinary member sees and may change: their own things, and nothing of others."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import archive, people, rules, shares, templates, workspaces
from coder_contract_tests.lifecycles.bench import Bench, Person, View, member
from coder_contract_tests.lifecycles.builds import CANCEL, PARAMETERS
from coder_contract_tests.lifecycles.builds import GET as BUILD
from coder_contract_tests.lifecycles.templates import UNKNOWN_ID
from coder_contract_tests.lifecycles.watching import agents_of

AGENT = "GET /workspaceagents/{workspaceagent}"
PORTS = "GET /workspaceagents/{workspaceagent}/listening-ports"
CONTAINERS = "GET /workspaceagents/{workspaceagent}/containers"
JOBS = "GET /organizations/{organization}/provisionerjobs"
DAEMONS = "GET /organizations/{organization}/provisionerdaemons"
_PORT = {"agent_name": archive.AGENT, "port": 8082}
JOB = "GET /organizations/{organization}/provisionerjobs/{job}"
QUOTA = "GET /organizations/{organization}/members/{user}/workspace-quota"
BY_NUMBER = "GET /users/{user}/workspace/{workspacename}/builds/{buildnumber}"
CONFIG = "GET /deployment/config"
AUTHCHECK = "POST /authcheck"


def access(bench: Bench) -> None:
    """Our workspace in the eyes of the member, and theirs in ours."""
    person = people.the_member(bench)
    ours = workspaces.the_workspace(bench)
    theirs = workspaces.the_members_workspace(bench)
    _, found = bench.look(View(workspaces.GET, (ours.id,)))
    _hidden(bench, person, ours.id, found)
    _not_by_other_ways(bench, person, found)
    _not_changed(bench, person, ours)
    _only_their_own(bench, person, theirs)
    _of_the_deployment(bench, person)
    _as_asked(bench, person, ours, theirs)
    for agent in agents_of(found)[:1]:
        _not_connected(bench, agent)


def _hidden(bench: Bench, person: Person, workspace: str, found: Any) -> None:
    """ERR-02: unreadable and missing objects are answered alike."""
    template = templates.the_template(bench)
    build = str(member(found, "latest_build.id"))
    hidden = [
        (workspaces.GET, workspace),
        ("GET /workspaces/{workspace}/builds", workspace),
        (workspaces.SHARES, workspace),
        ("GET /workspaces/{workspace}/timings", workspace),
        ("GET /workspaces/{workspace}/resolve-autostart", workspace),
        (BUILD, build),
        (PARAMETERS, build),
        ("GET /workspacebuilds/{workspacebuild}/logs", build),
        ("GET /workspacebuilds/{workspacebuild}/resources", build),
        ("GET /workspacebuilds/{workspacebuild}/state", build),
        (templates.DOWNLOAD, template.file),
        *((AGENT, agent) for agent in agents_of(found)[:1]),
    ]
    for label, id_ in hidden:
        if not bench.has(label):
            continue
        refused = bench.call(label, id_, by=person)
        came = (
            "" if refused.status == 404 else f"{refused.status} to a member for an object of others"
        )
        if not bench.judge(rules.ACCESS_IS_KEPT_APART, refused, came):
            continue
        missing = bench.call(label, UNKNOWN_ID, by=person)
        alike = (refused.status, refused.body) == (missing.status, missing.body)
        came = "" if alike else f"{missing.status} with another body for what is missing"
        bench.judge(rules.ERR_02, refused if missing.status == 404 else missing, came)


def _not_by_other_ways(bench: Bench, person: Person, found: Any) -> None:
    """What a member is refused by id is not given by name, by number or as a job either."""
    if not bench.is_recent:
        return
    owner, name, job = (
        str(member(found, one)) for one in ("owner_name", "name", "latest_build.job.id")
    )
    days = "start_time=2025-05-01T00:00:00Z&end_time=2025-05-02T00:00:00Z"
    for label, values, query in (
        (workspaces.BY_NAME, (owner, name), ""),
        (BY_NUMBER, (owner, name, "1"), ""),
        (JOB, (bench.organization, job), ""),
        (QUOTA, (bench.organization, owner), ""),
        ("GET /insights/templates", (), days),
    ):
        if bench.has(label):
            reply = bench.call(label, *values, query=query, by=person)
            # Whose name a member may not read is an unknown user to them.
            ok = reply.status in {400, 403, 404}
            came = "" if ok else f"{reply.status} to a member for what belongs to others"
            bench.judge(rules.ACCESS_IS_KEPT_APART, reply, came)


def _refused(bench: Bench, label: str, *values: str, seen: list[View], **request: Any) -> Exchange:
    # Some refusals surface as 500 with the database layer's own words (recorded).
    return bench.refuses(
        label,
        *values,
        want=(403, 404, 500, 400),
        views=seen,
        rule=rules.ACCESS_IS_KEPT_APART,
        **request,
    )


def _not_changed(bench: Bench, person: Person, ours: workspaces.Workspace) -> None:
    seen = [View(workspaces.GET, (ours.id,))]
    _, found = bench.look(seen[0])
    writes: list[tuple[str, Any]] = [
        (workspaces.BUILD, {"transition": "stop"}),
        (workspaces.TTL, {"ttl_ms": 60_000}),
        (workspaces.AUTOSTART, {"schedule": "0 8 * * *"}),
        (workspaces.UPDATES, {"automatic_updates": "never"}),
        (workspaces.DORMANT, {"dormant": True}),
        (workspaces.FAVORITE, {}),
        (workspaces.UNFAVORITE, {}),
        (workspaces.EXTEND, {"deadline": "2099-01-01T00:00:00Z"}),
        (workspaces.USAGE, {}),
        (workspaces.RENAME, {"name": bench.name("stolen")}),
        (shares.SHARE, {**_PORT, "share_level": "public", "protocol": "http"}),
        (shares.UNSHARE, _PORT),
    ]
    for label, body in writes:
        if bench.has(label):
            _refused(bench, label, ours.id, body=body, by=person, seen=seen)
    build = str(member(found, "latest_build.id"))
    _refused(bench, CANCEL, build, by=person, seen=seen)
    template = templates.the_template(bench)
    kept = [View(templates.TEMPLATE, (template.id,))]
    _refused(bench, templates.PATCH, template.id, body={"name": "mine"}, by=person, seen=kept)
    _refused(bench, templates.DELETE, template.id, by=person, seen=kept)
    version = View(templates.VERSION, (template.first,))
    for label, more in (
        (templates.RENAME, {"name": bench.name("stolen"), "message": "stolen"}),
        ("PATCH /templateversions/{templateversion}/cancel", {}),
    ):
        if bench.has(label):
            _refused(bench, label, template.first, body=more, by=person, seen=[version])
    if bench.organization:
        taken = {
            "name": bench.name("stolen"),
            "storage_method": "file",
            "file_id": template.file,
            "provisioner": "terraform",
        }
        _refused(bench, templates.NEW_VERSION, bench.organization, body=taken, by=person, seen=kept)
    active = {"id": template.first}
    _refused(bench, templates.PROMOTE, template.id, body=active, by=person, seen=kept)
    me = [View(people.GET, ("me",))]
    _, mine = bench.look(me[0])
    id_ = str(member(mine, "id"))
    _refused(
        bench,
        people.ROLES,
        person.id,
        body={"roles": ["owner"]},
        by=person,
        seen=[View(people.GET, (person.id,))],
    )
    _refused(bench, people.SUSPEND, id_, by=person, seen=me)
    _refused(bench, people.DELETE, id_, by=person, seen=me)
    name = {"username": bench.name("stolen"), "name": ""}
    _refused(bench, people.PROFILE, id_, body=name, by=person, seen=me)


def _only_their_own(bench: Bench, person: Person, theirs: workspaces.Workspace) -> None:
    listed = bench.call(workspaces.LIST, by=person)
    entries = member(listed.json, "workspaces")
    owners = {one.get("owner_id") for one in entries} if isinstance(entries, list) else set()
    came = (
        "" if owners <= {person.id} else f"workspaces of {len(owners - {person.id})} other owners"
    )
    bench.judge(rules.ACCESS_IS_KEPT_APART, listed, came, at="/workspaces")
    count = member(listed.json, "count")
    if isinstance(entries, list) and not came:
        came = "" if count == len(entries) else f"count is {count} with {len(entries)} workspaces"
        bench.judge(rules.ACCESS_IS_KEPT_APART, listed, came, at="/count")
    users = bench.call(people.LIST, by=person)
    shown = member(users.json, "users")
    if users.status == 200 and isinstance(shown, list):
        others = [one for one in shown if one.get("id") != person.id]
        came = f"{len(others)} other users" if others and bench.is_recent else ""
        bench.judge(rules.ACCESS_IS_KEPT_APART, users, came, at="/users")
    own = bench.call(workspaces.GET, theirs.id, by=person)
    came = "" if own.status == 200 else f"{own.status} to the owner"
    bench.judge(rules.ACCESS_IS_KEPT_APART, own, came)
    if bench.facts.is_owner:
        ours = bench.call(workspaces.GET, theirs.id)
        came = "" if ours.status == 200 else f"{ours.status} to a site owner"
        bench.judge(rules.ACCESS_IS_KEPT_APART, ours, came)
    body = {"ttl_ms": 5 * workspaces.HOUR_MS}
    changed = bench.write(workspaces.TTL, theirs.id, body=body, want=(204,), by=person)
    bench.shows(changed, workspaces.views_of(theirs), body)


def _of_the_deployment(bench: Bench, person: Person) -> None:
    organization = bench.organization
    for label, values, statuses in (
        (JOBS, (organization,), (404, 403)),
        (DAEMONS, (organization,), (404, 403)),
        (CONFIG, (), (403,)),
        ("GET /deployment/stats", (), (403,)),
        ("GET /debug/health", (), (403, 404)),
    ):
        if not bench.has(label) or (label == DAEMONS and not bench.is_recent):
            continue
        reply = bench.call(label, *values, by=person)
        came = "" if reply.status in statuses else f"{reply.status} to an ordinary member"
        bench.judge(rules.ACCESS_IS_KEPT_APART, reply, came)
    body = people.body_of(bench, "no")
    gone = [View(people.GET, (bench.name("no"),))]
    bench.refuses(
        people.CREATE,
        body=body,
        want=(403,),
        views=gone,
        by=person,
        rule=rules.ACCESS_IS_KEPT_APART,
    )


def _as_asked(
    bench: Bench, person: Person, ours: workspaces.Workspace, theirs: workspaces.Workspace
) -> None:
    """What POST /authcheck tells the member, and a site owner, that they may do."""
    if not bench.has(AUTHCHECK):
        return

    def on(workspace: str, action: str) -> dict[str, Any]:
        return _check(action, "workspace", resource_id=workspace)

    own = {"read-own": on(theirs.id, "read"), "update-own": on(theirs.id, "update")}
    foreign = {
        "read-foreign": on(ours.id, "read"),
        "update-foreign": on(ours.id, "update"),
        "config": _check("read", "deployment_config"),
        "create-users": _check("create", "user"),
    }
    nobodys: dict[str, Any] = {}
    if bench.is_recent:
        own["create-own"] = _check("create", "workspace", owner_id="me")
        nobodys["missing"] = on(UNKNOWN_ID, "read")
        nobodys["unknown-kind"] = _check("read", "castle")
    checks = {**own, **foreign, **nobodys}
    _decided(bench, checks, {key: key in own for key in checks}, by=person)
    if bench.facts.is_owner:
        _decided(bench, checks, {key: key not in nobodys for key in checks})


def _check(action: str, kind: str, **more: str) -> dict[str, Any]:
    return {"object": {"resource_type": kind, **more}, "action": action}


def _decided(
    bench: Bench, checks: dict[str, Any], wanted: dict[str, bool], by: Person | None = None
) -> None:
    reply = bench.call(AUTHCHECK, body={"checks": checks}, by=by)
    who = "a site owner" if by is None else "an ordinary member"
    said = reply.json if isinstance(reply.json, dict) else {}
    came, at = "", ""
    if reply.status != 200:
        came = f"{reply.status} to {who}"
    elif set(said) != set(wanted):
        came = f"keys {sorted(said)} for the checks {sorted(wanted)}"
    else:
        wrong = [key for key, may in wanted.items() if said[key] is not may]
        if wrong:
            came, at = f"{wrong[0]} is {said[wrong[0]]!r} for {who}", f"/{wrong[0]}"
    bench.judge(rules.AUTHCHECK_DECIDES, reply, came, at=at)


def _not_connected(bench: Bench, agent: str) -> None:
    """AGT-10: what only a connected agent can tell is refused with its state."""
    if not bench.has(AGENT):
        return
    state = member(bench.call(AGENT, agent).json, "status")
    if state == "connected":
        return
    for label, query in ((PORTS, ""), (CONTAINERS, "label=a%3Db")):
        if not bench.has(label):
            continue
        reply = bench.call(label, agent, query=query)
        said = str(member(reply.json, "message"))
        right = reply.status == 400 and "must be in the" in said and '"' in said
        came = "" if right else f"{reply.status} {said} for an agent that is {state}"
        bench.judge(rules.AGT_10, reply, came)
