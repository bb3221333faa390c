"""The SARIF 2.1.0 report, for code scanning and editors.

A finding has no line of source code; its physical place is the document, its logical place the
operation. Accepted divergences are results with a suppression.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from coder_contract_tests.catalogue import every_rule
from coder_contract_tests.findings import Finding, Rule
from coder_contract_tests.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report, *, version: str = "") -> str:
    """The report as one SARIF log."""
    shown = [*report.findings, *(one.finding for one in report.accepted)]
    described = {rule.id: rule for rule in every_rule()}
    names = sorted({finding.check for finding in shown} | {rule for _, rule in report.judged})
    index = {name: number for number, name in enumerate(names)}
    driver: dict[str, Any] = {
        "name": "coder-contract",
        "rules": [_rule(name, described.get(name)) for name in names],
    }
    if version:
        driver["version"] = version
    results = [_result(finding, report, index) for finding in report.findings]
    for one in report.accepted:
        result = _result(one.finding, report, index)
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{one.entry.reason} (until {one.entry.expires.isoformat()})",
            }
        ]
        results.append(result)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [_invocation(report)],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {
                    "target": report.target,
                    "serverVersion": report.server_version,
                    "document": report.document,
                    "seed": report.seed,
                    "complete": report.complete,
                },
            }
        ],
    }
    return json.dumps(log, indent=2)


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": name}
    text = " ".join(part for part in (rule.explanation, f"Rests on: {rule.oracle}.") if part)
    return {
        "id": name,
        "shortDescription": {"text": rule.promise},
        "fullDescription": {"text": f"{rule.promise}. Applies to: {rule.applies}."},
        "help": {"text": text},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"kind": rule.kind},
    }


def _result(finding: Finding, report: Report, index: dict[str, int]) -> dict[str, Any]:
    method, _, target = finding.request.partition(" ")
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": index[finding.check],
        "level": finding.level,
        "message": {"text": "\n".join(_words(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(report.document)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.operation}],
            }
        ],
        "partialFingerprints": {"contractFinding/v1": finding.id},
        "occurrenceCount": finding.count,
        "webRequest": {"method": method, "target": target, "protocol": "HTTP"},
        "properties": {"at": finding.at, "phase": finding.phase, "curl": finding.curl},
    }
    if finding.status:
        result["webResponse"] = {"statusCode": finding.status, "protocol": "HTTP"}
    else:
        result["webResponse"] = {"noResponseReceived": True}
    return result


def _uri(document: str) -> str:
    """A relative reference, as code scanning wants it."""
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in document) or "document"
    return name if "." in name else f"{name}.json"


def _words(finding: Finding) -> Iterable[str]:
    yield f"{finding.operation}: {finding.came}"
    yield f"Promised: {finding.promise}"
    yield f"By: {finding.place}"
    yield f"Again: {finding.curl}"


def _invocation(report: Report) -> dict[str, Any]:
    reasons = [*report.incomplete, *([report.lost] if report.lost else [])]
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": reason}} for reason in reasons
        ],
    }
