"""A report made by hand, with the events that led to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from coder_contract_tests.baseline import Accepted, Entry
from coder_contract_tests.document import Document
from coder_contract_tests.events import (
    Event,
    ExchangeSeen,
    FindingRaised,
    OperationDone,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunStarted,
)
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Finding, Ledger, Problem, Rule
from coder_contract_tests.report import PhaseResult, Report
from tests.support.contract_document import document
from tests.support.contract_exchange import made

TINY = Document(document(), "tiny.json")
RULE = Rule("JOB-01", "invariant", "error", "a job has no <name>", "the docs", "all jobs")
SOFT = Rule("soft_rule", "check", "warning", "something usually holds", "the docs", "all")
LABEL = "GET /workspaces"


def exchange(value: Any = None, path: str = "/workspaces", **members: Any) -> Exchange:
    return made(TINY, path, value={} if value is None else value, **members)


def problem(shown: Exchange, came: str = "a job has a <name>", at: str = "/0/name") -> Problem:
    return Problem(shown, came, at=at)


def found(*problems: Problem, rule: Rule = RULE) -> tuple[Finding, ...]:
    ledger = Ledger()
    for one in problems:
        ledger.add(rule, one)
    return ledger.findings


def report(*findings: Finding, **members: Any) -> Report:
    given: dict[str, Any] = {
        "target": "http://127.0.0.1:1",
        "server_version": "v2.22.0",
        "document": "tiny.json",
        "seed": 7,
        "is_mock": False,
        "findings": findings,
        "phases": (PhaseResult("documented", 3, 0.1),),
        "operations": 2,
        "exercised": (LABEL,),
        "absent": (),
        "skipped": (),
        "known": (),
        "judged": {(LABEL, "JOB-01"): 3},
        "requests": 3,
        "seconds": 1.25,
    }
    return Report(**{**given, **members})


def accepted(finding: Finding) -> Accepted:
    return Accepted(finding, Entry("until the | upgrade", date(2027, 1, 31), id=finding.id))


def tell(listener: Callable[[Event], None], *problems: Problem, rule: Rule = RULE) -> None:
    """The events of a short run that meets these problems."""
    listener(RunStarted("http://127.0.0.1:1", "tiny.json", 2, 7, "v2", (LABEL, "GET /templates")))
    listener(PhaseStarted("documented", 2, 1, 3))
    for one, finding in zip(problems, found(*problems, rule=rule), strict=True):
        listener(ExchangeSeen(one.exchange))
        listener(FindingRaised(finding, one.exchange))
    listener(OperationDone("documented", LABEL))
    listener(PhaseFinished("documented", len(problems), 0.1))
    listener(RunFinished(len(problems), True))
