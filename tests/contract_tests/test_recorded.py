"""What real servers answered raises no error: the suite cries no wolf."""

from __future__ import annotations

import pytest

import coder_openapi
from coder_contract_tests.checks import CHECKS
from coder_contract_tests.document import Document
from coder_contract_tests.judging import Facts, Seen
from coder_contract_tests.suite import RULES
from tests.support import contract_recorded as recorded

FACTS = Facts(
    is_owner=True,
    organizations={recorded.named("<org>"): "coder"},
    default_organization=recorded.named("<org>"),
)
# Most ids were not kept apart when the answers were written down: what these rules compare is
# then the same placeholder.
COMPARE_IDS = frozenset({"list_has_nothing_twice", "WS-03"})


def _version(scenario: str) -> str:
    return "2023-06-20" if scenario.endswith("2023") else "2025-05-19"


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {one: Document(coder_openapi.load(one), one) for one in ("2023-06-20", "2025-05-19")}


def _complaints(scenario: str, document: Document) -> tuple[list[str], set[str]]:
    """Errors over a scenario, and the rules that had something to judge."""
    errors: list[str] = []
    judged: set[str] = set()
    rules = [(check.rule, check.judge) for check in CHECKS]
    rules += [(one.rule, one.one) for one in RULES if one.one is not None]
    for step, exchange in recorded.exchanges(scenario, document):
        seen = Seen(exchange, document, FACTS)
        for rule, judge in rules:
            if rule.id in COMPARE_IDS and recorded.SOME_UUID.encode() in exchange.body:
                continue
            judgement = judge(seen)
            if judgement is None:
                continue
            judged.add(rule.id)
            errors += [
                f"{step}: {rule.id} {exchange.label} {exchange.status}: {problem.came}"
                for problem in judgement
                if not problem.known and (problem.level or rule.level) == "error"
            ]
    return errors, judged


@pytest.mark.parametrize("scenario", recorded.scenarios())
def test_no_check_and_no_invariant_complains_about_a_real_answer(
    scenario: str, documents: dict[str, Document]
) -> None:
    errors, judged = _complaints(scenario, documents[_version(scenario)])
    assert not errors, "\n".join(errors)
    assert "response_matches_schema" in judged


def test_the_recorded_jobs_put_every_single_job_rule_to_the_test(
    documents: dict[str, Document],
) -> None:
    judged: set[str] = set()
    for scenario in ("provisioner-jobs", "builds", "job-tags"):
        judged |= _complaints(scenario, documents["2025-05-19"])[1]
    single = {one.rule.id for one in RULES if one.one is not None and one.rule.id.startswith("JOB")}
    # Nothing was recorded while its cancel was under way in full, and no Date header at all.
    assert single - judged <= {"JOB-06", "JOB-27"}
