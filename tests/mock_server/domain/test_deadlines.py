from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coder_mock_server.domain import deadlines
from coder_mock_server.domain.records import Template, User, Workspace, WorkspaceBuild

T0 = datetime(2025, 5, 19, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEMPLATE = Template("t", "o", "box", "v", "u", T0, T0)
WORKSPACE = Workspace("w", "u", "o", "t", "box", T0, T0, T0, ttl_ms=3_600_000)
OWNER = User("u", "alice", "alice@example.com", T0, T0)
BUILD = WorkspaceBuild("b", "w", "v", 1, "start", "u", "j", T0, T0, deadline=T0 + HOUR)


def test_the_deadline_is_the_end_of_the_build_plus_the_time_to_live() -> None:
    assert deadlines.deadline(WORKSPACE, TEMPLATE, T0) == T0 + HOUR
    assert deadlines.deadline(replace(WORKSPACE, ttl_ms=None), TEMPLATE, T0) is None


def test_a_template_that_forbids_own_times_puts_in_its_own() -> None:
    strict = replace(TEMPLATE, allow_user_autostop=False, default_ttl_ms=7_200_000)
    assert deadlines.deadline(WORKSPACE, strict, T0) == T0 + 2 * HOUR


def test_a_deadline_beyond_the_next_autostart_lasts_a_full_time_after_it() -> None:
    early = replace(WORKSPACE, autostart_schedule="30 10 * * *")
    assert deadlines.deadline(early, TEMPLATE, T0) == T0 + HOUR / 2 + HOUR
    late = replace(WORKSPACE, autostart_schedule="30 12 * * *")
    assert deadlines.deadline(late, TEMPLATE, T0) == T0 + HOUR


@pytest.mark.parametrize(
    ("days", "weeks", "quiet", "expected"),
    [
        ((), 1, "", None),
        (("tuesday",), 1, "", datetime(2025, 5, 20, tzinfo=UTC)),
        (("monday",), 1, "", datetime(2025, 5, 26, tzinfo=UTC)),
        (
            ("monday",),
            1,
            "CRON_TZ=US/Central 30 23 * * *",
            datetime(2025, 5, 20, 4, 30, tzinfo=UTC),
        ),
        (("someday",), 1, "", None),
        (("monday",), 1, "0 0 * * ,", None),
    ],
)
def test_the_latest_stop_lies_in_quiet_hours_on_a_day_of_the_template(
    days: tuple[str, ...], weeks: int, quiet: str, expected: datetime | None
) -> None:
    template = replace(TEMPLATE, autostop_days=days, autostop_weeks=weeks)
    owner = replace(OWNER, quiet_hours_schedule=quiet)
    assert deadlines.max_deadline(template, owner, T0) == expected


def test_every_second_week_is_a_week_apart_from_the_others() -> None:
    template = replace(TEMPLATE, autostop_days=("sunday",), autostop_weeks=2)
    first = deadlines.max_deadline(template, OWNER, T0)
    assert first is not None
    second = deadlines.max_deadline(template, OWNER, first)
    assert second is not None
    assert second - first == timedelta(weeks=2)


def test_the_earlier_of_two_deadlines_counts() -> None:
    assert deadlines.combined(None, None) is None
    assert deadlines.combined(T0, None) == T0
    assert deadlines.combined(None, T0) == T0
    assert deadlines.combined(T0 + HOUR, T0) == T0


@pytest.mark.parametrize(
    ("build", "template", "minutes", "expected"),
    [
        (BUILD, TEMPLATE, 2, None),
        (BUILD, TEMPLATE, 30, T0 + HOUR / 2 + HOUR),
        (replace(BUILD, transition="stop"), TEMPLATE, 30, None),
        (replace(BUILD, deadline=None), TEMPLATE, 30, None),
        (BUILD, replace(TEMPLATE, activity_bump_ms=0), 30, None),
        (replace(BUILD, max_deadline=T0 + HOUR), TEMPLATE, 30, None),
        (replace(BUILD, max_deadline=T0 + HOUR * 1.2), TEMPLATE, 30, T0 + HOUR * 1.2),
    ],
)
def test_activity_extends_a_deadline_that_comes_near(
    build: WorkspaceBuild, template: Template, minutes: int, expected: datetime | None
) -> None:
    now = T0 + timedelta(minutes=minutes)
    assert deadlines.bumped(build, WORKSPACE, template, now) == expected
