"""A finding of a general check says which invariant it judged."""

from __future__ import annotations

import pytest

from coder_contract_tests.document import Document
from coder_contract_tests.findings import Ledger, Problem, Rule
from coder_contract_tests.stated import STANDING, STATED, stands_for
from tests.support.contract_document import document
from tests.support.contract_exchange import made

BUILDS = "GET /workspaces/{workspace}/builds"
BY_NAME = "GET /users/{user}/workspace/{workspacename}"


@pytest.mark.parametrize(
    ("judge", "operation", "at", "id_"),
    [
        ("count_is_true", "GET /workspaces", "/count", "WS-09"),
        ("filter_is_exact", "GET /workspaces", "query:status", "WS-13"),
        ("filter_is_exact", "GET /workspaces", "query:outdated", "WS-15"),
        ("values_agree", BY_NAME, "/ttl_ms", "WS-17"),
        ("values_agree", "GET /workspaces", "/workspaces/0/organization_id", "WS-23"),
        (
            "pages_join_to_the_list",
            "GET /workspaces/{workspace}/builds",
            "query:after_id",
            "BLD-03",
        ),
        (
            "unknown_keys_are_as_promised",
            "GET /organizations/{organization}/provisionerdaemons",
            "query:no_such_key",
            "JOB-24",
        ),
        ("error_body_has_a_message", "PUT /workspaces/{workspace}/ttl", "/message", "ERR-11"),
        ("count_is_true", "GET /users", "/count", ""),
        ("values_agree", "GET /templates", "/0/name", ""),
    ],
)
def test_a_general_check_stands_for_an_invariant_where_that_holds(
    judge: str, operation: str, at: str, id_: str
) -> None:
    assert stands_for(judge, operation, at) == id_


def test_the_finding_names_the_invariant_beside_what_promises_it() -> None:
    rule = Rule("count_is_true", "check", "error", "the count is true", "x-count", "lists")
    exchange = made(Document(document(), "tiny"), "/x")
    ledger = Ledger(lambda judge, operation, at: "WS-09" if at == "/count" else "")
    named = ledger.add(rule, Problem(exchange, "count is 5", at="/count"))
    plain = ledger.add(rule, Problem(exchange, "count is 5", at="/total"))
    assert named is not None
    assert plain is not None
    assert (named.place, plain.place) == ("x-count (WS-09)", "x-count")


def test_every_invariant_that_a_general_check_judges_is_named_somewhere() -> None:
    assert {one.id for one in STANDING} == {rule.id for rule in STATED}
