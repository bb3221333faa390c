"""What the dashboard reads without a guard: a page breaks where one of these fails."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

FEATURES = (
    "access_control",
    "advanced_template_scheduling",
    "appearance",
    "audit_log",
    "browser_only",
    "control_shared_ports",
    "custom_roles",
    "external_provisioner_daemons",
    "external_token_encryption",
    "high_availability",
    "multiple_external_auth",
    "multiple_organizations",
    "scim",
    "template_rbac",
    "user_limit",
    "user_role_management",
    "workspace_batch_actions",
    "workspace_prebuilds",
    "workspace_proxy",
)
BUILD_STATUSES = (
    "pending",
    "starting",
    "running",
    "stopping",
    "stopped",
    "canceling",
    "canceled",
    "deleting",
    "deleted",
    "failed",
)
HEALTH_SECTIONS = (
    "derp",
    "access_url",
    "websocket",
    "database",
    "workspace_proxy",
    "provisioner_daemons",
)


def has(value: Any, /, **types: type | tuple[type, ...]) -> Any:
    """An object with at least these keys, each of such a type; gives the object."""
    assert isinstance(value, dict), f"no object: {value!r}"
    for key, wanted in types.items():
        assert key in value, f"{key} is missing in {sorted(value)}"
        assert isinstance(value[key], wanted), f"{key} is {value[key]!r}"
    return value


def error(value: Any, message: str | None = None) -> Any:
    """An error that the dashboard recognises as one of the API's."""
    has(value, message=str)
    assert isinstance(value.get("detail", ""), str)
    assert isinstance(value.get("validations", []), list)
    assert None not in value.values()
    if message is not None:
        assert value["message"] == message
    return value


def user(value: Any) -> Any:
    """A user, as the users page and the menus read him."""
    has(value, id=str, username=str, email=str, roles=list, organization_ids=list, status=str)
    has(value, last_seen_at=str, login_type=str, name=str, avatar_url=str)
    for role in value["roles"]:
        has(role, name=str, display_name=str)
    return value


def job(value: Any) -> Any:
    """A job inside a build or a version."""
    has(value, id=str, status=str, tags=dict, metadata=dict, queue_position=int, queue_size=int)
    has(value, input=dict, created_at=str, type=str)
    assert "worker_name" not in value
    return value


def agent(value: Any) -> Any:
    """An agent of a workspace."""
    has(value, id=str, name=str, status=str, lifecycle_state=str, apps=list, display_apps=list)
    has(value, log_sources=list, scripts=list, subsystems=list, health=dict, logs_length=int)
    assert value["parent_id"] is None
    for app in value["apps"]:
        has(app, id=str, slug=str, health=str, hidden=bool, sharing_level=str, external=bool)
        has(app, subdomain=bool, open_in=str, statuses=list)
    return value


def resources(value: Any) -> list[Any]:
    """Resources of a build; gives their agents."""
    assert isinstance(value, list)
    agents = []
    for one in value:
        has(one, id=str, name=str, type=str)
        agents += [agent(found) for found in one.get("agents", [])]
    return agents


def build(value: Any) -> Any:
    """A build on its own page, in the history, or inside a workspace."""
    has(value, id=str, transition=str, status=str, job=dict, resources=list, build_number=int)
    has(value, template_version_id=str, updated_at=str, daily_cost=int, initiator_name=str)
    assert value["status"] in BUILD_STATUSES
    job(value["job"])
    resources(value["resources"])
    return value


def workspace(value: Any) -> Any:
    """A workspace in the list, on its page, or in a message of its socket."""
    has(value, id=str, name=str, owner_name=str, template_id=str, template_display_name=str)
    has(value, health=dict, latest_build=dict, outdated=bool, automatic_updates=str, favorite=bool)
    has(value, template_require_active_version=bool, allow_renames=bool, organization_name=str)
    has(value["health"], healthy=bool, failing_agents=list)
    build(value["latest_build"])
    return value


def agents_of(value: Any) -> list[Any]:
    """The agents of a workspace's latest build."""
    return resources(workspace(value)["latest_build"]["resources"])


def template(value: Any) -> Any:
    """A template in the list and on its pages."""
    has(value, id=str, name=str, display_name=str, active_version_id=str, build_time_stats=dict)
    has(value, autostart_requirement=dict, organization_name=str, organization_id=str)
    for transition in ("start", "stop", "delete"):
        stats = has(value["build_time_stats"], **{transition: dict})[transition]
        for percentile in ("P50", "P95"):
            assert stats[percentile] is None or isinstance(stats[percentile], int)
    has(value["autostart_requirement"], days_of_week=list)
    return value


def version(value: Any) -> Any:
    """A template version."""
    has(value, id=str, name=str, job=dict, created_by=dict)
    job(value["job"])
    has(value["created_by"], username=str)
    return value


def parameters(value: Any) -> list[Any]:
    """Rich parameters of a version."""
    assert isinstance(value, list)
    for one in value:
        has(one, name=str, type=str, options=list, required=bool, mutable=bool, ephemeral=bool)
        has(one, default_value=str, description=str, icon=str)
    return value


