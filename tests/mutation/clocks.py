"""Serves the mock with a clock that is ahead or behind, or that catches up with the present.

python -m tests.mutation.clocks '{"ahead": 180, "ago": 80, "fast": 20}' serve --port 0 ...

`ahead` seconds are added to every time. A server that began `ago` seconds ago runs `fast` times as
fast until it tells the present: what is made meanwhile takes little time and lies in the past.
From then on jobs take `longer` times as long, and every one fails with the error `failing`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from coder_mock_server import cli, server
from coder_mock_server.call import World
from coder_mock_server.clock import Clock
from coder_mock_server.domain.records import ProvisionerJob
from coder_mock_server.simulator import jobs
from coder_mock_server.simulator.runs import Run, plan_run


@dataclass(frozen=True, slots=True)
class Course:
    """How time passes on a server, and what becomes of its jobs."""

    ahead: float = 0.0
    ago: float = 0.0
    fast: float = 1.0
    longer: float = 1.0
    failing: str = ""


class CatchingUp(Clock):
    """A clock that began in the past and is fast until it tells the present."""

    def __init__(self, course: Course, **made: Any) -> None:
        self._ahead = timedelta(seconds=course.ahead)
        self._after = float(made.get("speed", 1.0))
        self.is_late = course.ago > 0
        start = self._present() - timedelta(seconds=course.ago)
        speed = course.fast if self.is_late else self._after
        super().__init__(**{**made, "start": start, "speed": speed})

    def now(self) -> datetime:
        """The present moment, and from then on at the usual speed."""
        moment = super().now()
        if self.is_late and moment >= self._present():
            self.is_late = False
            self.resume(self._after)
        return moment

    def _present(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def course_of(job: ProvisionerJob, world: World, course: Course) -> Run:
    """What becomes of a job on a server of this course."""
    if isinstance(world.clock, CatchingUp) and world.clock.is_late:
        return plan_run(world, job)
    if course.failing:
        job = replace(job, planned_failure=course.failing)
    run = plan_run(world, job)
    if run.seconds is None:
        return run
    times = course.longer
    return replace(
        run,
        seconds=run.seconds * times,
        lines=tuple(replace(line, seconds=line.seconds * times) for line in run.lines),
        apply_seconds=None if run.apply_seconds is None else run.apply_seconds * times,
    )


def main(arguments: list[str]) -> int:
    """Serve so."""
    course = Course(**json.loads(arguments[0]))

    def clock(**made: Any) -> Clock:
        return CatchingUp(course, **made)

    def plan(world: World, job: ProvisionerJob) -> Run:
        return course_of(job, world, course)

    server.Clock = clock  # type: ignore[assignment,misc]
    jobs.plan_run = plan
    return cli.main(arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
