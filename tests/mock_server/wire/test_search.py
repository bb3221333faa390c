"""The grammar of `q=`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.errors import Invalid
from coder_mock_server.search import WORKSPACES, contains, like, parse_search
from coder_mock_server.wire_in import Query


def parse(text: str) -> dict[str, list[str]]:
    terms: Query = parse_search(text, default_key="name", owner_key="owner", message=WORKSPACES)
    return {key: terms.all(key) for key in terms.keys()}  # noqa: SIM118 - no mapping


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", {}),
        ("   ", {}),
        ("API", {"name": ["api"]}),
        ("alice/api", {"owner": ["alice"], "name": ["api"]}),
        ("alice//api", {"owner": ["alice"], "name": ["api"]}),
        ("/api", {"name": ["api"]}),
        ("a::b", {"a": ["b"]}),
        ("one two", {"name": ["one", "two"]}),
        ('name:"a b" status:running', {"name": ["a b"], "status": ["running"]}),
        ('last:"2025-01-01T00:00:00Z"', {"last": ["2025-01-01t00:00:00z"]}),
        ("param:a=b param:c", {"param": ["a=b", "c"]}),
    ],
)
def test_text_becomes_terms(text: str, terms: dict[str, list[str]]) -> None:
    assert parse(text) == terms


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Name:", "Query element \"name:\" cannot start or end with ':'"),
        (":x", "Query element \":x\" cannot start or end with ':'"),
        ("a:b:c", "Query element \"a:b:c\" can only contain 1 ':'"),
        ("a/b/c", "Query element \"a/b/c\" can only contain 1 '/'"),
        ("x: a:b:c", "Query element \"x:\" cannot start or end with ':'"),
    ],
)
def test_the_first_element_that_breaks_the_grammar_is_told(text: str, detail: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.message == WORKSPACES
    assert [(one.field, one.detail) for one in caught.value.validations] == [("q", detail)]


@given(st.text("ab%_", max_size=8), st.text("ab%_", max_size=6))
def test_like_agrees_with_the_same_pattern_as_a_regular_expression(text: str, pattern: str) -> None:
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(char, re.escape(char)) for char in pattern)
    assert like(text, pattern) is (re.fullmatch(expression, text) is not None)


def test_substrings_match_in_any_letter_case() -> None:
    assert contains("Workspace-One", "SPACE")
    assert not contains("one", "two")
