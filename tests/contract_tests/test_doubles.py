"""A rule that the schema and an invariant both state is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coder_contract_tests.checks.schema import RESPONSE_MATCHES_SCHEMA
from coder_contract_tests.document import Document
from coder_contract_tests.doubles import told_once
from coder_contract_tests.findings import Level, Problem, Rule
from tests.support.contract_document import document
from tests.support.contract_exchange import made

REPLY = made(Document(document(), "tiny"), "/x")
INVARIANT = Rule("JOB-01", "invariant", "error", "a promise", "an oracle", "somewhere")
CHECK = Rule("another_check", "check", "error", "a promise", "an oracle", "somewhere")


def schema_places(
    schema: str, told: str, *, by: Rule = INVARIANT, level: Level | None = None
) -> int:
    """How many problems of the schema are left beside one of another rule."""
    judged = told_once(
        [
            (RESPONSE_MATCHES_SCHEMA, [Problem(REPLY, "wrong", at=schema)]),
            (by, [Problem(REPLY, "wrong, too", at=told, level=level)]),
        ]
    )
    assert len(judged[1][1] or ()) == 1
    return len(judged[0][1] or ())


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("/0/error#falseSchema:", "/0/error"),
        ("/0#required:worker_id", "/0/worker_id"),
        ("/#required:worker_id", "/worker_id"),
        ("/job#not:", "/job/worker_name"),
        ("/0/input#required:workspace_build_id", "/0/input"),
        ("/0/tags/owner#const:", "/0/tags"),
    ],
)
def test_an_invariant_speaks_for_the_schema_at_its_place(schema: str, told: str) -> None:
    assert schema_places(schema, told) == 0


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("/0/error#falseSchema:", "/1/error"),
        ("/0#required:worker_id", "/0/started_at"),
        ("/0/worker_id#type:", "/0/worker_id"),
        ("/0/worker_id#format:", "/0/worker_id"),
        ("/#not:", "/job/worker_name"),
        ("/0/tags/owner#const:", ""),
    ],
)
def test_another_place_or_the_form_of_a_value_is_another_mistake(schema: str, told: str) -> None:
    assert schema_places(schema, told) == 1


def test_a_check_that_stands_for_an_invariant_speaks_for_the_schema() -> None:
    stands_in = replace(CHECK, id="error_body_has_a_message")
    assert schema_places("/#required:message", "/message", by=stands_in) == 0


def test_a_warning_or_another_check_does_not_speak_for_the_schema() -> None:
    assert schema_places("/0/error#falseSchema:", "/0/error", level="warning") == 1
    assert schema_places("/0/error#falseSchema:", "/0/error", by=CHECK) == 1
