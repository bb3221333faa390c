"""Serves the mock with a clock that is ahead or behind, or that catches up with the present.

python -m tests.mutation.clocks AHEAD AGO FAST -- serve --port 0 ...

`AHEAD` seconds are added to every time. A server that began `AGO` seconds ago runs `FAST` times as
fast until it tells the present: what is made meanwhile takes little time and lies in the past.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from coder_mock_server import cli, server
from coder_mock_server.clock import Clock


class CatchingUp(Clock):
    """A clock that began in the past and is fast until it tells the present."""

    def __init__(self, ahead: float, ago: float, fast: float, **made: Any) -> None:
        self._ahead = timedelta(seconds=ahead)
        self._after = float(made.get("speed", 1.0))
        start = self._present() - timedelta(seconds=ago)
        super().__init__(**{**made, "start": start, "speed": fast if ago else self._after})
        self._late = ago > 0

    def now(self) -> datetime:
        """The present moment, and from then on at the usual speed."""
        moment = super().now()
        if self._late and moment >= self._present():
            self._late = False
            self.resume(self._after)
        return moment

    def _present(self) -> datetime:
        return datetime.now(UTC) + self._ahead


def main(arguments: list[str]) -> int:
    """Serve with such a clock."""
    ahead, ago, fast = (float(text) for text in arguments[:3])

    def clock(**made: Any) -> Clock:
        return CatchingUp(ahead, ago, fast, **made)

    server.Clock = clock  # type: ignore[assignment,misc]
    return cli.main(arguments[4:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
