"""Workspace proxies page: the regions that workspaces can be reached through."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.handlers.enterprise.proxies import regions
from coder_mock_server.presenters import proxies as present


def get_site_wide_regions_for_workspace_connections(call: Call, world: World) -> Reply:
    """The primary region, and every proxy as long as they are licensed."""
    readable = lookup.can(call, world, "read", Thing("workspace_proxy"))
    found = regions(world) if readable else regions(world)[:1]
    return Reply.ok({"regions": [present.region(one, call.base_url) for one in found]})
