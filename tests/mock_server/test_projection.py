"""From a full answer to the document's shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from coder_mock_server.projection import Projections
from coder_mock_server.spec.document import Document
from coder_mock_server.versions import Dialect

TEXT = {"type": "string"}


def projected(schemas: dict[str, Any], value: Any, dialect: Dialect | None = None) -> Any:
    raw = {"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": schemas}}
    return Projections(Document(raw), dialect or Dialect()).component("A")(value)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        pytest.param(
            {"properties": {"a": TEXT}}, {"a": "1", "b": 2}, {"a": "1"}, id="unknown dropped"
        ),
        pytest.param(
            {"properties": {"a": {"properties": {"b": TEXT}}}},
            {"a": {"b": "1", "c": 2}},
            {"a": {"b": "1"}},
            id="nested",
        ),
        pytest.param(
            {"items": {"properties": {"a": TEXT}}}, [{"a": "1", "b": 2}], [{"a": "1"}], id="list"
        ),
        pytest.param(
            {"additionalProperties": {"properties": {"a": TEXT}}},
            {"k": {"a": "1", "b": 2}},
            {"k": {"a": "1"}},
            id="map",
        ),
        pytest.param(
            {"properties": {"a": TEXT}, "additionalProperties": True},
            {"a": "1", "b": 2},
            {"a": "1", "b": 2},
            id="open object",
        ),
        pytest.param({"type": "object"}, {"x": 1}, {"x": 1}, id="free object"),
        pytest.param(
            {"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]},
            {"a": "1", "b": "2", "c": "3"},
            {"a": "1", "b": "2"},
            id="allOf",
        ),
        pytest.param(
            {"oneOf": [{"type": "null"}, {"properties": {"a": TEXT}}]}, None, None, id="null"
        ),
        pytest.param(
            {"properties": {"a": False}, "additionalProperties": TEXT},
            {"a": "1", "b": "2"},
            {"b": "2"},
            id="forbidden",
        ),
        pytest.param(
            {
                "properties": {"a": TEXT},
                "if": {"properties": {"a": {"const": "1"}}},
                "then": {"properties": {"b": False}},
            },
            {"a": "1", "b": "2"},
            {"a": "1"},
            id="a condition admits nothing",
        ),
    ],
)
def test_a_value_takes_the_shape_of_its_schema(schema: Any, value: Any, expected: Any) -> None:
    assert projected({"A": schema}, value) == expected


def test_a_schema_may_contain_itself() -> None:
    schema = {"properties": {"kids": {"items": ref("A")}, "next": {"anyOf": [ref("A"), {}]}}}
    value = {"kids": [{"kids": [], "x": 1}], "next": {"x": 1, "kids": []}, "x": 1}
    assert projected({"A": schema}, value) == {"kids": [{"kids": []}], "next": {"kids": []}}


def test_times_are_written_out() -> None:
    schema = {"properties": {"at": {"type": "string", "format": "date-time"}}}
    moment = datetime(2025, 5, 19, 10, 0, 0, 500_000, tzinfo=UTC)
    assert projected({"A": schema}, {"at": moment}) == {"at": "2025-05-19T10:00:00.5Z"}


def test_a_renamed_property_is_mapped_and_the_documents_own_name_wins() -> None:
    dialect = Dialect(renames={"A": {"old": "new"}})
    schema = {"properties": {"old": TEXT}}
    assert projected({"A": schema}, {"new": "1"}, dialect) == {"old": "1"}
    assert projected({"A": schema}, {"new": "1", "old": "2"}, dialect) == {"old": "2"}


def test_values_of_a_component_and_of_a_property_are_translated() -> None:
    dialect = Dialect(values={"B": str.upper, "A.c": str.title})
    schemas = {"A": {"properties": {"b": ref("B"), "c": TEXT}}, "B": {"enum": ["X"]}}
    assert projected(schemas, {"b": "x", "c": "y"}, dialect) == {"b": "X", "c": "Y"}


def test_an_unknown_component_is_an_error() -> None:
    with pytest.raises(KeyError):
        projected({}, {})
