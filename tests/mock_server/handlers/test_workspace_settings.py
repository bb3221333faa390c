from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.workbench import Workbench

RBAC = "unauthorized: rbac: forbidden"
NOT_FOUND = "Resource not found or you do not have access to this resource"


@pytest.fixture
def bench(mock: Mock) -> Workbench:
    return Workbench(mock)


@pytest.fixture
def box(bench: Workbench) -> str:
    id: str = bench.workspace(bench.template(), "box", ttl_ms=3_600_000)["id"]
    return id


def test_setting_a_schedule_tells_the_next_start_and_clearing_forgets_it(
    bench: Workbench, box: str
) -> None:
    path = f"/workspaces/{box}/autostart"
    assert bench.mock.put(path, {"schedule": "CRON_TZ=Europe/Berlin 30 9 * * 1-5"}).status == 204
    seen = bench.seen(box)
    assert seen["autostart_schedule"] == "CRON_TZ=Europe/Berlin 30 9 * * 1-5"
    assert seen["next_start_at"].endswith(("T07:30:00Z", "T08:30:00Z"))
    assert bench.mock.put(path, {}).status == 204
    seen = bench.seen(box)
    assert "autostart_schedule" not in seen
    assert seen["next_start_at"] is None


def test_a_template_may_forbid_schedules_even_clearing_one(bench: Workbench, box: str) -> None:
    template = bench.mock.state.templates[bench.seen(box)["template_id"]]
    bench.mock.state.templates.put(replace(template, allow_user_autostart=False))
    answer = bench.mock.put(f"/workspaces/{box}/autostart", {"schedule": None})
    text = "Autostart is not allowed for workspaces using this template."
    assert (answer.status, answer.json) == (
        400,
        {"message": text, "validations": [{"field": "schedule", "detail": text}]},
    )


def test_a_template_may_decide_the_ttl(bench: Workbench, box: str) -> None:
    template = bench.mock.state.templates[bench.seen(box)["template_id"]]
    bench.mock.state.templates.put(
        replace(template, allow_user_autostop=False, default_ttl_ms=7_200_000)
    )
    assert bench.seen(box)["ttl_ms"] == 7_200_000
    answer = bench.mock.put(f"/workspaces/{box}/ttl", {"ttl_ms": 60_000})
    assert answer.json["validations"][0]["detail"].startswith("Custom autostop TTL")


def test_only_clearing_the_ttl_touches_the_deadline(bench: Workbench, box: str) -> None:
    deadline = bench.seen(box)["latest_build"]["deadline"]
    assert deadline is not None
    assert bench.mock.put(f"/workspaces/{box}/ttl", {"ttl_ms": 7_200_000}).status == 204
    assert bench.seen(box)["latest_build"]["deadline"] == deadline
    assert bench.mock.put(f"/workspaces/{box}/ttl", {"ttl_ms": 0}).status == 204
    seen = bench.seen(box)
    assert seen["latest_build"]["deadline"] is None
    assert "ttl_ms" not in seen


def test_a_deadline_moves_to_what_is_asked_in_whole_seconds_of_utc(
    bench: Workbench, box: str
) -> None:
    answer = bench.mock.put(
        f"/workspaces/{box}/extend", {"deadline": "2099-01-01T12:00:00.5+02:00"}
    )
    assert answer.json == {"message": "Deadline updated to 2099-01-01T10:00:00Z."}
    assert bench.seen(box)["latest_build"]["deadline"] == "2099-01-01T10:00:00.5Z"


@pytest.mark.parametrize(("minutes", "status"), [(28.9, 400), (29.1, 200), (-60, 400)])
def test_a_deadline_lies_29_minutes_ahead_at_least(
    bench: Workbench, box: str, minutes: float, status: int
) -> None:
    wanted = bench.mock.clock.now() + timedelta(minutes=minutes)
    answer = bench.mock.put(f"/workspaces/{box}/extend", {"deadline": wanted.isoformat()})
    assert answer.status == status


def test_no_deadline_beyond_the_one_that_the_template_insists_on(
    bench: Workbench, box: str
) -> None:
    build = bench.mock.state.latest_build(box)
    limit = bench.mock.clock.now() + timedelta(hours=2)
    bench.mock.state.builds.put(replace(build, max_deadline=limit))
    wanted = {"deadline": (limit + timedelta(seconds=1)).isoformat()}
    answer = bench.mock.put(f"/workspaces/{box}/extend", wanted)
    assert (answer.status, answer.message) == (400, "Cannot extend workspace beyond max deadline.")


