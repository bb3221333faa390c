"""Formats that only the Response Schema tables of the operations state, brought home to their
schemas.

Such a table shows the items of an array response with every reference expanded in place. Each row
is followed down the schemas to the property that it repeats; a row that leads nowhere is an
error, since it would mean a lost property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import DocsError, DocsWarning
from .pages import OperationDoc, ResponseTable
from .rows import PropertyRow
from .samples import at, format_of_sample
from .schema_pages import SchemaDoc
from .schemas import Node, Path, property_tree
from .typecells import ArrayOf, Scalar, linked_schemas

Formats = dict[str, dict[Path, str]]


@dataclass(frozen=True, slots=True)
class _Level:
    """The properties that the rows of one depth may name, and the schema that owns them."""

    schema: str
    nodes: Sequence[Node]


def table_formats(
    operations: Sequence[OperationDoc],
    schemas: Mapping[str, SchemaDoc],
    warnings: list[DocsWarning],
) -> Formats:
    """Schema name -> place in it -> format, from the tables of all operations."""
    trees = {name: property_tree(doc.rows) for name, doc in schemas.items()}
    enums = {name: {row.owner for row in doc.property_enums} for name, doc in schemas.items()}
    found: Formats = {}
    for operation in operations:
        for table in operation.tables:
            for row, schema, node in _rows_at_home(operation, table, trees):
                if not isinstance(row.type, Scalar) or not row.type.format:
                    continue
                if row.name in enums[schema]:
                    continue
                known = found.setdefault(schema, {})
                before = known.setdefault(node.path, row.type.format)
                if before != row.type.format:
                    warnings.append(
                        DocsWarning(
                            row.place,
                            f"{schema}.{row.name} has the format {row.type.format} here "
                            f"and {before} elsewhere",
                            f"kept {before}",
                        )
                    )
                sample = format_of_sample(at(schemas[schema].example.value, node.path))
                if sample and sample != before:
                    warnings.append(
                        DocsWarning(
                            row.place,
                            f"{schema}.{row.name} has the format {before}, "
                            f"its sample shows {sample}",
                            f"kept {before}",
                        )
                    )
    return found


def _rows_at_home(
    operation: OperationDoc, table: ResponseTable, trees: Mapping[str, Sequence[Node]]
) -> list[tuple[PropertyRow, str, Node]]:
    """Each row below the first one with the schema and the node that it repeats."""
    first, *rows = table.rows
    if first.name != "[array item]" or first.depth:
        raise DocsError(first.place, f"a first row {first.name!r}", "`[array item]`")
    levels = [_top(operation, table, trees)]
    homes = []
    for row in rows:
        if not 0 < row.depth <= len(levels):
            raise DocsError(
                row.place, f"{row.name!r} is nested {row.depth} deep", f"1 to {len(levels)} marks"
            )
        del levels[row.depth :]
        level = levels[-1]
        node = next((node for node in level.nodes if node.row.name == row.name), None)
        if node is None:
            raise DocsError(
                row.place,
                f"{row.name!r} is no property of {level.schema}",
                f"one of {', '.join(node.row.name for node in level.nodes) or 'none at all'}",
            )
        homes.append((row, level.schema, node))
        levels.append(_below(level.schema, node, trees))
    return homes


def _top(
    operation: OperationDoc, table: ResponseTable, trees: Mapping[str, Sequence[Node]]
) -> _Level:
    for response in operation.responses:
        if response.status == table.status and isinstance(response.schema, ArrayOf):
            for name in linked_schemas(response.schema):
                return _Level(name, trees.get(name, ()))
    raise DocsError(
        table.rows[0].place,
        f"a Response Schema table for status {table.status} of {operation.heading!r}",
        "a response with that status and `array of` a linked schema",
    )


def _below(schema: str, node: Node, trees: Mapping[str, Sequence[Node]]) -> _Level:
    linked = linked_schemas(node.row.type)
    if linked:
        return _Level(linked[0], trees.get(linked[0], ()))
    return _Level(schema, node.children)
