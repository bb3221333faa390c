"""Findings put together by what probably causes them, so that one mistake is read once.

A broken member often shows in every operation that embeds it. Findings of one check and level whose
place ends alike and whose texts differ in ids, times and numbers only are taken for one cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from coder_contract_tests.findings import LEVELS, Finding, Level

_VARIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # uuid
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"  # time
    r"|(?<![A-Za-z])/[\w/*{}-]*"  # place or path
    r"|\d+"
    r'|"[^"]*"'
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that look like one mistake; the first stands for all."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def level(self) -> Level:
        return self.first.level

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations it shows in, in order of appearance."""
        return tuple(dict.fromkeys(finding.operation for finding in self.findings))

    @property
    def count(self) -> int:
        """How often it was seen."""
        return sum(finding.count for finding in self.findings)


def causes(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """The causes, the worst first, then those that show in most operations."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_key(finding), []).append(finding)
    rank = {level: index for index, level in enumerate(LEVELS)}
    found = [Cause(tuple(group)) for group in groups.values()]
    return tuple(sorted(found, key=lambda c: (rank[c.level], -len(c.operations), c.first.check)))


def _key(finding: Finding) -> tuple[str, ...]:
    last = finding.at.rsplit("/", 1)[-1]
    return finding.check, finding.level, last, _VARIES.sub("*", finding.came)
