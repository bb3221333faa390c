"""Licences and what they open; appearance, replicas."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from coder_mock_server.settings import Edition
from tests.support.mock import Mock
from tests.support.people import new_user

NOTHING = {"enabled": False}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="premium") as running:
        running.first_user()
        yield running


def token(mock: Mock, **claims: Any) -> str:
    now = mock.clock.now().timestamp()
    full = {
        "version": 3,
        "license_expires": now + 86400,
        "exp": now + 2 * 86400,
        "feature_set": "premium",
        "trial": False,
        **claims,
    }
    parts = [b"{}", json.dumps(full).encode(), b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def feature(mock: Mock, name: str) -> Any:
    return mock.get("/entitlements").json["features"][name]


@pytest.mark.parametrize(("edition", "on"), [("unlicensed", False), ("premium", True)])
def test_all_features_are_told_in_every_edition_that_has_them(edition: Edition, on: bool) -> None:
    with Mock(edition=edition) as mock:
        told = mock.get("/entitlements", token="").json
        assert told["has_license"] is on
        assert len(told["features"]) == 19
        assert told["features"]["template_rbac"]["enabled"] is on
        assert told["features"]["browser_only"]["enabled"] is False


def test_a_build_without_the_licensed_part_has_no_entitlements() -> None:
    with Mock(edition="oss") as mock:
        mock.first_user()
        for path in ("/entitlements", "/licenses", "/appearance", "/groups", "/workspaceproxies"):
            assert mock.get(path).message == "Route not found."


def test_deleting_the_licence_closes_what_it_opened(mock: Mock) -> None:
    assert mock.get("/groups").status == 200
    id = mock.get("/licenses").json[0]["id"]
    assert mock.delete(f"/licenses/{id}").status == 200
    assert mock.get("/licenses").json is None
    assert mock.get("/groups").message == "Template RBAC is a Premium feature. Contact sales!"
    assert mock.get("/entitlements").json["has_license"] is False
    assert mock.delete(f"/licenses/{id}").message == "Unknown license ID"


def test_an_added_licence_opens_an_unlicensed_server() -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        assert mock.get("/groups").status == 403
        made = mock.post("/licenses", {"license": token(mock)})
        assert (made.status, made.json["claims"]["feature_set"]) == (201, "premium")
        assert mock.get("/groups").status == 200


def test_a_licence_ends_with_a_time_of_grace() -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        mock.post("/licenses", {"license": token(mock)})
        told = []
        for _ in range(3):
            entry = feature(mock, "audit_log")
            told.append((entry["entitlement"], entry["enabled"]))
            mock.clock.advance(seconds=86400)
        assert told == [("entitled", True), ("grace_period", True), ("not_entitled", False)]


@pytest.mark.parametrize("wrong", ["nonsense", "a.b.c", ""])
def test_what_is_no_licence_is_refused(mock: Mock, wrong: str) -> None:
    assert mock.post("/licenses", {"license": wrong}).status == 400
    assert len(mock.get("/licenses").json) == 1


def test_an_expired_licence_is_refused(mock: Mock) -> None:
    refusal = mock.post("/licenses", {"license": token(mock, license_expires=1)})
    assert refusal.json["detail"] == "license has multiple issues; contact support"


def test_a_forced_refresh_waits_for_the_one_before(mock: Mock) -> None:
    path = "/licenses/refresh-entitlements"
    assert mock.post(path).message == "Entitlements updated"
    mock.clock.advance(seconds=20)
    refusal = mock.post(path)
    assert (refusal.status, refusal.header("retry-after")) == (400, "40")
    assert "please wait 40 seconds" in refusal.message
    mock.clock.advance(seconds=41)
    assert mock.post(path).status == 200


def test_the_users_counted_are_those_of_the_last_look(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    new_user(mock, organization, "bob")
    assert feature(mock, "user_limit")["actual"] == 1
    mock.clock.advance(seconds=timedelta(minutes=10).total_seconds())
    assert feature(mock, "user_limit")["actual"] == 2


def test_licences_are_for_owners(mock: Mock) -> None:
    organization = mock.get("/organizations/coder").json["id"]
    bob = new_user(mock, organization, "bob")
    assert mock.get("/licenses", token=bob["token"]).json is None
    assert mock.post("/licenses", {"license": "x"}, token=bob["token"]).status == 403
    assert mock.delete("/licenses/1", token=bob["token"]).status == 403
    assert mock.get("/replicas", token=bob["token"]).status == 404
    assert len(mock.get("/replicas").json) == 1


def test_the_first_enabled_banner_stands_for_older_clients(mock: Mock) -> None:
    banners = [
        {"enabled": True, "message": "Hello", "background_color": "#112233"},
        {"enabled": False, "message": "Later", "background_color": "#445566"},
    ]
    body = {"application_name": "Mock", "logo_url": "/l.svg", "announcement_banners": banners}
    assert mock.put("/appearance", body).json["service_banner"] == NOTHING
    shown = mock.get("/appearance").json
    assert (shown["service_banner"], shown["announcement_banners"]) == (banners[0], banners)
    mock.put("/appearance", {"announcement_banners": banners[1:]})
    assert mock.get("/appearance").json["service_banner"] == NOTHING


@pytest.mark.parametrize(
    ("color", "detail"),
    [
        ("red", "expected # prefix and 6 characters"),
        ("1122334", "expected # prefix and 6 characters"),
        ("#11223g", "encoding/hex: invalid byte: U+0067 'g'"),
    ],
)
def test_a_banner_has_a_colour_in_hexadecimal(mock: Mock, color: str, detail: str) -> None:
    banner = {"enabled": True, "message": "x", "background_color": color}
    refusal = mock.put("/appearance", {"announcement_banners": [banner]})
    assert (refusal.message, refusal.json["detail"]) == (
        f'Invalid color format: "{color}"',
        detail,
    )


def test_without_a_licence_an_appearance_is_taken_but_not_shown() -> None:
    with Mock(edition="unlicensed") as mock:
        mock.first_user()
        answer = mock.put("/appearance", {"application_name": "Mine"})
        assert (answer.status, answer.json["application_name"]) == (200, "Mine")
        assert mock.get("/appearance").json["application_name"] == ""
