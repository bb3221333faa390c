"""Resources, agents and apps of a job, as the API shows them.

The bodies hold what both dates of the API know; the document served drops the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coder_mock_server.call import World
from coder_mock_server.domain import agents as rules
from coder_mock_server.domain import records as r

DEFAULT_HELP = "https://coder.com/docs/admin/templates/troubleshooting"
RELAY = "Coder Embedded Relay"
STARTUP_LOG, SHUTDOWN_LOG = "coder-startup-script.log", "coder-shutdown-script.log"


@dataclass(frozen=True, slots=True)
class Face:
    """In which of its places an agent is shown."""

    names_subdomains: bool = True
    is_alone: bool = True
    """Whether this is the only agent that the answer holds."""


ALONE = Face()


def resources(world: World, job_id: str, now: datetime, *, by_name: bool = False) -> list[Any]:
    """The resources of a job: agents' order first as in a build, or by name alone.

    Where a job's resources are listed by name, their apps tell no `subdomain_name`.
    """
    found = world.state.resources.by("job", job_id)
    found.sort(key=(lambda x: x.name) if by_name else (lambda x: x.position))
    face = Face(names_subdomains=not by_name, is_alone=world.state.agents.count("job", job_id) == 1)
    return [resource(world, record, now, face) for record in found]


def resource(
    world: World, record: r.WorkspaceResource, now: datetime, face: Face
) -> dict[str, Any]:
    """One resource; `agents` and `metadata` are left out when empty."""
    body: dict[str, Any] = {
        "id": record.id,
        "created_at": record.created_at,
        "job_id": record.job_id,
        "workspace_transition": record.transition,
        "type": record.type,
        "name": record.name,
        "hide": record.hide,
        "icon": record.icon,
    }
    found = sorted(world.state.agents.by("resource", record.id), key=lambda a: (a.position, a.name))
    if found:
        body["agents"] = [agent(world, one, now, face) for one in found]
    if record.metadata:
        body["metadata"] = [
            {"key": item.key, "value": item.value, "sensitive": item.sensitive}
            for item in record.metadata
        ]
    body["daily_cost"] = record.daily_cost
    return body


def agent(
    world: World, record: r.WorkspaceAgent, now: datetime, face: Face = ALONE
) -> dict[str, Any]:
    """An agent with its status at `now`."""
    status = rules.agent_status(record, now)
    times = {
        "first_connected_at": record.first_connected_at,
        "last_connected_at": rules.last_connected_at(record, now),
        "disconnected_at": rules.disconnected_at(record, now),
        "started_at": record.started_at,
        "ready_at": record.ready_at,
    }
    body: dict[str, Any] = {
        "id": record.id,
        "parent_id": None,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }
    body.update((key, moment) for key, moment in times.items() if moment is not None)
    body |= {
        "status": status,
        "lifecycle_state": record.lifecycle_state,
        "name": record.name,
        "resource_id": record.resource_id,
        "architecture": record.architecture,
        "environment_variables": dict(record.environment_variables) or None,
        "operating_system": record.operating_system,
        "logs_length": record.logs_length,
        "logs_overflowed": record.logs_overflowed,
        "version": record.version,
        "api_version": record.api_version,
        "apps": [app(world, one, face) for one in apps_of(world, record.id)],
        "connection_timeout_seconds": record.connection_timeout_seconds,
        "troubleshooting_url": troubleshooting_url(world, record),
        "subsystems": sorted(record.subsystems),
        "health": health(record, now),
        "display_apps": list(record.display_apps),
        "log_sources": [log_source(source) for source in _sources(record, face)],
        "scripts": [script(one) for one in record.scripts],
        "startup_script_behavior": startup_behavior(record),
    }
    if record.instance_id:
        body["instance_id"] = record.instance_id
    if record.directory:
        body["directory"] = record.directory
        if record.version:
            body["expanded_directory"] = rules.expanded_directory(record)
    if record.latency_ms is not None:
        body["latency"] = {RELAY: {"preferred": True, "latency_ms": record.latency_ms}}
    return body | _older_names(record)


def _sources(record: r.WorkspaceAgent, face: Face) -> Iterable[r.AgentLogSource]:
    """By id where one agent is read alone, else in the order of their making."""
    return sorted(record.log_sources, key=lambda s: s.id) if face.is_alone else record.log_sources


def _older_names(record: r.WorkspaceAgent) -> dict[str, Any]:
    """What an agent showed in 2023; documents of later dates drop it."""
    body: dict[str, Any] = {
        "startup_script_timeout_seconds": 300,
        "shutdown_script_timeout_seconds": 300,
        "login_before_ready": startup_behavior(record) == "non-blocking",
        "subsystem": record.subsystems[0] if record.subsystems else "none",
    }
    for one in record.scripts:
        if one.log_path == STARTUP_LOG:
            body["startup_script"] = one.script
        elif one.log_path == SHUTDOWN_LOG:
            body["shutdown_script"] = one.script
    return body


def troubleshooting_url(world: World, record: r.WorkspaceAgent) -> str:
    """The template's own, or the default page of the date."""
    if record.troubleshooting_url in ("", DEFAULT_HELP):
        return world.policy.troubleshooting_url
    return record.troubleshooting_url


