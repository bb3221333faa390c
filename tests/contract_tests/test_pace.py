"""How fast, how long, and when a struggling target is left in peace."""

from __future__ import annotations

import pytest

from coder_contract_tests.errors import RunStopped, UsageError
from coder_contract_tests.pace import OPERATIONS_IN_A_ROW, SERVER_ERRORS_IN_A_ROW, Pace
from coder_contract_tests.target import USUAL_RATE, Target


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pace(time: Time, **limits: float) -> Pace:
    return Pace(clock=time.clock, sleep=time.sleep, **limits)


def test_requests_follow_each_other_no_faster_than_the_rate() -> None:
    time = Time()
    limited = pace(time, requests_per_second=4)
    for _ in range(9):
        limited.before()
    assert time.now == pytest.approx(102.0)


def test_a_slow_target_is_not_waited_for_in_addition() -> None:
    time = Time()
    limited = pace(time, requests_per_second=4)
    limited.before()
    time.now += 10
    limited.before()
    assert time.slept == []


def test_the_time_limit_stops_the_next_request() -> None:
    time = Time()
    limited = pace(time, seconds=5)
    limited.before()
    time.now += 6
    with pytest.raises(RunStopped, match="the time limit of 5 s was reached"):
        limited.before()


def test_clean_up_goes_on_when_the_limits_are_lifted() -> None:
    time = Time()
    limited = pace(time, seconds=5)
    time.now += 6
    limited.lift()
    limited.before()


def _fail(limited: Pace, operations: int, times: int) -> None:
    for number in range(times):
        limited.after(f"GET /{number % operations}", 503)


def test_server_errors_in_a_row_of_several_operations_stop_the_run() -> None:
    limited = pace(Time())
    _fail(limited, OPERATIONS_IN_A_ROW, SERVER_ERRORS_IN_A_ROW)
    with pytest.raises(RunStopped, match="is left in peace"):
        limited.before()


def test_one_broken_operation_does_not_stop_the_run() -> None:
    limited = pace(Time())
    _fail(limited, 1, 10 * SERVER_ERRORS_IN_A_ROW)
    limited.before()


def test_one_good_reply_ends_the_row() -> None:
    limited = pace(Time())
    _fail(limited, OPERATIONS_IN_A_ROW, SERVER_ERRORS_IN_A_ROW - 1)
    limited.after("GET /", 404)
    _fail(limited, OPERATIONS_IN_A_ROW, SERVER_ERRORS_IN_A_ROW - 1)
    limited.before()


def test_an_operation_that_is_not_implemented_is_no_server_error_here() -> None:
    limited = pace(Time())
    for number in range(2 * SERVER_ERRORS_IN_A_ROW):
        limited.after(f"GET /{number}", 501)
    limited.before()


@pytest.mark.parametrize(
    ("url", "rate"),
    [
        ("http://127.0.0.1:3000", 0.0),
        ("http://localhost", 0.0),
        ("http://[::1]:3000", 0.0),
        ("https://coder.example.com", USUAL_RATE),
        ("https://127.example.com", USUAL_RATE),
    ],
)
def test_only_a_server_on_this_machine_may_be_asked_at_full_speed(url: str, rate: float) -> None:
    assert Target(url).rate == rate


def test_an_asked_for_rate_counts_everywhere() -> None:
    assert Target("http://127.0.0.1", requests_per_second=7).rate == 7
    assert Target("https://coder.example.com", requests_per_second=0).rate == 0
    with pytest.raises(UsageError, match="--rate"):
        Target("http://127.0.0.1", requests_per_second=-1)
