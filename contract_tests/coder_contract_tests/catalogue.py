"""Every rule of this package by id, for listings and explanations."""

from __future__ import annotations

import difflib

from coder_contract_tests.checks import CHECKS
from coder_contract_tests.checks.rejection import INVALID_REQUEST_IS_REFUSED
from coder_contract_tests.checks.request import REQUEST_IS_DOCUMENTED
from coder_contract_tests.errors import UsageError
from coder_contract_tests.findings import Rule
from coder_contract_tests.invariants import INVARIANTS


def rules() -> tuple[Rule, ...]:
    """All rules of a run: checks of single replies first, then invariants by id."""
    return (
        *(check.rule for check in CHECKS),
        INVALID_REQUEST_IS_REFUSED,
        *(invariant.rule for invariant in INVARIANTS),
    )


def every_rule() -> tuple[Rule, ...]:
    """The rules of a run, and that of recorded requests."""
    return (*rules(), REQUEST_IS_DOCUMENTED)


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