def test_what_is_being_built_or_has_no_deadline_is_not_extended(bench: Workbench, box: str) -> None:
    future = {"deadline": datetime(2099, 1, 1, tzinfo=UTC).isoformat()}
    assert bench.build(box, "start").status == 201
    answer = bench.mock.put(f"/workspaces/{box}/extend", future)
    assert (answer.status, answer.message) == (409, "Workspace is still building!")
    manual = bench.workspace(bench.template())["id"]
    answer = bench.mock.put(f"/workspaces/{manual}/extend", future)
    assert (answer.status, answer.message) == (409, "Workspace shutdown is manual.")


def test_sleeping_keeps_it_running_and_waking_counts_as_use(bench: Workbench, box: str) -> None:
    path = f"/workspaces/{box}/dormant"
    asleep = bench.mock.put(path, {"dormant": True}).json
    assert asleep["dormant_at"] is not None
    assert asleep["latest_build"]["status"] == "running"
    assert bench.mock.put(path, {"dormant": True}).status == 304
    assert bench.build(box, "start").json["message"] == "insert workspace build"
    bench.mock.clock.advance(60)
    awake = bench.mock.put(path, {}).json
    assert (awake["dormant_at"], awake["deleting_at"]) == (None, None)
    assert awake["last_used_at"] > asleep["last_used_at"]


def test_a_dormant_workspace_is_deleted_when_the_template_says(bench: Workbench, box: str) -> None:
    template = bench.mock.state.templates[bench.seen(box)["template_id"]]
    bench.mock.state.templates.put(replace(template, time_til_dormant_autodelete_ms=86_400_000))
    asleep = bench.mock.put(f"/workspaces/{box}/dormant", {"dormant": True}).json
    record = bench.mock.state.workspaces[box]
    assert record.deleting_at - record.dormant_at == timedelta(days=1)
    assert asleep["deleting_at"] > asleep["dormant_at"]


def test_use_moves_a_deadline_that_is_close(bench: Workbench, box: str) -> None:
    before = bench.mock.state.latest_build(box).deadline
    path = f"/workspaces/{box}/usage"
    assert bench.mock.post(path, raw=b"{broken").status == 204
    assert bench.mock.state.latest_build(box).deadline == before
    bench.mock.clock.advance(1800)
    assert bench.mock.post(path).status == 204
    now = bench.mock.clock.now()
    assert bench.mock.state.latest_build(box).deadline == now + timedelta(hours=1)
    assert bench.mock.state.workspaces[box].last_used_at == now


REFUSED: list[tuple[str, str, Any, int, dict[str, Any]]] = [
    (
        "PUT",
        "autostart",
        {"schedule": "0 8 * * *"},
        500,
        {"message": "Internal error updating workspace autostart schedule.", "detail": RBAC},
    ),
    (
        "PUT",
        "ttl",
        {"ttl_ms": 60_000},
        500,
        {
            "message": "Error updating workspace time until shutdown.",
            "detail": f"execute transaction: update workspace time until shutdown: {RBAC}",
        },
    ),
    (
        "PUT",
        "extend",
        {"deadline": "2099-01-01T00:00:00Z"},
        500,
        {"message": "Failed to extend workspace deadline."},
    ),
    (
        "PUT",
        "dormant",
        {"dormant": True},
        500,
        {"message": "Internal error updating workspace locked status.", "detail": RBAC},
    ),
    ("PUT", "autoupdates", {"automatic_updates": "always"}, 404, {"message": NOT_FOUND}),
    (
        "PUT",
        "favorite",
        None,
        403,
        {"message": "You can only favorite workspaces that you own."},
    ),
    (
        "DELETE",
        "favorite",
        None,
        403,
        {"message": "You can only un-favorite workspaces that you own."},
    ),
]


@pytest.mark.parametrize(("method", "route", "body", "status", "said"), REFUSED)
def test_who_may_only_read_is_refused_by_each_route_in_its_way(
    bench: Workbench,
    box: str,
    method: str,
    route: str,
    body: Any,
    status: int,
    said: dict[str, Any],
) -> None:
    tom = bench.person("tom", "template-admin")
    before = bench.seen(box)
    answer = bench.mock.request(method, f"/workspaces/{box}/{route}", body, token=tom)
    assert (answer.status, answer.json) == (status, said)
    assert bench.seen(box) == before


