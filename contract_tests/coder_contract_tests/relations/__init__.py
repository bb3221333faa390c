"""Relations between requests, as the document states them in `x-crud` and its neighbours.

`RELATIONS` is the complete list. The rules know no operation by name: what is asked and compared
stands in the document.
"""

from __future__ import annotations

from coder_contract_tests.judging import Invariant
from coder_contract_tests.relations.agreement import AGREEMENT
from coder_contract_tests.relations.filters import FILTERS
from coder_contract_tests.relations.identity import IDENTITY
from coder_contract_tests.relations.listing import LISTING
from coder_contract_tests.relations.membership import MEMBERSHIP
from coder_contract_tests.relations.names import NAMES
from coder_contract_tests.relations.pages import PAGES
from coder_contract_tests.relations.stability import STABILITY
from coder_contract_tests.relations.windows import WINDOWS

RELATIONS: tuple[Invariant, ...] = (
    *IDENTITY,
    *LISTING,
    *PAGES,
    *FILTERS,
    *WINDOWS,
    *NAMES,
    *MEMBERSHIP,
    *AGREEMENT,
    *STABILITY,
)

__all__ = ["RELATIONS"]
