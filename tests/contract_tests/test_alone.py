"""Each invariant sees something that nothing else sees: the fault list has a fault for it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coder_contract_tests.catalogue import every_rule
from tests.mutation.alone import held_to
from tests.mutation.faults import FAULTS
from tests.mutation.model import Fault
from tests.mutation.run import Found, Outcome, Run, judged

INVARIANTS = {one.id for one in every_rule() if one.kind == "invariant"}
BY_INVARIANT = {one.alone: one for one in FAULTS if one.alone}


def test_every_invariant_has_one_fault_that_it_alone_must_find() -> None:
    assert len(INVARIANTS) == 129
    assert set(BY_INVARIANT) == INVARIANTS
    assert len([one for one in FAULTS if one.alone]) == len(INVARIANTS)


def outcome(fault: Fault, *errors: tuple[str, str], beside: tuple[Fault, ...] = ()) -> Outcome:
    """What a run with these errors, as check and operation, says of a fault."""
    found = tuple(
        Found(f"{index}", check, operation, "wrong")
        for index, (check, operation) in enumerate(errors)
    )
    run = Run(1, True, (), found, (), 100, 1.0)
    return held_to(judged(fault, run, frozenset()), beside)


FAULT = replace(BY_INVARIANT["WS-21"], operations=("POST /users/{user}/workspaces",))
OTHER = replace(BY_INVARIANT["WS-27"], operations=("PATCH /workspaces/{workspace}",))
OWN = ("WS-21", "POST /users/{user}/workspaces")


def test_a_fault_that_its_invariant_alone_finds_is_found() -> None:
    assert outcome(FAULT, OWN).detected


@pytest.mark.parametrize(
    "also",
    [
        ("values_agree", "POST /users/{user}/workspaces"),
        ("values_agree", "GET /workspaces"),
    ],
)
def test_a_fault_that_another_check_finds_too_is_missed(also: tuple[str, str]) -> None:
    missed = outcome(FAULT, OWN, also)
    assert not missed.detected
    assert "values_agree" in missed.why


def test_a_fault_that_only_another_check_finds_is_missed() -> None:
    assert not outcome(FAULT, ("values_agree", OWN[1])).detected


def test_what_another_fault_of_the_same_run_broke_is_not_held_against_it() -> None:
    assert outcome(FAULT, OWN, ("WS-27", OTHER.operations[0]), beside=(OTHER,)).detected


def test_the_check_that_judges_an_invariant_may_find_its_fault() -> None:
    stated = BY_INVARIANT["WS-09"]
    assert outcome(stated, ("count_is_true", "GET /workspaces")).detected
