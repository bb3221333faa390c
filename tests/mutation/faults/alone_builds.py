"""Faults of builds and of what runs in them that one invariant finds, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import (
    NOBODY,
    Inject,
    answered,
    edited,
    listing,
)
from tests.mutation.faults.everywhere import (
    Change,
    Object,
    agents_of,
    apps_of,
    dropping,
    each,
    everywhere,
    jobs_of,
    setting,
    streamed,
    workspaces_of,
)
from tests.mutation.faults.lists import BUILDS, backwards, queried
from tests.mutation.faults.worker import EARLY
from tests.mutation.faults.writes import BUILD, DORMANT
from tests.mutation.model import Fault, Reply, Request, Upstream

PORTS = "GET /workspaceagents/{workspaceagent}/listening-ports"
AGENT_LOGS = "GET /workspaceagents/{workspaceagent}/logs"
TIMINGS = "GET /workspaces/{workspace}/timings"


def _fault(
    id_: str, alone: str, description: str, inject: Inject, *operations: str, **more: Any
) -> Fault:
    kind = more.pop("kind", "state")
    more.setdefault("writes", kind == "state")
    return Fault(
        f"{kind}-{id_}",
        kind,
        description,
        f"rule: {alone}",
        operations or ("*",),
        inject,
        alone=alone,
        **more,
    )


def _sleeping(change: Change) -> Inject:
    """The latest build in the reply to going dormant or waking up, changed."""
    return edited(DORMANT, by=each(workspaces_of, lambda one: change(one["latest_build"])))


def listed(request: Request, upstream: Upstream, change: Callable[[list[Any]], list[Any]]) -> Reply:
    """A list without count whose whole was changed before pages were cut from it."""
    asked = request.args
    reply = upstream.send(request)
    whole = upstream.send(queried(request, limit=None, offset=None, after_id=None))
    if not reply.ok or not whole.ok or not isinstance(whole.json, list):
        return reply
    found = change(whole.json)
    if "after_id" in asked:
        ids = [one["id"] for one in found]
        reply.json = found[: ids.index(asked["after_id"])] if asked["after_id"] in ids else []
        return reply
    offset, limit = int(asked.get("offset") or 0), int(asked.get("limit") or 0)
    reply.json = found[offset:][: limit or None]
    return reply


def _without_second(request: Request, upstream: Upstream) -> Reply:
    return listed(
        request,
        upstream,
        lambda builds: [one for one in builds if one["build_number"] != 2 or one is builds[0]],
    )


def _oldest_first(request: Request, upstream: Upstream) -> Reply:
    return listed(request, upstream, backwards)


def _early_resources(build: Object) -> None:
    if build["job"]["status"] == "canceled" and "started_at" not in build["job"]:
        build["resources"] = [
            {
                "id": NOBODY,
                "created_at": build["created_at"],
                "job_id": build["job"]["id"],
                "workspace_transition": build["transition"],
                "type": "null_resource",
                "name": "box",
                "hide": False,
                "icon": "",
                "daily_cost": 0,
                "metadata": [],
                "agents": [],
            }
        ]


def _foreign(request: Request, upstream: Upstream) -> Reply | None:
    """A version of another template is refused as forbidden."""
    reply = upstream.send(request)
    version = (request.json or {}).get("template_version_id")
    if reply.status == 400 and version and upstream.call("GET", f"/templateversions/{version}").ok:
        reply.status = 403
    return reply


def _canceled_before(job: Object) -> None:
    if job.get("status") == "canceled" and "started_at" not in job:
        job["canceled_at"] = job["created_at"]


def _fewer_scripts(rows: list[Any]) -> list[Any]:
    starts = [one for one in rows if one.get("stage") == "start"]
    return [one for one in rows if one is not starts[-1]] if starts else rows


def _in_state(*states: str) -> Callable[[Change], Change]:
    def only(change: Change) -> Change:
        def changed(agent: Object) -> None:
            if agent.get("status") in states or agent.get("lifecycle_state") in states:
                change(agent)

        return changed

    return only


def _agents(change: Change, *states: str) -> Inject:
    return everywhere(agents_of, _in_state(*states)(change) if states else change)


def _complains(agent: Object) -> None:
    if agent["health"]["healthy"]:
        agent["health"] = {"healthy": True, "reason": "the agent is tired"}


def _unwell(app: Object) -> None:
    if app["health"] == "disabled":
        app["health"] = "healthy"


def _named(app: Object) -> None:
    if not app["subdomain"]:
        app["subdomain_name"] = "code--dev--alex"


def _other_words(request: Request, reply: Reply) -> None:
    if reply.status == 400 and b"Agent state is" in reply.body:
        reply.refuse(400, "The agent cannot be reached.")


def _agent(id_: str, alone: str, description: str, inject: Inject) -> Fault:
    return _fault(id_, alone, f"{description}, wherever they are shown", inject, kind="relations")


ALONE_BUILDS: tuple[Fault, ...] = (
    _fault(
        "second-build-unlisted",
        "BLD-01",
        "the second build is not in the list of builds",
        answered(BUILDS, by=_without_second),
        BUILDS,
        kind="relations",
    ),
    _fault(
        "oldest-build-first",
        "BLD-02",
        "builds are listed from the first to the last, page by page",
        answered(BUILDS, by=_oldest_first),
        BUILDS,
        kind="relations",
    ),
    _fault(
        "dormant-build-status",
        "BLD-04",
        "the latest build of the workspace that goes to sleep is being deleted",
        _sleeping(setting(status="deleting")),
        DORMANT,
    ),
    _fault(
        "dormant-build-resources",
        "BLD-06",
        "a build that never began has a resource in the workspace that goes to sleep",
        _sleeping(_early_resources),
        DORMANT,
    ),
    _fault(
        "dormant-build-deadline",
        "BLD-08",
        "the workspace that goes to sleep stops after the last moment it may",
        _sleeping(setting(deadline="2031-01-02T00:00:00Z", max_deadline="2031-01-01T00:00:00Z")),
        DORMANT,
    ),
    _fault(
        "foreign-version-forbidden",
        "BLD-09",
        "a build of another template's version is forbidden, not wrong",
        answered(BUILD, by=_foreign),
        BUILD,
    ),
    _fault(
        "canceled-before",
        "BLD-14",
        "jobs canceled while they waited were canceled before they ended",
        everywhere(jobs_of, _canceled_before),
    ),
    _fault(
        "dormant-build-matched",
        "BLD-15",
        "more provisioners are available than match, in the workspace that goes to sleep",
        _sleeping(
            setting(matched_provisioners={"count": 1, "available": 2, "most_recently_seen": EARLY})
        ),
        DORMANT,
    ),
    _fault(
        "start-script-untimed",
        "BLD-17",
        "the timings of a workspace lack one of its start scripts",
        edited(TIMINGS, by=listing("agent_script_timings", _fewer_scripts)),
        TIMINGS,
        kind="relations",
    ),
    _fault(
        "dormant-build-initiator",
        "BLD-18",
        "the workspace that goes to sleep was started automatically by nobody",
        _sleeping(setting(reason="autostart", initiator_id=NOBODY)),
        DORMANT,
    ),
    _agent(
        "agents-elsewhere",
        "AGT-01",
        "agents name another resource",
        _agents(setting(resource_id=NOBODY)),
    ),
    _agent(
        "agents-never-connected",
        "AGT-02",
        "connected agents do not say since when",
        _agents(dropping("first_connected_at"), "connected"),
    ),
    _agent(
        "agents-never-left",
        "AGT-03",
        "disconnected agents do not say since when",
        _agents(dropping("disconnected_at"), "disconnected"),
    ),
    _agent(
        "agents-were-here",
        "AGT-04",
        "agents that never connected were seen",
        _agents(setting(last_connected_at="2025-05-19T08:00:00Z"), "connecting", "timeout"),
    ),
    _agent(
        "agents-never-ready",
        "AGT-05",
        "agents that are ready do not say since when",
        _agents(dropping("ready_at"), "ready"),
    ),
    _agent("agents-complain", "AGT-06", "healthy agents complain", _agents(_complains)),
    _agent(
        "apps-unasked",
        "AGT-07",
        "apps whom nobody asks are healthy",
        everywhere(apps_of, _unwell),
    ),
    _agent(
        "apps-named",
        "AGT-08",
        "apps without a subdomain have its name",
        everywhere(apps_of, _named),
    ),
    _agent(
        "agents-of-nobody",
        "AGT-09",
        "agents have a parent that does not exist",
        _agents(setting(parent_id=NOBODY)),
    ),
    _fault(
        "ports-in-other-words",
        "AGT-10",
        "the ports of an agent that is away are refused without its state",
        edited(PORTS, by=_other_words, on="error"),
        PORTS,
        kind="relations",
    ),
    _fault(
        "agent-log-backwards",
        "AGT-11",
        "whoever follows an agent's log reads it from its end",
        streamed(AGENT_LOGS, backwards),
        AGENT_LOGS,
        kind="streams",
        writes=False,
    ),
)
