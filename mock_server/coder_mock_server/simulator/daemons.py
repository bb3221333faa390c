"""The provisioner daemons that the server itself runs, and those that run beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain.records import Organization, ProvisionerDaemon
from coder_mock_server.domain.tags import UNTAGGED

HOST = "coder-mock"
PRE_SHARED = ("00000000-0000-0000-0000-000000000003", "psk")
"""Id and name of the key of daemons that sign in with the secret of the deployment."""


def put_built_in(world: World, now: datetime, count: int | None = None) -> list[ProvisionerDaemon]:
    """Start the built-in daemons of the default organization, as many as the settings say."""
    organization = world.state.default_organization()
    wanted = world.settings.daemons if count is None else count
    started = _started(world, organization, HOST, now, wanted)
    return [world.state.daemons.put(one) for one in started]


def put_external(world: World, organization: Organization, now: datetime, count: int) -> None:
    """Start daemons that an organization runs itself."""
    key_id, key_name = PRE_SHARED
    for one in _started(world, organization, f"{organization.name}-provisioner", now, count):
        world.state.daemons.put(replace(one, key_id=key_id, key_name=key_name))


def _started(
    world: World, organization: Organization, name: str, now: datetime, count: int
) -> Iterator[ProvisionerDaemon]:
    """Daemons of one name, numbered."""
    for number in range(count):
        yield ProvisionerDaemon(
            id=world.ids.uuid(),
            organization_id=organization.id,
            name=f"{name}-{number}",
            created_at=now + timedelta(milliseconds=number),
            tags=UNTAGGED,
            version=world.policy.build_version,
        )
