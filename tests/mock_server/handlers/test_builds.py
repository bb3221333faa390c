from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.mock import Mock
from tests.support.workbench import AGENT, FAILING, PLAIN, SLOW, Workbench, parameter

UNKNOWN = "11111111-1111-4111-8111-111111111111"
CHOICES = (
    PLAIN
    + parameter("fixed", default="a")
    + parameter("level", type="number", default=3, mutable=True,
                inner='validation {\n monotonic = "decreasing"\n min = 0\n max = 9\n}')
    + parameter("once", default="no", mutable=True, ephemeral=True)
    + """
data "coder_workspace_preset" "low" {
  name       = "low"
  parameters = { level = "1" }
}
"""
)  # fmt: skip


@pytest.fixture
def bench(mock: Mock) -> Workbench:
    return Workbench(mock)


def values(bench: Workbench, build: str) -> dict[str, str]:
    found = bench.mock.get(f"/workspacebuilds/{build}/parameters", token=bench.admin).json
    return {item["name"]: item["value"] for item in found}


def given(**pairs: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs.items()]


def test_numbers_of_builds_grow_by_one_and_lists_begin_with_the_newest(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    for transition in ("stop", "start", "start"):
        bench.built(id, transition)
    found = bench.mock.get(f"/workspaces/{id}/builds").json
    assert [b["build_number"] for b in found] == [4, 3, 2, 1]
    assert found[0]["id"] == bench.seen(id)["latest_build"]["id"]


def test_values_come_from_preset_request_last_build_and_default(bench: Workbench) -> None:
    template = bench.template(CHOICES)
    made = bench.workspace(template, rich_parameter_values=given(fixed="b", level="7", once="yes"))
    first = made["latest_build"]["id"]
    assert values(bench, first) == {"fixed": "b", "level": "7", "once": "yes"}
    again = bench.built(made["id"], "start", rich_parameter_values=given(fixed="b", level="5"))
    assert values(bench, again["id"]) == {"fixed": "b", "level": "5", "once": "no"}
    version = again["template_version_id"]
    preset = bench.mock.get(f"/templateversions/{version}/presets").json[0]["ID"]
    low = bench.built(
        made["id"],
        "start",
        template_version_preset_id=preset,
        rich_parameter_values=given(level="4"),
    )
    assert values(bench, low["id"])["level"] == "1"
    assert low["template_version_preset_id"] == preset


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (
            {"fixed": "c"},
            'Parameter "fixed" is not mutable, so it can\'t be updated after creating a workspace.',
        ),
        (
            {"level": "4"},
            "can't validate build parameter \"level\": parameter value '4' must be equal or lower "
            "than previous value: 3",
        ),
        ({"level": "1.5"}, 'can\'t validate build parameter "level": value "1.5" is not a number'),
    ],
)
@pytest.mark.parametrize("transition", ["start", "stop", "delete"])
def test_values_are_checked_whatever_the_build_does(
    bench: Workbench, transition: str, wanted: dict[str, str], told: str
) -> None:
    id = bench.workspace(bench.template(CHOICES))["id"]
    answer = bench.build(id, transition, rich_parameter_values=given(**wanted))
    name = next(iter(wanted))
    assert (answer.status, answer.json) == (
        400,
        {"message": f'Unable to validate parameter "{name}"', "detail": told},
    )


