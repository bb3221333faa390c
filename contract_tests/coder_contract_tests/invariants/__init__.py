"""Invariants of the API, one module per subject; `INVARIANTS` is the complete list by id."""

from __future__ import annotations

from coder_contract_tests.invariants.administration import ADMINISTRATION_INVARIANTS
from coder_contract_tests.invariants.agents import AGENT_INVARIANTS
from coder_contract_tests.invariants.build_lives import BUILD_LIFE_INVARIANTS
from coder_contract_tests.invariants.builds import BUILD_INVARIANTS
from coder_contract_tests.invariants.daemons import DAEMON_INVARIANTS
from coder_contract_tests.invariants.echoes import ECHO_INVARIANTS
from coder_contract_tests.invariants.job_lists import JOB_LIST_INVARIANTS
from coder_contract_tests.invariants.job_relations import JOB_RELATION_INVARIANTS
from coder_contract_tests.invariants.job_tags import JOB_TAG_INVARIANTS
from coder_contract_tests.invariants.jobs import JOB_INVARIANTS
from coder_contract_tests.invariants.resources import RESOURCE_INVARIANTS
from coder_contract_tests.invariants.searches import SEARCH_INVARIANTS
from coder_contract_tests.invariants.workspaces import WORKSPACE_INVARIANTS
from coder_contract_tests.judging import Invariant

INVARIANTS: tuple[Invariant, ...] = tuple(
    sorted(
        (
            *JOB_INVARIANTS,
            *JOB_LIST_INVARIANTS,
            *JOB_RELATION_INVARIANTS,
            *JOB_TAG_INVARIANTS,
            *DAEMON_INVARIANTS,
            *BUILD_LIFE_INVARIANTS,
            *WORKSPACE_INVARIANTS,
            *BUILD_INVARIANTS,
            *AGENT_INVARIANTS,
            *ADMINISTRATION_INVARIANTS,
            *SEARCH_INVARIANTS,
            *RESOURCE_INVARIANTS,
            *ECHO_INVARIANTS,
        ),
        key=lambda invariant: invariant.rule.id,
    )
)

__all__ = ["INVARIANTS"]
