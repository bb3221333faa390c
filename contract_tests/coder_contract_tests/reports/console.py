"""The report for people: causes, what was not examined, and a verdict as the last line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from coder_contract_tests.causes import Cause, causes
from coder_contract_tests.report import Report

_COLOURS = {"error": "31;1", "warning": "33", "note": "36"}
_NAMES_SHOWN = 6
_REASONS_SHOWN = 5
_OTHERS_SHOWN = 4
CAUSES_SHOWN = {"error": 30, "warning": 10, "note": 5}
WIDTH = 100
_ALL = "all of them with --html FILE or --format json"


def render(report: Report, *, colour: bool = False) -> str:
    """The report as text."""
    return "\n".join(_lines(report, colour))


def explain(report: Report) -> str:
    """The report in words, for the message of an assertion."""
    return render(report)


def _lines(report: Report, colour: bool) -> Iterator[str]:
    version = report.server_version or "unknown version"
    kind = " (mock)" if report.is_mock else ""
    yield f"{report.target}{kind} · {version} · document {report.document} · seed {report.seed}"
    yield ""
    found = causes(report.findings)
    for level, limit in CAUSES_SHOWN.items():
        of_level = [cause for cause in found if cause.level == level]
        for cause in of_level[:limit]:
            yield from _cause(cause, colour)
            yield ""
        if len(of_level) > limit:
            yield f"... and {len(of_level) - limit} more causes of {level}s ({_ALL})"
            yield ""
    yield from _baseline(report)
    yield from _unseen(report)
    for what in report.left_behind:
        yield f"left on the target: {what}"
    if report.ledger:
        yield f"to remove it: coder-contract cleanup {report.ledger}"
    for reason in report.incomplete:
        yield f"incomplete: {reason}"
    if report.lost:
        yield f"target lost: {report.lost}"
    yield _verdict(report, len([cause for cause in found if cause.level == "error"]), colour)


def _cause(cause: Cause, colour: bool) -> Iterator[str]:
    first = cause.first
    label = _paint(cause.level.upper(), _COLOURS[cause.level], colour)
    times = f"  ({cause.count} times)" if cause.count > 1 else ""
    yield f"{label} {first.check}  {_paint(first.operation, '1', colour)}{times}"
    others = cause.operations[1:]
    for name, text in (
        ("also", _names(others, _OTHERS_SHOWN)),
        ("promised", first.promise),
        ("by", first.place),
        ("came", first.came),
        ("again", first.curl),
    ):
        if not text:
            continue
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


def _baseline(report: Report) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in report.accepted:
        key = (one.entry.reason, one.entry.expires.isoformat())
        reasons.setdefault(key, []).append(f"{one.finding.check} {one.finding.operation}")
    for (reason, day), names in reasons.items():
        yield f"accepted until {day} ({len(names)}): {_names(names, 3)}: {reason}"
    for entry in report.expired:
        yield f"no longer accepted since {entry.expires.isoformat()}: {entry}: {entry.reason}"
    if report.unused:
        names = [str(entry) for entry in report.unused]
        yield f"in the baseline, but no longer seen ({len(names)}): {_names(names, 3)}"


def _unseen(report: Report) -> Iterator[str]:
    if report.absent:
        yield f"absent on the target ({len(report.absent)}): {_names(report.absent, _NAMES_SHOWN)}"
    skipped = sorted(_skipped(report).items(), key=lambda pair: -len(pair[1]))
    for reason, names in skipped[:_REASONS_SHOWN]:
        yield f"not examined ({len(names)}): {_names(names, _NAMES_SHOWN)}: {reason}"
    rest = skipped[_REASONS_SHOWN:]
    if rest:
        count = sum(len(names) for _, names in rest)
        yield f"not examined ({count}), for {len(rest)} other reasons: {_ALL}"
    known = [f"{label}: {reason}" for label, _, reason in report.known]
    yield from (f"known of healthy servers: {text}" for text in known[:_REASONS_SHOWN])
    if len(known) > _REASONS_SHOWN:
        yield f"known of healthy servers: {len(known) - _REASONS_SHOWN} more ({_ALL})"


def _skipped(report: Report) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for what, reason in report.skipped:
        reasons.setdefault(reason, []).append(what)
    return reasons


def _names(names: Sequence[str], shown: int) -> str:
    more = len(names) - shown
    text = ", ".join(names[:shown])
    return f"{text} and {more} more" if more > 0 else text


def _verdict(report: Report, error_causes: int, colour: bool) -> str:
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
    if error_causes and error_causes < report.errors:
        counts = f"{error_causes} cause{'' if error_causes == 1 else 's'} of {counts}"
    accepted = f", {len(report.accepted)} accepted" if report.accepted else ""
    return (
        f"{_paint(word, code, colour)}: {counts}{accepted} · {len(report.exercised)} of "
        f"{report.operations} operations, {report.requests} requests, {report.seconds:.1f} s"
        f"{'' if report.complete else ' · not complete'}"
    )


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
