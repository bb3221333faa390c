"""General page: how the deployment is set up and what it does at the moment."""

from __future__ import annotations

from functools import partial

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import Forbidden
from coder_mock_server.presenters import deployment as present


def get_deployment_config(call: Call, world: World) -> Reply:
    """Everything that can be set, and what it is set to."""
    if not lookup.can(call, world, "read", Thing("deployment_config")):
        raise Forbidden()
    base = call.base_url
    make = partial(present.config, world, base)
    return Reply.ok(world.views.get("codersdk.DeploymentConfig", base, (base,), make))


def get_deployment_stats(call: Call, world: World) -> Reply:
    """Counters of workspaces and sessions, taken every half minute."""
    if not lookup.can(call, world, "read", Thing("deployment_stats")):
        raise Forbidden()
    return Reply.ok(present.stats(world, world.now()))


def get_language_models(call: Call, world: World) -> Reply:
    """None: no provider is set up."""
    return Reply.ok({"models": []})
