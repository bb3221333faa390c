"""What a test may ask of the fake itself."""

from __future__ import annotations

from typing import Any

import pytest

from coder_mock_server.control.routes import PREFIX, ROUTES
from tests.support.mock import FIRST_USER, Mock


def control(mock: Mock, method: str, path: str, json: Any = None, **options: Any) -> Any:
    return mock.request(method, f"/{PREFIX}{path}", json, **options)


def test_the_routes_are_listed(mock: Mock) -> None:
    listed = control(mock, "GET", "").json["routes"]
    assert [(r["method"], r["path"]) for r in listed] == [
        (r.method, PREFIX + r.path) for r in ROUTES
    ]
    assert control(mock, "GET", "").header("x-coder-mock") == "control"


def test_a_reset_forgets_all_and_gives_the_same_ids_again(mock: Mock) -> None:
    first = mock.first_user()
    assert control(mock, "POST", "/reset").json == {"scenario": "empty", "token": None}
    assert mock.get("/users/first", token="").status == 404
    assert mock.first_user() == first


def test_a_reset_may_name_another_scenario(mock: Mock) -> None:
    answer = control(mock, "POST", "/reset", {"scenario": "small-team"})
    mock.token = answer.json["token"]
    assert mock.get("/users/me").json["username"] == "admin"


def test_a_reset_to_an_unknown_scenario_changes_nothing(mock: Mock) -> None:
    mock.first_user()
    answer = control(mock, "POST", "/reset", {"scenario": "nope"})
    assert (answer.status, "nope" in answer.message) == (400, True)
    assert mock.get("/users/me").status == 200


def test_a_step_moves_mock_time(mock: Mock) -> None:
    before = control(mock, "GET", "/clock").json
    after = control(mock, "POST", "/clock/step", {"seconds": 90}).json
    assert before == {"now": "2025-06-02T09:00:00Z", "speed": 1.0, "frozen": True}
    assert after["now"] == "2025-06-02T09:01:30Z"


def test_time_goes_on_and_stands_still(mock: Mock) -> None:
    assert control(mock, "POST", "/clock/resume", {"speed": 8}).json["speed"] == 8
    frozen = control(mock, "POST", "/clock/freeze", {"at": "2025-06-03T10:00:00Z"}).json
    assert (frozen["frozen"], frozen["now"]) == (True, "2025-06-03T10:00:00Z")


@pytest.mark.parametrize(
    ("path", "json"),
    [
        ("/clock/step", {"seconds": -1}),
        ("/clock/step", {}),
        ("/clock/step", {"seconds": "soon"}),
        ("/clock/freeze", {"at": "yesterday"}),
        ("/clock/freeze", {"at": "2020-01-01T00:00:00Z"}),
        ("/clock/resume", {"speed": 0}),
        ("/clock/step", [1]),
    ],
)
def test_what_cannot_be_meant_is_400_and_changes_nothing(mock: Mock, path: str, json: Any) -> None:
    before = control(mock, "GET", "/clock").json
    assert control(mock, "POST", path, json).status == 400
    assert control(mock, "GET", "/clock").json == before


def test_a_snapshot_brings_back_what_was(mock: Mock) -> None:
    made = mock.first_user()
    control(mock, "PUT", "/snapshots/start")
    member = {"email": "mia@example.com", "username": "mia", "password": FIRST_USER["password"]}
    mock.post("/users", {**member, "organization_ids": [made["organization_id"]]})
    assert mock.get("/users").json["count"] == 2
    assert control(mock, "POST", "/snapshots/start/restore").status == 200
    assert mock.get("/users").json["count"] == 1


def test_snapshots_are_listed_and_dropped(mock: Mock) -> None:
    control(mock, "PUT", "/snapshots/a")
    assert control(mock, "GET", "/snapshots").json == {"snapshots": ["a"]}
    control(mock, "DELETE", "/snapshots/a")
    answer = control(mock, "POST", "/snapshots/a/restore")
    assert (answer.status, answer.message) == (404, "no snapshot 'a'; there are: none yet")


def test_the_journal_tells_what_was_asked_without_the_token(mock: Mock) -> None:
    mock.get("/users/me?coder_session_token=secret", token="")
    mock.post("/users/login", {"email": "x"}, token="")
    entries = control(mock, "GET", "/journal?limit=0").json["exchanges"]
    asked = entries[0]
    assert (asked["path"], asked["status"], asked["mark"]) == ("/api/v2/users/me", 401, "modelled")
    assert asked["query"] == "coder_session_token=***"
    assert entries[1]["request_body"] == '{"email": "x"}'


def test_the_journal_can_be_narrowed_and_cleared(mock: Mock) -> None:
    mock.get("/buildinfo")
    mock.get("/nosuch", token="")
    for query in ("operation=build-info", "status=404"):
        assert len(control(mock, "GET", f"/journal?{query}").json["exchanges"]) == 1
    control(mock, "DELETE", "/journal")
    assert len(control(mock, "GET", "/journal").json["exchanges"]) == 1  # the question itself


def test_a_page_somewhere_on_the_web_may_not_use_the_control_routes(mock: Mock) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    assert control(mock, "POST", "/reset", headers=foreign).status == 403
    near = {"Origin": "http://localhost:5173"}
    assert control(mock, "POST", "/reset", headers=near).status == 200


def test_wrong_methods_and_unknown_routes_say_what_there_is(mock: Mock) -> None:
    assert control(mock, "GET", "/reset").message == "/reset takes POST"
    assert control(mock, "GET", "/nosuch").status == 404
    assert control(mock, "POST", "/reset", raw=b"{").status == 400
