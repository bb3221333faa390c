"""What a workspace shows about itself, and how it is found."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import invariant
from coder_contract_tests.invariants.things import Thing, Wrongs, each
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import moment

LIST = "GET /workspaces"
BY_ID = "GET /workspaces/{workspace}"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"
BUILDS = "GET /workspaces/{workspace}/builds"
SHOWING = "every reply that shows a workspace: lists, by id, by name, watches"
SAMPLE = 3
MINUTE, MONTH = 60_000, 2_592_000_000


def _build_is_its_own(thing: Thing, seen: Seen) -> Wrongs:
    workspace, build = thing.value, thing.value.get("latest_build")
    if not isinstance(build, dict):
        return None
    return [
        f"latest_build.{name} is {excerpt(build[name])}, the workspace's {own} "
        f"{excerpt(workspace[own])}"
        for name, own in (
            ("workspace_id", "id"),
            ("workspace_owner_id", "owner_id"),
            ("workspace_name", "name"),
            ("workspace_owner_name", "owner_name"),
        )
        if name in build and own in workspace and build[name] != workspace[own]
    ]


def _outdated(thing: Thing, seen: Seen) -> Wrongs:
    workspace, build = thing.value, thing.value.get("latest_build")
    if not isinstance(build, dict) or not isinstance(workspace.get("outdated"), bool):
        return None
    active = workspace.get("template_active_version_id")
    if active is None or "template_version_id" not in build:
        return None
    other = build["template_version_id"] != active
    if other == workspace["outdated"]:
        return []
    words = "another" if other else "the active"
    return [f"outdated is {excerpt(workspace['outdated'])} with a build of {words} version"]


def _health(thing: Thing, seen: Seen) -> Wrongs:
    health = thing.value.get("health")
    if not isinstance(health, dict) or not isinstance(health.get("failing_agents"), list):
        return None
    failing = health["failing_agents"]
    wrongs = []
    if bool(health.get("healthy")) == bool(failing):
        wrongs.append(
            f"health.healthy is {excerpt(health.get('healthy'))} with failing_agents "
            f"{excerpt(failing)}"
        )
    sick = {str(agent.get("id")) for agent in agents_of(thing.value) if _is_sick(agent)}
    if set(map(str, failing)) != sick:
        wrongs.append(
            f"health.failing_agents is {excerpt(failing)}, unhealthy are {excerpt(sorted(sick))}"
        )
    return wrongs


def _is_sick(agent: dict[str, Any]) -> bool:
    health = agent.get("health")
    return isinstance(health, dict) and health.get("healthy") is False


def agents_of(workspace: Any) -> list[dict[str, Any]]:
    """The agents in the latest build of a workspace, or in a build."""
    build = workspace.get("latest_build", workspace)
    resources = build.get("resources") if isinstance(build, dict) else None
    return [
        agent
        for resource in (resources if isinstance(resources, list) else ())
        if isinstance(resource, dict)
        for agent in (resource.get("agents") or ())
        if isinstance(agent, dict)
    ]


def _deleting(thing: Thing, seen: Seen) -> Wrongs:
    if "dormant_at" not in thing.value:
        # In 2023 workspaces did not go dormant, and were deleted when nobody used them.
        return None
    deleting, dormant = thing.value.get("deleting_at"), thing.value.get("dormant_at")
    if deleting is None:
        return [] if "deleting_at" in thing.value else None
    first, then = moment(dormant), moment(deleting)
    if first is None:
        return [f"deleting_at is {excerpt(deleting)} without dormant_at"]
    return [f"deleting_at {deleting} is not after {dormant}"] if then and then <= first else []


def _favorite(thing: Thing, seen: Seen) -> Wrongs:
    if not seen.facts.me or "favorite" not in thing.value or seen.exchange.anonymous:
        return None
    foreign = thing.value.get("owner_id") != seen.facts.me
    return (
        ["favorite is true for somebody else's workspace"]
        if (thing.value["favorite"] is True and foreign)
        else []
    )


def _ttl(thing: Thing, seen: Seen) -> Wrongs:
    ttl = thing.value.get("ttl_ms")
    if type(ttl) is not int:
        return None
    if ttl < 0 or ttl > MONTH:
        return [f"ttl_ms is {ttl}, not within 0 and 30 days"]
    # A template may force its own default, which need not be whole minutes.
    return [] if not ttl % MINUTE else [(f"ttl_ms is {ttl}, no whole minutes", "warning")]


def _next_start(thing: Thing, seen: Seen) -> Wrongs:
    workspace = thing.value
    if "next_start_at" not in workspace:
        return None
    if workspace["next_start_at"] is not None and not workspace.get("autostart_schedule"):
        return [f"next_start_at is {excerpt(workspace['next_start_at'])} without a schedule"]
    return []


def _listed(exchange: Exchange) -> list[dict[str, Any]] | None:
    body = exchange.json
    if exchange.status != 200 or not exchange.path.rstrip("/").endswith("/workspaces"):
        return None
    listed = body.get("workspaces") if isinstance(body, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def no_deleted_ones(seen: Seen) -> Judgement:
    listed = _listed(seen.exchange)
    if not listed:
        return None
    return [
        Problem(seen.exchange, f"workspace {one.get('id')} is deleted", at=f"/workspaces/{index}")
        for index, one in enumerate(listed)
        if isinstance(one.get("latest_build"), dict)
        and one["latest_build"].get("status") == "deleted"
    ]


def _sample(asker: Asker) -> list[dict[str, Any]]:
    reply = asker.get(LIST, {}, f"limit={2 * SAMPLE}")
    return (_listed(reply) or [])[:SAMPLE] if reply is not None else []


def latest_build_is_the_newest(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for listed in _sample(asker):
        where = {"workspace": str(listed.get("id"))}
        for last in (False, True):
            builds = asker.get(BUILDS, where)
            shown = asker.get(BY_ID, where)
            if builds is None or shown is None or not isinstance(builds.json, list):
                break
            if shown.status != 200 or not isinstance(shown.json, dict) or not builds.json:
                break
            judged = True
            newest = max(
                (one for one in builds.json if isinstance(one, dict)),
                key=lambda one: one.get("build_number") or 0,
            )
            build = shown.json.get("latest_build")
            if isinstance(build, dict) and build.get("id") == newest.get("id"):
                break
            if last:
                came = f"latest_build is not build {newest.get('build_number')}, the newest"
                problems.append(Problem(shown, came, at="/latest_build/id"))
                came = f"the newest build is not the latest_build of {where['workspace']}"
                problems.append(Problem(builds, came, at="/*/build_number"))
    return problems if judged else None


def mine_are_mine(asker: Asker) -> Judgement:
    """`owner:me` gives our workspaces, and all of them."""
    reply = asker.get(LIST, {}, "q=owner:me")
    everything = asker.get(LIST, {})
    if reply is None or everything is None or not asker.facts.me:
        return None
    mine, listed = _listed(reply), _listed(everything)
    if mine is None:
        return [Problem(reply, f"{reply.status} for q=owner:me", at="query:owner")]
    foreign = [one for one in mine if one.get("owner_id") != asker.facts.me]
    if foreign:
        came = f"q=owner:me gives a workspace of {foreign[0].get('owner_id')}"
        return [Problem(reply, came, at="query:owner")]
    ids = {one.get("id") for one in mine}
    for one in listed or ():
        if one.get("owner_id") == asker.facts.me and one.get("id") not in ids:
            came = f"q=owner:me leaves out {one.get('id')}, which is ours"
            return [Problem(reply, came, at="query:owner")]
    return []


def bad_searches_are_refused(asker: Asker) -> Judgement:
    problems = []
    judged = False
    for query, field, words in (
        ("nosuch:x", "nosuch", '"nosuch" is not a valid query param'),
        (
            "status:nosuch",
            "status",
            'Query param "status" has invalid value: "nosuch" is not a valid value',
        ),
        ("name:", "q", "Query element \"name:\" cannot start or end with ':'"),
        ("a:b:c", "q", "Query element \"a:b:c\" can only contain 1 ':'"),
    ):
        reply = asker.get(LIST, {}, f"q={quote(query)}")
        if reply is None:
            continue
        judged = True
        body = reply.json if isinstance(reply.json, dict) else {}
        validations = body.get("validations")
        told = [
            (one.get("field"), one.get("detail"))
            for one in (validations if isinstance(validations, list) else ())
            if isinstance(one, dict)
        ]
        wanted = "Invalid workspace search query."
        named = (
            (field, words) in told
            if asker.document.version > "2024"
            else field in {name for name, _ in told}
        )
        if reply.status != 400 or body.get("message") != wanted or not named:
            came = f"{reply.status} {excerpt(body)} for q={query}, expected {words}"
            problems.append(Problem(reply, came[:300], at="query:q"))
    return problems if judged else None


def any_case_will_do(asker: Asker) -> Judgement:
    """A name in capitals finds the same workspace."""
    problems = []
    judged = False
    for listed in _sample(asker):
        name, owner = str(listed.get("name", "")), str(listed.get("owner_id", ""))
        if not name or name.upper() == name:
            continue
        reply = asker.get(BY_NAME, {"user": owner, "workspacename": name.upper()})
        plain = asker.get(BY_NAME, {"user": owner, "workspacename": name})
        if reply is None or plain is None or plain.status != 200:
            continue
        judged = True
        found = reply.json.get("id") if isinstance(reply.json, dict) else None
        if reply.status != 200 or found != listed.get("id"):
            came = f"{reply.status} {excerpt(found)} for {name.upper()}, {name} exists"
            problems.append(Problem(reply, came, at="path:workspacename"))
    return problems if judged else None


WORKSPACE_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "WS-01",
            "latest_build names the workspace, its owner and both their names",
            oracle="recorded: workspaces/beta-ready",
            applies=SHOWING,
        ),
        one=each("workspace", _build_is_its_own),
    ),
    Invariant(
        invariant(
            "WS-02",
            "latest_build is the build with the highest number",
            oracle="docs: builds.md; recorded: builds",
            applies=f"a sample from {LIST}, each read by id and with its builds",
        ),
        ask=latest_build_is_the_newest,
        needs=(BY_ID, BUILDS),
    ),
    Invariant(
        invariant(
            "WS-03",
            "outdated says whether the latest build has another version than the template's "
            "active one",
            oracle="recorded: workspaces/q-outdated",
            applies=SHOWING,
        ),
        one=each("workspace", _outdated),
    ),
    Invariant(
        invariant(
            "WS-05",
            "a workspace is healthy exactly when no agent of its latest build fails, and the "
            "failing ones are named",
            oracle="recorded: agents",
            applies=SHOWING,
        ),
        one=each("workspace", _health),
    ),
    Invariant(
        invariant(
            "WS-06",
            "only a dormant workspace is about to be deleted, and later than it went dormant",
            oracle="recorded: workspace-settings",
            applies=SHOWING,
        ),
        one=each("workspace", _deleting),
    ),
    Invariant(
        invariant(
            "WS-07",
            "favorite is true only for one's own workspaces",
            oracle="recorded: workspaces/list-favorite-first",
            applies=SHOWING,
        ),
        one=each("workspace", _favorite),
    ),
    Invariant(
        invariant(
            "WS-08",
            "a time to live is whole minutes, and 30 days at most",
            oracle="recorded: workspaces/create-short-ttl, create-long-ttl",
            applies=SHOWING,
        ),
        one=each("workspace", _ttl),
    ),
    Invariant(
        invariant(
            "WS-11",
            "no deleted workspace is listed",
            oracle="recorded: workspaces/list-last",
            applies=LIST,
        ),
        one=no_deleted_ones,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "WS-14",
            "q=owner:me gives our own workspaces, all of them and no other",
            oracle="recorded: workspaces/q-owner-me",
            applies=LIST,
        ),
        ask=mine_are_mine,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "WS-16",
            "a search that makes no sense is 400 and names what is wrong",
            oracle="recorded: workspaces/q-unknown-key, q-status-unknown, q-ends-with-colon, "
            "q-two-colons",
            applies=LIST,
        ),
        ask=bad_searches_are_refused,
        needs=(LIST,),
    ),
    Invariant(
        invariant(
            "WS-18",
            "a workspace is found by its name in any letter case",
            oracle="recorded: workspaces/create-taken-other-case",
            applies=BY_NAME,
        ),
        ask=any_case_will_do,
        needs=(BY_NAME,),
    ),
    Invariant(
        invariant(
            "WS-30",
            "without an autostart schedule there is no next start",
            oracle="recorded: workspace-settings",
            applies=SHOWING,
        ),
        one=each("workspace", _next_start),
    ),
)