@pytest.mark.parametrize(("method", "route", "body", "status", "said"), REFUSED)
def test_who_may_not_read_is_told_that_there_is_nothing(
    bench: Workbench,
    box: str,
    method: str,
    route: str,
    body: Any,
    status: int,
    said: dict[str, Any],
) -> None:
    mia = bench.person("mia")
    answer = bench.mock.request(method, f"/workspaces/{box}/{route}", body, token=mia)
    assert (answer.status, answer.message) == (404, NOT_FOUND)


def test_only_its_owner_sees_a_favorite(bench: Workbench, box: str) -> None:
    tom = bench.person("tom", "template-admin")
    assert bench.mock.put(f"/workspaces/{box}/favorite").status == 204
    assert bench.mock.get(f"/workspaces/{box}", token=bench.admin).json["favorite"] is True
    assert bench.mock.get(f"/workspaces/{box}", token=tom).json["favorite"] is False


def test_renaming_is_refused_before_anything_else_is_looked_at(bench: Workbench, box: str) -> None:
    path = f"/workspaces/{box}"
    assert bench.mock.patch(path, {"name": "box"}).status == 204
    assert bench.mock.patch(path, {"name": "BOX"}).message == "Workspace renames are not allowed."
    told = bench.mock.patch(path, {}).json["validations"]
    assert told == [
        {"field": "name", "detail": 'Validation failed for tag "username" with value: ""'}
    ]


def test_in_2023_names_change_but_not_to_a_taken_one_nor_after_the_end() -> None:
    with Mock(api="2023-06-20") as mock:
        bench = Workbench(mock)
        template = bench.template()
        path = f"/organizations/{bench.organization}/members/me/workspaces"
        ids = [
            mock.post(path, {"name": name, "template_id": template}).json["id"]
            for name in ("one", "two")
        ]
        bench.settle()
        assert mock.patch(f"/workspaces/{ids[0]}", {"name": "ONE"}).status == 204
        assert mock.patch(f"/workspaces/{ids[0]}", {"name": "Two"}).status == 409
        bench.built(ids[0], "delete")
        gone = mock.patch(f"/workspaces/{ids[0]}", {"name": "three"})
        assert (gone.status, gone.message) == (
            405,
            'Workspace "ONE" is deleted and cannot be updated.',
        )


def test_nothing_guards_the_settings_of_a_deleted_workspace(bench: Workbench, box: str) -> None:
    bench.built(box, "delete")
    assert bench.mock.get(f"/workspaces/{box}").status == 410
    puts = {
        "autostart": {"schedule": "0 8 * * *"},
        "ttl": {"ttl_ms": 60_000},
        "autoupdates": {"automatic_updates": "always"},
        "favorite": None,
    }
    for route, body in puts.items():
        assert bench.mock.put(f"/workspaces/{box}/{route}", body).status == 204
    seen = bench.seen(box)
    assert seen["latest_build"]["status"] == "deleted"
    assert (seen["ttl_ms"], seen["favorite"]) == (60_000, True)
    assert bench.mock.get(f"/workspaces/{box}/port-share").json == {"shares": []}


def test_by_name_the_live_one_comes_first_and_then_the_last_deleted(bench: Workbench) -> None:
    template = bench.template()
    ids = []
    for _ in range(2):
        ids.append(bench.workspace(template, "box")["id"])
        bench.built(ids[-1], "delete")
    path = "/users/me/workspace/BOX"
    assert bench.mock.get(path).status == 404
    assert bench.mock.get(f"{path}?include_deleted=1").json["id"] == ids[-1]
    live = bench.workspace(template, "box")["id"]
    assert bench.mock.get(f"{path}?include_deleted=t").json["id"] == live


def test_a_changed_template_changes_what_is_to_come(bench: Workbench) -> None:
    template = bench.template()
    id = bench.workspace(template, "box", autostart_schedule="0 8 * * 1")["id"]
    asleep = bench.workspace(template, "asleep")["id"]
    assert bench.mock.put(f"/workspaces/{asleep}/dormant", {"dormant": True}).status == 200
    assert bench.seen(id)["next_start_at"] is not None
    body = {
        "name": "template-1",
        "allow_user_autostart": True,
        "autostart_requirement": {"days_of_week": ["tuesday"]},
        "time_til_dormant_autodelete_ms": 86_400_000,
    }
    assert bench.mock.patch(f"/templates/{template}", body).status == 200
    # Mondays are no longer allowed.
    assert bench.seen(id)["next_start_at"] is None
    record = bench.mock.state.workspaces[asleep]
    assert record.deleting_at - record.dormant_at == timedelta(days=1)
