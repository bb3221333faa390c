"""Identity providers, OAuth2 applications, accounts with other services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from coder_mock_server.handlers.enterprise.scim import KEY
from tests.support.mock import Answer, Mock
from tests.support.people import new_user

GROUP_SYNC = "/organizations/coder/settings/idpsync/groups"
ROLE_SYNC = "/organizations/coder/settings/idpsync/roles"
SITE_SYNC = "/settings/idpsync/organization"
SCIM = "//scim/v2/Users"
BEARER = {"authorization": f"Bearer {KEY}"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="premium") as running:
        running.first_user()
        yield running


@pytest.fixture
def organization(mock: Mock) -> str:
    return str(mock.get("/organizations/coder").json["id"])


def test_provider_settings_start_empty_and_need_no_licence() -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        assert mock.get(SITE_SYNC).json == {
            "field": "",
            "mapping": {},
            "organization_assign_default": True,
        }
        assert mock.get(GROUP_SYNC).json["mapping"] is None
        assert mock.get(ROLE_SYNC).json == {"field": "", "mapping": None}


def test_changes_of_a_mapping_keep_the_rest(mock: Mock, organization: str) -> None:
    other = "00000000-0000-4000-8000-000000000001"
    mapping = {"dev": [organization]}
    mock.patch(SITE_SYNC, {"field": "orgs", "mapping": mapping})
    change = {
        "add": [{"Given": "ops", "Gets": other}, {"Given": "dev", "Gets": other}],
        "remove": [{"Given": "dev", "Gets": organization}, {"Given": "ops", "Gets": other}],
    }
    assert mock.patch(f"{SITE_SYNC}/mapping", change).json == {
        "field": "orgs",
        "mapping": {"dev": [other], "ops": []},
        "organization_assign_default": False,
    }


def test_a_change_of_the_settings_keeps_the_mapping(mock: Mock, organization: str) -> None:
    mock.patch(GROUP_SYNC, {"field": "a", "mapping": {"devs": [organization]}})
    body = {"field": "b", "regex_filter": "^d", "auto_create_missing_groups": True}
    assert mock.patch(f"{GROUP_SYNC}/config", body).json == {
        **body,
        "mapping": {"devs": [organization]},
    }
    mock.patch(ROLE_SYNC, {"field": "r", "mapping": {"boss": ["organization-admin"]}})
    changed = mock.patch(f"{ROLE_SYNC}/config", {"field": "s"}).json
    assert changed == {"field": "s", "mapping": {"boss": ["organization-admin"]}}


def test_replacing_without_a_mapping_leaves_an_empty_one(mock: Mock) -> None:
    assert mock.patch(GROUP_SYNC, {"field": "groups"}).json["mapping"] == {}
    assert mock.get(GROUP_SYNC).json["mapping"] == {}


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("(a)\\1", "invalid escape sequence: `\\1`"),
        ("a\\", "trailing backslash at end of expression: ``"),
    ],
)
def test_a_filter_is_refused_in_the_words_of_the_engine(
    mock: Mock, pattern: str, problem: str
) -> None:
    refusal = mock.patch(GROUP_SYNC, {"field": "groups", "regex_filter": pattern})
    assert (refusal.status, refusal.message) == (400, "Request body must be valid JSON.")
    assert refusal.json["detail"] == f"error parsing regexp: {problem}"


def test_provider_settings_are_for_who_may_see_them(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    ula = new_user(mock, organization, "ula", "user-admin")
    for path in (SITE_SYNC, GROUP_SYNC, ROLE_SYNC, "/settings/idpsync/available-fields"):
        assert mock.get(path, token=bob["token"]).status == 403
        assert mock.get(path, token=ula["token"]).status == 200


def test_no_claims_were_seen(mock: Mock) -> None:
    values = "/settings/idpsync/field-values"
    assert mock.get("/settings/idpsync/available-fields").json is None
    assert mock.get(f"{values}?claimField=groups").json is None
    assert mock.get(values).message == "claimField query parameter is required"


def new_app(mock: Mock, name: str = "dash") -> tuple[str, str]:
    """Id and client secret of an application."""
    body = {"name": name, "callback_url": "https://app.example/back"}
    id = mock.post("/oauth2-provider/apps", body).json["id"]
    secret = mock.post(f"/oauth2-provider/apps/{id}/secrets").json["client_secret_full"]
    return id, secret


def consent(mock: Mock, app: str, **options: Any) -> Answer:
    path = f"//oauth2/authorize?client_id={app}&response_type=code&state=s1"
    return mock.get(path, **options)


def exchange(mock: Mock, app: str, **form: str) -> Answer:
    body = urlencode({"client_id": app, "grant_type": "authorization_code", **form}).encode()
    return mock.post("//oauth2/tokens", raw=body, headers=FORM, token="")


def allowed(mock: Mock, app: str) -> str:
    """The code after the user agreed."""
    answer = consent(mock, app, headers={"referer": "http://mock.test/oauth2/authorize"})
    assert answer.status == 307
    location = urlsplit(answer.header("location") or "")
    assert (location.netloc, location.path) == ("app.example", "/back")
    query = parse_qs(location.query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def test_an_application_acts_for_a_user_who_agreed(mock: Mock) -> None:
    app, secret = new_app(mock)
    page = consent(mock, app)
    assert (page.status, b"dash" in page.body) == (200, True)
    made = exchange(mock, app, code=allowed(mock, app), client_secret=secret).json
    assert made["token_type"] == "Bearer"
    assert mock.get("/users/me", token=made["access_token"]).json["username"] == "admin"
    me = mock.get("/users/me").json["id"]
    assert len(mock.get(f"/oauth2-provider/apps?user_id={me}").json) == 1
    assert mock.delete(f"//oauth2/tokens?client_id={app}").status == 204
    assert mock.get("/users/me", token=made["access_token"]).status == 401


def test_a_code_works_once_and_with_the_right_secret(mock: Mock) -> None:
    app, secret = new_app(mock)
    code = allowed(mock, app)
    wrong = exchange(mock, app, code=code, client_secret="coder_a_b")
    assert (wrong.status, wrong.message) == (401, "Invalid client secret")
    assert exchange(mock, app, code=code, client_secret=secret).status == 200
    again = exchange(mock, app, code=code, client_secret=secret)
    assert (again.status, again.message) == (401, "Invalid code")


def test_a_code_is_good_for_a_while(mock: Mock) -> None:
    app, secret = new_app(mock)
    code = allowed(mock, app)
    mock.clock.advance(seconds=601)
    assert exchange(mock, app, code=code, client_secret=secret).status == 401


def test_a_session_of_an_application_is_renewed(mock: Mock) -> None:
    app, secret = new_app(mock)
    first = exchange(mock, app, code=allowed(mock, app), client_secret=secret).json
    renewed = exchange(
        mock, app, grant_type="refresh_token", refresh_token=first["refresh_token"]
    ).json
    assert mock.get("/users/me", token=first["access_token"]).status == 401
    assert mock.get("/users/me", token=renewed["access_token"]).status == 200


def test_consent_looks_for_the_application_before_the_session(mock: Mock) -> None:
    app, _ = new_app(mock)
    missing = mock.get("//oauth2/authorize", token="")
    assert (missing.status, missing.message) == (400, "Missing OAuth2 client ID.")
    assert mock.post("//oauth2/authorize", token="").status == 400
    assert consent(mock, app, token="").status == 303
    assert mock.post(f"//oauth2/authorize?client_id={app}").status == 405


def test_applications_are_read_by_members_and_made_by_owners(mock: Mock, organization: str) -> None:
    bob = new_user(mock, organization, "bob")
    app, secret = new_app(mock)
    assert len(mock.get("/oauth2-provider/apps", token=bob["token"]).json) == 1
    body = {"name": "mine", "callback_url": "https://app.example"}
    assert mock.post("/oauth2-provider/apps", body, token=bob["token"]).status == 500
    shown = mock.get(f"/oauth2-provider/apps/{app}/secrets").json[0]
    assert secret.endswith(shown["client_secret_truncated"])
    bad = mock.put(f"/oauth2-provider/apps/{app}", {"name": "a b", "callback_url": "nowhere"})
    assert [one["field"] for one in bad.json["validations"]] == ["name", "callback_url"]
    assert mock.delete(f"/oauth2-provider/apps/{app}").status == 204
    assert mock.get(f"/oauth2-provider/apps/{app}").status == 404


def scim_user(**more: Any) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "sam",
        "active": True,
        "emails": [{"primary": True, "value": "sam@example.com", "type": "work"}],
        **more,
    }


def test_a_provider_makes_users_and_switches_them(mock: Mock) -> None:
    made = mock.post(SCIM, scim_user(), token="", headers=BEARER).json
    assert made["userName"] == "sam"
    sam = mock.get("/users/sam").json
    assert (sam["id"], sam["login_type"], sam["status"]) == (made["id"], "oidc", "dormant")
    assert len(sam["organization_ids"]) == 1
    path = f"{SCIM}/{made['id']}"
    for active, status in ((False, "suspended"), (True, "dormant")):
        assert mock.patch(path, {"active": active}, token="", headers=BEARER).status == 200
        assert mock.get("/users/sam").json["status"] == status
    again = mock.post(SCIM, scim_user(), token="", headers=BEARER).json
    assert again["id"] == made["id"]


def test_a_provider_is_refused_in_its_own_format(mock: Mock) -> None:
    made = mock.post(SCIM, scim_user(), token="", headers=BEARER).json["id"]
    refusals = [
        mock.get(SCIM, token=""),
        mock.post(SCIM, scim_user(emails=[]), token="", headers=BEARER),
        mock.put(f"{SCIM}/{made}", scim_user(userName="tom"), token="", headers=BEARER),
        mock.patch(f"{SCIM}/abc", {"active": True}, token="", headers=BEARER),
    ]
    assert [(one.status, one.json["scimType"]) for one in refusals] == [
        (401, "invalidAuthorization"),
        (400, "invalidEmail"),
        (400, "mutability"),
        (400, "invalidId"),
    ]
    assert {one.header("content-type") for one in refusals} == {"application/scim+json"}
    assert mock.get(SCIM, token="", headers=BEARER).json["totalResults"] == 0
    missing = mock.get(f"{SCIM}/{made}", token="", headers=BEARER)
    assert (missing.status, missing.json["detail"]) == (404, "endpoint will always return 404")


def test_no_other_service_is_set_up(mock: Mock) -> None:
    assert mock.get("/external-auth").json == {"providers": [], "links": []}
    assert mock.get("/external-auth/github").status == 404
    assert mock.delete("/external-auth/github").status == 404


def test_the_way_of_a_notification_is_set_once(mock: Mock) -> None:
    path = "/notifications/templates/281fdf73-c6d6-4cbb-8ff5-888baf8a2fff/method"
    assert mock.put(path, {"method": "webhook"}).status == 200
    assert mock.put(path, {"method": "webhook"}).status == 304
    assert mock.put(path, {"method": "pigeon"}).status == 400
    assert mock.put(path.replace("281f", "ffff"), {"method": "smtp"}).status == 404
