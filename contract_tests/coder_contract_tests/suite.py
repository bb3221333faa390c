"""Everything a run judges by beyond the checks of single replies, in the order it is asked."""

from __future__ import annotations

from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.judging import Invariant
from coder_contract_tests.probes import PROBES
from coder_contract_tests.relations import RELATIONS

RULES: tuple[Invariant, ...] = (*PROBES, *INVARIANTS, *RELATIONS)

__all__ = ["PROBES", "RELATIONS", "RULES"]
