"""Mock time: it runs, stands, jumps ahead, and never goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coder_mock_server.clock import Clock

START = datetime(2025, 5, 19, 10, tzinfo=UTC)


class Wall:
    """A wall clock in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def running(wall: Wall, speed: float = 1.0) -> Clock:
    return Clock(start=START, speed=speed, monotonic=wall)


def test_a_running_clock_follows_the_wall_at_its_speed() -> None:
    wall = Wall()
    clock = running(wall, speed=60)
    wall.seconds = 2
    assert clock.now() == START + timedelta(minutes=2)


def test_two_looks_at_a_running_clock_are_never_equal() -> None:
    clock = running(Wall())
    looks = [clock.now() for _ in range(5)]
    assert looks == sorted(set(looks))


def test_a_frozen_clock_says_the_same_until_it_is_stepped() -> None:
    wall = Wall()
    clock = Clock(start=START, frozen=True, monotonic=wall)
    wall.seconds = 100
    assert clock.now() == clock.now() == START
    clock.advance(30)
    assert clock.now() == START + timedelta(seconds=30)


def test_a_resumed_clock_goes_on_from_where_it_stood() -> None:
    wall = Wall()
    clock = Clock(start=START, frozen=True, monotonic=wall)
    wall.seconds = 100
    clock.resume(speed=2)
    wall.seconds = 103
    assert clock.now() == START + timedelta(seconds=6)


def test_a_clock_cannot_be_moved_back() -> None:
    clock = running(Wall())
    with pytest.raises(ValueError, match="cannot be moved back"):
        clock.advance(-1)


def test_a_running_clock_can_jump_ahead() -> None:
    wall = Wall()
    clock = running(wall)
    clock.advance(3600)
    wall.seconds = 1
    assert clock.now() >= START + timedelta(seconds=3601)


def test_listeners_hear_of_every_move() -> None:
    clock = running(Wall())
    heard: list[str] = []
    clock.on_move(lambda: heard.append("moved"))
    clock.advance(1)
    clock.freeze()
    clock.resume()
    assert heard == ["moved"] * 3


def test_waiting_is_told_in_wall_seconds() -> None:
    clock = running(Wall(), speed=10)
    assert clock.wall_seconds_until(START + timedelta(seconds=50)) == pytest.approx(5, abs=0.01)
    assert clock.wall_seconds_until(START - timedelta(seconds=50)) == 0.0
    clock.freeze()
    assert clock.wall_seconds_until(START + timedelta(seconds=50)) is None
