"""Requests that are odd on purpose, and what a server must answer; `PROBES` is the list."""

from __future__ import annotations

from coder_contract_tests.judging import Invariant
from coder_contract_tests.probes.authentication import AUTHENTICATION
from coder_contract_tests.probes.bodies import BODIES
from coder_contract_tests.probes.browsers import BROWSERS
from coder_contract_tests.probes.ids import IDS
from coder_contract_tests.probes.queries import QUERIES
from coder_contract_tests.probes.replies import REPLIES
from coder_contract_tests.probes.routes import ROUTES

PROBES: tuple[Invariant, ...] = (
    *AUTHENTICATION,
    *ROUTES,
    *IDS,
    *QUERIES,
    *BODIES,
    *BROWSERS,
    *REPLIES,
)

__all__ = ["PROBES"]
