"""Organizations, members, their roles, and asking what one may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.people import new_user


@pytest.fixture
def organization(mock: Mock) -> str:
    id: str = mock.first_user()["organization_id"]
    return id


def test_an_organization_answers_to_id_name_default_and_nil(mock: Mock, organization: str) -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    for text in (organization, "coder", "CODER", "default", nil):
        assert mock.get(f"/organizations/{text}").json["id"] == organization
    assert mock.get("/organizations/nowhere").status == 404


def test_a_user_has_his_organization_by_name_only(mock: Mock, organization: str) -> None:
    assert mock.get("/users/me/organizations/coder").json["id"] == organization
    assert mock.get(f"/users/me/organizations/{organization}").status == 404


def test_members_in_pages_have_the_system_user_among_them(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "Zoe")
    page = mock.get("/organizations/coder/paginated-members?limit=2&offset=1").json
    assert [member["username"] for member in page["members"]] == ["prebuilds", "Zoe"]
    assert page["count"] == 3
    assert len(mock.get("/organizations/coder/members").json) == 2
    past = mock.get("/organizations/coder/paginated-members?offset=9")
    assert (past.status, past.message) == (500, "An internal server error occurred.")


def test_a_member_sees_his_own_membership_only(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    members = mock.get("/organizations/coder/members", token=bob["token"]).json
    assert [member["username"] for member in members] == ["bob"]


def test_roles_of_an_organization_are_given_by_name(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    path = "/organizations/coder/members/bob/roles"
    given = mock.put(path, {"roles": ["organization-admin"]}).json
    assert given["roles"] == [
        {
            "name": "organization-admin",
            "display_name": "Organization Admin",
            "organization_id": organization,
        }
    ]
    assert mock.get("/users/bob/roles").json["organization_roles"] == {
        organization: ["organization-admin"]
    }
    refused = mock.put(path, {"roles": ["organization-king"]})
    assert refused.message == f'"organization-king:{organization}" is not a supported role'
    new_user(mock, organization, "eve")
    eve = "/organizations/coder/members/eve/roles"
    by_bob = mock.put(eve, {"roles": ["organization-auditor"]}, token=bob["token"])
    assert by_bob.status == 200
    una = new_user(mock, organization, "una", "user-admin")
    by_una = mock.put(eve, {"roles": ["organization-admin"]}, token=una["token"])
    assert by_una.message == f'not authorized to assign role "organization-admin:{organization}"'


def test_the_owner_role_names_every_type_it_may_do_everything_to(
    mock: Mock, organization: str
) -> None:
    roles = {role["name"]: role for role in mock.get("/users/roles").json}
    assert sorted(roles) == ["auditor", "owner", "template-admin", "user-admin"]
    owner = roles["owner"]["site_permissions"]
    stars = [one["resource_type"] for one in owner if one["action"] == "*"]
    assert len(stars) == 34
    assert not {"workspace", "workspace_dormant"} & set(stars)


@pytest.mark.parametrize("edition", ["premium"])
def test_an_organization_lives_from_its_creation_to_its_end(edition: str) -> None:
    with Mock(edition=edition) as mock:
        mock.first_user()
        made = mock.post("/organizations", {"name": "second"})
        assert (made.status, made.json["display_name"]) == (201, "second")
        assert mock.post("/organizations", {"name": "SECOND"}).status == 409
        changed = mock.patch("/organizations/second", {"name": "third"}).json
        assert (changed["name"], changed["display_name"]) == ("third", "second")
        taken = mock.patch("/organizations/third", {"name": "coder"})
        assert taken.message == 'Organization already exists with the name "coder".'
        bob = new_user(mock, made.json["id"], "bob")
        full = mock.delete("/organizations/third")
        assert (full.status, full.json["detail"]) == (
            500,
            "This organization has 1 member that must be deleted first.",
        )
        assert mock.delete(f"/organizations/third/members/{bob['id']}").status == 204
        assert mock.delete("/organizations/third").message == "Organization has been deleted."
        assert mock.get("/organizations/third").status == 404


def check(mock: Mock, object: dict[str, Any], action: str = "read", **options: Any) -> Any:
    body = {"checks": {"x": {"object": object, "action": action}}}
    answer = mock.post("/authcheck", body, **options)
    return answer.json["x"] if answer.status == 200 else answer.json


def test_what_one_may_do_is_decided_by_roles_and_ownership(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    token = bob["token"]
    assert check(mock, {"resource_type": "workspace", "owner_id": "me"}, "create", token=token)
    assert not check(mock, {"resource_type": "user"}, "create", token=token)
    assert check(mock, {"resource_type": "user"}, "create")
    assert not check(mock, {"resource_type": "castle"})
    assert not check(mock, {"resource_type": "user"}, "fly")
    assert check(mock, {"resource_type": "user", "resource_id": bob["id"]}, token=token)
    admin = mock.get("/users/me").json["id"]
    assert not check(mock, {"resource_type": "user", "resource_id": admin}, token=token)


def test_an_authorization_check_that_cannot_be_meant_is_refused(
    mock: Mock, organization: str
) -> None:
    assert check(mock, {})["message"] == (
        'Object\'s "resource_type" field must be defined for key "x".'
    )
    bad = check(mock, {"resource_type": "workspace", "resource_id": "abc"})
    assert bad["message"] == 'Object "abc" id is not a valid uuid.'
    odd = check(mock, {"resource_type": "file", "resource_id": organization})
    assert odd["validations"][0]["field"] == "resource_type"
    many = {
        str(i): {"object": {"resource_type": "user", "resource_id": organization}, "action": "read"}
        for i in range(11)
    }
    assert mock.post("/authcheck", {"checks": many}).message == (
        'Endpoint only supports using "resource_id" field 10 times, found 11 usages. '
        "Remove 1 objects with this field set."
    )