def startup_behavior(record: r.WorkspaceAgent) -> str:
    """`blocking` when a start script holds back sign-ins."""
    blocking = any(one.run_on_start and one.start_blocks_login for one in record.scripts)
    return "blocking" if blocking else "non-blocking"


def health(record: r.WorkspaceAgent, now: datetime) -> dict[str, Any]:
    """Whether the agent is well, and why not."""
    found = rules.agent_health(record, now)
    return {"healthy": True} if found.healthy else {"healthy": False, "reason": found.reason}


def log_source(source: r.AgentLogSource) -> dict[str, Any]:
    """Where log lines of an agent come from."""
    return {
        "workspace_agent_id": source.workspace_agent_id,
        "id": source.id,
        "created_at": source.created_at,
        "display_name": source.display_name,
        "icon": source.icon,
    }


def script(record: r.AgentScript) -> dict[str, Any]:
    """A script of an agent; `timeout` in nanoseconds."""
    return {
        "id": record.id,
        "log_source_id": record.log_source_id,
        "log_path": record.log_path,
        "script": record.script,
        "cron": record.cron,
        "run_on_start": record.run_on_start,
        "run_on_stop": record.run_on_stop,
        "start_blocks_login": record.start_blocks_login,
        "timeout": record.timeout,
        "display_name": record.display_name,
    }


def metadata_description(item: r.AgentMetadatum) -> dict[str, Any]:
    """What the template says of a metadata item."""
    return {
        "display_name": item.display_name,
        "key": item.key,
        "script": item.script,
        "interval": item.interval,
        "timeout": item.timeout,
    }


def apps_of(world: World, agent_id: str) -> list[r.WorkspaceApp]:
    """An agent's apps: by display order, display name (else slug), slug, in byte order."""
    found = world.state.apps.by("agent", agent_id)
    found.sort(key=lambda a: (a.position, a.display_name or a.slug, a.slug))
    return found


def app(world: World, record: r.WorkspaceApp, face: Face = ALONE) -> dict[str, Any]:
    """An app; its texts are left out when empty."""
    body: dict[str, Any] = {
        "id": record.id,
        "external": record.external,
        "slug": record.slug,
        "display_name": record.display_name or record.slug,
        "subdomain": record.subdomain,
        "sharing_level": record.sharing_level,
        "healthcheck": {
            "url": record.healthcheck_url,
            "interval": record.healthcheck_interval,
            "threshold": record.healthcheck_threshold,
        },
        "health": record.health,
        "hidden": record.hidden,
        "open_in": record.open_in,
        "statuses": [app_status(one) for one in world.state.app_statuses.by("app", record.id)],
    }
    texts = {"url": record.url, "command": record.command, "icon": record.icon}
    if record.subdomain and face.names_subdomains:
        texts["subdomain_name"] = subdomain_name(world, record)
    body.update((key, text) for key, text in texts.items() if text)
    return body


def subdomain_name(world: World, record: r.WorkspaceApp) -> str:
    """`slug--agent--workspace--owner`; empty for an app of an import, which no workspace has."""
    state = world.state
    agent_record = state.agents[record.agent_id]
    build = state.builds.one("job", agent_record.job_id)
    if build is None:
        return ""
    workspace = state.workspaces[build.workspace_id]
    owner = state.users[workspace.owner_id]
    return f"{record.slug}--{agent_record.name}--{workspace.name}--{owner.username}"


def app_status(record: r.AppStatus) -> dict[str, Any]:
    """What an app once said of itself; icon and attention are always empty."""
    return {
        "id": record.id,
        "created_at": record.created_at,
        "workspace_id": record.workspace_id,
        "agent_id": record.agent_id,
        "app_id": record.app_id,
        "state": record.state,
        "message": record.message,
        "uri": record.uri,
        "icon": "",
        "needs_user_attention": False,
    }


def agent_log(record: r.AgentLog) -> dict[str, Any]:
    """One line of an agent's log."""
    return {
        "id": record.id,
        "created_at": record.created_at,
        "output": record.output,
        "level": record.level,
        "source_id": record.source_id,
    }


def agent_logs(records: Iterable[r.AgentLog]) -> list[dict[str, Any]]:
    """Log lines in the order of their ids."""
    return [agent_log(record) for record in records]
