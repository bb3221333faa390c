"""What happens during a run, as values; reports listen and never steer."""

from __future__ import annotations

from dataclasses import dataclass

from coder_contract_tests.findings import Finding


@dataclass(frozen=True, slots=True)
class RunStarted:
    target: str
    document: str
    operations: int
    seed: int


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    name: str
    operations: int


@dataclass(frozen=True, slots=True)
class OperationDone:
    phase: str
    label: str


@dataclass(frozen=True, slots=True)
class FindingRaised:
    finding: Finding


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    name: str
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished:
    errors: int
    complete: bool


Event = RunStarted | PhaseStarted | OperationDone | FindingRaised | PhaseFinished | RunFinished
