"""Property tables and JSON samples to Schema Objects (JSON Schema 2020-12); one small rule per
function.

A place inside a schema is written as a path of property names, with "[]" for the items of an
array and "{}" for the values of a map. Formats are looked up by such paths: the docs' property
tables have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import DocsError, DocsWarning
from .rows import EnumRow, PropertyRow
from .samples import at, format_of_sample, is_authored
from .schema_pages import SchemaDoc
from .typecells import ArrayOf, Link, Scalar, TypeCell

Schema = dict[str, Any]
Path = tuple[str, ...]
REF = "#/components/schemas/"


@dataclass(slots=True)
class Node:
    """A row of a property table with the rows nested under it."""

    row: PropertyRow
    path: Path
    children: list[Node] = field(default_factory=list)


def reference(name: str) -> Schema:
    return {"$ref": REF + name}


def property_tree(rows: Sequence[PropertyRow]) -> list[Node]:
    """The rows as a tree, by their depth; a row that skips a level is an error."""
    roots: list[Node] = []
    branch: list[Node] = []
    for row in rows:
        if row.depth > len(branch):
            raise DocsError(
                row.place,
                f"{row.name!r} is nested {row.depth} deep",
                f"at most {len(branch)} under the row above it",
            )
        del branch[row.depth :]
        parent = branch[-1] if branch else None
        node = Node(row, (*_inside(parent), "{}" if row.is_any_property else row.name))
        (parent.children if parent else roots).append(node)
        branch.append(node)
    return roots


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Every node, parents before their children."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def enum_values(rows: Sequence[EnumRow]) -> dict[str, list[EnumRow]]:
    """The documented values by their owner, in the docs' order."""
    found: dict[str, list[EnumRow]] = {}
    for row in rows:
        found.setdefault(row.owner, []).append(row)
    return found


def distinct_values(rows: Sequence[EnumRow], what: str, warnings: list[DocsWarning]) -> list[str]:
    """The values in order, each once; repeated ones are reported."""
    values = list(dict.fromkeys(row.value for row in rows))
    if len(values) < len(rows):
        warnings.append(
            DocsWarning(
                rows[0].place,
                f"{what} lists {len(rows)} values, only {len(values)} of them differ",
                "kept each value once",
            )
        )
    return values


def with_values(schema: Schema, values: Sequence[str]) -> Schema:
    """`schema` restricted to `values`: an array restricts its items, numbers become numbers."""
    match schema.get("type"):
        case "array":
            return {**schema, "items": with_values(schema["items"], values)}
        case "integer":
            return {**schema, "enum": [int(value) for value in values]}
        case "boolean":
            return {**schema, "enum": [value == "true" for value in values]}
    # A value is a string; its sample must not be mistaken for a format.
    return {**{key: schema[key] for key in schema if key != "format"}, "enum": list(values)}


@dataclass(frozen=True, slots=True)
class SchemaBuilder:
    """Builds one named schema; `formats` come from tables elsewhere and outrank the sample."""

    doc: SchemaDoc
    formats: Mapping[Path, str]
    keep_descriptions: bool
    warnings: list[DocsWarning]

    def build(self) -> Schema:
        return self._described(self._bare(), self.doc.description)

    def _bare(self) -> Schema:
        if self.doc.values:
            return self._enum()
        if self.doc.rows:
            return self._object(property_tree(self.doc.rows))
        return _scalar_or_object(self.doc.example.value)

    def _enum(self) -> Schema:
        values: list[Any] = list(distinct_values(self.doc.values, self.doc.name, self.warnings))
        if isinstance(self.doc.example.value, int):
            return {"type": "integer", "enum": [int(value) for value in values]}
        return {"type": "string", "enum": values}

    def _object(self, nodes: Sequence[Node]) -> Schema:
        schema: Schema = {"type": "object"}
        named = [node for node in nodes if not node.row.is_any_property]
        if named:
            schema["properties"] = {node.row.name: self._property(node) for node in named}
        required = [node.row.name for node in named if node.row.required]
        if required:
            schema["required"] = required
        for node in nodes:
            if node.row.is_any_property:
                schema["additionalProperties"] = self._property(node)
        return schema

    def _property(self, node: Node) -> Schema:
        values = enum_values(self.doc.property_enums).get(node.row.name, [])
        schema = self._type(node.row.type, node, node.path)
        if values:
            schema = self._restricted(schema, values)
        elif self.keep_descriptions and set(schema) <= {"type", "format"}:
            sample = at(self.doc.example.value, node.path)
            if is_authored(sample):
                schema["examples"] = [sample]
        return self._described(schema, node.row.description)

    def _restricted(self, schema: Schema, rows: Sequence[EnumRow]) -> Schema:
        values = distinct_values(rows, f"{self.doc.name}.{rows[0].owner}", self.warnings)
        if "$ref" in schema:
            # The linked enum, restricted to these values; the docs' two lists may disagree.
            return {"allOf": [schema, {"enum": values}]}
        return with_values(schema, values)

    def _type(self, cell: TypeCell, node: Node, path: Path) -> Schema:
        match cell:
            case Link(schema):
                return reference(schema)
            case ArrayOf(Scalar("object")):
                return {"type": "array", "items": self._inline(node)}
            case ArrayOf(items):
                return {"type": "array", "items": self._type(items, node, (*path, "[]"))}
            case Scalar("object"):
                return self._inline(node)
            case Scalar("array"):
                sample = at(self.doc.example.value, path)
                first = sample[0] if isinstance(sample, list) and sample else None
                return {"type": "array", "items": _scalar_or_object(first)}
            case Scalar("any" | "undefined"):
                return {}
            case Scalar("binary"):
                return {"type": "string", "format": "binary"}
            case Scalar("string", stated):
                return self._string(stated, path)
            case Scalar(name, stated):
                return {"type": name, "format": stated} if stated else {"type": name}

    def _string(self, stated: str, path: Path) -> Schema:
        found = (
            stated
            or self.formats.get(path, "")
            or format_of_sample(at(self.doc.example.value, path))
        )
        return {"type": "string", "format": found} if found else {"type": "string"}

    def _inline(self, node: Node) -> Schema:
        return self._object(node.children) if node.children else {"type": "object"}

    def _described(self, schema: Schema, description: str) -> Schema:
        if self.keep_descriptions and description:
            return {**schema, "description": description}
        return schema


def _inside(node: Node | None) -> Path:
    if node is None:
        return ()
    depth = 0
    cell = node.row.type
    while isinstance(cell, ArrayOf):
        cell, depth = cell.items, depth + 1
    return (*node.path, *["[]"] * depth)


def _scalar_or_object(sample: Any) -> Schema:
    """The type of a sample that no table describes; `null` stands for any type."""
    match sample:
        case None:
            return {}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            found = format_of_sample(sample)
            return {"type": "string", "format": found} if found else {"type": "string"}
        case list():
            return {"type": "array", "items": _scalar_or_object(sample[0] if sample else None)}
    return {"type": "object"}
