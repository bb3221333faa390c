"""Reading workspaces: one by id, one by name, the list."""

from __future__ import annotations

from datetime import datetime

from coder_mock_server import lookup, workspace_search
from coder_mock_server.call import Call, Reply, World
from coder_mock_server.domain import builder
from coder_mock_server.domain import records as r
from coder_mock_server.errors import ApiError, Forbidden
from coder_mock_server.owners import include_deleted, named_workspace, owner
from coder_mock_server.presenters import builds as present_builds
from coder_mock_server.presenters.workspaces import workspace_view
from coder_mock_server.views import View
from coder_mock_server.wire_in import QueryReader, pagination


def list_workspaces(call: Call, world: World) -> Reply:
    """The page of those that the caller may read, and how many there are in all."""
    reader = QueryReader(call.query)
    page = pagination(reader)
    reader.finish()
    filters = workspace_search.parse(call, world, call.query.get("q") or "")
    return Reply.ok(workspace_search.page(call, world, filters, page.offset, page.limit))


def get_workspace_metadata_by_id(call: Call, world: World) -> Reply:
    """One workspace; a deleted one only when asked for."""
    record = lookup.workspace(call, world)
    deleted_too = include_deleted(call, "deleted")
    if record.deleted and not deleted_too:
        raise ApiError(
            410,
            f'Workspace "{record.id}" was deleted, you can view this workspace by specifying '
            "'?deleted=true' and trying again.",
        )
    return Reply.ok(seen(call, world, record, world.now()))


def get_workspace_metadata_by_user_and_workspace_name(call: Call, world: World) -> Reply:
    """One workspace by its owner and its name in any letter case."""
    user = owner(call, world).user
    deleted_too = include_deleted(call, "include_deleted")
    record = named_workspace(call, world, user, deleted_too=deleted_too)
    return Reply.ok(seen(call, world, record, world.now()))


def seen(call: Call, world: World, record: r.Workspace, now: datetime) -> View:
    """The workspace as the caller sees it; refused to who may not read its template."""
    template = world.state.templates[record.template_id]
    if not lookup.can(call, world, "read", lookup.template_thing(template)):
        raise Forbidden()
    return workspace_view(world, record, call.actor.id, now)


def resolve_workspace_autostart_by_id(call: Call, world: World) -> Reply:
    """Whether an automatic update would lack the value of a parameter."""
    record = lookup.workspace(call, world)
    template = world.state.templates[record.template_id]
    build = world.state.latest_build(record.id)
    updates = record.automatic_updates == "always" or template.require_active_version
    mismatch = (
        updates
        and build.template_version_id != template.active_version_id
        and not builder.fits_without_asking(world.state, record, template.active_version_id)
    )
    return Reply.ok({"parameter_mismatch": mismatch})


def get_workspace_timings_by_id(call: Call, world: World) -> Reply:
    """How long the steps of the latest build took; of a deleted workspace too."""
    record = lookup.workspace(call, world)
    build = world.state.latest_build(record.id)
    return Reply.ok(present_builds.timings(world, build))
