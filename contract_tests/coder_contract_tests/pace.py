"""How fast a run may go, how long, and when a struggling target is left in peace.

The client asks before every request and tells the status afterwards. A limit that is reached raises
`RunStopped` at the next request; the runner then reports what was found so far, and clean-up goes
on with the limits lifted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from coder_contract_tests.errors import RunStopped

SERVER_ERRORS_IN_A_ROW = 25
OPERATIONS_IN_A_ROW = 5
"""That many server errors in a row, from that many operations, and the target counts as failing."""


class Pace:
    """Limits of a run: requests per second, seconds, server errors in a row."""

    def __init__(
        self,
        *,
        requests_per_second: float = 0.0,
        seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.requests_per_second = requests_per_second
        """0 for as fast as the target answers."""
        self.seconds = seconds
        """0 for as long as it takes."""
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self._next = 0.0
        self._failed: list[str] = []
        self._lifted = False

    @property
    def seconds_left(self) -> float | None:
        """What remains of the time limit; None without one."""
        if not self.seconds:
            return None
        return max(0.0, self.seconds - (self._clock() - self._started))

    def limit(self, seconds: float) -> None:
        """The run may take this long, counted from now; 0 for no limit."""
        self.seconds = seconds
        self._started = self._clock()

    def lift(self) -> None:
        """From now on nothing is stopped: what was made must be removed."""
        self._lifted = True

    def before(self) -> None:
        """Wait for the next request's turn; `RunStopped` when none may follow."""
        if not self._lifted:
            self._stop()
        if not self.requests_per_second:
            return
        now = self._clock()
        if self._next > now:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.requests_per_second

    def after(self, operation: str, status: int) -> None:
        """Remember a reply; only server errors count, and any other reply ends their row."""
        if status < 500 or status == 501:
            self._failed.clear()
        else:
            self._failed.append(operation)

    def _stop(self) -> None:
        if self.seconds_left == 0.0:
            raise RunStopped(f"the time limit of {self.seconds:g} s was reached")
        if len(self._failed) < SERVER_ERRORS_IN_A_ROW:
            return
        operations = len(set(self._failed))
        if operations >= OPERATIONS_IN_A_ROW:
            raise RunStopped(
                f"the target answered {len(self._failed)} requests in a row, for {operations} "
                "operations, with server errors and is left in peace"
            )
