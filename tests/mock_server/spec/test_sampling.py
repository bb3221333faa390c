"""Made-up values satisfy their schemas, conditions included."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from coder_mock_server.spec.document import Document
from coder_mock_server.spec.sampling import Sampler

RULES = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["pending", "running", "failed"]},
        "started_at": {"type": "string", "format": "date-time"},
        "worker": {"type": "string"},
        "error": {"type": "string", "minLength": 1},
    },
    "required": ["status"],
    "dependentRequired": {"worker": ["started_at"]},
    "allOf": [
        {
            "if": {"properties": {"status": {"const": "pending"}}},
            "then": {"properties": {"started_at": False, "worker": False, "error": False}},
        },
        {
            "if": {"properties": {"status": {"const": "failed"}}},
            "then": {"required": ["error"]},
            "else": {"not": {"required": ["error"]}},
        },
    ],
}
SCHEMAS: dict[str, Any] = {
    "conditions": RULES,
    "formats": {
        "type": "object",
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("uuid", "date-time", "date", "uri", "email", "ipv4", "ipv6", "hostname")
        },
        "required": ["uuid"],
    },
    "numbers": {
        "type": "array",
        "minItems": 3,
        "items": {"type": "integer", "minimum": 10, "maximum": 20, "multipleOf": 5},
    },
    "map": {
        "type": "object",
        "propertyNames": {"format": "uuid"},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 2,
    },
    "composed": {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 5}, "b": {"type": ["null", "string"]}}},
        ]
    },
    "lengths": {"type": "string", "minLength": 30, "maxLength": 32},
    "pattern": {"type": "string", "pattern": "^v[0-9]"},
    "nothing": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
}


def made(schema: Any, seed: str, **options: Any) -> Any:
    raw = {"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": {"A": schema}}}
    return Sampler(Document(raw), seed, **options).value({"$ref": "#/components/schemas/A"})


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_made_up_value_satisfies_its_schema(name: str) -> None:
    values = [made(SCHEMAS[name], str(seed)) for seed in range(30)]
    assert [v for v in values if not jsonschema_rs.is_valid(SCHEMAS[name], v)] == []


def test_the_same_seed_makes_the_same_value() -> None:
    assert made(RULES, "x") == made(RULES, "x")


def test_a_component_that_contains_itself_comes_to_an_end() -> None:
    schema = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}},
        "required": ["kids"],
    }
    assert made(schema, "x") == {"kids": []}


def test_values_of_the_request_come_back_where_they_fit() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer"},
            "nested": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    }
    value = made(schema, "x", echo={"name": "given", "count": "no number"})
    assert value["name"] == "given"
    assert isinstance(value["count"], int)
    assert value["nested"]["name"] != "given"


def test_only_what_is_required_when_asked_so() -> None:
    assert made(RULES, "x", only_required=True).keys() <= {"status", "error"}
