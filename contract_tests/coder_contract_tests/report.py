"""The result of a run: findings, what was covered, what was not, and whether it ran to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from coder_contract_tests.baseline import Accepted, Baseline, Entry
from coder_contract_tests.findings import LEVELS, Finding


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """What one phase did."""

    name: str
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report renders; masked, plain data."""

    target: str
    server_version: str
    document: str
    seed: int
    is_mock: bool
    findings: tuple[Finding, ...]
    phases: tuple[PhaseResult, ...]
    operations: int
    exercised: tuple[str, ...]
    absent: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    """Label or rule id, and why it was not examined."""
    known: tuple[tuple[str, str, str], ...]
    """Operation, rule and reason of known faults of healthy servers that this one showed, too."""
    judged: Mapping[tuple[str, str], int]
    """How often each rule was applied to each operation: (label, rule id) to a count."""
    requests: int
    seconds: float
    incomplete: tuple[str, ...] = ()
    """Why the run does not count as complete; empty when it does."""
    interrupted: bool = False
    lost: str = ""
    """Why the target could not be looked at any longer."""
    accepted: tuple[Accepted, ...] = ()
    """Findings that the baseline accepts; they are not among `findings`."""
    expired: tuple[Entry, ...] = ()
    """Entries of the baseline that ended while their divergence is still there."""
    unused: tuple[Entry, ...] = ()
    """Entries of the baseline that no finding fits."""
    left_behind: tuple[str, ...] = ()
    """What the run made and could not remove."""
    ledger: str = ""
    """The file that `coder-contract cleanup` needs for it."""

    @property
    def complete(self) -> bool:
        return not (self.incomplete or self.interrupted or self.lost)

    def count(self, level: str) -> int:
        return sum(finding.level == level for finding in self.findings)

    @property
    def errors(self) -> int:
        return self.count("error")

    @property
    def exit_code(self) -> int:
        """0 nothing wrong, 1 findings of level error, 3 target lost, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.lost:
            return 3
        return 1 if self.errors else 0

    def summary(self) -> dict[str, object]:
        """Counts for the JSON report."""
        return {
            **{f"{level}s": self.count(level) for level in LEVELS},
            "operations": self.operations,
            "exercised": len(self.exercised),
            "absent": list(self.absent),
            "skipped": [{"what": what, "reason": reason} for what, reason in self.skipped],
            "known": [
                {"operation": label, "check": check, "reason": reason}
                for label, check, reason in self.known
            ],
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "phases": [
                {"name": p.name, "requests": p.requests, "seconds": round(p.seconds, 3)}
                for p in self.phases
            ],
            "incomplete": list(self.incomplete),
            "interrupted": self.interrupted,
            "lost": self.lost,
            "accepted": [
                {
                    "id": one.finding.id,
                    "check": one.finding.check,
                    "operation": one.finding.operation,
                    "reason": one.entry.reason,
                    "expires": one.entry.expires.isoformat(),
                }
                for one in self.accepted
            ],
            "left_behind": list(self.left_behind),
            "document": self.document,
            "server_version": self.server_version,
            "is_mock": self.is_mock,
        }


def held_against(report: Report, found: Sequence[Finding], baseline: Baseline) -> Report:
    """The report with everything that was found divided into findings and accepted ones."""
    findings, accepted = baseline.split(found)
    return replace(
        report,
        findings=findings,
        accepted=accepted,
        expired=baseline.expired(found),
        unused=baseline.unused(found) if report.complete else (),
    )
