"""Tables of the docs as typed rows: every column is checked, every cell understood or refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import DocsError, Place
from .markdown import Row, Table, plain_cell
from .typecells import TypeCell, parse_type

PARAMETER_COLUMNS = ("Name", "In", "Type", "Required", "Description")
RESPONSE_COLUMNS = ("Status", "Meaning", "Description", "Schema")
PROPERTY_COLUMNS = ("Name", "Type", "Required", "Restrictions", "Description")
LOCATIONS = ("path", "query", "header", "body")

_NAME = re.compile(
    r"(?:`(?P<inner>»*) ?(?P<name>[^`»]+)`|(?P<outer>»*) ?`(?P<any>\[any property\])`)$"
)
_VALUES = re.compile(r"`[^`]*`(?:, ?`[^`]*`)*$|``$")
_MEANING = re.compile(r"\[([^\]]+)\]\([^)]*\)$|([^\[\]|]+)$")
# The formatter of some dates escapes these marks in prose.
_ESCAPE = re.compile(r"\\([*_<>\[\]`#])")


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A parameter, the body (`location` "body", depth 0) or a field of a form (depth 1)."""

    place: Place
    name: str
    depth: int
    location: str
    type: TypeCell
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class ResponseRow:
    place: Place
    status: int
    meaning: str
    description: str
    schema: TypeCell | None


@dataclass(frozen=True, slots=True)
class PropertyRow:
    """A property of a schema; `name` is "[any property]" for the values of a map."""

    place: Place
    name: str
    depth: int
    type: TypeCell
    required: bool
    description: str

    @property
    def is_any_property(self) -> bool:
        return self.name == "[any property]"


@dataclass(frozen=True, slots=True)
class EnumRow:
    """One documented value; `owner` is empty where a whole schema is the enum."""

    place: Place
    owner: str
    value: str


def parameter_rows(page: str, table: Table) -> tuple[ParameterRow, ...]:
    _expect_columns(page, table, PARAMETER_COLUMNS)
    return tuple(_parameter_row(Place(page, row.line), row) for row in table.rows)


def response_rows(page: str, table: Table) -> tuple[ResponseRow, ...]:
    _expect_columns(page, table, RESPONSE_COLUMNS)
    return tuple(_response_row(Place(page, row.line), row) for row in table.rows)


def property_rows(page: str, table: Table) -> tuple[PropertyRow, ...]:
    _expect_columns(page, table, PROPERTY_COLUMNS)
    return tuple(_property_row(Place(page, row.line), row) for row in table.rows)


def enum_rows(page: str, table: Table, *, owner_column: str) -> tuple[EnumRow, ...]:
    """The values of a table with one owner and one value (or a list of values) to a row."""
    for last in ("Value", "Value(s)"):
        if table.header == (owner_column, last):
            return tuple(
                EnumRow(Place(page, row.line), _owner(Place(page, row.line), row.cells[0]), value)
                for row in table.rows
                for value in _values(Place(page, row.line), row.cells[1])
            )
    raise _wrong_columns(page, table, (owner_column, "Value"))


def value_rows(page: str, table: Table) -> tuple[EnumRow, ...]:
    """The values of a schema that is an enum as a whole."""
    if table.header not in (("Value",), ("Value(s)",)):
        raise _wrong_columns(page, table, ("Value",))
    return tuple(
        EnumRow(Place(page, row.line), "", value)
        for row in table.rows
        for value in _values(Place(page, row.line), row.cells[0])
    )


def prose(text: str) -> str:
    """Free text of the docs without the formatter's escapes."""
    return _ESCAPE.sub(r"\1", text).strip()


def _parameter_row(place: Place, row: Row) -> ParameterRow:
    name, location, type_, required, description = row.cells
    depth, plain = _name(place, name)
    if location not in LOCATIONS:
        raise DocsError(
            place, f"a parameter in {location!r}", f"one of {', '.join(LOCATIONS)} in column In"
        )
    if depth > 1 or (depth and location != "body"):
        raise DocsError(place, f"a nested parameter {name}", "only fields of a form are nested")
    return ParameterRow(
        place,
        plain,
        depth,
        location,
        parse_type(type_, place),
        _required(place, required),
        prose(description),
    )


def _response_row(place: Place, row: Row) -> ResponseRow:
    status, meaning, description, schema = row.cells
    if not re.fullmatch(r"[1-5]\d\d", status):
        raise DocsError(place, f"the status {status!r}", "three digits in column Status")
    phrase = _MEANING.match(meaning)
    if not phrase:
        raise DocsError(place, f"the meaning {meaning!r}", "a phrase, perhaps linked")
    return ResponseRow(
        place,
        int(status),
        (phrase[1] or phrase[2]).strip(),
        prose(description),
        parse_type(schema, place) if schema else None,
    )


def _property_row(place: Place, row: Row) -> PropertyRow:
    name, type_, required, restrictions, description = row.cells
    depth, plain = _name(place, name)
    if restrictions:
        raise DocsError(
            place, f"the restriction {restrictions!r}", "an empty cell, no other is known yet"
        )
    return PropertyRow(
        place,
        plain,
        depth,
        parse_type(type_, place),
        _required(place, required),
        prose(description),
    )


def _name(place: Place, cell: str) -> tuple[int, str]:
    # The count of "»" is the depth; it stands inside the backticks, or outside for values of maps.
    if match := _NAME.match(cell):
        marks = match["inner"] or match["outer"] or ""
        return len(marks), (match["name"] or match["any"]).strip()
    raise DocsError(place, f"the name {cell!r}", "a name in backticks, with a » for each level")


def _owner(place: Place, cell: str) -> str:
    return _name(place, cell)[1]


def _values(place: Place, cell: str) -> list[str]:
    if not _VALUES.match(cell):
        raise DocsError(place, f"the value {cell!r}", "a value in backticks")
    if cell == "``":
        return [""]
    return [plain_cell(f"`{value}`") for value in re.findall(r"`([^`]*)`", cell)]


def _required(place: Place, cell: str) -> bool:
    if cell not in ("true", "false"):
        raise DocsError(place, f"{cell!r} in column Required", "true or false")
    return cell == "true"


def _expect_columns(page: str, table: Table, columns: tuple[str, ...]) -> None:
    if table.header != columns:
        raise _wrong_columns(page, table, columns)


def _wrong_columns(page: str, table: Table, columns: tuple[str, ...]) -> DocsError:
    return DocsError(
        Place(page, table.line),
        f"a table with the columns {' | '.join(table.header)}",
        " | ".join(columns),
    )
