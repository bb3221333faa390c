"""Groups, what they are good for, and access lists of templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.people import new_user

GROUPS = "/organizations/coder/groups"
UNKNOWN = "00000000-0000-0000-0000-0000000000aa"


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="premium") as running:
        running.first_user()
        yield running


@pytest.fixture
def organization(mock: Mock) -> str:
    return str(mock.get("/organizations/coder").json["id"])


def new_group(mock: Mock, name: str, *members: str, **more: Any) -> str:
    id = str(mock.post(GROUPS, {"name": name, **more}).json["id"])
    assert mock.patch(f"/groups/{id}", {"add_users": members}).status == 200
    return id


def new_template(mock: Mock, name: str = "box", **more: Any) -> str:
    file = mock.post("/files", raw=b"x" * 1024, headers={"content-type": "application/x-tar"}).json
    version = mock.post(
        "/organizations/coder/templateversions",
        {"storage_method": "file", "file_id": file["hash"], "provisioner": "terraform"},
    ).json["id"]
    body = {"name": name, "template_version_id": version, **more}
    return str(mock.post("/organizations/coder/templates", body).json["id"])


def names(answer: Any) -> set[str]:
    return {group["name"] for group in answer.json}


def test_everyone_is_a_group_with_the_id_of_its_organization(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    everyone = mock.get(f"{GROUPS}/Everyone").json
    assert everyone["id"] == everyone["organization_id"] == organization
    assert {member["username"] for member in everyone["members"]} == {"admin", "bob"}
    assert mock.get(f"/groups/{organization}").json == everyone


def test_of_everyone_only_the_quota_changes(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    for body in ({"name": "all"}, {"display_name": "All"}):
        assert mock.patch(f"/groups/{organization}", body).status == 400
    assert mock.patch(f"/groups/{organization}", {"remove_users": [bob["id"]]}).status == 403
    assert (
        mock.patch(f"/groups/{organization}", {"quota_allowance": 4}).json["quota_allowance"] == 4
    )
    assert mock.get(f"/groups/{organization}").json["quota_allowance"] == 4


def test_a_member_sees_his_groups_and_himself_in_them(mock: Mock, organization: str) -> None:
    bob, carol = (new_user(mock, organization, name) for name in ("bob", "carol"))
    crew = new_group(mock, "crew", bob["id"], carol["id"])
    new_group(mock, "strangers", carol["id"])
    assert names(mock.get("/groups", token=bob["token"])) == {"Everyone", "crew"}
    seen = mock.get(f"/groups/{crew}", token=bob["token"]).json
    assert [member["username"] for member in seen["members"]] == ["bob"]
    assert seen["total_member_count"] == 2


def test_groups_are_filtered_by_member_organization_and_id(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    crew = new_group(mock, "crew", bob["id"])
    other = new_group(mock, "other")
    assert names(mock.get("/groups?has_member=BOB")) == {"Everyone", "crew"}
    assert names(mock.get(f"/groups?has_member={UNKNOWN}")) == set()
    assert names(mock.get(f"/groups?group_ids={crew},{other}")) == {"crew", "other"}
    assert names(mock.get("/groups?organization=coder")) == {"Everyone", "crew", "other"}
    refusal = mock.get("/groups?has_member=ghost&organization=nowhere&colour=red")
    assert refusal.status == 400
    assert [one["field"] for one in refusal.json["validations"]] == [
        "organization",
        "has_member",
        "colour",
    ]


def test_who_leaves_the_organization_leaves_its_groups(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    crew = new_group(mock, "crew", bob["id"])
    assert mock.delete("/organizations/coder/members/bob").status == 204
    assert mock.get(f"/groups/{crew}").json["members"] == []
    refusal = mock.patch(f"/groups/{crew}", {"add_users": [bob["id"]]})
    assert refusal.message == 'User must be a member of organization "crew"'


def test_a_refused_change_of_members_changes_nothing(mock: Mock, organization: str) -> None:
    bob, carol = (new_user(mock, organization, name) for name in ("bob", "carol"))
    crew = new_group(mock, "crew", bob["id"])
    body = {"name": "renamed", "add_users": [carol["id"], bob["id"]]}
    refusal = mock.patch(f"/groups/{crew}", body)
    assert refusal.message == "Cannot add the same user to a group twice!"
    group = mock.get(f"/groups/{crew}").json
    assert (group["name"], group["total_member_count"]) == ("crew", 1)


def test_who_may_read_but_not_change_a_group_meets_the_layer_below(
    mock: Mock, organization: str
) -> None:
    bob = new_user(mock, organization, "bob")
    crew = new_group(mock, "crew", bob["id"])
    for answer in (
        mock.delete(f"/groups/{crew}", token=bob["token"]),
        mock.post(GROUPS, {"name": "mine"}, token=bob["token"]),
    ):
        assert (answer.status, answer.json["detail"]) == (500, "unauthorized: rbac: forbidden")
    assert mock.delete(f"/groups/{crew}").status == 200
    assert mock.get(f"/groups/{crew}").status == 404


def test_a_budget_is_the_sum_of_the_groups_allowances(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    path = "/organizations/coder/members/bob/workspace-quota"
    assert mock.get(path).json == {"credits_consumed": 0, "budget": 0}
    new_group(mock, "crew", bob["id"], quota_allowance=5)
    new_group(mock, "others", quota_allowance=100)
    mock.patch(f"/groups/{organization}", {"quota_allowance": 2})
    assert mock.get(path).json["budget"] == 7


def test_a_group_opens_a_template_that_not_everybody_may_use(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    crew = new_group(mock, "crew", bob["id"])
    template = new_template(mock, disable_everyone_group_access=True)
    assert mock.get(f"/templates/{template}", token=bob["token"]).status == 404
    mock.patch(f"/templates/{template}/acl", {"group_perms": {crew: "use"}})
    assert mock.get(f"/templates/{template}", token=bob["token"]).status == 200
    mock.delete(f"/groups/{crew}")
    assert mock.get(f"/templates/{template}", token=bob["token"]).status == 404


def test_an_administrator_of_a_template_may_change_it(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    template = new_template(mock)
    path = f"/templates/{template}/acl"
    assert mock.get(path, token=bob["token"]).status == 500
    assert mock.get(f"{path}/available", token=bob["token"]).status == 404
    mock.patch(path, {"user_perms": {bob["id"]: "admin"}})
    listed = mock.get(path, token=bob["token"]).json
    assert [(user["username"], user["role"]) for user in listed["users"]] == [("bob", "admin")]
    available = mock.get(f"{path}/available", token=bob["token"]).json
    assert [user["username"] for user in available["users"]] == ["admin", "bob"]
    assert mock.patch(path, {"group_perms": {organization: ""}}, token=bob["token"]).status == 200
    assert mock.get(path).json["group"] == []


def test_every_bad_entry_of_an_access_list_is_told_and_none_is_taken(mock: Mock) -> None:
    template = new_template(mock)
    body = {
        "user_perms": {UNKNOWN: "use", "abc": "use"},
        "group_perms": {UNKNOWN: "king"},
    }
    refusal = mock.patch(f"/templates/{template}/acl", body)
    assert refusal.status == 400
    assert [(one["field"], one["detail"]) for one in refusal.json["validations"]] == [
        (
            "user_perms",
            f'Failed to find resource with ID "{UNKNOWN}": fetch object: '
            "sql: no rows in result set",
        ),
        ("user_perms", "ID abcmust be a valid UUID."),
        ("group_perms", 'role "king" is not a valid Template role'),
    ]


def test_an_organization_with_groups_or_keys_cannot_be_deleted(mock: Mock) -> None:
    mock.post("/organizations", {"name": "second"})
    group = mock.post("/organizations/second/groups", {"name": "crew"}).json["id"]
    mock.post("/organizations/second/provisionerkeys", {"name": "build"})
    refusal = mock.delete("/organizations/second")
    assert refusal.json["detail"] == (
        "This organization has 1 group, 1 provisioner key that must be deleted first."
    )
    mock.delete(f"/groups/{group}")
    mock.delete("/organizations/second/provisionerkeys/build")
    assert mock.delete("/organizations/second").status == 200


def test_asking_what_one_may_do_knows_groups(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    crew, other = new_group(mock, "crew", bob["id"]), new_group(mock, "other")

    def ask(id: str, action: str) -> bool:
        check = {"object": {"resource_type": "group", "resource_id": id}, "action": action}
        answer = mock.post("/authcheck", {"checks": {"x": check}}, token=bob["token"])
        return bool(answer.json["x"])

    assert (ask(crew, "read"), ask(crew, "update"), ask(other, "read")) == (True, False, False)


def test_a_scenario_has_groups_of_its_people() -> None:
    with Mock(scenario="two-organizations", edition="premium") as mock:
        groups = {group["name"]: group for group in mock.get("/groups").json}
        biology = groups["biology"]
        assert biology["organization_name"] == "research"
        assert {member["username"] for member in biology["members"]} == {"theo", "noor"}
        assert {"Everyone", "platform", "frontend"} <= set(groups)


def test_the_groups_of_an_organization_are_narrowed_and_strict(
    mock: Mock, organization: str
) -> None:
    bob = new_user(mock, organization, "bob")
    crew, other = new_group(mock, "crew", bob["id"]), new_group(mock, "other")
    mock.post("/organizations", {"name": "second"})

    def names(query: str) -> set[str]:
        return {group["name"] for group in mock.get(f"{GROUPS}?{query}").json}

    assert names("has_member=bob") == {"Everyone", "crew"}
    assert names(f"group_ids={crew},{other}") == {"crew", "other"}
    assert names("organization=second") == {"Everyone", "crew", "other"}
    refusal = mock.get(f"{GROUPS}?colour=red")
    assert (refusal.status, refusal.json["validations"]) == (
        400,
        [{"field": "colour", "detail": '"colour" is not a valid query param'}],
    )


def test_in_2023_the_groups_of_an_organization_are_all_there_are() -> None:
    with Mock(api="2023-06-20", edition="premium") as mock:
        home = mock.first_user()["organization_id"]
        groups = mock.get(f"/organizations/{home}/groups?colour=red&has_member=ghost")
        assert groups.status == 200
