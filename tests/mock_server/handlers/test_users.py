"""Users page, beyond what the recorded scenarios ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.mock import Answer, Mock
from tests.support.people import PASSWORD, new_user

FORBIDDEN = "Forbidden."
NO_PASSWORD = 'Password cannot be set for non-password ("magic") authentication.'
UNSUPPORTED = 'Unsupported login type "magic" for manually creating new users.'
NOT_UPDATED = "Internal error updating user."
NOT_SUSPENDED = 'Internal error updating user\'s status to "suspended".'
NO_KEY = "Failed to create API key."
RBAC = "unauthorized: rbac: forbidden"


@pytest.fixture
def organization(mock: Mock) -> str:
    id: str = mock.first_user()["organization_id"]
    return id


def names(answer: Answer) -> list[str]:
    return [user["username"] for user in answer.json["users"]]


def test_a_server_has_one_first_user(mock: Mock) -> None:
    assert mock.get("/users/first", token="").message == "The initial user has not been created!"
    mock.first_user()
    assert mock.get("/users/first", token="").status == 200
    body = {"email": "a@b.co", "username": "x", "password": PASSWORD}
    again = mock.post("/users/first", body, token="")
    assert (again.status, again.message) == (409, "The initial user has already been created.")


def test_the_first_user_owns_the_built_in_organization(mock: Mock, organization: str) -> None:
    me = mock.get("/users/me").json
    assert me["roles"] == [{"name": "owner", "display_name": "Owner"}]
    assert me["organization_ids"] == [organization]
    assert mock.get("/organizations/default").json["name"] == "coder"


def test_in_2023_the_first_organization_has_the_name_of_the_first_user() -> None:
    with Mock(api="2023-06-20") as mock:
        id = mock.first_user()["organization_id"]
        assert mock.get(f"/organizations/{id}").json["name"] == "admin"
        assert mock.get("/users/nobody").json == {
            "message": '"user" must be an existing uuid or username.'
        }


def test_an_older_client_names_a_single_organization(mock: Mock, organization: str) -> None:
    body = {
        "email": "b@example.com",
        "username": "b",
        "password": PASSWORD,
        "organization_id": organization,
    }
    assert mock.post("/users", body).json["organization_ids"] == [organization]


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ({"username": "ADMIN"}, 409, "User already exists."),
        ({"username": "prebuilds"}, 409, "User already exists."),
        ({"login_type": "magic"}, 400, NO_PASSWORD),
        ({"login_type": "magic", "password": ""}, 400, UNSUPPORTED),
        ({"password": ""}, 400, "Password not strong enough!"),
        ({"user_status": "asleep"}, 500, "Internal error creating user."),
    ],
)  # fmt: skip
def test_a_user_that_cannot_be_made_is_refused(
    mock: Mock, organization: str, more: dict[str, Any], status: int, message: str
) -> None:
    body = {
        "email": "new@example.com",
        "username": "fresh",
        "password": PASSWORD,
        "organization_ids": [organization],
        **more,
    }
    answer = mock.post("/users", body)
    assert (answer.status, answer.message) == (status, message)
    assert len(mock.get("/users").json["users"]) == 1


def test_a_deleted_user_frees_his_name_and_stays_readable_by_id(
    mock: Mock, organization: str
) -> None:
    bob = new_user(mock, organization, "bob")
    assert mock.delete("/users/bob").message == "User has been deleted!"
    assert mock.get(f"/users/{bob['id']}").json["organization_ids"] == [organization]
    assert mock.get("/users/bob").status == 400
    assert mock.get("/users/me", token=bob["token"]).status == 401
    assert names(mock.get("/users")) == ["admin"]
    assert new_user(mock, organization, "bob")["id"] != bob["id"]


def test_users_are_listed_by_name_in_any_case_and_page_by_page(
    mock: Mock, organization: str
) -> None:
    for name in ("Zoe", "bob", "Carol"):
        new_user(mock, organization, name)
    assert names(mock.get("/users")) == ["admin", "bob", "Carol", "Zoe"]
    page = mock.get("/users?limit=2&offset=1")
    assert (names(page), page.json["count"]) == (["bob", "Carol"], 4)
    past = mock.get("/users?offset=9")
    assert past.json == {"users": [], "count": 0}
    carol = mock.get("/users/carol").json["id"]
    after = mock.get(f"/users?after_id={carol}")
    assert (names(after), after.json["count"]) == (["Zoe"], 1)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("AD", ["admin"]),
        ("example.com", ["admin", "bob"]),
        ("role:owner,auditor", ["admin"]),
        ("role:member", ["admin", "bob"]),
        ("role:king", []),
        ("status:suspended", []),
        ('created_before:"2001-01-01T00:00:00Z"', []),
        ('created_after:"2001-01-01T00:00:00Z"', ["admin", "bob"]),
        ("bob login_type:password", ["bob"]),
        ("github_com_user_id:1", []),
    ],
)
def test_a_search_narrows_the_list(mock: Mock, organization: str, q: str, found: list[str]) -> None:
    new_user(mock, organization, "bob")
    assert names(mock.get(f"/users?q={q}")) == found


def test_an_unquoted_time_breaks_the_grammar(mock: Mock, organization: str) -> None:
    answer = mock.get("/users?q=created_before:2025-05-19T00:00:00Z")
    assert answer.message == "Invalid user search query."
    assert answer.json["validations"][0]["detail"] == (
        "Query element \"created_before:2025-05-19t00:00:00z\" can only contain 1 ':'"
    )


def test_a_member_sees_only_himself(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    assert names(mock.get("/users", token=bob["token"])) == ["bob"]
    other = mock.get("/users/admin", token=bob["token"])
    assert (other.status, other.json["detail"]) == (400, 'queried user="admin"')


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message", "detail"),
    [
        ("PUT", "/users/bob/roles", {"roles": []}, 403, FORBIDDEN, None),
        ("DELETE", "/users/bob", None, 403, FORBIDDEN, None),
        ("PUT", "/users/bob/password", {"password": PASSWORD}, 404, None, None),
        ("PUT", "/users/bob/profile", {"username": "x"}, 500, NOT_UPDATED, RBAC),
        ("PUT", "/users/bob/status/suspend", None, 500, NOT_SUSPENDED, RBAC),
        ("POST", "/users/bob/keys", None, 500, NO_KEY, f"insert API key: {RBAC}"),
        ("GET", "/users/bob/gitsshkey", None, 500, "Internal error fetching user's SSH key.", RBAC),
        ("GET", "/users/bob/appearance", None, 500, "Error reading user settings.", RBAC),
        ("POST", "/organizations/coder/members/ghost", None, 400, None, None),
        ("POST", "/organizations/coder/members/bob", None, 404, None, None),
        ("DELETE", "/organizations/coder/members/bob", None, 404, None, None),
        ("PUT", "/organizations/coder/members/bob/roles", {"roles": []}, 403, FORBIDDEN, None),
    ],
)  # fmt: skip
def test_an_auditor_reads_users_but_changes_nothing(
    mock: Mock,
    organization: str,
    method: str,
    path: str,
    body: Any,
    status: int,
    message: str | None,
    detail: str | None,
) -> None:
    new_user(mock, organization, "bob")
    ann = new_user(mock, organization, "ann", "auditor")
    answer = mock.request(method, path, body, token=ann["token"])
    assert answer.status == status
    assert message in (None, answer.message)
    assert detail in (None, answer.json.get("detail"))


def test_tokens_of_others_are_left_out_for_an_auditor(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    ann = new_user(mock, organization, "ann", "auditor")
    assert mock.get("/users/bob/keys/tokens", token=ann["token"]).json is None


def test_a_user_admin_gives_only_the_member_role(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    una = new_user(mock, organization, "una", "user-admin")
    refused = mock.put("/users/bob/roles", {"roles": ["owner"]}, token=una["token"])
    assert (refused.status, refused.message) == (400, 'not authorized to assign role "owner"')
    given = mock.put("/users/bob/roles", {"roles": ["member", "member"]}, token=una["token"])
    assert given.json["roles"] == [{"name": "member", "display_name": "Member"}]


def test_a_user_admin_cannot_set_a_password(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    una = new_user(mock, organization, "una", "user-admin")
    body = {"password": "Other-Password-7!"}
    answer = mock.put("/users/bob/password", body, token=una["token"])
    assert (answer.status, answer.json["detail"]) == (
        500,
        f"execute transaction: delete api keys by user ID: {RBAC}",
    )
    sign_in = {"email": "bob@example.com", "password": PASSWORD}
    assert mock.post("/users/login", sign_in, token="").status == 201


def test_an_owner_sets_the_password_of_another(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    body = {"password": "Other-Password-7!"}
    assert mock.put("/users/bob/password", body).status == 204
    assert mock.get("/users/me", token=bob["token"]).status == 401


def test_an_owner_must_lose_the_role_before_he_is_suspended(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob", "owner")
    answer = mock.put("/users/bob/status/suspend")
    assert answer.message == (
        'You cannot suspend a user with the "owner" role. You must remove the role first.'
    )


def test_a_user_without_a_password_cannot_sign_in_with_one(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "nan", login_type="none", password="")
    body = {"email": "nan@example.com", "password": "anything"}
    answer = mock.post("/users/login", body, token="")
    assert (answer.status, answer.message) == (401, "Incorrect email or password.")


def test_the_keys_of_a_user_are_told_apart(mock: Mock, organization: str) -> None:
    session = mock.get(f"/users/me/keys/{mock.token[:10]}").json
    assert (session["login_type"], session["lifetime_seconds"]) == ("password", 86400)
    body = {"lifetime": 90_000_000_000, "token_name": "a b"}
    mock.post("/users/me/keys/tokens", body)
    mock.post("/users/me/keys/tokens", {})
    tokens = mock.get("/users/me/keys/tokens").json
    assert [token["lifetime_seconds"] for token in tokens] == [90, 604_800]
    assert tokens[0]["username"] == "admin"
    assert tokens[1]["token_name"]
    named = mock.get("/users/me/keys/tokens/a%20b").json
    assert named == {k: v for k, v in tokens[0].items() if k != "username"}


def test_all_tokens_are_listed_for_who_may_read_them(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    mock.post("/users/me/keys/tokens", {}, token=bob["token"])
    assert mock.get("/users/me/keys/tokens").json is None
    assert len(mock.get("/users/me/keys/tokens?include_all=true").json) == 1
    assert mock.get("/users/me/keys/tokens?include_all=maybe").json is None
    assert len(mock.get("/users/me/keys/tokens?include_all=true", token=bob["token"]).json) == 1


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"scope": "x"}, 500, 'generate API key: invalid API key scope: "x"'),
        ({"lifetime": -1}, 400, "lifetime must be positive number greater than 0"),
    ],
)
def test_a_token_that_cannot_be_made_is_refused(
    mock: Mock, organization: str, body: dict[str, Any], status: int, detail: str
) -> None:
    answer = mock.post("/users/me/keys/tokens", body)
    assert (answer.status, answer.json["detail"]) == (status, detail)


def test_a_new_ssh_key_keeps_its_birthday(mock: Mock, organization: str) -> None:
    first = mock.get("/users/me/gitsshkey").json
    assert first["public_key"].startswith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI")
    assert mock.get("/users/me/gitsshkey").json == first
    mock.clock.advance(60)
    second = mock.put("/users/me/gitsshkey").json
    assert second["public_key"] != first["public_key"]
    assert second["created_at"] == first["created_at"] < second["updated_at"]


def test_a_passcode_works_once_and_for_twenty_minutes(
    mock: Mock, organization: str, caplog: pytest.LogCaptureFixture
) -> None:
    def ask() -> str:
        body = {"email": "admin@example.com"}
        assert mock.post("/users/otp/request", body, token="").status == 204
        return caplog.messages[-1].rpartition(" ")[2]

    def use(passcode: str, password: str) -> Answer:
        body = {
            "email": "admin@example.com",
            "password": password,
            "one_time_passcode": passcode,
        }
        return mock.post("/users/otp/change-password", body, token="")

    passcode = ask()
    assert use(passcode, PASSWORD).message == "New password cannot match old password."
    assert use(passcode, "Other-Password-7!").status == 204
    wrong = "Incorrect email or one-time passcode."
    assert use(passcode, "Third-Password-8!").message == wrong
    late = ask()
    mock.clock.advance(20 * 60 + 1)
    assert use(late, "Third-Password-8!").message == wrong


def test_signing_in_by_another_service_begins_with_the_password(
    mock: Mock, organization: str
) -> None:
    answer = mock.post("/users/me/convert-login", {"to_type": "github", "password": PASSWORD})
    assert answer.status == 201
    assert answer.json["state_string"].startswith("convert-")
    assert answer.json["to_type"] == "github"


def test_quiet_hours_are_one_time_of_each_day() -> None:
    path = "/users/me/quiet-hours"
    with Mock(edition="premium") as mock:
        mock.first_user()
        before = mock.get(path).json
        assert (before["raw_schedule"], before["user_set"]) == ("CRON_TZ=UTC 0 0 * * *", False)
        schedule = "CRON_TZ=Europe/Berlin 30 3 * * *"
        after = mock.put(path, {"schedule": schedule}).json
        assert (after["time"], after["timezone"], after["user_set"]) == (
            "03:30",
            "Europe/Berlin",
            True,
        )
        weekly = mock.put(path, {"schedule": "CRON_TZ=UTC 30 3 * * 1"})
        assert (weekly.status, weekly.json["detail"]) == (
            500,
            'parse daily schedule "CRON_TZ=UTC 30 3 * * 1": validate daily schedule: '
            "expected day-of-month, month and day-of-week to be *",
        )
        assert mock.get(path).json["raw_schedule"] == schedule
