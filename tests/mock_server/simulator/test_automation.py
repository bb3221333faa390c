from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coder_mock_server.domain.lifecycle import job_status
from coder_mock_server.domain.records import ZERO_TIME, UserStatus, Workspace
from coder_mock_server.errors import ApiError
from coder_mock_server.simulator import automation
from tests.support.world import BOX, START, Stage

HOUR = 3600
DAY_MS = 24 * 3_600_000
FAILING = (
    BOX
    + """
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "exit 1"
  }
}
"""
)


def builds(stage: Stage, workspace: Workspace) -> list[tuple[str, str]]:
    return [
        (build.transition, build.reason)
        for build in stage.state.builds.by("workspace", workspace.id)
    ]


def test_a_started_workspace_is_stopped_at_the_first_round_after_its_deadline() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(), ttl_ms=600_000)
    stage.advance(5)
    deadline = stage.state.latest_build(workspace.id).deadline
    assert deadline is not None
    stage.advance(599)
    assert builds(stage, workspace) == [("start", "initiator")]
    stage.advance(120)
    assert builds(stage, workspace) == [("start", "initiator"), ("stop", "autostop")]
    stop = stage.state.latest_build(workspace.id)
    assert stop.initiator_id == workspace.owner_id
    assert timedelta() <= stop.created_at - deadline < timedelta(minutes=1)
    # Rounds are counted from the start of the server.
    assert (stop.created_at - START) % timedelta(minutes=1) == timedelta()
    assert job_status(stage.job_of(workspace)) == "succeeded"


def test_a_stopped_workspace_is_started_by_its_schedule_again_and_again() -> None:
    stage = Stage()
    workspace = stage.workspace(
        stage.template(), ttl_ms=HOUR * 1000, autostart_schedule="30 9 * * 1-5"
    )
    stage.advance(53 * HOUR)
    made = stage.state.builds.by("workspace", workspace.id)
    assert [build.reason for build in made] == [
        "initiator", "autostop", "autostart", "autostop", "autostart", "autostop",
    ]  # fmt: skip
    assert made[2].created_at == datetime(2025, 5, 20, 9, 30, tzinfo=UTC)
    assert made[4].created_at == datetime(2025, 5, 21, 9, 30, tzinfo=UTC)
    now = stage.state.workspaces[workspace.id]
    assert now.next_start_at == datetime(2025, 5, 22, 9, 30, tzinfo=UTC)


def test_no_schedule_starts_what_is_dormant_failed_or_belongs_to_somebody_away() -> None:
    stage = Stage()
    template = stage.template()
    rest = {"ttl_ms": HOUR * 1000, "autostart_schedule": "30 12 * * *"}
    away = stage.new_user("bob", status="suspended")
    theirs = stage.workspace(template, **rest, owner_id=away.id)
    dormant = stage.workspace(template, **rest, dormant_at=None)
    failed = stage.workspace(template, **rest)
    stage.advance(30)
    for workspace in (dormant, failed):
        stage.build(workspace, "stop")
    stage.write(lambda: stage.state.jobs.put(replace(stage.job_of(failed), planned_failure="boom")))
    stage.advance(30)
    asleep = replace(stage.state.workspaces[dormant.id], dormant_at=stage.now)
    stage.write(lambda: stage.state.workspaces.put(asleep))
    stage.advance(24 * HOUR)
    # A suspended owner's workspace is stopped at the next round.
    assert builds(stage, theirs) == [("start", "initiator"), ("stop", "autostop")]
    assert builds(stage, dormant) == [("start", "initiator"), ("stop", "initiator")]
    assert builds(stage, failed) == [("start", "initiator"), ("stop", "initiator")]


def test_automatic_updates_start_the_active_version() -> None:
    stage = Stage()
    template = stage.template()
    workspace = stage.workspace(
        template,
        ttl_ms=HOUR * 1000,
        autostart_schedule="0 13 * * *",
        automatic_updates="always",
    )
    newer = stage.version()
    stage.advance(5)
    stage.write(
        lambda: stage.state.template_versions.put(
            replace(stage.state.template_versions[newer.id], template_id=template.id)
        )
    )
    stage.write(lambda: stage.state.templates.put(replace(template, active_version_id=newer.id)))
    stage.advance(3 * HOUR + 120)
    assert stage.state.latest_build(workspace.id).reason == "autostart"
    assert stage.state.latest_build(workspace.id).template_version_id == newer.id


def test_a_failed_start_is_cleaned_up_after_the_time_of_the_template_only() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(FAILING, failure_ttl_ms=600_000), ttl_ms=60_000)
    stage.advance(5)
    assert job_status(stage.job_of(workspace)) == "failed"
    stage.advance(590)
    assert builds(stage, workspace) == [("start", "initiator")]
    stage.advance(120)
    assert builds(stage, workspace) == [("start", "initiator"), ("stop", "autostop")]


