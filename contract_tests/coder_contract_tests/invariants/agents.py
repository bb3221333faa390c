"""What agents and their apps show."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from coder_contract_tests.exchange import excerpt
from coder_contract_tests.findings import Problem
from coder_contract_tests.invariants.rules import invariant
from coder_contract_tests.invariants.things import Thing, Wrongs, each
from coder_contract_tests.judging import Asker, Invariant, Judgement, Seen
from coder_contract_tests.observe import moment

AGENT = "GET /workspaceagents/{workspaceagent}"
PORTS = "GET /workspaceagents/{workspaceagent}/listening-ports"
LOGS = "GET /workspaceagents/{workspaceagent}/logs"
SHOWING = "every reply that shows an agent"
_ORACLE = "docs: agents.md; recorded: agents"
_STARTED = {"ready", "start_error", "start_timeout"}
_AGENT_LOGS = re.compile(r"/workspaceagents/[^/]+/(startup-)?logs$")
SAMPLE = 2


def _resource_is_its_own(thing: Thing, seen: Seen) -> Wrongs:
    resource = thing.inside.get("resource")
    if resource is None:
        return None
    if thing.value.get("resource_id") != resource.get("id"):
        own, other = thing.value.get("resource_id"), resource.get("id")
        return [f"resource_id is {own}, it stands in resource {other}"]
    return []


def _job_is_the_builds(thing: Thing, seen: Seen) -> Wrongs:
    build = thing.inside.get("build")
    job = build.get("job") if build is not None else None
    if not isinstance(job, dict) or "id" not in job:
        return None
    if thing.value.get("job_id") != job["id"]:
        return [f"job_id is {thing.value.get('job_id')}, its build's job {job['id']}"]
    return []


def belongs_where_it_stands(seen: Seen) -> Judgement:
    agents = each("agent", _resource_is_its_own)(seen)
    resources = each("resource", _job_is_the_builds)(seen)
    return None if agents is None and resources is None else [*(agents or ()), *(resources or ())]


def _connected(thing: Thing, seen: Seen) -> Wrongs:
    if thing.value.get("status") != "connected":
        return None
    return [
        f"{name} is missing in a connected agent"
        for name in ("first_connected_at", "last_connected_at")
        if not thing.value.get(name)
    ]


def _disconnected(thing: Thing, seen: Seen) -> Wrongs:
    if thing.value.get("status") != "disconnected":
        return None
    left, last = thing.value.get("disconnected_at"), thing.value.get("last_connected_at")
    if not left:
        return ["disconnected_at is missing in a disconnected agent"]
    first, then = moment(last), moment(left)
    if first and then and then < first:
        return [f"disconnected_at {left} is before last_connected_at {last}"]
    return []


def _never_connected(thing: Thing, seen: Seen) -> Wrongs:
    status = thing.value.get("status")
    if status not in {"connecting", "timeout"}:
        return None
    return [
        f"{name} is {excerpt(thing.value[name])} in an agent that is {status}"
        for name in ("first_connected_at", "last_connected_at", "disconnected_at")
        if name in thing.value
    ]


def _lifecycle(thing: Thing, seen: Seen) -> Wrongs:
    state = str(thing.value.get("lifecycle_state"))
    if state not in {"created", "starting"} | _STARTED:
        return None
    started, ready = (bool(thing.value.get(name)) for name in ("started_at", "ready_at"))
    wanted = (state != "created", state in _STARTED)
    if (started, ready) == wanted:
        return []
    name = "started_at" if started != wanted[0] else "ready_at"
    words = "is there" if thing.value.get(name) else "is missing"
    return [f"{name} {words} in an agent that is {state}"]


def _health(thing: Thing, seen: Seen) -> Wrongs:
    health = thing.value.get("health")
    if not isinstance(health, dict) or not isinstance(health.get("healthy"), bool):
        return None
    if health["healthy"] == bool(health.get("reason")):
        return [f"health is {excerpt(health)}"]
    return []


def _app_health(thing: Thing, seen: Seen) -> Wrongs:
    check, health = thing.value.get("healthcheck"), thing.value.get("health")
    if not isinstance(check, dict) or health is None:
        return None
    if (health == "disabled") != (not check.get("url")):
        return [f"health is {health} with the healthcheck url {excerpt(check.get('url'))}"]
    return []


def _subdomain(thing: Thing, seen: Seen) -> Wrongs:
    if "subdomain_name" not in thing.value:
        return [] if "subdomain" in thing.value else None
    if thing.value.get("subdomain") is not True:
        given, name = (excerpt(thing.value.get(key)) for key in ("subdomain", "subdomain_name"))
        return [f"subdomain is {given} beside subdomain_name {name}"]
    return []


def _parent(thing: Thing, seen: Seen) -> Wrongs:
    if "parent_id" not in thing.value:
        return None
    parent = thing.value["parent_id"]
    return [f"parent_id is {excerpt(parent)}"] if parent is not None else []


def ports_need_a_connection(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    asked = 0
    agents = dict.fromkeys(
        one["workspaceagent"] for one in asker.facts.contexts if "workspaceagent" in one
    )
    for agent in agents:
        shown = asker.get(AGENT, {"workspaceagent": agent})
        state = (
            shown.json.get("status") if shown is not None and isinstance(shown.json, dict) else None
        )
        if state not in {"connecting", "disconnected", "timeout"}:
            continue
        reply = asker.get(PORTS, {"workspaceagent": agent})
        if reply is None:
            continue
        asked += 1
        body: Any = reply.json if isinstance(reply.json, dict) else {}
        wanted = f'Agent state is "{state}", it must be in the "connected" state.'
        if reply.status != 400 or body.get("message") != wanted:
            again = asker.get(AGENT, {"workspaceagent": agent})
            now = again.json if again is not None else None
            if isinstance(now, dict) and now.get("status") == state:
                came = f"{reply.status} {excerpt(body)} for an agent that is {state}"
                problems.append(Problem(reply, came, at="status"))
        if asked >= SAMPLE:
            break
    return problems if asked else None


def log_ids_increase(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status != 200 or not _AGENT_LOGS.search(exchange.path):
        return None
    if not isinstance(exchange.json, list) or not exchange.json:
        return None
    ids = [one.get("id") for one in exchange.json if isinstance(one, dict)]
    known = [one for one in ids if type(one) is int]
    for first, second in pairwise(known):
        if second <= first:
            return [Problem(exchange, f"log id {second} follows {first}", at="/*/id")]
    return []


AGENT_INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        invariant(
            "AGT-01",
            "an agent names the resource it stands in, and a resource its build's job",
            oracle=_ORACLE,
            applies="every reply that shows resources of a build",
        ),
        one=belongs_where_it_stands,
    ),
    Invariant(
        invariant(
            "AGT-02",
            "a connected agent says since when, and when it was last seen",
            oracle=_ORACLE,
            applies=SHOWING,
        ),
        one=each("agent", _connected),
    ),
    Invariant(
        invariant(
            "AGT-03",
            "a disconnected agent says since when, not before it was last connected",
            oracle=_ORACLE,
            applies=SHOWING,
        ),
        one=each("agent", _disconnected),
    ),
    Invariant(
        invariant(
            "AGT-04",
            "an agent that never connected has no time of a connection",
            oracle=_ORACLE,
            applies=SHOWING,
        ),
        one=each("agent", _never_connected),
    ),
    Invariant(
        invariant(
            "AGT-05",
            "started_at and ready_at follow the lifecycle: none, the first, both",
            oracle=_ORACLE,
            applies=SHOWING,
        ),
        one=each("agent", _lifecycle),
    ),
    Invariant(
        invariant(
            "AGT-06",
            "an unhealthy agent says why, a healthy one has nothing to say",
            oracle=_ORACLE,
            applies=SHOWING,
        ),
        one=each("agent", _health),
    ),
    Invariant(
        invariant(
            "AGT-07",
            "an app's health is disabled exactly when it has no healthcheck",
            oracle=_ORACLE,
            applies="every reply that shows an app",
        ),
        one=each("app", _app_health),
    ),
    Invariant(
        invariant(
            "AGT-08",
            "only an app with subdomain has a subdomain_name",
            oracle=_ORACLE,
            applies="every reply that shows an app",
        ),
        one=each("app", _subdomain),
    ),
    Invariant(
        invariant("AGT-09", "no agent has a parent", oracle=_ORACLE, applies=SHOWING),
        one=each("agent", _parent),
    ),
    Invariant(
        invariant(
            "AGT-10",
            "ports of an agent that is not connected are 400 and name its state",
            oracle="recorded: agents",
            applies=PORTS,
        ),
        ask=ports_need_a_connection,
        needs=(PORTS,),
    ),
    Invariant(
        invariant(
            "AGT-11", "ids of an agent's log lines strictly increase", oracle=_ORACLE, applies=LOGS
        ),
        one=log_ids_increase,
        needs=(LOGS,),
    ),
)