def test_there_is_one_active_build_at_a_time(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    assert bench.build(id, "stop").status == 201
    bad = given(level="many")
    for transition in ("start", "stop", "delete"):
        answer = bench.build(id, transition, rich_parameter_values=bad)
        text = "A workspace build is already active."
        assert (answer.status, answer.json) == (409, {"message": text, "detail": text})
    # The version is looked at before that.
    assert bench.build(id, "start", template_version_id=UNKNOWN).status == 400


def test_a_canceled_pending_build_ends_at_once_and_the_next_may_follow(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    posted = bench.build(id, "stop").json
    path = f"/workspacebuilds/{posted['id']}/cancel"
    assert bench.mock.patch(path).message == "Job has been marked as canceled..."
    seen = bench.mock.get(f"/workspacebuilds/{posted['id']}").json
    assert (seen["status"], seen["job"]["status"]) == ("canceled", "canceled")
    assert seen["job"]["completed_at"] == seen["job"]["canceled_at"]
    assert seen["updated_at"] == posted["updated_at"]
    assert bench.mock.patch(path).message == "Job has already completed!"
    assert bench.build(id, "start").status == 201


def test_a_canceled_running_build_is_canceling_and_then_fails(bench: Workbench) -> None:
    posted = bench.create(bench.template(SLOW)).json
    bench.mock.advance(60)
    path = f"/workspacebuilds/{posted['latest_build']['id']}"
    assert bench.mock.patch(f"{path}/cancel").status == 200
    assert bench.mock.get(path).json["status"] == "canceling"
    told = bench.mock.patch(f"{path}/cancel")
    assert (told.status, told.message) == (400, "Job has already been marked as canceled!")
    bench.mock.advance(60)
    seen = bench.mock.get(path).json
    assert (seen["status"], seen["job"]["error"]) == ("failed", "terraform apply: exit status 1")
    assert seen["resources"] == []


def test_owners_may_cancel_their_own_builds_where_the_template_lets_them(
    bench: Workbench,
) -> None:
    mia = bench.person("mia")
    for allowed, status in ((True, 200), (False, 403)):
        template = bench.template(SLOW, allow_user_cancel_workspace_jobs=allowed)
        posted = bench.create(template, by=mia).json["latest_build"]["id"]
        answer = bench.mock.patch(f"/workspacebuilds/{posted}/cancel", token=mia)
        assert answer.status == status


def test_a_failed_build_leaves_nothing_but_its_log(bench: Workbench) -> None:
    build = bench.workspace(bench.template(FAILING))["latest_build"]
    assert (build["status"], build["resources"], build["deadline"]) == ("failed", [], None)
    path = f"/workspacebuilds/{build['id']}"
    assert bench.mock.get(f"{path}/resources").json == []
    timings = bench.mock.get(f"{path}/timings").json
    assert set(map(str, timings.values())) == {"[]"}
    assert bench.mock.get(f"{path}/logs").json[-1]["stage"] == "Cleaning Up"


def test_resources_are_told_after_the_job(bench: Workbench) -> None:
    posted = bench.create(bench.template(SLOW)).json["latest_build"]["id"]
    answer = bench.mock.get(f"/workspacebuilds/{posted}/resources")
    assert (answer.status, answer.message) == (400, "Job hasn't completed!")


def test_every_start_script_has_its_timing(bench: Workbench) -> None:
    build = bench.workspace(bench.template(AGENT))["latest_build"]
    scripts = build["resources"][0]["agents"][0]["scripts"]
    timings = bench.mock.get(f"/workspacebuilds/{build['id']}/timings").json
    told = timings["agent_script_timings"]
    assert [row["display_name"] for row in told] == [s["display_name"] for s in scripts]
    assert {row["workspace_agent_name"] for row in timings["agent_connection_timings"]} == {"main"}


def test_a_pushed_state_is_kept_even_when_the_build_fails(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    failed = bench.built(id, "stop", state="bm90IGpzb24=")
    assert failed["job"]["error"] == "initialize terraform: exit status 1"
    answer = bench.mock.get(f"/workspacebuilds/{failed['id']}/state")
    assert (answer.body, answer.header("content-type")) == (b"not json", "application/json")


def test_state_is_for_those_who_manage_the_template(bench: Workbench) -> None:
    mia = bench.person("mia")
    made = bench.create(bench.template(), by=mia).json
    bench.settle()
    mock = bench.mock
    path = f"/workspacebuilds/{made['latest_build']['id']}/state"
    assert mock.get(path, token=mia).status == 404
    for body in ({"state": "e30="}, {"orphan": True}):
        wanted = {"transition": "delete"} | body
        answer = mock.post(f"/workspaces/{made['id']}/builds", wanted, token=mia)
        assert (answer.status, answer.message) == (
            403,
            "Only template managers may provide custom state",
        )


def test_an_orphan_needs_a_delete_and_no_state(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    for body in ({"transition": "start"}, {"transition": "delete", "state": "e30="}):
        answer = bench.mock.post(f"/workspaces/{id}/builds", body | {"orphan": True})
        lines = answer.body.decode().splitlines()
        assert (answer.status, len(lines)) == (400, 2)
        assert lines[1] == '{"message":"An internal server error occurred."}'
    done = bench.built(id, "delete", orphan=True)
    assert (done["status"], done["resources"]) == ("deleted", [])
    assert bench.mock.get(f"/workspacebuilds/{done['id']}/state").body == b""


def test_a_deleted_workspace_can_be_built_again_and_stays_deleted(bench: Workbench) -> None:
    id = bench.workspace(bench.template(), "box")["id"]
    bench.built(id, "delete")
    again = bench.built(id, "stop")
    assert (again["build_number"], again["status"]) == (3, "stopped")
    assert bench.mock.get(f"/workspaces/{id}").status == 410
    assert bench.mock.get("/users/me/workspace/box").status == 404


def test_who_may_only_read_builds_nothing(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    tom = bench.person("tom", "template-admin")
    for transition, word in (("start", "update"), ("stop", "update"), ("delete", "delete")):
        body = {"transition": transition}
        answer = bench.mock.post(f"/workspaces/{id}/builds", body, token=tom)
        told = f"You do not have permission to {word} this workspace."
        assert (answer.status, answer.message) == (403, told)
        assert answer.json["detail"].startswith("You don't have permission to view this content.")


def test_a_required_version_binds_those_who_do_not_manage_the_template(
    bench: Workbench,
) -> None:
    mia = bench.person("mia")
    template = bench.template()
    made = bench.create(template, by=mia).json
    bench.settle()
    bench.promote(template, PLAIN)
    state = bench.mock.state
    state.templates.put(replace(state.templates[template], require_active_version=True))
    path = f"/workspaces/{made['id']}/builds"
    refused = bench.mock.post(path, {"transition": "start"}, token=mia)
    assert (refused.status, refused.json) == (
        403,
        {
            "message": "insert workspace build",
            "detail": "authorize context: unauthorized: rbac: forbidden",
        },
    )
    assert bench.mock.post(path, {"transition": "stop"}, token=mia).status == 201
    bench.settle()
    active = {"template_version_id": state.templates[template].active_version_id}
    assert bench.mock.post(path, {"transition": "start"} | active, token=mia).status == 201


@pytest.mark.parametrize(
    ("number", "status", "told"),
    [
        ("0", 404, 'Workspace "box" Build 0 does not exist.'),
        ("-1", 404, 'Workspace "box" Build -1 does not exist.'),
        ("99999999999", 400, "Failed to parse build number as integer."),
        ("x", 400, "Failed to parse build number as integer."),
    ],
)
def test_build_numbers_that_lead_nowhere(
    bench: Workbench, number: str, status: int, told: str
) -> None:
    bench.workspace(bench.template(), "box")
    answer = bench.mock.get(f"/users/me/workspace/box/builds/{number}")
    assert (answer.status, answer.message) == (status, told)


def test_matching_daemons_are_told_while_pending_but_not_by_id(bench: Workbench) -> None:
    id = bench.workspace(bench.template(), "box")["id"]
    posted = bench.build(id, "stop").json
    none: dict[str, Any] = {"count": 0, "available": 0, "most_recently_seen": None}
    assert posted["matched_provisioners"]["count"] == 1
    assert bench.mock.get(f"/workspacebuilds/{posted['id']}").json["matched_provisioners"] == none
    for seen in (
        bench.mock.get("/users/me/workspace/box/builds/2").json,
        bench.mock.get(f"/workspaces/{id}/builds").json[0],
        bench.seen(id)["latest_build"],
    ):
        assert seen["matched_provisioners"]["count"] == 1
    bench.settle()
    assert bench.seen(id)["latest_build"]["matched_provisioners"] == none


def test_an_automatic_update_that_lacks_a_value_is_a_mismatch(bench: Workbench) -> None:
    template = bench.template()
    id = bench.workspace(template, automatic_updates="always")["id"]
    path = f"/workspaces/{id}/resolve-autostart"
    assert bench.mock.get(path).json == {"parameter_mismatch": False}
    bench.promote(template, PLAIN + parameter("extra", default="x", mutable=True))
    assert bench.mock.get(path).json == {"parameter_mismatch": False}
    bench.promote(template, PLAIN + parameter("extra", mutable=True))
    assert bench.mock.get(path).json == {"parameter_mismatch": True}
    bench.mock.put(f"/workspaces/{id}/autoupdates", {"automatic_updates": "never"})
    assert bench.mock.get(path).json == {"parameter_mismatch": False}


def test_a_template_asks_for_daemons_by_the_values_of_a_build(bench: Workbench) -> None:
    tagged = (
        PLAIN
        + parameter("zone", default="", mutable=True)
        + (
            'data "coder_workspace_tags" "tags" {\n'
            "  tags = {\n"
            '    "zone" = data.coder_parameter.zone.value\n'
            "  }\n"
            "}\n"
        )
    )
    made = bench.create(bench.template(tagged)).json["latest_build"]
    assert made["job"]["tags"] == {"owner": "", "scope": "organization", "zone": ""}
    assert made["matched_provisioners"]["count"] == 0


def test_builds_are_paged_by_cursor_and_time(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    for transition in ("stop", "start"):
        bench.built(id, transition)
    newest, middle, _ = bench.mock.get(f"/workspaces/{id}/builds").json

    def numbers(query: str) -> list[int]:
        found = bench.mock.get(f"/workspaces/{id}/builds?{query}").json
        return [build["build_number"] for build in found]

    assert numbers(f"after_id={middle['id']}") == [3]
    assert numbers(f"since={middle['created_at']}") == [3]
    assert numbers("limit=1&offset=1") == [2]
    assert numbers(f"after_id={newest['id']}&limit=5") == []
    assert bench.mock.get(f"/workspaces/{id}/builds?since=soon").status == 400
    unknown = bench.mock.get(f"/workspaces/{id}/builds?after_id={UNKNOWN}")
    assert unknown.message == f'Record at "after_id" ("{UNKNOWN}") does not exist.'


def test_who_may_only_read_cancels_nothing(bench: Workbench) -> None:
    template = bench.template(SLOW, allow_user_cancel_workspace_jobs=True)
    posted = bench.create(template).json["latest_build"]["id"]
    tom = bench.person("tom", "template-admin")
    assert bench.mock.patch(f"/workspacebuilds/{posted}/cancel", token=tom).status == 404


def test_a_log_level_is_for_admins_and_switched_off(bench: Workbench) -> None:
    id = bench.workspace(bench.template())["id"]
    answer = bench.build(id, "start", log_level="debug")
    told = "Terraform debug mode is disabled in the deployment configuration."
    assert (answer.status, answer.message) == (400, told)
