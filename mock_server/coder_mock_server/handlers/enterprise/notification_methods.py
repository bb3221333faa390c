"""By which way a kind of notification is sent."""

from __future__ import annotations

from coder_mock_server import lookup
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain.access import Thing
from coder_mock_server.domain.licensed import NotificationMethod
from coder_mock_server.errors import Invalid, NotFound, Validation
from coder_mock_server.notifications.kinds import KINDS

METHODS = ("smtp", "webhook", "inbox")


def update_notification_template_dispatch_method(call: Call, world: World) -> Reply:
    """Set the way; answers 304 when it is that already."""
    id = lookup.path_uuid(call, "notification_template")
    if id not in KINDS or not lookup.can(call, world, "update", Thing("notification_template")):
        raise NotFound()
    method = call.body().text("method")
    if method not in METHODS:
        problem = (
            f'"{method}" is not a valid method; {", ".join(METHODS)} are the available options'
        )
        raise Invalid(
            "Invalid request to update notification template method",
            Validation("method", problem),
        )
    before = world.state.notification_methods.get(id)
    if before is not None and before.method == method:
        return Reply.not_modified()
    world.state.notification_methods.put(NotificationMethod(id, method))
    return Reply.message("Successfully updated notification template method.")
