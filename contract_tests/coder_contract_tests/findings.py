"""What is wrong with a target: rules, the problems they raise, and findings with a stable identity.

A `Rule` is a promise with a name. A judge that finds it broken returns `Problem`s, each tied to the
exchange that shows it; `Ledger` turns problems into `Finding`s, one per identity however often it
was seen. Only findings of level ``error`` make a run fail.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from coder_contract_tests.exchange import Exchange

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Rule:
    """A promise that a conformant target keeps."""

    id: str
    kind: Literal["check", "invariant"]
    level: Level
    promise: str
    oracle: str
    applies: str
    explanation: str = ""
    versions: tuple[str, ...] = ()
    """API versions the rule holds for; empty means every version."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise as a judge saw it."""

    exchange: Exchange
    came: str
    at: str = ""
    """JSON pointer into the reply, or ``header:NAME``."""
    place: str = ""
    """Where the document promises it; the rule's oracle where empty."""
    level: Level | None = None
    """Departs from the rule's own level for a stated reason."""
    known: str = ""
    """Why this is what healthy servers send; then it is no finding and only counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise, ready for a report; every text in it is masked."""

    id: str
    check: str
    operation: str
    level: Level
    promise: str
    place: str
    came: str
    at: str
    request: str
    status: int
    curl: str
    phase: str
    count: int = 1


_INDEX = re.compile(r"/\d+(?=/|$)")


def identity(check: str, operation: str, at: str, level: Level) -> str:
    """Twelve hex digits that stay the same over runs, ids and list positions."""
    text = "\n".join((check, operation, _INDEX.sub("/*", at), level))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Ledger:
    """The findings of a run, in order of appearance and counted."""

    def __init__(self, stands_for: Callable[[str, str, str], str] | None = None) -> None:
        self._found: dict[str, Finding] = {}
        self._stands_for = stands_for
        """The id of the invariant that a check judges at an operation and a place."""

    def add(self, rule: Rule, problem: Problem) -> Finding | None:
        """The finding when it is new, None when it has been seen before."""
        exchange = problem.exchange
        operation = exchange.label
        level = problem.level or rule.level
        key = identity(rule.id, operation, problem.at, level)
        known = self._found.get(key)
        if known is not None:
            self._found[key] = replace(known, count=known.count + 1)
            return None
        finding = Finding(
            id=key,
            check=rule.id,
            operation=operation,
            level=level,
            promise=rule.promise,
            place=self._place(rule, problem),
            came=problem.came,
            at=problem.at,
            request=f"{exchange.method} {exchange.target}",
            status=exchange.status,
            curl=exchange.curl(),
            phase=exchange.phase,
        )
        self._found[key] = finding
        return finding

    def _place(self, rule: Rule, problem: Problem) -> str:
        place = problem.place or rule.oracle
        id_ = ""
        if self._stands_for is not None:
            id_ = self._stands_for(rule.id, problem.exchange.label, problem.at)
        return f"{place} ({id_})" if id_ else place

    def adopt(self, finding: Finding) -> bool:
        """Take over a finding of an earlier part of this run; whether it is new."""
        return self._found.setdefault(finding.id, finding) is finding

    def demote(self, id_: str, reason: str) -> None:
        """Make a warning of an error that did not come back."""
        finding = self._found.pop(id_, None)
        if finding is None:
            return
        key = identity(finding.check, finding.operation, finding.at, "warning")
        self._found[key] = replace(
            finding, id=key, level="warning", came=f"{finding.came} ({reason})"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, errors first, then by operation and check."""
        return ordered(self._found.values())


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings as a reader wants them: the worst first, then in a fixed order."""
    rank = {level: index for index, level in enumerate(LEVELS)}
    return tuple(sorted(findings, key=lambda f: (rank[f.level], f.check, f.operation, f.at, f.id)))
