"""Users as a group: who is there, whose name is taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coder_mock_server.domain import people
from coder_mock_server.domain import records as r
from coder_mock_server.store.state import State

NOW = datetime(2025, 5, 19, tzinfo=UTC)


@pytest.fixture
def state() -> State:
    state = State()
    for name, deleted in (("Bob", False), ("ann", False), ("gone", True)):
        email = f"{name}@example.com"
        state.users.put(r.User(name, name, email, NOW, NOW, deleted=deleted))
    state.users.put(people.SYSTEM_USER)
    return state


def test_people_are_those_who_were_not_deleted_in_the_order_of_their_names(state: State) -> None:
    assert [user.username for user in people.live_users(state)] == ["ann", "Bob"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"username": "BOB"}, "Bob"),
        ({"username": "new", "email": "ANN@example.com"}, "ann"),
        ({"username": "Prebuilds"}, "prebuilds"),
        ({"username": "gone", "email": "gone@example.com"}, None),
        ({}, None),
    ],
)
def test_a_name_or_address_is_taken_in_any_letter_case(
    state: State, given: dict[str, str], found: str | None
) -> None:
    holder = people.taken(state, **given)
    assert (holder.username if holder else None) == found


def test_organizations_follow_from_memberships(state: State) -> None:
    state.members.put(r.Member("o", "Bob", NOW, NOW))
    assert people.organization_ids(state, "Bob") == ["o"]
    assert people.organization_ids(state, "ann") == []


def test_roles_have_names_on_screen() -> None:
    assert people.site_role_name("user-admin") == "User Admin"
    assert people.organization_role_name("organization-auditor") == "Organization Auditor"
    assert people.site_role_name("king") == people.organization_role_name("king") == ""
    assert people.without_repetition(["a", "b", "a"]) == ("a", "b")


def test_the_organization_of_the_start_is_the_default_one() -> None:
    made = people.builtin_organization("o", NOW)
    assert (made.name, made.display_name, made.is_default) == ("coder", "Coder", True)
