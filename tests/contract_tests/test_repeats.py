"""What cannot come back, since the target has moved on, is not taken for flaky."""

from __future__ import annotations

from typing import Any, cast

from coder_contract_tests.document import Document
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Finding, Ledger, Problem
from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.judging import Facts
from coder_contract_tests.repeats import tell_flaky
from coder_contract_tests.session import Session
from tests.support.contract_document import document
from tests.support.contract_exchange import made

DOCUMENT = Document(document(), "tiny")
RULE = next(one.rule for one in INVARIANTS if one.rule.id == "JOB-01")
PENDING = {"id": "j", "status": "pending", "error": "no daemon"}


class _Later:
    """A run's session at its end, when the same read is answered otherwise."""

    def __init__(self, first: Exchange, later: Exchange) -> None:
        self.document, self.facts = DOCUMENT, Facts()
        self.ledger = Ledger()
        self.later = later
        problem = Problem(first, "job j (pending): error is set", at="/0/job/error")
        finding = self.ledger.add(RULE, problem)
        assert finding is not None
        self.errors: dict[str, Any] = {finding.id: (RULE, problem)}

    def repeat(self, exchange: Exchange) -> Exchange:
        return self.later


def told(later: Exchange) -> Finding:
    """The finding on a pending job's error, once its request was answered like this."""
    first = made(DOCUMENT, "/x", value=[{"job": PENDING}])
    session = _Later(first, later)
    tell_flaky(cast(Session, session))
    (finding,) = session.ledger.findings
    return finding


def test_what_was_wrong_with_a_waiting_job_stays_an_error_once_it_is_done() -> None:
    done = made(DOCUMENT, "/x", value=[{"job": {"id": "j", "status": "succeeded"}}])
    assert told(done).level == "error"


def test_what_was_wrong_with_something_that_is_gone_stays_an_error() -> None:
    assert told(made(DOCUMENT, "/x", status=410, value={"message": "gone"})).level == "error"


def test_what_does_not_come_back_in_the_same_state_is_flaky() -> None:
    sound = made(DOCUMENT, "/x", value=[{"job": {"id": "j", "status": "pending"}}])
    assert told(sound).level == "warning"
