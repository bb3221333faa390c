"""What a cell of a Type or Schema column says, as a small typed tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .errors import DocsError, Place

ScalarName = Literal[
    "string", "integer", "number", "boolean", "object", "binary", "array", "any", "undefined"
]
SCALARS: tuple[ScalarName, ...] = (
    "string",
    "integer",
    "number",
    "boolean",
    "object",
    "binary",
    "array",
    "any",
    "undefined",
)

_LINK = re.compile(r"\[([^\]\s]+)\]\([^)\s]*#[^)\s]+\)$")
_SCALAR = re.compile(rf"({'|'.join(SCALARS)})(?:\(([^()]+)\))?$")
_ITEMS = re.compile(r"array\[(.+)\]$")


@dataclass(frozen=True, slots=True)
class Scalar:
    name: ScalarName
    format: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    schema: str


@dataclass(frozen=True, slots=True)
class ArrayOf:
    items: TypeCell


TypeCell = Scalar | Link | ArrayOf


def parse_type(cell: str, place: Place) -> TypeCell:
    """The type that a cell states.

    `array(uuid)` is an array with a format of its own and unknown items: a `Scalar` named "array".
    """
    if link := _LINK.match(cell):
        return Link(link[1])
    if cell.startswith("array of "):
        return ArrayOf(parse_type(cell.removeprefix("array of "), place))
    if items := _ITEMS.match(cell):
        return ArrayOf(parse_type(items[1], place))
    if scalar := _SCALAR.match(cell):
        name: ScalarName = scalar[1]  # type: ignore[assignment]  # the pattern holds just these names
        return Scalar(name, scalar[2] or "")
    raise DocsError(
        place,
        f"the type {cell!r} is not known",
        f"a link to a schema, array of ..., or one of {', '.join(SCALARS)}, perhaps (with format)",
    )


def linked_schemas(cell: TypeCell) -> tuple[str, ...]:
    """The schema that a type links, if it does."""
    match cell:
        case Link(schema):
            return (schema,)
        case ArrayOf(items):
            return linked_schemas(items)
        case Scalar():
            return ()
