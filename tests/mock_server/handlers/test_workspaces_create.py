from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.mock import Mock
from tests.support.workbench import HEAD, PLAIN, Workbench, parameter

SIZED = PLAIN + parameter(
    "size",
    type="number",
    default=2,
    mutable=True,
    inner='validation {\n min = 1\n max = 9\n error = "{value} is not in {min}..{max}"\n}',
)
NIL = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def bench(mock: Mock) -> Workbench:
    return Workbench(mock)


def test_a_created_workspace_waits_for_its_first_start(bench: Workbench) -> None:
    made = bench.create(bench.template(), "Box").json
    build = made["latest_build"]
    assert (build["build_number"], build["transition"], build["status"]) == (1, "start", "pending")
    assert build["template_version_name"] == ""
    assert (build["job"]["queue_position"], build["job"]["queue_size"]) == (0, 0)
    assert build["matched_provisioners"]["count"] == 1
    assert made["last_used_at"] == made["created_at"] == build["created_at"]
    assert build["created_at"] == build["job"]["created_at"]


def test_a_pending_build_has_its_place_in_the_line_on_the_next_reading(bench: Workbench) -> None:
    template = bench.template()
    first, second = (bench.create(template).json["id"] for _ in range(2))
    places = [bench.seen(id)["latest_build"]["job"]["queue_position"] for id in (first, second)]
    assert places == [1, 2]
    assert bench.seen(second)["latest_build"]["template_version_name"] != ""


def test_the_first_of_two_values_for_one_parameter_counts(bench: Workbench) -> None:
    values = [{"name": "size", "value": "3"}, {"name": "size", "value": "4"}]
    made = bench.workspace(bench.template(SIZED), rich_parameter_values=values)
    path = f"/workspacebuilds/{made['latest_build']['id']}/parameters"
    assert bench.mock.get(path).json == [{"name": "size", "value": "3"}]


def test_a_template_may_word_what_is_wrong_with_a_number(bench: Workbench) -> None:
    values = [{"name": "size", "value": "12"}]
    answer = bench.create(bench.template(SIZED), rich_parameter_values=values)
    assert answer.status == 400
    assert answer.json["detail"].endswith(": 12 is not in 1..9")


def test_the_ttl_is_cut_to_minutes_and_defaults_to_the_templates(bench: Workbench) -> None:
    template = bench.template(default_ttl_ms=3_600_000)
    assert bench.create(template, ttl_ms=5_430_000).json["ttl_ms"] == 5_400_000
    assert bench.create(template, ttl_ms=0).json["ttl_ms"] == 3_600_000
    assert "ttl_ms" not in bench.create(bench.template()).json
    assert bench.create(template, ttl_ms=30 * 86_400_000).status == 201
    assert bench.create(template, ttl_ms=30 * 86_400_000 + 60_000).status == 400


def test_a_version_without_a_template_makes_no_workspace(bench: Workbench) -> None:
    body = {"name": "a", "template_version_id": bench.version(PLAIN)}
    answer = bench.mock.post("/users/me/workspaces", body)
    assert (answer.status, answer.message) == (400, f'Template "{NIL}" doesn\'t exist.')


def test_an_archived_version_makes_no_workspace(bench: Workbench) -> None:
    template = bench.template()
    version = bench.version(PLAIN, template)
    assert bench.mock.post(f"/templateversions/{version}/archive").status == 200
    answer = bench.mock.post("/users/me/workspaces", {"name": "a", "template_version_id": version})
    assert (answer.status, answer.json["validations"][0]["detail"]) == (
        500,
        "template version archived",
    )


def test_a_version_that_is_still_imported_makes_no_workspace(bench: Workbench) -> None:
    version = bench.pending_version(PLAIN, bench.template())
    answer = bench.mock.post("/users/me/workspaces", {"name": "a", "template_version_id": version})
    text = "The provided template version is pending. Wait for it to complete importing!"
    assert (answer.status, answer.json) == (406, {"message": text, "detail": text})


def test_a_version_that_failed_to_import_makes_no_workspace(bench: Workbench) -> None:
    twice = PLAIN + parameter("size", default="a") * 2
    version = bench.version(twice.replace('"size" {', '"other" {', 1), bench.template())
    body = {"name": "a", "template_version_id": version}
    answer = bench.mock.post("/users/me/workspaces", body)
    assert answer.status == 400
    assert "has failed to import: " in answer.message
    assert answer.json["detail"] == answer.message


def test_nothing_is_left_of_a_refused_workspace(bench: Workbench) -> None:
    template = bench.template(HEAD + parameter("needed", mutable=True))
    before = bench.mock.state.counters.copy(), len(bench.mock.state.jobs)
    assert bench.create(template, "box").status == 400
    assert len(bench.mock.state.workspaces) == 0
    assert (bench.mock.state.counters, len(bench.mock.state.jobs)) == before


