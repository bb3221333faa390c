"""Queries: what they select, and how they refuse what they do not understand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_openapi.jsonpath import JsonPathError, select, unused_names

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/zoo": {
            "get": {"operationId": "list", "security": [{"token": []}], "tags": ["a", "b"]},
            "post": {"operationId": 'it\'s "new"', "deprecated": False},
        },
        "/zoo/{animal}": {"get": {"operationId": "one", "security": [], "x-rank": 2}},
    },
    "components": {"schemas": {"zoo.Animal": {"properties": {"name": {"type": "string"}}}}},
}


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("$", [()]),
        ("$.paths", [("paths",)]),
        ("$['paths']['/zoo'].get.tags[1]", [("paths", "/zoo", "get", "tags", 1)]),
        ("$.paths['/zoo'].get.tags[-1]", [("paths", "/zoo", "get", "tags", 1)]),
        ("$.paths['/zoo'].get.tags[2]", []),
        ("$.paths['/zoo'][0]", []),
        ("$.paths.missing", []),
        ("$.paths['/zoo']['post', 'get'].operationId", [
            ("paths", "/zoo", "post", "operationId"),
            ("paths", "/zoo", "get", "operationId"),
        ]),
        ("$.components.schemas.*.properties[*]", [
            ("components", "schemas", "zoo.Animal", "properties", "name")
        ]),
        ("$..tags[*]", [("paths", "/zoo", "get", "tags", 0), ("paths", "/zoo", "get", "tags", 1)]),
        ("$..['type']", [("components", "schemas", "zoo.Animal", "properties", "name", "type")]),
        ("$.paths[*][?@.security]", [("paths", "/zoo", "get"), ("paths", "/zoo/{animal}", "get")]),
        ("$.paths[*][?@.security[0]]", [("paths", "/zoo", "get")]),
        ("$.paths[*][?!@.security]", [("paths", "/zoo", "post")]),
        ("$.paths[*][?@.deprecated == false]", [("paths", "/zoo", "post")]),
        ("$.paths[*][?@['x-rank'] == 2 || @.operationId == 'list']", [
            ("paths", "/zoo", "get"),
            ("paths", "/zoo/{animal}", "get"),
        ]),
        ("$.paths[*][?@.security && (@.operationId != 'list' && !@.tags)]", [
            ("paths", "/zoo/{animal}", "get")
        ]),
        ("$.paths[*][?@.operationId == 'it\\'s \"new\"']", [("paths", "/zoo", "post")]),
        ('$.paths[*][?@.operationId == "it\'s \\"new\\""]', [("paths", "/zoo", "post")]),
        ("$.paths[ '/zoo' ,\n '/zoo' ].get", [("paths", "/zoo", "get")]),
    ],
)  # fmt: skip
def test_a_query_selects_exactly_its_places(
    query: str, places: list[tuple[str | int, ...]]
) -> None:
    assert select(DOCUMENT, query) == places


def test_a_number_is_no_boolean() -> None:
    assert select([{"a": 1}, {"a": True}], "$[?@.a == true]") == [(1,)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("paths", 'begins with "$"'),
        ("$paths", 'expected ".", ".." or "["'),
        ("$.", "a name"),
        ("$.paths[", "a quoted name"),
        ("$.paths['/zoo'", '"," or "]"'),
        ("$.paths['/zoo]", "the closing quote"),
        ("$.paths[0:2]", "a slice is not supported"),
        ("$.paths[?length(@) == 2]", 'begins with "@"'),
        ("$.paths[?@.a > 2]", "an ordering is not supported"),
        ("$.paths[?@.* == 2]", "leads to one place"),
        ("$.paths[?@.a == nothing]", "a string, a number, true, false or null"),
        ("$.paths[?(@.a]", 'expected ")"'),
    ],
)
def test_what_is_not_understood_is_refused_with_its_character(query: str, said: str) -> None:
    with pytest.raises(JsonPathError, match="character") as caught:
        select(DOCUMENT, query)
    assert said in str(caught.value)


def test_a_name_of_a_union_that_leads_nowhere_is_told() -> None:
    query = "$.paths['/zoo','/zu'].get"
    assert unused_names(query, select(DOCUMENT, query)) == ["/zu"]
    deeper = "$.paths['/zoo','/zoo/{animal}'].post"
    assert unused_names(deeper, select(DOCUMENT, deeper)) == ["/zoo/{animal}"]
    assert unused_names("$..['/zoo','/zu']", select(DOCUMENT, "$..['/zoo','/zu']")) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def _places(node: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [place, *(found for key, child in children for found in _places(child, (*place, key)))]


@given(JSON)
def test_every_place_is_selected_by_its_own_query(node: Any) -> None:
    for place in _places(node):
        steps = [
            f"[{key}]" if isinstance(key, int)
            else "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"
            for key in place
        ]  # fmt: skip
        assert select(node, "$" + "".join(steps)) == [place]


@given(JSON)
def test_descendants_are_all_places_but_the_root(node: Any) -> None:
    assert sorted(map(repr, select(node, "$..*"))) == sorted(map(repr, _places(node)[1:]))
