"""General page: what the server is and what it is set to."""

from __future__ import annotations

import uuid

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.errors import ApiError
from coder_mock_server.handlers.users.keys import MAX_LIFETIME
from coder_mock_server.wire_in.scanner import DecodeError, scan

PROJECT_URL = "https://github.com/coder/coder"


def api_root_handler(call: Call, world: World) -> Reply:
    """A greeting."""
    return Reply.message("👋")


def build_info(call: Call, world: World) -> Reply:
    """Which server this is."""
    return Reply.ok(
        {
            "external_url": PROJECT_URL,
            "version": world.policy.build_version,
            "dashboard_url": call.base_url,
            "telemetry": False,
            "workspace_proxy": False,
            "agent_api_version": "1.0",
            "provisioner_api_version": "1.6",
            "upgrade_message": "",
            "deployment_id": deployment_id(world.settings.seed),
        }
    )


def deployment_id(seed: int) -> str:
    """The same for every start with this seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"coder-mock deployment {seed}"))


def update_check(call: Call, world: World) -> Reply:
    """Always up to date: nothing is looked up."""
    return Reply.ok({"current": True, "version": world.policy.build_version, "url": PROJECT_URL})


def report_csp_violations(call: Call, world: World) -> Reply:
    """Take a browser's report of any media type, as long as it is JSON."""
    try:
        scan(call.raw)
    except DecodeError as error:
        raise ApiError(400, "Failed to read body, invalid json.", str(error)) from None
    return Reply.ok("ok")


def ssh_config(call: Call, world: World) -> Reply:
    """How the command line names workspaces for ssh."""
    return Reply.ok(
        {"hostname_prefix": "coder.", "hostname_suffix": "coder", "ssh_config_options": {}}
    )


def get_enabled_experiments(call: Call, world: World) -> Reply:
    """None."""
    return Reply.ok([])


def get_experiments(call: Call, world: World) -> Reply:
    """The same, as it was called in 2023."""
    return get_enabled_experiments(call, world)


def get_safe_experiments(call: Call, world: World) -> Reply:
    """Those that may be switched on without harm."""
    return Reply.ok({"safe": ["workspace-prebuilds"]})


def get_token_config(call: Call, world: World) -> Reply:
    """How long a token may live, in nanoseconds."""
    lookup.user(call, world)
    return Reply.ok({"max_token_lifetime": MAX_LIFETIME})
