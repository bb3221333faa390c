"""Operations that carry a protocol between parts of Coder, which the fake does not speak."""

from __future__ import annotations

_SILENT = "internal protocol: the handshake is as documented, then the connection stays silent"

INTERNAL: dict[str, str] = {
    "coordinate-workspace-agent": _SILENT,
    "coordinate-workspace-agent-via-tailnet": _SILENT,
    "coordinate-a-proxy": _SILENT,
    "user-scoped-tailnet-rpc-connection": _SILENT,
    "workspace-agent-rpc": "internal protocol: the agent counts as connected while the connection "
    "is open; nothing is said on it",
    "serve-provisioner-daemon": "internal protocol: refused, the built-in daemons do all jobs",
}
"""operationId -> what becomes of it instead."""
