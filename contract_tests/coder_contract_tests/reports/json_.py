"""The JSON report: one object whose members are stable."""

from __future__ import annotations

import json
from dataclasses import asdict

from coder_contract_tests.report import Report


def render(report: Report) -> str:
    """The report as one JSON object on one line."""
    value = {
        "target": report.target,
        "seed": report.seed,
        "complete": report.complete,
        "findings": [asdict(finding) for finding in report.findings],
        "summary": report.summary(),
    }
    return json.dumps(value)


def render_failure(target: str, seed: int, error: str) -> str:
    """The object of a run that could not begin."""
    value = {
        "target": target,
        "seed": seed,
        "complete": False,
        "findings": [],
        "summary": {"errors": 0, "warnings": 0, "notes": 0, "lost": error},
    }
    return json.dumps(value)
