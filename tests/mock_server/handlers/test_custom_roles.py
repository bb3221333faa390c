"""Roles that an organization makes up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.people import new_user

ROLES = "/organizations/coder/members/roles"


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="premium") as running:
        running.first_user()
        yield running


def helper(*permissions: tuple[bool, str, str]) -> dict[str, Any]:
    return {
        "name": "helper",
        "display_name": "Helper",
        "organization_permissions": [
            {"negate": negate, "resource_type": type, "action": action}
            for negate, type, action in permissions
        ],
    }


def test_a_role_grants_what_it_says_in_its_organization(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    bob = new_user(mock, organization, "bob")
    check = {
        "checks": {
            "x": {
                "object": {"resource_type": "audit_log", "organization_id": organization},
                "action": "read",
            }
        }
    }
    assert mock.post("/authcheck", check, token=bob["token"]).json == {"x": False}
    assert mock.post(ROLES, helper((False, "audit_log", "read"))).status == 200
    given = mock.put("/organizations/coder/members/bob/roles", {"roles": ["helper"]}).json
    assert given["roles"][0]["display_name"] == "Helper"
    assert mock.post("/authcheck", check, token=bob["token"]).json == {"x": True}
    assert mock.delete(f"{ROLES}/helper").status == 204
    assert mock.post("/authcheck", check, token=bob["token"]).json == {"x": False}
    assert mock.get("/users/bob/roles").json["organization_roles"] == {organization: []}


def test_a_role_can_deny(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    bob = new_user(mock, organization, "bob")
    mock.post(ROLES, helper((True, "workspace", "create")))
    mock.put("/organizations/coder/members/bob/roles", {"roles": ["helper"]})
    thing = {"resource_type": "workspace", "owner_id": "me", "organization_id": organization}
    body = {"checks": {"x": {"object": thing, "action": "create"}}}
    assert mock.post("/authcheck", body, token=bob["token"]).json == {"x": False}


def test_roles_are_told_apart_by_name_in_any_case(mock: Mock) -> None:
    mock.post(ROLES, helper())
    taken = mock.post(ROLES, {"name": "HELPER"})
    assert (taken.status, taken.message) == (400, "Failed to update role permissions")
    assert mock.put(ROLES, {"name": "nobody"}).status == 404
    changed = mock.put(ROLES, {"name": "helper", "display_name": "Hand"}).json
    assert changed["display_name"] == "Hand"
    listed = {role["name"]: role for role in mock.get(ROLES).json}
    assert listed["helper"]["built_in"] is False
    assert listed["helper"]["assignable"] is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "organization-admin"}, "Reserved role name"),
        ({"name": "a b"}, "Validation failed."),
        (
            {"name": "x", "site_permissions": [{"resource_type": "user", "action": "read"}]},
            "Invalid request, not allowed to assign site wide permissions for an "
            "organization role.",
        ),
        (
            {"name": "x", "user_permissions": [{"resource_type": "user", "action": "read"}]},
            "Invalid request, not allowed to assign user permissions for an organization role.",
        ),
    ],
)
def test_a_role_that_cannot_be_is_refused(mock: Mock, body: dict[str, Any], message: str) -> None:
    answer = mock.post(ROLES, body)
    assert (answer.status, answer.message) == (400, message)


def test_a_member_cannot_make_roles(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    bob = new_user(mock, organization, "bob")
    assert mock.post(ROLES, helper(), token=bob["token"]).status == 404
    assert mock.delete(f"{ROLES}/nothing").message == "No custom role with the name nothing found"


@pytest.mark.parametrize(
    ("resource", "action"), [("weather", "read"), ("workspace", "fly"), ("", "")]
)
def test_a_role_of_unknown_permissions_is_not_stored(
    mock: Mock, resource: str, action: str
) -> None:
    refusal = mock.post(ROLES, helper((False, resource, action)))
    assert (refusal.status, refusal.message) == (400, "Failed to update role permissions")
    assert "helper" not in {role["name"] for role in mock.get(ROLES).json}


def test_a_role_may_permit_everything_there_is(mock: Mock) -> None:
    made = mock.post(ROLES, helper((False, "*", "*"), (False, "template", "*"))).json
    assert len(made["organization_permissions"]) == 2
