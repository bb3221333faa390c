"""Faults that one invariant must find alone: it is there for something that nothing else sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from coder_contract_tests.stated import JUDGES
from tests.mutation.model import Fault
from tests.mutation.run import Outcome


def judge_of(invariant: str) -> str:
    """The name that findings of an invariant carry."""
    return JUDGES.get(invariant, invariant)


def others(outcome: Outcome, beside: Sequence[Fault] = ()) -> tuple[str, ...]:
    """What else found a fault; what faults in the same run broke is not held against it."""
    own = judge_of(outcome.fault.alone)
    broken = [pattern for fault in beside for pattern in fault.operations]
    theirs = {judge_of(fault.alone) for fault in beside}
    also = [check for check in outcome.by if check != own]
    for told in outcome.elsewhere:
        check, _, operation = told.partition(" ")
        if check == own or check in theirs:
            continue
        if not any(fnmatchcase(operation, one) for one in broken):
            also.append(told)
    return tuple(also)


def held_to(outcome: Outcome, beside: Sequence[Fault] = ()) -> Outcome:
    """The outcome; missed where others than the invariant found it, or that did not."""
    alone = outcome.fault.alone
    if not alone or not outcome.detected:
        return outcome
    why = ""
    if judge_of(alone) not in outcome.by:
        why = f"not found by {alone}, but by {', '.join(outcome.by)}"
    elif also := others(outcome, beside):
        why = f"found by others than {alone}, too: {', '.join(also[:6])}"
    return replace(outcome, detected=False, why=why) if why else outcome
