"""The JUnit XML report: a suite per operation, a case per rule that judged it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from coder_contract_tests.findings import Finding
from coder_contract_tests.report import Report

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> bytes:
    """The report as a JUnit document; only errors are failures, the rest is output."""
    findings: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        findings[finding.operation, finding.check].append(finding)
    cases: dict[str, set[str]] = defaultdict(set)
    for operation, rule in [*report.judged, *findings]:
        cases[operation or "the target"].add(rule)
    root = ElementTree.Element("testsuites", name="coder-contract", time=f"{report.seconds:.3f}")
    failures = 0
    for operation in sorted(cases):
        suite = ElementTree.SubElement(root, "testsuite", name=operation)
        failed = 0
        for rule in sorted(cases[operation]):
            case = ElementTree.SubElement(suite, "testcase", classname=operation, name=rule)
            failed += _fill(case, findings.get((operation, rule), []))
        suite.set("tests", str(len(cases[operation])))
        suite.set("failures", str(failed))
        failures += failed
    if not report.complete:
        failures += _incomplete(root, report)
    root.set("tests", str(sum(len(rules) for rules in cases.values())))
    root.set("failures", str(failures))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def write(report: Report, path: Path) -> None:
    """Write the document to a file."""
    path.write_bytes(render(report))


def _fill(case: ElementTree.Element, findings: list[Finding]) -> int:
    errors = [finding for finding in findings if finding.level == "error"]
    others = [finding for finding in findings if finding.level != "error"]
    if errors:
        failure = ElementTree.SubElement(case, "failure", message=_clean(errors[0].came))
        failure.text = _clean("\n\n".join(_words(finding) for finding in errors))
    if others:
        output = ElementTree.SubElement(case, "system-out")
        output.text = _clean("\n\n".join(_words(finding) for finding in others))
    return 1 if errors else 0


def _incomplete(root: ElementTree.Element, report: Report) -> int:
    reasons = report.lost or "; ".join(report.incomplete)
    suite = ElementTree.SubElement(root, "testsuite", name="run", tests="1", failures="0")
    case = ElementTree.SubElement(suite, "testcase", classname="run", name="complete")
    ElementTree.SubElement(case, "skipped", message=_clean(reasons))
    return 0


def _words(finding: Finding) -> str:
    return (
        f"{finding.level}: {finding.came}\npromised: {finding.promise}\n"
        f"place: {finding.place}\nagain: {finding.curl}"
    )


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
