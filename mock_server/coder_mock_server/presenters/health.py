"""The health report, as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from coder_mock_server.call import World
from coder_mock_server.domain import health as rules
from coder_mock_server.presenters import jobs

LATENCY_MS = 1
THRESHOLD_MS = 15


def report(
    world: World, base_url: str, now: datetime, regions: list[dict[str, Any]]
) -> dict[str, Any]:
    """Every section and what they come to; `regions` are the proxies, as they are listed."""
    version = world.policy.build_version
    lost = [region["name"] for region in regions if not region["healthy"]]
    found = rules.sections(world.state, version, now, lost)
    severity = rules.overall(found)
    return {
        "time": now,
        "healthy": severity != "error",
        "severity": severity,
        "derp": _section(found["derp"]) | _derp(base_url, found["derp"]),
        "access_url": _section(found["access_url"]) | _access(base_url, found["access_url"]),
        "websocket": _section(found["websocket"])
        | {"body": "", "code": 101 if found["websocket"].healthy else 502},
        "database": _section(found["database"]) | _database(found["database"]),
        "workspace_proxy": _section(found["workspace_proxy"])
        | {"workspace_proxies": {"regions": regions}},
        "provisioner_daemons": _section(found["provisioner_daemons"], healthy=False)
        | {
            "items": [
                {
                    "provisioner_daemon": jobs.daemon(world, daemon, now=now),
                    "warnings": _messages(rules.daemon_warnings(daemon, version)),
                }
                for daemon in rules.active_daemons(world.state, now)
            ]
        },
        "coder_version": version,
    }


def text(body: dict[str, Any]) -> str:
    """The same for people, a line for each section. Our choice of words."""
    lines = [f"Healthy: {str(body['healthy']).lower()}"]
    for name in rules.SECTIONS.values():
        section = body[name]
        lines.append(f"{name}: {section['severity']}")
        lines += [f"  {one['code']}: {one['message']}" for one in section["warnings"]]
        if "error" in section:
            lines.append(f"  {section['error']}")
    return "\n".join(lines) + "\n"


def _messages(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"code": code, "message": message} for code, message in pairs]


def _section(section: rules.Section, *, healthy: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {
        "severity": section.severity,
        "warnings": _messages(section.warnings),
        "dismissed": section.dismissed,
    }
    if healthy:
        body["healthy"] = section.healthy
    if section.error:
        body["error"] = section.error
    return body


def _access(base_url: str, section: rules.Section) -> dict[str, Any]:
    ok = section.healthy
    return {
        "access_url": base_url,
        "reachable": ok,
        "status_code": 200 if ok else 0,
        "healthz_response": "OK" if ok else "",
    }


def _database(section: rules.Section) -> dict[str, Any]:
    latency = LATENCY_MS if section.severity == "ok" else 10 * THRESHOLD_MS
    return {
        "reachable": section.healthy,
        "latency": f"{latency}ms",
        "latency_ms": latency,
        "threshold_ms": THRESHOLD_MS,
    }


def _derp(base_url: str, section: rules.Section) -> dict[str, Any]:
    """The one relay there is. Our choice: the network beyond it is not measured."""
    access = urlsplit(base_url)
    is_plain = access.scheme != "https"
    node = {
        "Name": "999b",
        "RegionID": 999,
        "HostName": access.hostname or "",
        "STUNPort": -1,
        "DERPPort": access.port or (80 if is_plain else 443),
        "ForceHTTP": is_plain,
    }
    same: dict[str, Any] = {
        "healthy": section.healthy,
        "severity": section.severity,
        "warnings": [],
    }
    return {
        "regions": {
            "999": {
                **same,
                "region": {
                    "EmbeddedRelay": True,
                    "RegionID": 999,
                    "RegionCode": "coder",
                    "RegionName": "Coder Embedded Relay",
                    "Nodes": [node],
                },
                "node_reports": [
                    {
                        **same,
                        "node": node,
                        "node_info": {},
                        "can_exchange_messages": section.healthy,
                        "round_trip_ping": "1ms",
                        "round_trip_ping_ms": 1,
                        "uses_websocket": False,
                        "client_logs": [],
                        "client_errs": [],
                        "stun": {"Enabled": False, "CanSTUN": False},
                    }
                ],
            }
        },
        "netcheck": None,
        "netcheck_logs": [],
    }
