"""The report for people: findings first, then what was covered, and a verdict as the last line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from coder_contract_tests.findings import Finding
from coder_contract_tests.report import Report

_COLOURS = {"error": "31;1", "warning": "33", "note": "36"}
_NAMES_SHOWN = 6
NOTES_SHOWN = 5
WIDTH = 100


def render(report: Report, *, colour: bool = False) -> str:
    """The report as text."""
    return "\n".join(_lines(report, colour))


def _lines(report: Report, colour: bool) -> Iterator[str]:
    version = report.server_version or "unknown version"
    kind = " (mock)" if report.is_mock else ""
    yield (f"{report.target}{kind} · {version} · document {report.document} · seed {report.seed}")
    yield ""
    notes = [finding for finding in report.findings if finding.level == "note"]
    for finding in report.findings:
        if finding.level != "note" or finding in notes[:NOTES_SHOWN]:
            yield from _finding(finding, colour)
            yield ""
    if len(notes) > NOTES_SHOWN:
        yield f"... and {len(notes) - NOTES_SHOWN} more notes (all of them with --format json)"
        yield ""
    if report.absent:
        yield f"absent on the target ({len(report.absent)}): {_names(report.absent)}"
    for reason, names in _skipped(report).items():
        yield f"not examined ({len(names)}): {_names(names)}: {reason}"
    for label, _, reason in report.known:
        yield f"known of healthy servers: {label}: {reason}"
    for reason in report.incomplete:
        yield f"incomplete: {reason}"
    if report.lost:
        yield f"target lost: {report.lost}"
    yield _verdict(report, colour)


def _finding(finding: Finding, colour: bool) -> Iterator[str]:
    label = _paint(finding.level.upper(), _COLOURS[finding.level], colour)
    times = f"  ({finding.count} times)" if finding.count > 1 else ""
    yield f"{label} {finding.check}  {finding.operation}{times}"
    for name, text in (
        ("promised", finding.promise),
        ("by", finding.place),
        ("came", finding.came),
        ("again", finding.curl),
    ):
        # A command line must stay whole to be copied.
        width = 10**6 if name == "again" else WIDTH
        yield textwrap.fill(
            text,
            width,
            initial_indent=f"  {name:<9} ",
            subsequent_indent=" " * 12,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _skipped(report: Report) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for what, reason in report.skipped:
        reasons.setdefault(reason, []).append(what)
    return reasons


def _names(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _verdict(report: Report, colour: bool) -> str:
    if report.errors:
        word, code = "FAILED", "31;1"
    elif report.interrupted:
        word, code = "INTERRUPTED", "33;1"
    elif not report.complete:
        word, code = "INCOMPLETE", "33;1"
    else:
        word, code = "PASSED", "32;1"
    counts = ", ".join(
        f"{number} {name}{'' if number == 1 else 's'}"
        for name in ("error", "warning", "note")
        for number in [report.count(name)]
    )
    return (
        f"{_paint(word, code, colour)}: {counts} · {len(report.exercised)} of {report.operations} "
        f"operations, {report.requests} requests, {report.seconds:.1f} s"
        f"{'' if report.complete else ' · not complete'}"
    )


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
