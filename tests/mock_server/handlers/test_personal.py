"""What belongs to one user alone: password, looks, sign-in, values used before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.people import PASSWORD, new_user

NEW = "Other-Password-7!"


@pytest.fixture
def organization(mock: Mock) -> str:
    id: str = mock.first_user()["organization_id"]
    return id


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Validation failed."),
        ({"password": "abc"}, "Invalid password."),
        ({"password": NEW}, "Old password is required."),
        ({"password": NEW, "old_password": "wrong"}, "Old password is incorrect."),
        ({"password": PASSWORD, "old_password": "wrong"}, "Old password is incorrect."),
        (
            {"password": PASSWORD, "old_password": PASSWORD},
            "New password cannot match old password.",
        ),
    ],
)
def test_a_password_that_cannot_be_set_is_refused(
    mock: Mock, organization: str, body: dict[str, Any], message: str
) -> None:
    answer = mock.put("/users/me/password", body)
    assert (answer.status, answer.message) == (400, message)
    assert mock.get("/users/me").status == 200


def test_a_new_password_ends_every_session(mock: Mock, organization: str) -> None:
    other = mock.post("/users/me/keys").json["key"]
    body = {"password": NEW, "old_password": PASSWORD}
    assert mock.put("/users/me/password", body).status == 204
    for token in (mock.token, other):
        assert mock.get("/users/me", token=token).json["detail"] == "API key is invalid."
    assert mock.sign_in("admin@example.com", NEW)


def test_who_signs_in_otherwise_has_no_password_to_change(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "nan", login_type="none", password="")
    assert mock.put("/users/nan/password", {"password": NEW}).message == (
        "Users without password login type cannot change their password."
    )


def test_looks_are_kept_and_no_part_of_the_user(mock: Mock, organization: str) -> None:
    path = "/users/me/appearance"
    assert mock.get(path).json == {"theme_preference": "", "terminal_font": ""}
    looks = {"theme_preference": "any text", "terminal_font": "jetbrains-mono"}
    assert mock.put(path, looks).json == looks
    assert mock.get(path).json == looks
    assert "theme_preference" not in mock.get("/users/me").json
    bad = mock.put(path, {**looks, "terminal_font": "comic"})
    assert (bad.status, bad.message) == (400, "Unsupported font family.")


def test_how_one_signs_in_is_told_to_oneself_alone(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    assert mock.get("/users/me/login-type").json == {"login_type": "password"}
    assert mock.get("/users/bob/login-type").status == 403


def test_values_used_before_need_a_template_and_know_no_other_key(
    mock: Mock, organization: str
) -> None:
    path = "/users/me/autofill-parameters"
    nobody = "00000000-0000-0000-0000-0000000000aa"
    assert mock.get(f"{path}?template_id={nobody}").json == []
    details = {
        "": 'Query param "template_id" is required and cannot be empty',
        "?template_id=abc": 'Query param "template_id" must be a valid uuid',
        f"?template_id={nobody}&colour=red": '"colour" is not a valid query param',
    }
    for query, detail in details.items():
        answer = mock.get(path + query)
        assert answer.message == "Invalid query parameters."
        assert [one["detail"] for one in answer.json["validations"]] == [detail]


def test_sign_in_is_refused_in_the_right_words(mock: Mock, organization: str) -> None:
    new_user(mock, organization, "bob")
    mock.put("/users/bob/status/suspend")

    def message(email: str, password: str) -> str:
        body = {"email": email, "password": password}
        return mock.post("/users/login", body, token="").message

    assert message("bob@example.com", "wrong") == "Incorrect email or password."
    assert message("nobody@example.com", PASSWORD) == "Incorrect email or password."
    assert message("bob@example.com", PASSWORD) == (
        "Your account is suspended. Contact an admin to reactivate your account."
    )
    assert message("bob", PASSWORD) == "Validation failed."


def test_signing_in_by_a_service_is_not_set_up(mock: Mock, organization: str) -> None:
    methods = mock.get("/users/authmethods", token="").json
    assert methods["oidc"] == {"enabled": False, "signInText": "", "iconUrl": ""}
    refused = mock.get("/users/oidc/callback", token="")
    assert refused.message == "The oauth2 method requested is not configured!"
    sent_on = mock.get("/users/oauth2/github/callback", token="")
    assert sent_on.status == 307
    assert str(sent_on.header("location")).startswith("/login/device?state=")


def test_logging_out_takes_the_keys_for_applications_along(mock: Mock, organization: str) -> None:
    body = {"scope": "application_connect", "token_name": "stays"}
    mock.post("/users/me/keys/tokens", body)
    answer = mock.post("/users/logout")
    assert answer.message == "Logged out!"
    assert answer.header("set-cookie") == "coder_session_token=; Path=/; Max-Age=0"
    assert [key.token_name for key in mock.state.api_keys] == ["stays"]


def test_keys_of_others_are_nobodys_business(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    id = bob["token"][:10]
    assert mock.get(f"/users/me/keys/{id}").status == 404
    assert mock.get(f"/users/bob/keys/{id}").json["user_id"] == bob["id"]
    ann = new_user(mock, organization, "ann", "auditor")
    for method in ("GET", "DELETE"):
        assert mock.request(method, f"/users/bob/keys/{id}", token=ann["token"]).status == 404
    assert mock.delete(f"/users/bob/keys/{id}").status == 204
    assert mock.get("/users/me", token=bob["token"]).json["detail"] == "API key is invalid."
