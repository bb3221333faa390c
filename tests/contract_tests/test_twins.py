"""Every check and invariant catches the server that breaks exactly its promise, and names it."""

from __future__ import annotations

import pytest

from coder_contract_tests.catalogue import rules
from tests.support.contract_faults import FAULTS, Fault
from tests.support.contract_runs import examine
from tests.support.contract_server import TinyCoder


def test_a_healthy_server_raises_nothing_at_all() -> None:
    report = examine(TinyCoder(), max_examples=4)
    assert report.findings == ()
    assert report.complete
    assert report.absent == ()
    assert {rule for _, rule in report.judged} == {rule.id for rule in rules()}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}: {fault.name}")
def test_a_fault_is_found_and_its_operation_named(fault: Fault) -> None:
    tiny = TinyCoder()
    fault.inject(tiny)
    report = examine(tiny, max_examples=fault.max_examples)
    found = {(one.check, one.operation, one.level) for one in report.findings}
    assert (fault.check, fault.operation, fault.level) in found


def test_every_rule_has_a_fault_of_its_own() -> None:
    assert {rule.id for rule in rules()} == {fault.check for fault in FAULTS}
