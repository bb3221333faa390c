"""What happens during a run, as values; reports listen and never steer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Finding


@dataclass(frozen=True, slots=True)
class RunStarted:
    target: str
    document: str
    operations: int
    seed: int
    server_version: str = ""
    labels: tuple[str, ...] = ()
    """The operations that are examined."""


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    name: str
    operations: int
    number: int = 0
    """Which of the phases this is, counted from 1; 0 where nobody counted."""
    phases: int = 0


@dataclass(frozen=True, slots=True)
class OperationDone:
    phase: str
    label: str


@dataclass(frozen=True, slots=True)
class ExchangeSeen:
    """A request left and its reply (or the lack of one) was recorded; secrets are masked."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class FindingRaised:
    finding: Finding
    exchange: Exchange | None = None
    """The exchange that shows it."""


@dataclass(frozen=True, slots=True)
class FindingAccepted:
    """A divergence that the baseline accepts for now; it is no finding of this run."""

    finding: Finding
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    name: str
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    errors: int
    complete: bool
    incomplete: tuple[str, ...] = ()


Event = (
    RunStarted
    | PhaseStarted
    | OperationDone
    | ExchangeSeen
    | FindingRaised
    | FindingAccepted
    | PhaseFinished
    | RunFinished
)
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a run that nobody listens to."""


def all_of(listeners: tuple[Listener, ...]) -> Listener:
    """One listener that passes every event on, in order."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
