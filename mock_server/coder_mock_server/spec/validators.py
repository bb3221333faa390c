"""Validators of the document's schemas: JSON Schema 2020-12, compiled on first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import orjson

from coder_mock_server.spec.document import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENT_URI = "urn:coder-mock:document"


@dataclass(frozen=True, slots=True)
class Problem:
    """Where a value breaks its schema."""

    pointer: str
    """JSON pointer into the value."""
    promise: str
    """JSON pointer into the schema."""
    text: str


class Validator:
    """One schema; compiled when the first value is looked at."""

    __slots__ = ("_compiled", "_pool", "_schema")

    def __init__(self, pool: ValidatorPool, schema: Mapping[str, Any]) -> None:
        self._pool = pool
        self._schema = schema
        self._compiled: Any = None

    def accepts(self, value: Any) -> bool:
        """Whether the value satisfies the schema."""
        compiled = self._compiled or self._compile()
        try:
            return bool(compiled.is_valid(value))
        except ValueError:
            # It knows JSON types only; the encoder also knows times, sets and the like.
            return bool(compiled.is_valid(_as_json(value)))

    def problems(self, value: Any, limit: int = 3) -> list[Problem]:
        """The first few places where the value breaks the schema."""
        compiled = self._compiled or self._compile()
        try:
            errors = list(compiled.iter_errors(value))
        except ValueError:
            errors = list(compiled.iter_errors(_as_json(value)))
        return [
            Problem(_pointer(e.instance_path), _pointer(e.schema_path), str(e.message)[:300])
            for e in errors[:limit]
        ]

    def _compile(self) -> Any:
        self._compiled = self._pool.compile(self._schema)
        return self._compiled


class ValidatorPool:
    """Validators over one document: equal references share one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._registry: Any = None
        self._by_ref: dict[str, Validator] = {}

    def of(self, schema: Mapping[str, Any]) -> Validator:
        """The validator of a schema that stands in the document."""
        ref = schema.get("$ref")
        if ref is None or len(schema) > 1:
            return Validator(self, schema)
        found = self._by_ref.get(ref)
        if found is None:
            found = self._by_ref[ref] = Validator(self, schema)
        return found

    def compile(self, schema: Mapping[str, Any]) -> Any:
        """Ready to judge values; local references lead into the document."""
        if self._registry is None:
            components = {"schemas": self._document.schemas}
            resource = {"$schema": DIALECT, "components": components}
            self._registry = jsonschema_rs.Registry([(DOCUMENT_URI, resource)])
        return jsonschema_rs.Draft202012Validator(
            _absolute(schema), registry=self._registry, validate_formats=True, offline=True
        )


def _absolute(node: Any) -> Any:
    """The schema with its local references pointing at the registered document."""
    if isinstance(node, Mapping):
        return {
            key: DOCUMENT_URI + value
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _absolute(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    return node


def _pointer(path: Any) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _as_json(value: Any) -> Any:
    from coder_mock_server import wire

    return orjson.loads(wire.encode(value))
