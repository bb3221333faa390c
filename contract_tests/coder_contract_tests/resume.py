"""What an interrupted run had already done, read from its event file.

Discovery, the documented reads and everything that holds replies against one another are cheap and
need the replies themselves, so they are done again. A pass whose operations stand alone asks
`Session.is_done` and skips what is through; the findings of those operations are taken over.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from coder_contract_tests.errors import UsageError
from coder_contract_tests.findings import Finding

_MEMBERS = frozenset(member.name for member in dataclasses.fields(Finding))


@dataclass(frozen=True, slots=True)
class Resumed:
    """The finished part of an earlier run."""

    done: frozenset[tuple[str, str]] = frozenset()
    """Phase and label of the operations that a phase was through with."""
    findings: tuple[Finding, ...] = ()
    target: str = ""
    seed: int | None = None
    document: str = ""

    def findings_of(self, phase: str, label: str) -> tuple[Finding, ...]:
        """What was found by a phase about an operation."""
        return tuple(
            one
            for one in self.findings
            if one.operation == label and one.phase.split(",")[0] == phase
        )

    def must_fit(self, target: str, document: str, seed: int) -> None:
        """Refuse to go on with another question than the one that was interrupted."""
        for what, before, now in (
            ("target", self.target, target),
            ("document", self.document, document),
            ("seed", self.seed, seed),
        ):
            if before not in {None, ""} and before != now:
                raise UsageError(
                    f"--resume: that run had the {what} {before}, this one has {now}. Resume with "
                    "the same, or begin anew without --resume"
                )


def read(path: Path) -> Resumed:
    """The finished part of the run (or runs) that wrote this event file."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"--resume {path}: cannot be read: {error.strerror}") from error
    done: set[tuple[str, str]] = set()
    findings: dict[str, Finding] = {}
    started: dict[str, Any] = {}
    for event in _events(lines, path):
        name = event.get("event")
        if name == "run_started":
            started = event
        elif name == "operation_done":
            done.add((str(event.get("phase")), str(event.get("label"))))
        elif name == "finding_raised":
            given = event.get("finding")
            if isinstance(given, dict) and given.keys() >= {"id", "check", "operation", "level"}:
                kept = {key: value for key, value in given.items() if key in _MEMBERS}
                findings[str(given["id"])] = Finding(**kept)
    if not started:
        raise UsageError(
            f"--resume {path}: is no event file of a run. Write one with --ndjson FILE"
        )
    return Resumed(
        done=frozenset(done),
        findings=tuple(findings.values()),
        target=str(started.get("target", "")),
        seed=started.get("seed"),
        document=str(started.get("document", "")),
    )


def _events(lines: list[bytes], path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == len(lines):
                # A crash cut the last line.
                return
            raise UsageError(f"--resume {path}:{number}: is no JSON: {error}") from error
        if isinstance(value, dict):
            yield value
