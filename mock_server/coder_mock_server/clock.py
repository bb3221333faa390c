"""Mock time: running at any speed, frozen, stepped. Domain code gets times as arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MICROSECOND = timedelta(microseconds=1)


class Clock:
    """Tells mock time, in UTC.

    `speed` is mock seconds per wall second. While running, two answers are never equal, so what
    happened in order has times in order; a frozen clock says the same until it is stepped.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        speed: float = 1.0,
        frozen: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._base = start or datetime.now(UTC)
        self._since = monotonic()
        self._last = self._base
        self._listeners: list[Callable[[], None]] = []
        self.speed = speed
        self.frozen = frozen

    def now(self) -> datetime:
        """The present moment."""
        if self.frozen:
            return self._last
        elapsed = timedelta(seconds=(self._monotonic() - self._since) * self.speed)
        moment = max(self._base + elapsed, self._last + MICROSECOND)
        self._last = moment
        return moment

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stop at `at`, or at the present moment."""
        self._last = at or self.now()
        self.frozen = True
        self._tell()
        return self._last

    def resume(self, speed: float | None = None) -> None:
        """Go on from where the clock stands, at `speed` when given."""
        self._base = self.now()
        self._since = self._monotonic()
        self._last = self._base
        self.speed = self.speed if speed is None else speed
        self.frozen = False
        self._tell()

    def advance(self, seconds: float) -> datetime:
        """Jump forward; refuses to go back, since recorded facts would lie in the future."""
        if seconds < 0:
            raise ValueError(
                f"a clock cannot be moved back ({seconds} s): reset the server instead"
            )
        if self.frozen:
            self._last += timedelta(seconds=seconds)
        else:
            self._base += timedelta(seconds=seconds)
        self._tell()
        return self._last if self.frozen else self.now()

    def wall_seconds_until(self, moment: datetime) -> float | None:
        """Wall seconds until mock time reaches `moment`; `None` when it never does by itself."""
        if self.frozen or self.speed <= 0:
            return None
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the clock jumps, freezes or resumes."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
