"""The provisioner daemons that the server itself runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain.records import ProvisionerDaemon
from coder_mock_server.domain.tags import UNTAGGED

HOST = "coder-mock"


def put_built_in(world: World, now: datetime, count: int | None = None) -> list[ProvisionerDaemon]:
    """Start the built-in daemons of the default organization, as many as the settings say."""
    organization = world.state.default_organization()
    wanted = world.settings.daemons if count is None else count
    return [
        world.state.daemons.put(
            ProvisionerDaemon(
                id=world.ids.uuid(),
                organization_id=organization.id,
                name=f"{HOST}-{number}",
                created_at=now + timedelta(milliseconds=number),
                tags=UNTAGGED,
                version=world.policy.build_version,
            )
        )
        for number in range(wanted)
    ]
