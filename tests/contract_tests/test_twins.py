"""Every check and invariant catches the server that breaks exactly its promise, and names it."""

from __future__ import annotations

import pytest

from coder_contract_tests.checks import CHECKS
from coder_contract_tests.checks.rejection import INVALID_REQUEST_IS_REFUSED
from coder_contract_tests.suite import RULES
from tests.support.contract_faults import FAULTS, Fault
from tests.support.contract_manners import Reply, dressed, error
from tests.support.contract_more_faults import MORE_FAULTS
from tests.support.contract_runs import examine
from tests.support.contract_search_faults import SEARCH_FAULTS
from tests.support.contract_server import TinyCoder

# Life cycles and streams have tests of their own.
OF_READS = {
    *(check.rule.id for check in CHECKS),
    INVALID_REQUEST_IS_REFUSED.id,
    *(one.rule.id for one in RULES),
}
# Shown by servers that limit their callers only.
NOT_SHOWN = {"ERR-12"}


def test_a_healthy_server_raises_nothing_at_all() -> None:
    report = examine(TinyCoder(), max_examples=4)
    assert report.findings == ()
    assert report.complete
    assert report.absent == ()
    assert OF_READS - {rule for _, rule in report.judged} == NOT_SHOWN


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}: {fault.name}")
def test_a_fault_is_found_and_its_operation_named(fault: Fault) -> None:
    assert (fault.check, fault.operation, fault.level) in found(fault)


@pytest.mark.parametrize("fault", MORE_FAULTS, ids=lambda fault: f"{fault.check}: {fault.name}")
def test_a_broken_promise_is_found_and_its_operation_named(fault: Fault) -> None:
    assert (fault.check, fault.operation, fault.level) in found(fault)


@pytest.mark.parametrize("fault", SEARCH_FAULTS, ids=lambda fault: f"{fault.check}: {fault.name}")
def test_a_wrong_answer_to_a_search_is_found_and_its_operation_named(fault: Fault) -> None:
    assert (fault.check, fault.operation, fault.level) in found(fault)


def found(fault: Fault) -> set[tuple[str, str, str]]:
    """Check, operation and level of what a run finds on the server with that bug."""
    tiny = TinyCoder()
    fault.inject(tiny)
    include = fault.include or ((fault.operation,) if fault not in FAULTS else ())
    report = examine(tiny, max_examples=fault.max_examples, include=include)
    return {(one.check, one.operation, one.level) for one in report.findings}


def test_what_fails_only_once_is_flaky_and_a_warning() -> None:
    asked = {"times": 0}

    def once(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/api/v2/templates") and reply.status == 200:
            asked["times"] += 1
            if asked["times"] == 1:
                return dressed(error(500, "An internal server error occurred."))
        return reply

    report = examine(TinyCoder(once), include=("GET /templates",))
    (finding,) = [one for one in report.findings if one.check == "no_server_error"]
    assert (finding.level, finding.operation) == ("warning", "GET /templates")
    assert "flaky" in finding.came
    assert report.exit_code == 0


def test_every_rule_has_a_fault_of_its_own() -> None:
    assert {fault.check for fault in (*FAULTS, *MORE_FAULTS, *SEARCH_FAULTS)} == OF_READS
