"""Looks for the objects that path parameters name, by the name of the parameter: what a router does
on entry, and what an operation without a handler can still do.
"""

from __future__ import annotations

from collections.abc import Callable

from coder_mock_server import lookup
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing
from coder_mock_server.errors import ApiError, NotFound
from coder_mock_server.lookup import parse_uuid

Resolver = Callable[[Call, World], object]


def member(call: Call, world: World) -> r.Member:
    """The member of an organization that two path parameters name."""
    organization = lookup.organization(call, world)
    user = lookup.find_user(call, world, call.path["user"])
    found = world.state.members.get((organization.id, user.id)) if user else None
    if found is None or not lookup.can(
        call, world, "read", Thing("organization_member", organization.id, found.user_id)
    ):
        raise NotFound()
    return found


def workspace_by_name(call: Call, world: World) -> r.Workspace:
    """The live workspace of an owner, by name."""
    owner = lookup.user(call, world)
    rows = world.state.workspaces.by("name", (owner.id, call.path["workspacename"].lower()))
    if not rows or not lookup.can(call, world, "read", lookup.workspace_thing(rows[0])):
        raise NotFound()
    return rows[0]


def template_by_name(call: Call, world: World) -> r.Template:
    """The live template of an organization, by name."""
    organization = lookup.organization(call, world)
    key = (organization.id, call.path["templatename"].lower())
    rows = world.state.templates.by("name", key)
    if not rows or not lookup.can(call, world, "read", lookup.template_thing(rows[0])):
        raise NotFound()
    return rows[0]


def _row(table: str) -> Callable[[str], Resolver]:
    def of(name: str) -> Resolver:
        def resolve(call: Call, world: World) -> object:
            text = call.path[name]
            id = parse_uuid(text)
            if id is None:
                raise ApiError(400, f'Invalid UUID "{text}".', lookup.uuid_problem(text))
            found = getattr(world.state, table).get(id)
            if found is None:
                raise NotFound()
            return found

        return resolve

    return of


ON_ENTRY: dict[str, Resolver] = {
    "member": member,
    "organization": lookup.organization,
    "template": lookup.template,
    "templateversion": lookup.template_version,
    "workspace": lookup.workspace,
    "workspaceagent": lookup.agent,
    "workspacebuild": lookup.build,
}
"""By the kinds in `spec.routers.LOOKED_UP_ON_ENTRY`."""

BY_PARAMETER: dict[str, Resolver] = {
    **{name: resolver for name, resolver in ON_ENTRY.items() if name != "member"},
    "fileID": _row("files")("fileID"),
    "jobID": _row("jobs")("jobID"),
    "templatename": template_by_name,
    "user": lookup.user,
    "workspacename": workspace_by_name,
}
"""Path parameters that name something the state knows."""


def resolve_path(call: Call, world: World, names: tuple[str, ...]) -> None:
    """Look for every object that the path names, left to right; raises the API's refusals."""
    organization_first = names[:1] == ("organization",)
    for name in names:
        if name == "user" and organization_first:
            member(call, world)
            continue
        resolver = BY_PARAMETER.get(name)
        if resolver is not None:
            resolver(call, world)
