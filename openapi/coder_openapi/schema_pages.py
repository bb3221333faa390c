"""Blocks of the schemas page to schemas, in the docs' own words and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import DocsError, Place
from .markdown import Block, Fence, Heading, Paragraph, Table
from .pages import Cursor, Example, describe, read_json_example
from .rows import EnumRow, PropertyRow, enum_rows, property_rows, value_rows

_NOTHING = ("None", "_None_", "*None*")


@dataclass(frozen=True, slots=True)
class SchemaDoc:
    """A named schema: either `rows` (an object or a map) or `values` (an enum) or neither."""

    place: Place
    name: str
    example: Example
    description: str
    rows: tuple[PropertyRow, ...]
    property_enums: tuple[EnumRow, ...]
    values: tuple[EnumRow, ...]


def is_schema_page(blocks: Sequence[Block]) -> bool:
    """Whether this is the page of schemas, told by its title."""
    match blocks[0] if blocks else None:
        case Heading(level=1, text="Schemas"):
            return True
    return False


def read_schemas(page: str, blocks: Sequence[Block]) -> tuple[SchemaDoc, ...]:
    """The schemas of the page, in its order; a name that comes twice is an error."""
    cursor = Cursor(page, blocks, last_line=blocks[-1].line)
    cursor.take(Heading, "the page title, as # Schemas")
    found: dict[str, SchemaDoc] = {}
    while cursor.peek() is not None:
        heading = cursor.take(Heading, "a schema, as ## package.Name")
        place = Place(page, heading.line)
        if heading.level != 2 or " " in heading.text:
            raise DocsError(place, describe(heading), "a schema, as ## package.Name")
        if heading.text in found:
            first = found[heading.text].place
            raise DocsError(place, f"the schema {heading.text} again", f"it only at {first}")
        found[heading.text] = _read_schema(cursor, heading)
    return tuple(found.values())


def _read_schema(cursor: Cursor, heading: Heading) -> SchemaDoc:
    place = Place(cursor.page, heading.line)
    example = read_json_example(cursor, cursor.take(Fence, "a fence with a sample of the schema"))
    description = []
    while isinstance(cursor.peek(), Paragraph):
        description.append(cursor.take(Paragraph, "").text)
    if not cursor.take_heading(3, "Properties"):
        raise DocsError(cursor.place, describe(cursor.peek()), "### Properties")
    rows: tuple[PropertyRow, ...] = ()
    match cursor.peek():
        case Table():
            rows = property_rows(cursor.page, cursor.take(Table, ""))
        case Paragraph(text=text) if text in _NOTHING:
            cursor.take(Paragraph, "")
        case Heading(level=4):
            pass
        case other:
            raise DocsError(
                cursor.place, describe(other), "a table of properties, None, or enumerated values"
            )
    enums, values = _read_enums(cursor, rows)
    return SchemaDoc(place, heading.text, example, "\n\n".join(description), rows, enums, values)


def _read_enums(
    cursor: Cursor, rows: Sequence[PropertyRow]
) -> tuple[tuple[EnumRow, ...], tuple[EnumRow, ...]]:
    if not cursor.take_heading(4, "Enumerated Values"):
        return (), ()
    table = cursor.take(Table, "the table of enumerated values")
    if len(table.header) == 1:
        return (), value_rows(cursor.page, table)
    enums = enum_rows(cursor.page, table, owner_column="Property")
    names = {row.name for row in rows}
    for row in enums:
        if row.owner not in names:
            raise DocsError(
                row.place, f"values of {row.owner!r}", f"one of {', '.join(sorted(names))}"
            )
    return enums, ()
