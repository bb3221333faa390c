from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain import schedule
from coder_mock_server.domain.records import Template

MONDAY = datetime(2025, 5, 19, 10, tzinfo=UTC)
TEMPLATE = Template(
    id="t",
    organization_id="o",
    name="box",
    active_version_id="v",
    created_by="u",
    created_at=MONDAY,
    updated_at=MONDAY,
)
FIVE = (
    "validate weekly schedule: expected schedule to consist of 5 fields with an optional "
    "CRON_TZ=<timezone> prefix"
)
STARS = "validate weekly schedule: expected day-of-month and month to be *"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("30 9 * *", FIVE),
        ("", FIVE),
        ("CRON_TZ=UTC", FIVE),
        ("30 9 1 * 1-5", STARS),
        ("30 9 * 5 1-5", STARS),
        ("CRON_TZ=UTC 30 9 1 * 1", STARS),
        ("CRON_TZ=UTC 30 9 * *", STARS),
        ("0 30 9 * * 1-5", "parse schedule: expected exactly 5 fields, found 6: [0 30 9 * * 1-5]"),
        ("30 25 * * 1-5", "parse schedule: end of range (25) above maximum (23): 25"),
        ("0 9 0 0 0 0 0", STARS),
        (
            "-1 9 * * *",
            'parse schedule: failed to parse int from : strconv.Atoi: parsing "": invalid syntax',
        ),
        ("0,,5 9 * * 8-9", "parse schedule: end of range (9) above maximum (6): 8-9"),
        ("0 9 * * 7", "parse schedule: end of range (7) above maximum (6): 7"),
        ("0 9 * * 5-1", "parse schedule: beginning of range (5) beyond end of range (1): 5-1"),
        ("0 1-2-3 * * *", "parse schedule: too many hyphens: 1-2-3"),
        ("*/2/3 9 * * *", "parse schedule: too many slashes: */2/3"),
        ("*/0 9 * * *", "parse schedule: step of range should be a positive number: */0"),
        ("*/-5 9 * * *", "parse schedule: negative number (-5) not allowed: -5"),
        (
            "0 nine * * *",
            'parse schedule: failed to parse int from nine: strconv.Atoi: parsing "nine": '
            "invalid syntax",
        ),
        (
            "CRON_TZ=Mars/Base 30 9 * * 1-5",
            "parse schedule: provided bad location Mars/Base: unknown time zone Mars/Base",
        ),
        (
            "CRON_TZ=../etc 30 9 * * 1-5",
            "parse schedule: provided bad location ../etc: unknown time zone ../etc",
        ),
    ],
)
def test_a_bad_schedule_is_refused_in_the_words_of_the_api(text: str, detail: str) -> None:
    with pytest.raises(schedule.ScheduleError) as caught:
        schedule.parse(text)
    assert str(caught.value) == detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 9 * * 1-5", "2025-05-20T09:30"),
        ("30 10 * * *", "2025-05-19T10:30"),
        ("0 10 * * *", "2025-05-20T10:00"),
        ("0 10 * * mon", "2025-05-26T10:00"),
        ("0 9 * * Tue-Fri", "2025-05-20T09:00"),
        ("0 9 ? ? *", None),
        ("1-59/20 10 * * *", "2025-05-19T10:01"),
        ("5,10 22/1 * * SUN,sat", "2025-05-24T22:05"),
        ("*/20 10 * * *", "2025-05-19T10:20"),
        ("CRON_TZ=US/Central 30 9 * * 1-5", "2025-05-19T14:30"),
        ("CRON_TZ=Asia/Kolkata 0 16 * * *", "2025-05-19T10:30"),
        ("CRON_TZ= 0 11 * * *", "2025-05-19T11:00"),
    ],
)
def test_the_next_autostart_is_the_next_firing(text: str, expected: str | None) -> None:
    found = schedule.next_autostart(text, TEMPLATE, MONDAY)
    assert (found and found.astimezone(UTC).isoformat()[:16]) == expected


def test_the_template_decides_on_which_days_and_whether_at_all() -> None:
    days = replace(TEMPLATE, autostart_days=("sunday",))
    found = schedule.next_autostart("0 9 * * *", days, MONDAY)
    assert found == datetime(2025, 5, 25, 9, tzinfo=UTC)
    assert schedule.next_autostart("0 9 * * 1", days, MONDAY) is None
    assert schedule.next_autostart(None, TEMPLATE, MONDAY) is None
    never = replace(TEMPLATE, allow_user_autostart=False)
    assert schedule.next_autostart("0 9 * * *", never, MONDAY) is None


def test_an_hour_that_daylight_saving_skips_does_not_fire_that_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2025, 3, 29, 12, tzinfo=zone)
    found = schedule.next_firing(schedule.parse("CRON_TZ=Europe/Berlin 30 2 * * *"), before)
    assert found.astimezone(zone) == datetime(2025, 3, 31, 2, 30, tzinfo=zone)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    days=st.sets(st.sampled_from(schedule.WEEKDAYS), min_size=1),
    zone=st.sampled_from(["UTC", "US/Central", "Asia/Kolkata", "Australia/Lord_Howe"]),
    after=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
)
def test_a_firing_lies_ahead_within_a_week_on_an_allowed_day_at_the_given_time(
    minute: int, hour: int, weekdays: set[int], days: set[str], zone: str, after: datetime
) -> None:
    text = f"CRON_TZ={zone} {minute} {hour} * * {','.join(map(str, sorted(weekdays)))}"
    parsed = schedule.parse(text)
    try:
        found = schedule.next_firing(parsed, after, days)
    except LookupError:
        wanted = {schedule.WEEKDAYS[day] for day in weekdays} & days
        assert len(wanted) <= 1 or zone != "UTC"
        return
    local = found.astimezone(parsed.zone)
    assert timedelta() < found - after <= schedule.AHEAD
    assert (local.hour, local.minute, local.second) == (hour, minute, 0)
    assert schedule.WEEKDAYS[local.isoweekday() % 7] in days
    assert local.isoweekday() % 7 in weekdays
