"""Git page: accounts with other services that users link to theirs.

No such service is set up here, as on a server straight after it was installed; so there is nothing
to list, and none can be found.
"""

from __future__ import annotations

from coder_mock_server.call import Call, Reply, World
from coder_mock_server.errors import NotFound


def get_user_external_auths(call: Call, world: World) -> Reply:
    """Services and links: none."""
    return Reply.ok({"providers": [], "links": []})


def get_external_auth_by_id(call: Call, world: World) -> Reply:
    """No service has this id."""
    raise NotFound()


def delete_external_auth_user_link_by_id(call: Call, world: World) -> Reply:
    """No service has this id."""
    raise NotFound()


def get_external_auth_device_by_id(call: Call, world: World) -> Reply:
    """No service has this id."""
    raise NotFound()


def post_external_auth_device_by_id(call: Call, world: World) -> Reply:
    """No service has this id."""
    raise NotFound()
