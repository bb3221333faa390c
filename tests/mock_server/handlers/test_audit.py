"""The audit log: what is recorded of operations and of what the server does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock

PASSWORD = "Mock-Password-1!"
BOB = {"email": "bob@example.com", "username": "bob", "password": PASSWORD}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with Mock(edition="unlicensed") as made:
        made.first_user()
        yield made


def entries(mock: Mock, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mock.get(f"/audit?q={query}").json["audit_logs"]
    return found


def new_bob(mock: Mock) -> dict[str, Any]:
    home = mock.get("/organizations").json[0]["id"]
    answer = mock.post("/users", {**BOB, "organization_ids": [home]})
    assert answer.status == 201
    made: dict[str, Any] = answer.json
    return made


def test_the_first_user_is_not_recorded_but_his_sign_in_is(mock: Mock) -> None:
    (entry,) = entries(mock)
    assert (entry["resource_type"], entry["action"]) == ("api_key", "login")
    assert entry["description"] == "{user} logged in"
    assert entry["diff"] == {}


def test_a_new_user_is_recorded_without_his_password(mock: Mock) -> None:
    bob = new_bob(mock)
    entry = entries(mock)[0]
    assert entry["resource_id"] == bob["id"]
    assert entry["diff"]["hashed_password"] == {"secret": True}
    assert entry["diff"]["username"] == {"old": "", "new": "bob", "secret": False}
    assert entry["diff"]["rbac_roles"] == {"new": [], "secret": False}
    assert "name" not in entry["diff"]
    assert entry["resource_link"] == "/users?filter=bob"
    assert entry["user"]["organization_ids"] == []


def test_the_request_and_the_client_are_named(mock: Mock) -> None:
    answer = mock.put(
        "/users/me/profile", {"username": "root", "name": ""}, headers={"user-agent": "test/1"}
    )
    entry = entries(mock)[0]
    assert entry["request_id"] == answer.header("x-coder-request-id")
    assert entry["user_agent"] == "test/1"
    assert entry["ip"]


def test_a_refused_write_on_an_existing_thing_is_recorded_without_a_diff(mock: Mock) -> None:
    assert mock.put("/users/me/roles", {"roles": []}).status == 400
    entry = entries(mock)[0]
    assert (entry["status_code"], entry["diff"]) == (400, {})
    assert entry["description"] == "{user} unsuccessfully attempted to write user {target}"


def test_a_refused_creation_leaves_no_entry(mock: Mock) -> None:
    new_bob(mock)
    before = len(entries(mock))
    home = mock.get("/organizations").json[0]["id"]
    assert mock.post("/users", {**BOB, "organization_ids": [home]}).status == 409
    assert len(entries(mock)) == before


def test_a_wrong_password_is_recorded_for_a_known_user_only(mock: Mock) -> None:
    wrong = {"email": "admin@example.com", "password": "wrong"}
    assert mock.post("/users/login", wrong, token="").status == 401
    assert entries(mock)[0]["status_code"] == 401
    before = len(entries(mock))
    assert mock.post("/users/login", {**wrong, "email": "x@example.com"}, token="").status == 401
    assert len(entries(mock)) == before


def test_the_sign_in_of_a_dormant_user_wakes_him_before_it_is_recorded(mock: Mock) -> None:
    new_bob(mock)
    login = {"email": BOB["email"], "password": PASSWORD}
    assert mock.post("/users/login", login, token="").status == 201
    newest, woken = entries(mock)[:2]
    assert newest["action"] == "login"
    assert woken["diff"] == {"status": {"old": "dormant", "new": "active", "secret": False}}
    assert woken["request_id"] == "00000000-0000-0000-0000-000000000000"
    assert woken["additional_fields"]["automatic_subsystem"] == "dormancy"


def test_pausing_the_notifier_is_told_and_a_repetition_is_not(mock: Mock) -> None:
    assert mock.put("/notifications/settings", {"notifier_paused": True}).status == 200
    assert mock.put("/notifications/settings", {"notifier_paused": True}).status == 304
    assert mock.put("/notifications/settings", {"notifier_paused": False}).status == 200
    resumed, paused, *_ = entries(mock)
    assert paused["diff"] == {"notifier_paused": {"old": False, "new": True, "secret": False}}
    assert resumed["diff"] == {}


def test_a_deleted_user_keeps_his_entries_without_a_link(mock: Mock) -> None:
    bob = new_bob(mock)
    assert mock.delete(f"/users/{bob['id']}").status == 200
    deleted, created, *_ = entries(mock)
    assert deleted["diff"]["username"] == {"old": "bob", "new": "", "secret": False}
    assert created["is_deleted"] is True
    assert created["resource_link"] == ""


def test_a_finished_build_is_recorded_for_who_asked() -> None:
    with Mock(scenario="small-team", edition="premium", instant=True) as mock:
        workspace = mock.get("/workspaces?q=owner:me").json["workspaces"][0]
        path = f"/workspaces/{workspace['id']}/builds"
        built = mock.post(path, {"transition": "stop"})
        assert built.status == 201
        mock.clock.advance(seconds=5)
        mock.get("/buildinfo")
        entry = entries(mock)[0]
        number = built.json["build_number"]
        assert (entry["resource_type"], entry["action"]) == ("workspace_build", "stop")
        assert entry["additional_fields"]["build_number"] == str(number)
        name = f"/@{workspace['owner_name']}/{workspace['name']}"
        assert entry["resource_link"] == f"{name}/builds/{number}"
        assert entry["organization"]["name"] == workspace["organization_name"]


def test_a_group_tells_who_came_and_went() -> None:
    with Mock(scenario="small-team", edition="premium") as mock:
        me = mock.get("/users/me").json
        home = me["organization_ids"][0]
        group = mock.post(f"/organizations/{home}/groups", {"name": "crew"}).json
        mock.patch(f"/groups/{group['id']}", {"add_users": [me["id"]]})
        mock.delete(f"/groups/{group['id']}")
        deleted, written, created = entries(mock)[:3]
        assert [one["action"] for one in (created, written, deleted)] == [
            "create",
            "write",
            "delete",
        ]
        assert written["diff"]["members"] == {"old": [], "new": [me["id"]], "secret": False}
        assert deleted["diff"]["members"] == {"old": [me["id"]], "new": [], "secret": False}


def test_a_build_without_the_licensed_part_records_nothing() -> None:
    with Mock(edition="oss") as mock:
        mock.first_user()
        assert mock.get("/audit").json == {"audit_logs": [], "count": 0}


def test_pages_go_from_new_to_old_and_past_the_end_nothing_is_counted(mock: Mock) -> None:
    for number in range(5):
        mock.put("/users/me/profile", {"username": "admin", "name": f"Name {number}"})
        mock.clock.advance(seconds=1)
    everything = mock.get("/audit").json
    assert everything["count"] == 6
    times = [one["time"] for one in everything["audit_logs"]]
    assert times == sorted(times, reverse=True)
    page = mock.get("/audit?limit=2&offset=3").json
    assert page["audit_logs"] == everything["audit_logs"][3:5]
    assert mock.get("/audit?limit=2&offset=5").json["audit_logs"] == everything["audit_logs"][5:]
    assert mock.get("/audit?offset=6").json == {"audit_logs": [], "count": 0}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action:write", 1),
        ("user", 1),
        ("username:me", 2),
        ("username:nobody", 0),
        ("email:admin@example.com", 2),
        ("resource_target:admin", 1),
        ("date_from:2025-06-02+date_to:2025-06-02", 2),
        ("date_from:2025-06-03", 0),
        ("date_to:2025-06-01", 0),
        ("organization:default", 0),
        ("build_reason:autostart", 0),
    ],
)
def test_terms_of_a_search_select_entries(mock: Mock, query: str, count: int) -> None:
    mock.put("/users/me/profile", {"username": "admin", "name": "Ada"})
    assert mock.get(f"/audit?q={query}").json["count"] == count


@pytest.mark.parametrize("query", ["colour:red", "action:dance", "date_from:x", "organization:x"])
def test_a_bad_term_is_refused(mock: Mock, query: str) -> None:
    answer = mock.get(f"/audit?q={query}")
    assert (answer.status, answer.message) == (400, "Invalid audit search query.")


def test_an_auditor_of_an_organization_reads_what_happened_there() -> None:
    with Mock(scenario="small-team", edition="premium") as mock:
        home = mock.get("/users/me").json["organization_ids"][0]
        bob = mock.post("/users", {**BOB, "organization_ids": [home]}).json
        roles = {"roles": ["organization-auditor"]}
        assert mock.put(f"/organizations/{home}/members/{bob['id']}/roles", roles).status == 200
        login = {"email": BOB["email"], "password": PASSWORD}
        token = mock.post("/users/login", login, token="").json["session_token"]
        found = mock.get("/audit", token=token).json["audit_logs"]
        assert found[0]["resource_type"] == "organization_member"
        assert {one["organization_id"] for one in found} == {home}


def test_a_scenario_has_a_past_that_was_recorded() -> None:
    with Mock(scenario="small-team", edition="premium") as mock:
        body = mock.get("/audit?limit=25").json
        assert len(body["audit_logs"]) == 25
        assert body["count"] > 50
        assert all(one["user"]["username"] for one in body["audit_logs"])
        assert mock.get("/notifications/inbox").json["unread_count"] == 2


def test_the_log_of_2023_has_the_types_of_its_document() -> None:
    with Mock(scenario="empty", api="2023-06-20", edition="premium") as mock:
        made = mock.first_user()
        path = f"/organizations/{made['organization_id']}"
        assert mock.post(f"{path}/members/me/workspaces", {}).status >= 400
        mock.put("/users/me/profile", {"username": "root"})
        found = mock.get("/audit").json["audit_logs"]
        assert [one["resource_type"] for one in found] == ["user", "api_key"]


def test_reading_leaves_no_trace(mock: Mock) -> None:
    before = len(mock.state.audit_log)
    for path in ("/users", "/organizations", "/audit", "/workspaces", "/users/me"):
        assert mock.get(path).status == 200
    assert len(mock.state.audit_log) == before


def test_a_sample_entry_is_about_nothing_that_exists(mock: Mock) -> None:
    body = {"action": "create", "resource_type": "template"}
    assert mock.post("/audit/testgenerate", body).status == 204
    entry = entries(mock)[0]
    assert entry["is_deleted"] is True
    assert entry["diff"] == {"foo": {"old": "bar", "new": "baz", "secret": False}}
    assert mock.post("/audit/testgenerate", {"action": "dance"}).status == 500
