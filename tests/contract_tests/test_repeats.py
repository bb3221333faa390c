"""What cannot come back, since the target has moved on, is not taken for flaky."""

from __future__ import annotations

from typing import Any, cast

import pytest

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
DONE = {"id": "d", "status": "succeeded"}
PENDING = {"id": "j", "status": "pending", "error": "no daemon"}


class _Later:
    """A run's session at its end, when the same read is answered otherwise."""

    def __init__(self, first: Exchange, later: Exchange, at: str) -> None:
        self.document, self.facts = DOCUMENT, Facts()
        self.ledger = Ledger()
        self.later = later
        problem = Problem(first, "job j (pending): error is set", at=at)
        finding = self.ledger.add(RULE, problem)
        assert finding is not None
        self.errors: dict[str, Any] = {finding.id: (RULE, problem)}

    def repeat(self, exchange: Exchange) -> Exchange:
        return self.later


def told(later: Exchange, at: str = "/0/job/error") -> Finding:
    """The finding on a pending job, once its request was answered like this."""
    first = made(DOCUMENT, "/x", value=[{"job": PENDING}, {"job": DONE}])
    session = _Later(first, later, at)
    tell_flaky(cast(Session, session))
    (finding,) = session.ledger.findings
    return finding


WAITING = {"id": "w", "status": "pending"}
LATER = made(
    DOCUMENT,
    "/x",
    value=[{"job": {"id": "j", "status": "succeeded"}}, {"job": DONE}, {"job": WAITING}],
)


@pytest.mark.parametrize("at", ["/0/job/error", "/0/status"])
def test_what_was_wrong_with_a_waiting_job_stays_an_error_once_it_is_done(at: str) -> None:
    assert told(LATER, at).level == "error"


@pytest.mark.parametrize("at", ["/1/status", "/order"])
def test_what_has_nothing_to_do_with_the_work_that_went_on_may_be_flaky(at: str) -> None:
    assert told(LATER, at).level == "warning"


def test_what_was_wrong_with_something_that_is_gone_stays_an_error() -> None:
    assert told(made(DOCUMENT, "/x", status=410, value={"message": "gone"})).level == "error"


def test_what_does_not_come_back_in_the_same_state_is_flaky() -> None:
    sound = made(DOCUMENT, "/x", value=[{"job": {"id": "j", "status": "pending"}}, {"job": DONE}])
    assert told(sound).level == "warning"
