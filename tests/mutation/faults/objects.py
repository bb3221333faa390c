"""Faults between requests about single kinds of objects."""

from __future__ import annotations

from tests.mutation.faults.edits import (
    DROP,
    NOBODY,
    answered,
    edited,
    listing,
    member,
    put,
    refused,
)
from tests.mutation.faults.lists import (
    AGENT,
    BUILD,
    BUILDS,
    ENTITLEMENTS,
    INBOX,
    PARAMETERS,
    QUOTA,
    TEMPLATE,
    TEMPLATES,
    VERSION,
    VERSIONS,
    WORKSPACE,
    WORKSPACES,
    agents,
    deleted_too,
    drop_first,
    every,
    later,
    older_build,
    plain,
    setting,
    where,
)
from tests.mutation.faults.relations import (
    _fault,
)
from tests.mutation.model import Fault

SOME_TIME = "2025-01-01T00:00:00Z"


OBJECTS: tuple[Fault, ...] = (
    # Workspaces
    _fault(
        "build-of-other",
        WORKSPACES,
        "latest_build is of another workspace",
        "rule: WS-01",
        edited(WORKSPACES, by=member("workspaces.*.latest_build.workspace_id", NOBODY)),
    ),
    _fault(
        "build-owner",
        WORKSPACE,
        "latest_build has another owner's name",
        "rule: WS-01",
        edited(WORKSPACE, by=member("latest_build.workspace_owner_name", "nobody")),
    ),
    _fault(
        "build-not-latest",
        WORKSPACE,
        "latest_build is the first one",
        "rule: WS-02",
        answered(WORKSPACE, by=older_build),
        also=(WORKSPACES, BUILDS),
    ),
    _fault(
        "outdated",
        WORKSPACES,
        "outdated is the contrary",
        "rule: WS-03",
        edited(WORKSPACES, by=member("workspaces.*.outdated", lambda flag: not flag)),
    ),
    _fault(
        "health",
        WORKSPACE,
        "an unhealthy workspace without failing agents",
        "rule: WS-05",
        edited(WORKSPACE, by=member("health", {"healthy": False, "failing_agents": []})),
    ),
    _fault(
        "deleting-at",
        WORKSPACES,
        "deleting_at while not dormant",
        "rule: WS-06",
        edited(WORKSPACES, by=member("workspaces.*.deleting_at", "2031-01-01T00:00:00Z")),
    ),
    _fault(
        "favourite-of-other",
        WORKSPACES,
        "other people's workspaces are our favourites",
        "rule: WS-07",
        edited(WORKSPACES, by=member("workspaces.*.favorite", True)),
    ),
    _fault(
        "ttl-odd",
        WORKSPACE,
        "a ttl that is no whole minute",
        "rule: WS-08",
        edited(WORKSPACE, by=member("ttl_ms", lambda ms: ms + 17)),
    ),
    _fault(
        "deleted-listed",
        WORKSPACES,
        "a deleted workspace is listed",
        "rule: WS-11",
        answered(WORKSPACES, by=deleted_too),
    ),
    _fault(
        "next-start",
        WORKSPACE,
        "next_start_at without a schedule",
        "rule: WS-30",
        edited(
            WORKSPACE,
            by=lambda q, r: (
                member("next_start_at", "2031-01-01T00:00:00Z")(q, r)
                if "autostart_schedule" not in (r.json or {})
                else None
            ),
        ),
    ),
    # Builds
    _fault(
        "build-gap",
        BUILDS,
        "a build number is left out",
        "rule: BLD-01",
        edited(BUILDS, by=listing("", lambda items: items[:1] + items[2:]), when=plain),
    ),
    _fault(
        "build-status",
        BUILD,
        "status is running after a stop",
        "rule: BLD-04",
        edited(BUILD, by=every("build_number", where("status", "stopped", status="running"))),
        writes=True,
    ),
    _fault(
        "build-deadline",
        WORKSPACES,
        "deadline after max_deadline",
        "rule: BLD-08",
        edited(WORKSPACES, by=every("build_number", later)),
    ),
    _fault(
        "build-parameters",
        PARAMETERS,
        "a parameter of a build is missing",
        "rule: BLD-11",
        edited(PARAMETERS, by=listing("", drop_first)),
    ),
    _fault(
        "build-matched",
        BUILD,
        "more daemons available than there are",
        "rule: BLD-15",
        edited(
            BUILD,
            by=member(
                "matched_provisioners", {"count": 0, "available": 3, "most_recently_seen": None}
            ),
        ),
    ),
    _fault(
        "build-reason",
        BUILDS,
        "a reason that does not exist",
        "rule: BLD-18",
        edited(BUILDS, by=member("*.reason", "magic")),
    ),
    # Agents
    _fault(
        "agent-resource",
        BUILD,
        "agents say that they belong to another resource",
        "rule: AGT-01",
        edited(BUILD, by=agents(setting(resource_id=NOBODY))),
    ),
    _fault(
        "agent-connected",
        AGENT,
        "a connected agent that never connected",
        "rule: AGT-02",
        edited(
            AGENT,
            by=agents(
                where("status", "connected", first_connected_at=DROP, last_connected_at=DROP)
            ),
        ),
    ),
    _fault(
        "agent-disconnected",
        AGENT,
        "a disconnected agent without a time",
        "rule: AGT-03",
        edited(AGENT, by=agents(setting(status="disconnected", disconnected_at=DROP))),
    ),
    _fault(
        "agent-connecting",
        BUILD,
        "an agent that connects has connected before",
        "rule: AGT-04",
        edited(
            BUILD,
            by=agents(setting(status="connecting", first_connected_at=SOME_TIME)),
        ),
    ),
    _fault(
        "agent-lifecycle",
        AGENT,
        "a ready agent that never started",
        "rule: AGT-05",
        edited(AGENT, by=agents(setting(lifecycle_state="ready", started_at=DROP, ready_at=DROP))),
    ),
    _fault(
        "agent-health",
        AGENT,
        "an unhealthy agent without a reason",
        "rule: AGT-06",
        edited(AGENT, by=member("health", {"healthy": False, "reason": ""})),
    ),
    _fault(
        "app-health",
        BUILD,
        "the health of an application that is not checked",
        "rule: AGT-07",
        edited(
            BUILD,
            by=every(
                "sharing_level",
                lambda app: put(
                    app,
                    "health",
                    "healthy" if not (app.get("healthcheck") or {}).get("url") else "disabled",
                ),
            ),
        ),
    ),
    _fault(
        "app-subdomain",
        WORKSPACES,
        "a subdomain name without a subdomain",
        "rule: AGT-08",
        edited(
            WORKSPACES,
            by=every("sharing_level", setting(subdomain=False, subdomain_name="a--b")),
        ),
    ),
    _fault(
        "agent-parent",
        AGENT,
        "an agent with a parent",
        "rule: AGT-09",
        edited(AGENT, by=member("parent_id", NOBODY)),
    ),
    # Templates, users and the rest
    _fault(
        "active-version",
        TEMPLATE,
        "active_version_id is no version of the template",
        "rule: TPL-06",
        edited(TEMPLATE, by=member("active_version_id", NOBODY)),
        also=(TEMPLATES, VERSIONS),
    ),
    _fault(
        "active-archived",
        VERSIONS,
        "the active version is archived",
        "rule: TPL-06",
        edited(VERSIONS, by=member("*.archived", True)),
    ),
    _fault(
        "build-times",
        TEMPLATES,
        "build_time_stats lacks a transition",
        "rule: TPL-11",
        edited(TEMPLATES, by=member("*.build_time_stats.delete", DROP)),
    ),
    _fault(
        "unread",
        INBOX,
        "unread_count is one too many",
        "rule: USR-11",
        edited(INBOX, by=member("unread_count", lambda n: n + 1)),
    ),
    _fault(
        "entitlements",
        ENTITLEMENTS,
        "features are missing",
        "rule: USR-12",
        edited(ENTITLEMENTS, by=member("features", lambda found: dict(list(found.items())[:5]))),
    ),
    _fault(
        "entitlements-enabled",
        ENTITLEMENTS,
        "features are enabled to which nobody is entitled",
        "rule: USR-12",
        edited(
            ENTITLEMENTS, by=every("entitlement", setting(entitlement="not_entitled", enabled=True))
        ),
    ),
    _fault(
        "quota",
        QUOTA,
        "credits are consumed that nobody spent",
        "rule: USR-13",
        edited(QUOTA, by=member("credits_consumed", lambda n: n + 7)),
    ),
    _fault(
        "quota-negative",
        "GET /organizations/{organization}/members/{user}/workspace-quota",
        "negative credits",
        "rule: USR-13",
        edited(
            "GET /organizations/{organization}/members/{user}/workspace-quota",
            by=member("credits_consumed", -3),
        ),
    ),
    _fault(
        "unreadable-differs",
        VERSION,
        "a missing object is told apart by its message",
        "rule: ERR-02",
        edited(VERSION, by=refused(404, "There is no such version."), on="error"),
    ),
    _fault(
        "made-after-change",
        TEMPLATES,
        "updated_at before created_at",
        "time",
        edited(TEMPLATES, by=member("*.updated_at", "2001-01-01T00:00:00Z")),
    ),
)
