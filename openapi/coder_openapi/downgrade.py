"""A 3.0.3 projection of a 3.1 document, for tools that know nothing newer.

OpenAPI 3.0 has a dialect of its own: `nullable` in place of a null type, no keywords beside a
reference, no conditions. What has an equal there is rewritten; what has none is left out and
listed as a `Loss`, so that nobody takes the projection for the document. The projection never
refuses what the document allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .lint import pointer

Schema = dict[str, Any]

# Keywords of JSON Schema 2020-12 without any equal in OpenAPI 3.0.
_LOST = (
    "if",
    "then",
    "else",
    "contentMediaType",
    "contentEncoding",
    "contentSchema",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$comment",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$defs",
    "$id",
    "$schema",
)
_MAPS = ("properties",)
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("items", "additionalProperties", "not")


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """Something of the document that its projection cannot say."""

    pointer: str
    what: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.what}"


def downgrade(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Loss]]:
    """The projection, and what is lost in it."""
    projection = _Projection()
    projected = projection.document(dict(document))
    return projected, projection.losses


@dataclass(slots=True)
class _Projection:
    losses: list[Loss] = field(default_factory=list)

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        document = {**document, "openapi": "3.0.3"}
        for key in ("webhooks", "jsonSchemaDialect"):
            if key in document:
                self._lose("#", key)
                del document[key]
        info = dict(document.get("info", {}))
        if info.pop("summary", None) is not None:
            self._lose("#/info", "summary")
        document["info"] = info
        paths = document.get("paths", {})
        document["paths"] = {
            path: self._node(item, pointer("", "paths", path)) for path, item in paths.items()
        }
        if "components" in document:
            document["components"] = self._components(document["components"])
        return document

    def _components(self, components: Mapping[str, Any]) -> dict[str, Any]:
        projected: dict[str, Any] = {}
        for kind, entries in components.items():
            here = pointer("", "components", kind)
            if kind == "pathItems":
                self._lose("#/components", "pathItems")
            elif kind == "schemas":
                projected[kind] = {
                    name: self.schema(schema, pointer(here, name))
                    for name, schema in entries.items()
                }
            else:
                projected[kind] = {
                    name: self._node(entry, pointer(here, name)) for name, entry in entries.items()
                }
        return projected

    def _node(self, node: Any, here: str) -> Any:
        """Everything outside of schemas, which differs only in the schemas that it holds."""
        if isinstance(node, list):
            return [self._node(value, pointer(here, index)) for index, value in enumerate(node)]
        if not isinstance(node, dict):
            return node
        return {
            key: self.schema(value, pointer(here, key))
            if key == "schema"
            else value
            if key in ("example", "examples") or key.startswith("x-")
            else self._node(value, pointer(here, key))
            for key, value in node.items()
        }

    def schema(self, schema: Any, here: str) -> Schema:
        """The nearest schema of OpenAPI 3.0 that refuses nothing that `schema` allows."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        found = {key: value for key, value in schema.items() if key not in _LOST}
        for key in schema:
            if key in _LOST:
                self._lose(here, key)
        if "$ref" in found and len(found) > 1:
            reference = {"$ref": found.pop("$ref")}
            found["allOf"] = [reference, *found.get("allOf", [])]
        for key in _MAPS:
            if key in found:
                found[key] = {
                    name: self.schema(value, pointer(here, key, name))
                    for name, value in found[key].items()
                }
        for key in _SINGLE:
            if isinstance(found.get(key), dict) or (key != "additionalProperties" and key in found):
                found[key] = self.schema(found[key], pointer(here, key))
        for key in _LISTS:
            if key in found:
                found[key] = self._alternatives(found, key, here)
        self._constants(found)
        self._type(found, here)
        self._bounds(found)
        self._examples(found, here)
        if found.get("type") == "array":
            found.setdefault("items", {})
        return self._without_emptied_choices(found)

    def _alternatives(self, found: Schema, key: str, here: str) -> list[Schema]:
        """The branches of a choice; a branch for null alone becomes `nullable`."""
        branches = found[key]
        if key != "allOf" and any(branch == {"type": "null"} for branch in branches):
            found["nullable"] = True
            branches = [branch for branch in branches if branch != {"type": "null"}]
        return [
            self.schema(branch, pointer(here, key, index)) for index, branch in enumerate(branches)
        ]

    def _without_emptied_choices(self, found: Schema) -> Schema:
        # In 3.0 `nullable` counts only beside `type`: null becomes a branch of its own.
        nullable = found.get("nullable") is True and "type" not in found
        if not nullable:
            return found
        for key in ("anyOf", "oneOf"):
            branches = found.get(key)
            if branches:
                found[key] = [*branches, {"enum": [None], "nullable": True, "type": "string"}]
                del found["nullable"]
                return found
        return found

    def _constants(self, found: Schema) -> None:
        if "const" in found:
            found["enum"] = [found.pop("const")]

    def _type(self, found: Schema, here: str) -> None:
        types = found.get("type")
        if types == "null":
            found.update({"type": "string", "nullable": True, "enum": [None]})
        elif isinstance(types, list):
            plain = [name for name in types if name != "null"]
            if "null" in types:
                found["nullable"] = True
            if len(plain) == 1:
                found["type"] = plain[0]
            else:
                del found["type"]
                found.pop("nullable", None)
                self._lose(here, f"type {', '.join(types)}")

    def _bounds(self, found: Schema) -> None:
        for bound, exclusive in (
            ("minimum", "exclusiveMinimum"),
            ("maximum", "exclusiveMaximum"),
        ):
            value = found.get(exclusive)
            if isinstance(value, int | float) and not isinstance(value, bool):
                found[bound], found[exclusive] = value, True

    def _examples(self, found: Schema, here: str) -> None:
        examples = found.pop("examples", None)
        if examples:
            found["example"] = examples[0]
            if len(examples) > 1:
                self._lose(here, "all examples but the first")

    def _lose(self, here: str, what: str) -> None:
        self.losses.append(Loss(here, what))
