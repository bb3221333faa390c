"""Every rule of this package by id, for listings and explanations."""

from __future__ import annotations

import difflib

from coder_contract_tests.checks import CHECKS
from coder_contract_tests.checks.rejection import INVALID_REQUEST_IS_REFUSED
from coder_contract_tests.checks.request import REQUEST_IS_DOCUMENTED
from coder_contract_tests.errors import UsageError
from coder_contract_tests.findings import Rule
from coder_contract_tests.lifecycles import LIFE_CYCLE_RULES
from coder_contract_tests.stated import STATED
from coder_contract_tests.suite import RULES


def rules() -> tuple[Rule, ...]:
    """All rules of a run: checks of single replies first, then invariants by id."""
    everything = (
        *(check.rule for check in CHECKS),
        INVALID_REQUEST_IS_REFUSED,
        *(one.rule for one in RULES),
        *LIFE_CYCLE_RULES,
    )
    # A promise that is judged by reads and by writes has one id and stands here once.
    return tuple({one.id: one for one in reversed(everything)}.values())[::-1]


def every_rule() -> tuple[Rule, ...]:
    """The rules of a run, those that general checks judge, and that of recorded requests."""
    return (*rules(), *STATED, REQUEST_IS_DOCUMENTED)


def rule(name: str) -> Rule:
    """The rule with this id, in any letter case."""
    known = {one.id.lower(): one for one in every_rule()}
    found = known.get(name.lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f' Did you mean "{known[near[0]].id}"?' if near else ""
        raise UsageError(
            f'no check or invariant is called "{name}".{hint} List them: coder-contract checks'
        )
    return found