def timings(value: Any) -> Any:
    """Timings of a build."""
    lists = ("provisioner_timings", "agent_script_timings", "agent_connection_timings")
    has(value, **dict.fromkeys(lists, list))
    for one in value["provisioner_timings"]:
        assert one["stage"] in ("init", "plan", "graph", "apply")
    for one in value["agent_script_timings"]:
        assert one["stage"] in ("start", "stop", "cron")
    for one in value["agent_connection_timings"]:
        assert one["stage"] == "connect"
    return value


def metadata(value: Any) -> Any:
    """The first message of an agent's metadata socket."""
    assert value["type"] == "data"
    assert isinstance(value["data"], list)
    for one in value["data"]:
        has(one["result"], collected_at=str, age=int, value=str, error=str)
        has(one["description"], display_name=str, key=str, script=str, interval=int, timeout=int)
    return value["data"]


def organization_job(value: Any) -> Any:
    """A job of an organization's list."""
    has(value, id=str, created_at=str, type=str, status=str, tags=dict, metadata=dict, input=dict)
    has(value, queue_position=int, queue_size=int)
    has(value["metadata"], template_name=str, template_display_name=str, template_icon=str)
    if value["status"] == "pending":
        assert "worker_id" not in value
        assert "worker_name" not in value
    elif "started_at" in value:
        has(value, worker_id=str, worker_name=str)
    return value


def daemon(value: Any) -> Any:
    """A provisioner daemon of an organization's list."""
    has(value, id=str, name=str, key_name=str, version=str, tags=dict, created_at=str)
    assert value["status"] in ("idle", "busy", "offline", None)
    for key in ("current_job", "previous_job"):
        assert isinstance(value[key], dict | None)
    return value


def entitlements(value: Any) -> Any:
    """All features by name, none of them null."""
    has(value, features=dict, has_license=bool, warnings=list, errors=list)
    assert set(FEATURES) <= set(value["features"])
    for feature in value["features"].values():
        has(feature, entitlement=str, enabled=bool)
    return value


def regions(value: Any) -> Any:
    """Where the dashboard measures its latency; exactly one region is the primary."""
    assert isinstance(value["regions"], list)
    for one in value["regions"]:
        has(one, id=str, name=str, display_name=str, icon_url=str, healthy=bool)
        has(one, path_app_url=str, wildcard_hostname=str)
        address = urlsplit(one["path_app_url"])
        assert all((address.scheme, address.netloc)), one["path_app_url"]
    assert [one["name"] for one in value["regions"]].count("primary") == 1
    return value["regions"]


def inbox(value: Any) -> Any:
    """The notifications of the bell."""
    has(value, notifications=list, unread_count=int)
    for one in value["notifications"]:
        notification(one)
    assert len(value["notifications"]) <= 25
    return value


def notification(value: Any) -> Any:
    """One notification; an unread one says so with a null."""
    has(value, id=str, title=str, content=str, icon=str, actions=list, created_at=str)
    assert "read_at" in value
    assert "targets" in value
    for action in value["actions"]:
        has(action, label=str, url=str)
        assert urlsplit(action["url"]).netloc
    return value


def stats(value: Any) -> Any:
    """The numbers of the bar at the bottom."""
    has(value, aggregated_from=str, collected_at=str, next_update_at=str)
    numbers = has(value, workspaces=dict, session_count=dict)["workspaces"]
    has(numbers, pending=int, building=int, running=int, failed=int, stopped=int)
    has(numbers, rx_bytes=int, tx_bytes=int, connection_latency_ms=dict)
    has(numbers["connection_latency_ms"], P50=(int, float), P95=(int, float))
    has(value["session_count"], vscode=int, ssh=int, jetbrains=int, reconnecting_pty=int)
    return value


def health(value: Any) -> Any:
    """The report that the health pages need whole."""
    has(value, time=str, healthy=bool, severity=str, coder_version=str)
    for name in HEALTH_SECTIONS:
        section = has(value, **{name: dict})[name]
        has(section, severity=str, warnings=list, dismissed=bool)
        assert section.get("error") is None or isinstance(section["error"], str)
    for region in has(value["derp"], regions=dict, netcheck_logs=list)["regions"].values():
        has(region, severity=str, region=dict, node_reports=list)
        has(region["region"], RegionID=int, RegionName=str)
    proxies = has(value["workspace_proxy"], workspace_proxies=dict)["workspace_proxies"]
    has(proxies, regions=list)
    for item in has(value["provisioner_daemons"], items=list)["items"]:
        has(item, provisioner_daemon=dict, warnings=list)
    return value


def audit_entry(value: Any) -> Any:
    """A line of the audit page."""
    has(value, id=str, time=str, action=str, resource_type=str, resource_target=str)
    has(value, resource_link=str, description=str, diff=dict, status_code=int, is_deleted=bool)
    has(value, additional_fields=dict, user_agent=str, ip=str)
    if value["user"] is not None:
        has(value["user"], username=str)
    for change in value["diff"].values():
        has(change, secret=bool)
    return value
