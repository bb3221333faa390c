"""Annotations for a GitHub workflow, and the summary that its page shows.

GitHub shows ten errors and ten warnings of a step, so causes are annotated, not single findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from coder_contract_tests.causes import Cause, causes
from coder_contract_tests.report import Report

ANNOTATIONS = 10
_NAMED = 5


def render(report: Report) -> str:
    """The annotations, one workflow command per line; empty when nothing is wrong."""
    return "\n".join(_annotations(report))


def summary(report: Report) -> str:
    """The report as markdown for the workflow's page."""
    return "\n".join(_summary(report)) + "\n"


def _annotations(report: Report) -> Iterator[str]:
    found = [cause for cause in causes(report.findings) if cause.level != "note"]
    for level in ("error", "warning"):
        of_level = [cause for cause in found if cause.level == level]
        for cause in of_level[:ANNOTATIONS]:
            title = f"{cause.first.check} {cause.first.operation}"
            yield f"::{level} title={_property(title)}::{_data(_text(cause))}"
        more = len(of_level) - ANNOTATIONS
        if more > 0:
            yield f"::notice title=coder-contract::{more} more causes of level {level} in the log"
    if report.lost:
        yield f"::error title={_property('coder-contract: target lost')}::{_data(report.lost)}"
    elif not report.complete:
        reasons = "; ".join(report.incomplete)
        yield f"::warning title={_property('coder-contract: incomplete')}::{_data(reasons)}"


def _text(cause: Cause) -> str:
    first = cause.first
    lines = [first.came, f"promised: {first.promise}", f"by: {first.place}"]
    others = cause.operations[1:]
    if others:
        named = ", ".join(others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        lines.append(f"also: {named}{more}")
    return "\n".join([*lines, f"again: {first.curl}"])


def _summary(report: Report) -> Iterator[str]:
    word = "failed" if report.errors else "passed" if report.complete else "incomplete"
    yield f"### Contract of {_cell(report.target)}: {word}"
    yield ""
    yield (
        f"{report.count('error')} errors, {report.count('warning')} warnings, "
        f"{report.count('note')} notes · {len(report.exercised)} of {report.operations} operations "
        f"· {report.requests} requests · {report.seconds:.1f} s · seed {report.seed}"
    )
    found = [cause for cause in causes(report.findings) if cause.level != "note"]
    if found:
        yield ""
        yield "| level | check | operation | what came |"
        yield "|---|---|---|---|"
    for cause in found:
        others = len(cause.operations) - 1
        more = f" and {others} more" if others else ""
        yield (
            f"| {cause.level} | `{cause.first.check}` | `{_cell(cause.first.operation)}`{more} "
            f"| {_cell(cause.first.came)} |"
        )
    for reason in report.incomplete:
        yield f"\nIncomplete: {_cell(reason)}"


def _cell(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(plain.split())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