def test_an_unknown_preset_is_an_internal_error(bench: Workbench) -> None:
    answer = bench.create(bench.template(), template_version_preset_id=UNKNOWN)
    assert (answer.status, answer.json) == (
        500,
        {"message": "failed to get preset parameters", "detail": "sql: no rows in result set"},
    )


def test_a_template_admin_creates_for_nobody_else(bench: Workbench) -> None:
    template = bench.template()
    tom = bench.person("tom", "template-admin")
    body = {"name": "a", "template_id": template}
    answer = bench.mock.post("/users/admin/workspaces", body, token=tom)
    assert (answer.status, answer.message) == (403, "Unauthorized to create workspace.")


def test_who_has_no_use_of_the_template_creates_nothing(mock: Mock) -> None:
    bench = Workbench(mock)
    template = bench.template(disable_everyone_group_access=True)
    mia = bench.person("mia")
    answer = bench.create(template, by=mia)
    assert answer.status == 400
    assert "doesn't exist" in answer.message


def test_a_name_is_taken_in_every_letter_case_and_only_for_its_owner(bench: Workbench) -> None:
    template = bench.template()
    bench.workspace(template, "Desk")
    assert bench.create(template, "dESK").status == 409
    assert bench.create(template, "desk", by=bench.person("mia")).status == 201


def test_a_member_route_wants_a_member(bench: Workbench) -> None:
    template = bench.template()
    path = f"/organizations/{bench.organization}/members"
    body = {"name": "a", "template_id": template}
    assert bench.mock.post(f"{path}/me/workspaces", body).status == 201
    unknown = bench.mock.post(f"{path}/{UNKNOWN}/workspaces", body)
    assert unknown.status == 400
    mia = bench.person("mia")
    assert bench.mock.post(f"{path}/admin/workspaces", body, token=mia).status == 404


def test_who_knows_somebody_as_a_member_only_creates_for_him(bench: Workbench) -> None:
    template = bench.template()
    bench.person("mia")
    boss = bench.person("boss")
    roles = f"/organizations/{bench.organization}/members/boss/roles"
    answer = bench.mock.put(roles, {"roles": ["organization-admin"]}, token=bench.admin)
    assert answer.status == 200
    body = {"name": "for-mia", "template_id": template}
    made = bench.mock.post("/users/mia/workspaces", body, token=boss)
    assert (made.status, made.json["owner_name"]) == (201, "mia")
    assert bench.mock.get("/users/mia/workspace/for-mia", token=boss).status == 200
    nobody = bench.person("nemo")
    assert bench.mock.post("/users/mia/workspaces", body, token=nobody).status == 404


def test_a_deprecated_template_makes_no_workspace_where_that_is_licensed() -> None:
    for edition, status in (("premium", 400), ("unlicensed", 201)):
        with Mock(edition=edition) as mock:
            bench = Workbench(mock)
            template = mock.state.templates[bench.template()]
            mock.state.templates.put(replace(template, deprecation_message="use the other"))
            answer = bench.create(template.id)
            assert answer.status == status
            if status == 400:
                assert answer.json["detail"] == "use the other"


def test_a_deleted_template_makes_no_workspace(bench: Workbench) -> None:
    template = bench.template()
    assert bench.mock.delete(f"/templates/{template}").status == 200
    answer = bench.create(template)
    assert (answer.status, answer.message) == (404, 'Template "template-1" has been deleted!')


@pytest.mark.parametrize(
    ("fields", "message", "field"),
    [
        ({"autostart_schedule": "0 9 1 * *"}, "Invalid Autostart Schedule.", "schedule"),
        ({"ttl_ms": 59_999}, "Invalid Workspace Time to Shutdown.", "ttl_ms"),
        (
            {"automatic_updates": "yes"},
            "Invalid Workspace Automatic Updates setting.",
            "automatic_updates",
        ),
    ],
)
def test_settings_are_looked_at_before_the_name_is_found_taken(
    bench: Workbench, fields: dict[str, object], message: str, field: str
) -> None:
    template = bench.template()
    bench.workspace(template, "box")
    answer = bench.create(template, "box", **fields)
    assert (answer.status, answer.message) == (400, message)
    assert answer.json["validations"][0]["field"] == field


def test_the_quota_counts_what_live_workspaces_cost(bench: Workbench) -> None:
    made = bench.workspace(bench.template())
    build = bench.mock.state.latest_build(made["id"])
    bench.mock.state.builds.put(replace(build, daily_cost=3))
    for path in (
        f"/organizations/{bench.organization}/members/me/workspace-quota",
        "/workspace-quota/me",
    ):
        assert bench.mock.get(path).json["credits_consumed"] == 3
