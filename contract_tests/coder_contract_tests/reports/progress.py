"""Live progress on a terminal: one line that is drawn over, errors above it as they are found."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from coder_contract_tests.events import (
    Event,
    ExchangeSeen,
    FindingRaised,
    OperationDone,
    PhaseStarted,
    RunFinished,
)

REDRAW_SECONDS = 0.1
GUESS_AFTER_SECONDS = 2.0
"""How long a phase must have run before its end is guessed."""
_CLEAR = "\r\x1b[K"


class Progress:
    """A listener that draws on a terminal."""

    def __init__(
        self,
        stream: TextIO,
        *,
        seconds_allowed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        width: int = 0,
    ) -> None:
        self._stream = stream
        self._allowed = seconds_allowed
        self._clock = clock
        self._width = width
        self._began = self._phase_began = clock()
        self._drawn = 0.0
        self._phase = PhaseStarted("starting", 0)
        self._done: set[str] = set()
        self._requests = 0
        self._errors = 0
        self._others = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseStarted):
            self._phase, self._phase_began = event, self._clock()
            self._done.clear()
            self._draw()
        elif isinstance(event, OperationDone):
            self._done.add(event.label)
            self._draw_in_time()
        elif isinstance(event, ExchangeSeen):
            self._requests += 1
            self._draw_in_time()
        elif isinstance(event, FindingRaised):
            self._count(event)
        elif isinstance(event, RunFinished):
            self._stream.write(_CLEAR)
            self._stream.flush()

    def line(self) -> str:
        """Phase, operations done, findings, time gone and time left."""
        phase = self._phase
        place = f"[{phase.number}/{phase.phases}] " if phase.phases else ""
        done = f"{len(self._done)}/{phase.operations} operations · " if phase.operations else ""
        found = f"{self._errors} error{'' if self._errors == 1 else 's'}"
        if self._others:
            found += f", {self._others} other"
        gone = self._clock() - self._began
        return (
            f"{place}{phase.name} · {done}{self._requests} requests · {found} · {gone:.0f} s"
            f"{self._left(gone)}"
        )

    def _left(self, gone: float) -> str:
        """How long this phase, or all of it where a limit is set, will still take."""
        in_phase = self._clock() - self._phase_began
        done, all_ = len(self._done), self._phase.operations
        guess = ""
        if done and all_ > done and in_phase >= GUESS_AFTER_SECONDS:
            guess = f", phase ends in about {in_phase / done * (all_ - done):.0f} s"
        if self._allowed:
            guess += f", stops in {max(0.0, self._allowed - gone):.0f} s"
        return guess

    def _count(self, event: FindingRaised) -> None:
        if event.finding.level != "error":
            self._others += 1
            return
        self._errors += 1
        finding = event.finding
        self._stream.write(f"{_CLEAR}error: {finding.check} {finding.operation}\n")
        self._draw()

    def _draw_in_time(self) -> None:
        if self._clock() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def _draw(self) -> None:
        self._drawn = self._clock()
        width = self._width or shutil.get_terminal_size().columns
        self._stream.write(_CLEAR + self.line()[: max(20, width - 1)])
        self._stream.flush()
