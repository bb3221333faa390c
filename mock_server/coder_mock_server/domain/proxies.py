"""Regions: the server's own, and the proxies that were made; how they are."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from coder_mock_server.domain.licensed import WorkspaceProxy
from coder_mock_server.store.state import State

ProxyStatus = Literal["ok", "unreachable", "unhealthy", "unregistered"]
PRIMARY = "primary"
PRIMARY_NAME = "Default"
PRIMARY_ICON = "/emojis/1f3e1.png"


def primary(state: State, id: str, since: datetime) -> WorkspaceProxy:
    """The server's own region; its id is the deployment's."""
    return state.workspace_proxies.get(id) or WorkspaceProxy(
        id,
        PRIMARY,
        since,
        since,
        display_name=PRIMARY_NAME,
        icon=PRIMARY_ICON,
        derp_enabled=False,
    )


def live(state: State, primary_id: str) -> list[WorkspaceProxy]:
    """The proxies besides the primary one."""
    return [one for one in state.workspace_proxies if not one.deleted and one.id != primary_id]


def status(proxy: WorkspaceProxy) -> ProxyStatus:
    """How the last check of the proxy came out."""
    if proxy.name == PRIMARY:
        return "ok"
    if not proxy.url:
        return "unregistered"
    if not proxy.replicas:
        return "unreachable"
    return "unhealthy" if all(one.error for one in proxy.replicas) else "ok"
