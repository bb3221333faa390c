"""Divergences that are accepted for now: each with a reason and a day on which that ends.

The file is TOML, a table ``[[accepted]]`` per divergence::

    [[accepted]]
    check = "JOB-12"
    operation = "GET /organizations/{organization}/provisionerjobs"
    at = "/*/worker_name"
    reason = "daemons are purged every night until the upgrade"
    expires = 2027-01-31

`id`, the identity that every report shows, says the same as check, operation, place and level
together. Without it `check` and `operation` may hold ``*``, and `at` may be left out. From the day
after `expires` the divergence is a finding again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from coder_contract_tests.errors import UsageError
from coder_contract_tests.findings import Finding

USUAL_DAYS = 30
"""How long an entry lasts that the command writes itself."""
_MEMBERS = frozenset({"id", "check", "operation", "at", "reason", "expires"})
_INDEX = re.compile(r"/\d+(?=/|$)")
_HEAD = """\
# Divergences that are accepted for now. From the day after `expires` each is a finding again.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted divergence."""

    reason: str
    expires: date
    id: str = ""
    check: str = "*"
    operation: str = "*"
    at: str = ""

    def accepts(self, finding: Finding) -> bool:
        """Whether this is the divergence that was meant."""
        if self.id:
            return self.id == finding.id
        return (
            _fits(self.check, finding.check)
            and _fits(self.operation, finding.operation)
            and (not self.at or self.at in {finding.at, _INDEX.sub("/*", finding.at)})
        )

    def __str__(self) -> str:
        return (
            f"{self.check} {self.operation}" if self.check != "*" else (self.id or self.operation)
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that an entry accepts."""

    finding: Finding
    entry: Entry


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a file, held against one day."""

    entries: tuple[Entry, ...] = ()
    today: date = date.min

    def entry(self, finding: Finding) -> Entry | None:
        """The entry that accepts a finding today."""
        for one in self.entries:
            if one.expires >= self.today and one.accepts(finding):
                return one
        return None

    def split(
        self, findings: Iterable[Finding]
    ) -> tuple[tuple[Finding, ...], tuple[Accepted, ...]]:
        """The findings that count, and those that are accepted."""
        count: list[Finding] = []
        accepted: list[Accepted] = []
        for finding in findings:
            entry = self.entry(finding)
            if entry is None:
                count.append(finding)
            else:
                accepted.append(Accepted(finding, entry))
        return tuple(count), tuple(accepted)

    def unused(self, findings: Sequence[Finding]) -> tuple[Entry, ...]:
        """Entries that no finding of a run fits."""
        return tuple(e for e in self.entries if not any(e.accepts(f) for f in findings))

    def expired(self, findings: Sequence[Finding]) -> tuple[Entry, ...]:
        """Entries that ended, of divergences that are still there."""
        return tuple(
            entry
            for entry in self.entries
            if entry.expires < self.today and any(entry.accepts(one) for one in findings)
        )

    def updated(self, findings: Sequence[Finding], reason: str, *, keeps_unused: bool) -> Baseline:
        """Entries for all errors and warnings; known ones keep their reason and their day."""
        wanted = [one for one in findings if one.level != "note"]
        kept = [
            entry
            for entry in self.entries
            if entry.expires >= self.today
            and (keeps_unused or any(entry.accepts(one) for one in wanted))
        ]
        added = [
            Entry(
                reason=reason,
                expires=self.today + timedelta(days=USUAL_DAYS),
                id=one.id,
                check=one.check,
                operation=one.operation,
                at=_INDEX.sub("/*", one.at),
            )
            for one in wanted
            if not any(entry.accepts(one) for entry in kept)
        ]
        return replace(self, entries=(*kept, *added))

    def written(self) -> str:
        """The entries as a file."""
        return _HEAD + "".join(f"\n[[accepted]]\n{_table(one)}" for one in self.entries)


def empty() -> Baseline:
    """A baseline that accepts nothing, for today."""
    return Baseline((), datetime.now(UTC).date())


def read(path: Path, *, today: date | None = None) -> Baseline:
    """The baseline in a file; every mistake in it is told at once."""
    day = today or datetime.now(UTC).date()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--baseline {path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--baseline {path}: is no TOML: {error}") from error
    given = raw.get("accepted", [])
    if set(raw) - {"accepted"} or not isinstance(given, list):
        raise UsageError(f"--baseline {path}: expected tables [[accepted]] and nothing else")
    wrong: list[str] = []
    entries: list[Entry] = []
    for number, table in enumerate(given, 1):
        found = list(_mistakes(table))
        wrong += [f"{path}: entry {number} {one}" for one in found]
        if not found:
            entries.append(Entry(**table))
    if wrong:
        raise UsageError("--baseline: " + "\n".join(wrong))
    return Baseline(tuple(entries), day)


def _mistakes(table: Any) -> Iterable[str]:
    if not isinstance(table, dict):
        yield "is no table"
        return
    unknown = sorted(set(table) - _MEMBERS)
    if unknown:
        yield f"has {', '.join(unknown)}; known are {', '.join(sorted(_MEMBERS))}"
    if not isinstance(table.get("reason"), str) or not table["reason"].strip():
        yield "has no reason: say why it is accepted"
    day = table.get("expires")
    if not isinstance(day, date) or isinstance(day, datetime):
        yield "has no day in expires, like 2027-01-31 without quotes"
    if not table.get("id") and not table.get("check") and not table.get("operation"):
        yield "names neither id nor check nor operation"
    for name in ("id", "check", "operation", "at"):
        if not isinstance(table.get(name, ""), str):
            yield f"has a {name} that is no text"


def _fits(pattern: str, value: str) -> bool:
    """Whether a pattern with ``*`` stands for a value; brackets and braces are plain text."""
    return pattern == value or fnmatchcase(value, pattern.replace("[", "[[]"))


def _table(entry: Entry) -> str:
    lines = [f"{name} = {_quoted(value)}\n" for name, value in _given(entry)]
    return "".join([*lines, f"expires = {entry.expires.isoformat()}\n"])


def _given(entry: Entry) -> Iterable[tuple[str, str]]:
    for name in ("id", "check", "operation", "at", "reason"):
        value = getattr(entry, name)
        if value and value != "*":
            yield name, value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
