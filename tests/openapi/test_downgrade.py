"""The 3.0 projection: what is rewritten, what is lost, and that nothing allowed gets refused."""

from __future__ import annotations

from typing import Any

import pytest

from coder_openapi import load, versions
from coder_openapi.downgrade import Loss, downgrade
from coder_openapi.lint import validate


def _project(schema: Any) -> tuple[dict[str, Any], list[str]]:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Zoo", "version": "1"},
        "paths": {},
        "components": {"schemas": {"X": schema, "Y": {"type": "string"}}},
    }
    projected, losses = downgrade(document)
    assert validate(projected) == []
    assert projected["openapi"] == "3.0.3"
    return projected["components"]["schemas"]["X"], [loss.what for loss in losses]


REF = {"$ref": "#/components/schemas/Y"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"const": 3}, {"enum": [3]}),
        ({"type": "null"}, {"type": "string", "nullable": True, "enum": [None]}),
        ({**REF, "description": "d"}, {"description": "d", "allOf": [REF]}),
        (REF, REF),
        (
            {"type": "integer", "exclusiveMinimum": 0},
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        ),
        (
            {"type": "integer", "exclusiveMaximum": 9},
            {"type": "integer", "maximum": 9, "exclusiveMaximum": True},
        ),
        ({"type": "string", "examples": ["a"]}, {"type": "string", "example": "a"}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        (
            {"type": "object", "additionalProperties": False, "properties": {"a": True}},
            {"type": "object", "additionalProperties": False, "properties": {"a": {}}},
        ),
        ({"type": "array", "items": False}, {"type": "array", "items": {"not": {}}}),
        (
            {"anyOf": [REF, {"type": "null"}]},
            {"anyOf": [REF, {"enum": [None], "nullable": True, "type": "string"}]},
        ),
        (
            {"type": "object", "oneOf": [REF, {"type": "null"}]},
            {"type": "object", "oneOf": [REF], "nullable": True},
        ),
    ],
)
def test_what_has_an_equal_is_rewritten(schema: Any, expected: dict[str, Any]) -> None:
    assert _project(schema) == (expected, [])


@pytest.mark.parametrize(
    ("schema", "left", "lost"),
    [
        ({"if": REF, "then": REF}, {}, ["if", "then"]),
        ({"type": "string", "contentMediaType": "a/b"}, {"type": "string"}, ["contentMediaType"]),
        ({"type": ["string", "integer", "null"]}, {}, ["type string, integer, null"]),
        (
            {"type": "string", "examples": ["a", "b"]},
            {"type": "string", "example": "a"},
            ["all examples but the first"],
        ),
    ],
)
def test_what_has_no_equal_is_left_out_and_listed(
    schema: Any, left: dict[str, Any], lost: list[str]
) -> None:
    assert _project(schema) == (left, lost)


def test_a_loss_is_listed_with_its_place() -> None:
    document = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "x",
        "webhooks": {},
        "info": {"title": "Zoo", "version": "1", "summary": "s"},
        "paths": {
            "/a": {"get": {"parameters": [{"schema": {"type": ["string"], "if": {}}}], "x-a": {}}}
        },
        "components": {"pathItems": {}, "responses": {"R": {"description": "d"}}},
    }
    projected, losses = downgrade(document)
    assert losses == [
        Loss("#", "webhooks"),
        Loss("#", "jsonSchemaDialect"),
        Loss("#/info", "summary"),
        Loss("#/paths/~1a/get/parameters/0/schema", "if"),
        Loss("#/components", "pathItems"),
    ]
    assert str(losses[3]) == "#/paths/~1a/get/parameters/0/schema: if"
    assert projected["components"] == {"responses": {"R": {"description": "d"}}}
    assert document["openapi"] == "3.1.0"


@pytest.mark.parametrize("version", versions())
def test_the_projection_of_a_shipped_document_is_valid(version: str) -> None:
    projected, _ = downgrade(load(version))
    assert validate(projected) == []
