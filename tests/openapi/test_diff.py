"""Differences of documents: breaking, additive or wording, by the direction of the schema."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coder_openapi import load, versions
from coder_openapi.build import build_document
from coder_openapi.diff import diff, iter_kinds
from tests.support.api_docs import zoo_folder

ANIMAL = "schemas/zoo.Animal in responses"


def _document(
    *, response: Any = None, request: Any = None, schemas: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Zoo", "version": "1"},
        "servers": [{"url": "/park"}],
        "paths": {
            "/a": {
                "post": {
                    "operationId": "a",
                    "security": [{"Ticket": []}],
                    "parameters": [
                        {"name": "n", "in": "query", "schema": {"type": "integer"}},
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": request or {}}},
                    },
                    "responses": {
                        "200": {
                            "description": "OK",
                            "content": {"application/json": {"schema": response or {}}},
                        }
                    },
                }
            }
        },
        "components": {"schemas": schemas or {}, "securitySchemes": {"Ticket": {"in": "header"}}},
    }


def _operation(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/a"]["post"]
    return found


def _kinds(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change.kind, f"{change.place}: {change.what}") for change in diff(old, new)]


@pytest.mark.parametrize("version", versions())
def test_a_shipped_document_differs_in_nothing_from_itself(version: str) -> None:
    assert diff(load(version), load(version)) == []


def test_docs_derived_twice_differ_in_nothing(tmp_path: Path) -> None:
    one, other = (
        build_document(
            [zoo_folder(tmp_path / name)], version=None, overlay=False, keep_descriptions=True
        ).document
        for name in ("one", "other")
    )
    assert diff(one, other) == []


SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": ["string", "null"]}, {"enum": ["a"]}, {}, True, False]
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, max_size=2)),
        st.builds(
            lambda properties: {"type": "object", "properties": properties},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=80)
@given(SCHEMAS, SCHEMAS)
def test_any_schema_equals_itself_and_a_difference_shows_in_both_directions(
    one: Any, other: Any
) -> None:
    assert diff(_document(response=one), _document(response=copy.deepcopy(one))) == []
    there = diff(_document(response=one), _document(response=other))
    back = diff(_document(response=other), _document(response=one))
    assert bool(there) == bool(back)


@pytest.mark.parametrize(
    ("old", "new", "in_request", "in_response"),
    [
        ({"type": "string"}, {"type": ["string", "null"]}, "additive", "breaking"),
        ({"type": ["string", "null"]}, {"type": "string"}, "breaking", "additive"),
        ({"type": "string"}, {"type": "integer"}, "breaking", "breaking"),
        ({"type": "integer"}, {"type": "number"}, "additive", "breaking"),
        ({"type": "string"}, {"type": "string", "format": "uuid"}, "breaking", "additive"),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "additive", "breaking"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "breaking", "additive"),
        ({"type": "string"}, {"type": "string", "enum": ["a"]}, "breaking", "additive"),
        ({"const": 1}, {}, "additive", "breaking"),
        ({"minimum": 1}, {"minimum": 2}, "breaking", "breaking"),
        ({"minimum": 1}, {}, "additive", "additive"),
        ({"anyOf": [{}]}, {"anyOf": [{}, {"type": "null"}]}, "additive", "breaking"),
        ({"allOf": [{}]}, {"allOf": [{}, {}]}, "breaking", "additive"),
        ({"items": {}}, {}, "additive", "breaking"),
        (
            {"additionalProperties": {"type": "string"}},
            {"additionalProperties": {"type": ["string", "null"]}},
            "additive",
            "breaking",
        ),
        (
            {"properties": {"a": {}}},
            {"properties": {"a": {}}, "required": ["a"]},
            "breaking",
            "additive",
        ),
        ({"properties": {"a": {}}}, {"properties": {}}, "breaking", "breaking"),
        ({"properties": {}}, {"properties": {"a": {}}}, "additive", "additive"),
        (
            {"properties": {}},
            {"properties": {"a": {}}, "required": ["a"]},
            "breaking",
            "additive",
        ),
        ({"description": "x"}, {"description": "y"}, "wording", "wording"),
        ({"x-a": 1}, {"x-a": 2}, None, None),
    ],
)
def test_a_schema_change_matters_by_its_direction(
    old: Any, new: Any, in_request: str | None, in_response: str | None
) -> None:
    for where, expected in (("request", in_request), ("response", in_response)):
        changes = diff(_document(**{where: old}), _document(**{where: new}))
        assert {change.kind for change in changes} == ({expected} - {None})


def test_a_named_schema_is_reported_once_under_its_own_name() -> None:
    ref = {"$ref": "#/components/schemas/zoo.Animal"}
    both = {"properties": {"one": ref, "many": {"type": "array", "items": ref}}}
    old = _document(response=both, schemas={"zoo.Animal": {"properties": {"a": {}, "me": ref}}})
    new = _document(response=both, schemas={"zoo.Animal": {"properties": {"me": ref}}})
    assert _kinds(old, new) == [("breaking", f"{ANIMAL}, property a: removed")]


def test_a_reference_written_out_is_no_change() -> None:
    ref = {"$ref": "#/components/schemas/zoo.Animal"}
    animal = {"type": "object", "properties": {"a": {"type": "string"}}}
    old = _document(response=ref, schemas={"zoo.Animal": animal})
    new = _document(response=animal, schemas={"zoo.Animal": animal})
    assert diff(old, new) == []


def test_what_stands_beside_a_reference_counts() -> None:
    ref = {"$ref": "#/components/schemas/zoo.Animal"}
    schemas = {"zoo.Animal": {"type": "object"}}
    old = _document(response=ref, schemas=schemas)
    new = _document(response={**ref, "description": "d"}, schemas=schemas)
    assert [change.kind for change in diff(old, new)] == ["wording"]


def _changed(edit: Any) -> list[tuple[str, str]]:
    new = _document()
    edit(new)
    return _kinds(_document(), new)


def test_operations_come_and_go() -> None:
    new = _document()
    new["paths"]["/b"] = {"get": {"responses": {}}}
    assert _kinds(_document(), new) == [("additive", "GET /b: operation added")]
    assert _kinds(new, _document()) == [("breaking", "GET /b: operation removed")]


def test_parameters_come_and_go() -> None:
    def add(need: bool) -> Any:
        parameter = {"name": "m", "in": "query", "required": need, "schema": {}}
        return lambda document: _operation(document)["parameters"].append(parameter)

    assert _changed(add(False)) == [("additive", "POST /a, query parameter m: added")]
    assert _changed(add(True)) == [("breaking", "POST /a, query parameter m: added")]
    assert _changed(lambda d: _operation(d)["parameters"].clear()) == [
        ("breaking", "POST /a, query parameter n: removed")
    ]


def test_a_parameter_that_becomes_required_breaks() -> None:
    assert _changed(lambda d: _operation(d)["parameters"][0].update(required=True)) == [
        ("breaking", "POST /a, query parameter n: became required")
    ]
    assert _changed(lambda d: _operation(d)["parameters"][0].update(explode=False)) == [
        ("breaking", "POST /a, query parameter n: explode None became False")
    ]


def test_a_parameter_shared_by_a_path_is_a_parameter_of_its_operations() -> None:
    def share(document: dict[str, Any]) -> None:
        item = document["paths"]["/a"]
        item["parameters"] = item["post"].pop("parameters")

    assert _changed(share) == []


def test_bodies_come_and_go() -> None:
    def drop(document: dict[str, Any]) -> None:
        del _operation(document)["requestBody"]

    without = _document()
    drop(without)
    assert _changed(drop) == [("breaking", "POST /a, body: removed")]
    assert _kinds(without, _document()) == [("breaking", "POST /a, body: added")]
    assert _changed(lambda d: _operation(d)["requestBody"].update(required=False)) == [
        ("additive", "POST /a, body: became optional")
    ]


def test_media_types_come_and_go() -> None:
    def rename(document: dict[str, Any]) -> None:
        content = _operation(document)["requestBody"]["content"]
        content["text/x"] = content.pop("application/json")

    assert _changed(rename) == [
        ("breaking", "POST /a, body, application/json: removed"),
        ("additive", "POST /a, body, text/x: added"),
    ]


def test_statuses_and_headers_come_and_go() -> None:
    def more(document: dict[str, Any]) -> None:
        _operation(document)["responses"]["404"] = {"description": "gone"}
        _operation(document)["responses"]["200"]["headers"] = {"Link": {}}

    new = _document()
    more(new)
    assert _changed(more) == [
        ("additive", "POST /a, response 200, header Link: added"),
        ("additive", "POST /a, response 404: added"),
    ]
    assert [kind for kind, _ in _kinds(new, _document())] == ["breaking", "breaking"]


def test_security_matters_when_nobody_gets_in_any_more() -> None:
    def secure(*alternatives: dict[str, list[str]]) -> Any:
        return lambda document: _operation(document).update(security=list(alternatives))

    assert [kind for kind, _ in _changed(secure({"Key": []}))] == ["breaking"]
    assert [kind for kind, _ in _changed(secure({"Ticket": []}, {"Key": []}))] == ["additive"]
    assert _changed(secure()) == [("additive", "POST /a: security Ticket became nobody")]

    def move(document: dict[str, Any]) -> None:
        document["components"]["securitySchemes"]["Ticket"]["in"] = "cookie"

    assert _changed(move) == [("breaking", "security scheme Ticket: changed")]


def test_names_and_places_of_an_operation_matter() -> None:
    assert _changed(lambda d: _operation(d).update(operationId="b")) == [
        ("breaking", "POST /a: operationId a became b")
    ]
    assert _changed(lambda d: d.update(servers=[])) == [
        ("breaking", "document: servers ['/park'] became []")
    ]
    assert _changed(lambda d: _operation(d).update(deprecated=True)) == [
        ("additive", "POST /a: deprecated")
    ]
    assert _changed(lambda d: _operation(d).update(summary="s")) == [
        ("wording", "POST /a: summary changed")
    ]


def test_changes_are_listed_by_kind_the_gravest_first() -> None:
    def edit(document: dict[str, Any]) -> None:
        _operation(document).update(summary="s", operationId="b", deprecated=True)

    new = _document()
    edit(new)
    assert [(kind, len(found)) for kind, found in iter_kinds(diff(_document(), new))] == [
        ("breaking", 1),
        ("additive", 1),
        ("wording", 1),
    ]
