"""Groups of an organization: who is in them, Everyone among them, and what they allow."""

from __future__ import annotations

from coder_mock_server.domain import records as r
from coder_mock_server.domain.licensed import EVERYONE, Group
from coder_mock_server.store.state import State


def everyone(state: State, organization_id: str) -> Group:
    """The group that all members are in; its id is the organization's."""
    return state.groups.get(organization_id) or Group(organization_id, organization_id, EVERYONE)


def find(state: State, id: str) -> Group | None:
    """A group by id, Everyone of any organization among them."""
    return everyone(state, id) if id in state.organizations else state.groups.get(id)


def find_by_name(state: State, organization_id: str, name: str) -> Group | None:
    """A group of the organization by name, letter for letter."""
    if name == EVERYONE:
        return everyone(state, organization_id)
    return state.groups.one("name", (organization_id, name))


def of_organization(state: State, organization_id: str) -> list[Group]:
    """All groups of the organization, Everyone first."""
    named = state.groups.by("organization", organization_id)
    return [everyone(state, organization_id), *(g for g in named if not g.is_everyone)]


def members(state: State, group: Group) -> list[r.User]:
    """The live users in the group."""
    if group.is_everyone:
        ids = [member.user_id for member in state.members.by("organization", group.id)]
    else:
        ids = [member.user_id for member in state.group_members.by("group", group.id)]
    found = [user for id in ids if (user := state.users.get(id)) is not None]
    return [user for user in found if not user.deleted and not user.is_system]


def of_user(state: State, user_id: str, organization_id: str) -> list[Group]:
    """The groups of the organization that the user is in; none for those who are no members."""
    if (organization_id, user_id) not in state.members:
        return []
    ids = [member.group_id for member in state.group_members.by("user", user_id)]
    named = [group for id in ids if (group := state.groups.get(id)) is not None]
    own = [group for group in named if group.organization_id == organization_id]
    return [everyone(state, organization_id), *own]


def has_member(state: State, group: Group, user_id: str) -> bool:
    """Whether the user is in the group."""
    if group.is_everyone:
        return (group.id, user_id) in state.members
    return (group.id, user_id) in state.group_members


def leave_organization(state: State, organization_id: str, user_id: str) -> None:
    """Take a user who is no member any more out of the organization's groups."""
    for member in state.group_members.by("user", user_id):
        group = state.groups.get(member.group_id)
        if group is not None and group.organization_id == organization_id:
            state.group_members.remove((member.group_id, user_id))


def remove(state: State, group: Group) -> None:
    """Delete a group and who is in it."""
    for member in state.group_members.by("group", group.id):
        state.group_members.remove((member.group_id, member.user_id))
    state.groups.remove(group.id)
