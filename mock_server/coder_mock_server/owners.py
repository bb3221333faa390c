"""Whose workspace a path means: the owner segment, and the workspace of a name below it."""

from __future__ import annotations

from dataclasses import dataclass

from coder_mock_server import lookup
from coder_mock_server.call import Call, World
from coder_mock_server.domain import records as r
from coder_mock_server.domain.access import Thing, may
from coder_mock_server.errors import ApiError, NotFound, Validation
from coder_mock_server.wire_in.query import FALSE, TRUE


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose workspace it is, and in which organizations the caller knows him (`None`: in all)."""

    user: r.User
    organizations: frozenset[str] | None = None

    def known_in(self, organization_id: str) -> bool:
        """Whether the caller may deal with this user in the organization."""
        return self.organizations is None or organization_id in self.organizations


def owner(call: Call, world: World) -> Owner:
    """The `{user}` of a path under which workspaces are named.

    An unknown one is 400. Who may not read the user's record may still know him as a member of
    an organization; who knows neither is told 404.
    """
    found = lookup.find_user(call, world, call.path["user"])
    if found is None:
        raise lookup.unknown_user(call.path["user"], world)
    subject = lookup.subject(call, world)
    if may(subject, "read", lookup.user_thing(found)):
        return Owner(found)
    known = frozenset(
        member.organization_id
        for member in world.state.members.by("user", found.id)
        if may(subject, "read", member_thing(member))
    )
    if not known:
        raise NotFound()
    return Owner(found, known)


def member(call: Call, world: World) -> Owner:
    """The `{user}` of a path below an organization, who must be a member of it."""
    organization = lookup.organization(call, world)
    found = lookup.find_user(call, world, call.path["user"])
    if found is None:
        raise lookup.unknown_user(call.path["user"], world)
    record = world.state.members.get((organization.id, found.id))
    if record is None or not lookup.can(call, world, "read", member_thing(record)):
        raise NotFound()
    return Owner(found)


def member_thing(record: r.Member) -> Thing:
    """A membership as permissions see it: its user owns it."""
    return Thing("organization_member", record.organization_id, record.user_id)


def include_deleted(call: Call, field: str) -> bool:
    """The flag of that name; `field` is how the refusal calls it."""
    text = call.query.get("include_deleted") or ""
    if not text or text in FALSE:
        return False
    if text in TRUE:
        return True
    raise ApiError(
        400,
        f'Invalid boolean value "{text}" for "include_deleted" query param.',
        validations=(Validation(field, "Must be a valid boolean"),),
    )


def named_workspace(
    call: Call, world: World, user: r.User, *, deleted_too: bool = False
) -> r.Workspace:
    """The workspace that `{workspacename}` means: the live one, else the last deleted one."""
    state = world.state
    key = (user.id, call.path["workspacename"].lower())
    found = state.workspaces.one("name", key)
    if found is None and deleted_too:
        gone = state.workspaces.by("any_name", key)
        found = max(gone, key=lambda w: state.latest_build(w.id).created_at, default=None)
    if found is None or not lookup.can(call, world, "read", lookup.workspace_thing(found)):
        raise NotFound()
    return found