def test_what_nobody_uses_becomes_dormant_is_stopped_and_deleted() -> None:
    stage = Stage()
    template = stage.template(time_til_dormant_ms=DAY_MS, time_til_dormant_autodelete_ms=7 * DAY_MS)
    workspace = stage.workspace(template)
    stage.advance(25 * HOUR)
    now = stage.state.workspaces[workspace.id]
    assert now.dormant_at is not None
    assert now.deleting_at == now.dormant_at + timedelta(days=7)
    assert builds(stage, workspace) == [("start", "initiator"), ("stop", "dormancy")]
    stage.advance(8 * 24 * HOUR)
    assert builds(stage, workspace)[-1] == ("delete", "autodelete")
    assert stage.state.workspaces[workspace.id].deleted


def test_a_failed_automatic_deletion_is_tried_again_a_day_later() -> None:
    stage = Stage()
    template = stage.template(time_til_dormant_ms=DAY_MS, time_til_dormant_autodelete_ms=DAY_MS)
    workspace = stage.workspace(template)
    stage.advance(2 * 24 * HOUR - 600)
    while builds(stage, workspace)[-1][0] != "delete":
        stage.next()
    failing = replace(stage.job_of(workspace), planned_failure="boom")
    stage.write(lambda: stage.state.jobs.put(failing))
    stage.advance(23 * HOUR)
    assert len(builds(stage, workspace)) == 3
    stage.advance(2 * HOUR)
    assert len(builds(stage, workspace)) == 4
    assert stage.state.workspaces[workspace.id].deleted


def test_what_cannot_be_built_is_left_for_the_next_round() -> None:
    stage = Stage()
    template = stage.template()
    workspace = stage.workspace(
        template, autostart_schedule="0 13 * * *", automatic_updates="always"
    )
    stage.advance(5)
    stage.build(workspace, "stop")
    broken = replace(template, active_version_id=stage.id())
    stage.write(lambda: stage.state.templates.put(broken))
    stage.advance(4 * HOUR)
    assert builds(stage, workspace)[-1] == ("stop", "initiator")
    stage.write(lambda: stage.state.templates.put(template))
    stage.advance(60)
    assert builds(stage, workspace)[-1] == ("start", "autostart")


def test_a_leap_asks_only_once_for_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    template = stage.template()
    workspace = stage.workspace(
        template, autostart_schedule="0 13 * * *", automatic_updates="always"
    )
    stage.advance(5)
    stage.build(workspace, "stop")
    stage.advance(5)
    asked = []

    def refuse(*_: object, now: datetime, **__: object) -> None:
        asked.append(now)
        raise ApiError(400, "no")

    monkeypatch.setattr(automation, "create_build", refuse)
    stage.advance(30 * 24 * HOUR)
    assert len(asked) == 1


def test_a_daemon_unheard_of_for_a_week_is_forgotten() -> None:
    stage = Stage(daemons=2)
    gone = replace(stage.daemons[0], alive=False, last_seen_at=stage.now)
    stage.write(lambda: stage.state.daemons.put(gone))
    stage.advance(7 * 24 * HOUR)
    assert len(stage.state.daemons) == 2
    stage.advance(120)
    assert [daemon.id for daemon in stage.state.daemons] == [stage.daemons[1].id]


def test_a_leap_of_a_year_does_not_look_at_every_minute() -> None:
    stage = Stage()
    workspace = stage.workspace(stage.template(), ttl_ms=HOUR * 1000)
    stage.advance(365 * 24 * HOUR)
    assert builds(stage, workspace) == [("start", "initiator"), ("stop", "autostop")]
    assert stage.simulator.next_due > stage.now


def test_what_no_rule_applies_to_has_nothing_coming() -> None:
    stage = Stage()
    dormant = stage.template(time_til_dormant_ms=DAY_MS)
    workspace = stage.workspace(dormant, autostart_schedule="0 9 * * ,")
    stage.advance(5)
    stage.build(workspace, "stop")
    stage.advance(10 * 24 * HOUR)
    assert stage.state.workspaces[workspace.id].dormant_at is not None
    # It was stopped already, so going dormant makes no build; and nothing deletes it.
    assert builds(stage, workspace) == [("start", "initiator"), ("stop", "initiator")]
    lasting = replace(
        stage.state.workspaces[workspace.id], deleting_at=stage.now + timedelta(hours=1)
    )
    stage.write(lambda: stage.state.workspaces.put(lasting))
    stage.advance(24 * HOUR)
    assert len(builds(stage, workspace)) == 2


def test_a_hung_import_is_ended_too() -> None:
    stage = Stage()
    version = stage.version()
    stage.advance(0.01)
    stage.write(lambda: stage.state.daemons.remove(stage.daemons[0].id))
    stage.advance(7 * 60)
    job = stage.job(version.job_id)
    assert job_status(job) == "failed"
    assert stage.log(job)[0].stage == "Unknown"


@pytest.mark.parametrize(
    ("status", "was_here", "later"),
    [("active", False, "dormant"), ("active", True, "active"), ("suspended", False, "suspended")],
)
def test_who_never_signed_in_is_active_for_a_quarter_of_an_hour(
    status: UserStatus, was_here: bool, later: str
) -> None:
    stage = Stage()
    user = stage.new_user("mia", status=status)
    if not was_here:
        unseen = replace(user, last_seen_at=ZERO_TIME)
        stage.write(lambda: stage.state.users.put(unseen))
    stage.advance(14 * 60)
    assert stage.state.users[user.id].status == status
    stage.advance(2 * 60)
    assert stage.state.users[user.id].status == later
