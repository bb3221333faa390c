"""Where a version of the API says something otherwise than 2025-05-19 does: one table per version.

Handlers answer in the names and values of 2025-05-19. What a version does not know at all needs no
entry: its document lacks the property, so the projection drops it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from coder_mock_server.wire import encode_fragment


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one version calls otherwise."""

    renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Component -> property in the document -> property in the handlers' answer."""
    values: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Component, or `component.property` -> what becomes of its value."""


def _known_status(status: Any) -> Any:
    """2023 knows no dormant users: who has not signed in yet is active."""
    return "active" if status == "dormant" else status


def _midnight(date: Any) -> Any:
    """A day as the moment at which it begins."""
    return f"{date}T00:00:00Z" if isinstance(date, str) and len(date) == 10 else date


def _parts(address: Any) -> Any:
    """An address in its parts."""
    if not isinstance(address, str):
        return address
    parts = urlsplit(address)
    return {"scheme": parts.scheme, "host": parts.netloc, "path": parts.path}


def _bytes(value: Any) -> Any:
    """JSON within JSON, as the numbers of its bytes."""
    return list(encode_fragment(value)) if isinstance(value, dict) else value


def _duration(text: Any) -> Any:
    """Milliseconds in nanoseconds."""
    is_text = isinstance(text, str) and text.endswith("ms")
    return int(text.removesuffix("ms")) * 1_000_000 if is_text else text


DIALECTS: Mapping[str, Dialect] = {
    "2023-06-20": Dialect(
        renames={
            "codersdk.WorkspaceAgent": {
                "startup_logs_length": "logs_length",
                "startup_logs_overflowed": "logs_overflowed",
            },
            "tailcfg.DERPMap": {"regions": "Regions"},
            "tailcfg.DERPRegion": {
                "embeddedRelay": "EmbeddedRelay",
                "regionID": "RegionID",
                "regionCode": "RegionCode",
                "regionName": "RegionName",
                "nodes": "Nodes",
            },
            "tailcfg.DERPNode": {
                "name": "Name",
                "regionID": "RegionID",
                "hostName": "HostName",
                "stunport": "STUNPort",
                "derpport": "DERPPort",
                "forceHTTP": "ForceHTTP",
            },
            "codersdk.Template": {
                "inactivity_ttl_ms": "time_til_dormant_ms",
                "locked_ttl_ms": "time_til_dormant_autodelete_ms",
            },
            "codersdk.WorkspaceProxy": {"icon": "icon_url", "url": "path_app_url"},
        },
        values={
            "codersdk.UserStatus": _known_status,
            "codersdk.DAUEntry.date": _midnight,
            "clibase.Struct-array_codersdk_LinkConfig": lambda links: {"value": links},
            "clibase.URL": _parts,
            "codersdk.AuditLog.additional_fields": _bytes,
            "healthcheck.DERPNodeReport.round_trip_ping": _duration,
            "healthcheck.DERPReport.netcheck": lambda report: report or {},
        },
    ),
    "2025-05-19": Dialect(),
}


def dialect_of(version: str) -> Dialect:
    """The dialect of this date, or of the nearest earlier one we know (else the oldest)."""
    known = sorted(DIALECTS)
    earlier = [date for date in known if date <= version]
    return DIALECTS[earlier[-1] if earlier else known[0]]
