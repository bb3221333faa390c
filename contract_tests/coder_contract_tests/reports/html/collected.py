"""What the page needs of a run beyond its report: statuses, parameters, times, exchanges."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from coder_contract_tests.document import Operation
from coder_contract_tests.events import (
    Event,
    ExchangeSeen,
    FindingAccepted,
    FindingRaised,
    RunStarted,
)
from coder_contract_tests.exchange import Exchange

POINTS = 4000
"""Requests in the plot; of longer runs evenly chosen ones."""


@dataclass(frozen=True, slots=True)
class Point:
    """One request in the plot."""

    at: float
    seconds: float
    status: int
    label: str


@dataclass(slots=True)
class Covered:
    """What was sent to one operation and what came back."""

    operation: Operation | None
    statuses: Counter[int] = field(default_factory=Counter)
    parameters: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def take(self, exchange: Exchange) -> None:
        self.statuses[exchange.status] += 1
        if exchange.status:
            self.seconds.append(exchange.elapsed_seconds)
        for name, _ in parse_qsl(exchange.query, keep_blank_values=True):
            self.parameters["query", name] += 1
        for name, _ in exchange.request_headers:
            self.parameters["header", name.lower()] += 1
        if self.operation is not None:
            for name in self.operation.names:
                self.parameters["path", name] += 1


class Collected:
    """A listener that keeps what the page shows."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.operations: dict[str, Covered] = {}
        self.exchanges: dict[str, Exchange] = {}
        """The exchange that shows a finding, by the finding's id."""
        self._points: list[Point] = []
        self._every = 1
        self._count = 0
        self._clock = clock
        self._began = clock()

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(self._points)

    @property
    def is_sampled(self) -> bool:
        """Whether the plot shows a part of the requests only."""
        return self._every > 1

    def __call__(self, event: Event) -> None:
        if isinstance(event, ExchangeSeen):
            self._take(event.exchange)
        elif isinstance(event, FindingRaised):
            if event.exchange is not None:
                self.exchanges[event.finding.id] = event.exchange
        elif isinstance(event, FindingAccepted):
            pass
        elif isinstance(event, RunStarted):
            for label in event.labels:
                self.operations.setdefault(label, Covered(None))

    def _take(self, exchange: Exchange) -> None:
        covered = self.operations.setdefault(exchange.label, Covered(exchange.operation))
        covered.operation = covered.operation or exchange.operation
        covered.take(exchange)
        self._count += 1
        if self._count % self._every:
            return
        at = self._clock() - self._began
        self._points.append(Point(at, exchange.elapsed_seconds, exchange.status, exchange.label))
        if len(self._points) >= 2 * POINTS:
            self._points = self._points[::2]
            self._every *= 2
