"""Blocks of a page to operations, in the docs' own words and in the docs' own order.

The parts of an operation come in one fixed order; anything else is an error with its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .curl import CurlCall, parse_curl
from .errors import DocsError, Place
from .markdown import Block, Fence, Heading, Paragraph, Quote, Table
from .rows import (
    EnumRow,
    ParameterRow,
    PropertyRow,
    ResponseRow,
    enum_rows,
    parameter_rows,
    property_rows,
    response_rows,
)

_BlockT = TypeVar("_BlockT", Heading, Fence, Quote, Table, Paragraph)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

_METHOD_LINE = re.compile(rf"`({'|'.join(METHODS)}) (/\S*)`$")
_EXAMPLE_CAPTION = re.compile(r"(\d{3}) Response$")
_STATUS_CAPTION = re.compile(r"Status Code \*\*(\d{3})\*\*$")
# How the sentence begins that every operation with authentication ends with.
_AUTHENTICATED = "To perform this operation, you must be auth"


@dataclass(frozen=True, slots=True)
class Example:
    """A sample of the docs; `value` is its JSON, `text` what stands there when it is not JSON."""

    place: Place
    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """The properties of an array response, references expanded in place."""

    status: int
    rows: tuple[PropertyRow, ...]
    enums: tuple[EnumRow, ...]


@dataclass(frozen=True, slots=True)
class OperationDoc:
    place: Place
    tag: str
    heading: str
    curl: CurlCall
    method: str
    path: str
    description: str
    body_example: Example | None
    parameters: tuple[ParameterRow, ...]
    enums: tuple[EnumRow, ...]
    examples: tuple[tuple[int, Example | None], ...]
    responses: tuple[ResponseRow, ...]
    tables: tuple[ResponseTable, ...]
    authenticated: bool

    @property
    def body(self) -> ParameterRow | None:
        return next((r for r in self.parameters if r.location == "body" and not r.depth), None)

    @property
    def form_fields(self) -> tuple[ParameterRow, ...]:
        return tuple(row for row in self.parameters if row.location == "body" and row.depth)


class Cursor:
    """A place in a list of blocks, with expectations that fail with file and line."""

    def __init__(self, page: str, blocks: Sequence[Block], *, last_line: int) -> None:
        self.page = page
        self._blocks = blocks
        self._at = 0
        self._last_line = last_line

    @property
    def place(self) -> Place:
        line = self._blocks[self._at].line if self._at < len(self._blocks) else self._last_line
        return Place(self.page, line)

    def peek(self) -> Block | None:
        return self._blocks[self._at] if self._at < len(self._blocks) else None

    def take(self, kind: type[_BlockT], expected: str) -> _BlockT:
        block = self.peek()
        if not isinstance(block, kind):
            raise DocsError(self.place, describe(block), expected)
        self._at += 1
        return block

    def take_heading(self, level: int, text: str) -> bool:
        """Whether the next block is this heading; if so it is passed."""
        match self.peek():
            case Heading(level=found, text=title) if (found, title) == (level, text):
                self._at += 1
                return True
        return False


def is_operation_page(blocks: Sequence[Block]) -> bool:
    """Whether a page describes operations; the index and the page on authentication do not."""
    return any(
        (isinstance(block, Heading) and block.text == "Code samples")
        or (isinstance(block, Paragraph) and _METHOD_LINE.match(block.text.split("\n")[0]))
        for block in blocks
    )


def read_operations(page: str, blocks: Sequence[Block]) -> tuple[OperationDoc, ...]:
    """The operations of a page, in its order."""
    if not is_operation_page(blocks):
        return ()
    cursor = Cursor(page, blocks, last_line=blocks[-1].line)
    title = cursor.take(Heading, "the page title, as # Title")
    if title.level != 1:
        raise DocsError(Place(page, title.line), describe(title), "the page title, as # Title")
    found = []
    while cursor.peek() is not None:
        heading = cursor.take(Heading, "an operation, as ## Title")
        if heading.level != 2:
            raise DocsError(
                Place(page, heading.line), describe(heading), "an operation, as ## Title"
            )
        found.append(_read_operation(cursor, tag=title.text, heading=heading))
    return tuple(found)


def describe(block: Block | None) -> str:
    """A block in a few words, for an error text."""
    match block:
        case None:
            return "the page ends here"
        case Heading(level=level, text=text):
            return f"the heading {'#' * level} {text}"
        case Fence(language=language):
            return f"a code fence ({language or 'no language'})"
        case Quote(text=text):
            return f"the caption > {text}"
        case Table(header=header):
            return f"a table with the columns {' | '.join(header)}"
        case Paragraph(text=text):
            return f"the text {text[:60]!r}"


def _read_operation(cursor: Cursor, *, tag: str, heading: Heading) -> OperationDoc:
    place = Place(cursor.page, heading.line)
    if not cursor.take_heading(3, "Code samples"):
        raise DocsError(cursor.place, describe(cursor.peek()), "### Code samples")
    curl_place = cursor.place
    curl = parse_curl(cursor.take(Fence, "a fence with the curl call").text, curl_place)
    method, path, description = _read_method_and_description(cursor)
    if method != curl.method:
        raise DocsError(curl_place, f"curl calls {curl.method}", f"{method}, as the method line")
    body_example = _read_body_example(cursor)
    parameters, enums = _read_parameters(cursor)
    examples = _read_examples(cursor)
    if not cursor.take_heading(3, "Responses"):
        raise DocsError(cursor.place, describe(cursor.peek()), "### Responses")
    responses = response_rows(cursor.page, cursor.take(Table, "the table of responses"))
    tables = _read_response_tables(cursor)
    return OperationDoc(
        place=place,
        tag=tag,
        heading=heading.text,
        curl=curl,
        method=method,
        path=path,
        description=description,
        body_example=body_example,
        parameters=parameters,
        enums=enums,
        examples=examples,
        responses=responses,
        tables=tables,
        authenticated=_read_authentication(cursor),
    )


def _read_method_and_description(cursor: Cursor) -> tuple[str, str, str]:
    place = cursor.place
    paragraph = cursor.take(Paragraph, "the line with method and path, as `GET /path`")
    first, *rest = paragraph.text.split("\n")
    match = _METHOD_LINE.match(first)
    if not match:
        raise DocsError(place, f"the text {first[:60]!r}", "method and path, as `GET /path`")
    words = rest
    while isinstance(cursor.peek(), Paragraph):
        # An empty line in the prose, so that paragraphs stay apart.
        words = [*words, *([""] if words else []), cursor.take(Paragraph, "").text]
    return match[1], match[2], "\n".join(words).strip()


def _read_body_example(cursor: Cursor) -> Example | None:
    match cursor.peek():
        case Quote(text="Body parameter"):
            cursor.take(Quote, "")
            return _example(cursor, cursor.take(Fence, "a fence with the body"))
    return None


def _example(cursor: Cursor, fence: Fence) -> Example:
    if fence.language == "yaml":
        return Example(Place(cursor.page, fence.line), None, fence.text)
    return read_json_example(cursor, fence)


def read_json_example(cursor: Cursor, fence: Fence) -> Example:
    """The JSON in a fence."""
    place = Place(cursor.page, fence.line)
    if fence.language != "json":
        raise DocsError(place, f"a sample in {fence.language or 'no language'}", "a fence of json")
    try:
        return Example(place, json.loads(fence.text), fence.text)
    except json.JSONDecodeError as error:
        where = Place(cursor.page, fence.line + error.lineno)
        raise DocsError(where, f"a sample that is not JSON ({error.msg})", "one value") from error


def _read_parameters(cursor: Cursor) -> tuple[tuple[ParameterRow, ...], tuple[EnumRow, ...]]:
    if not cursor.take_heading(3, "Parameters"):
        return (), ()
    rows = parameter_rows(cursor.page, cursor.take(Table, "the table of parameters"))
    return rows, _read_enums(cursor, owner_column="Parameter", owners={row.name for row in rows})


def _read_enums(cursor: Cursor, *, owner_column: str, owners: set[str]) -> tuple[EnumRow, ...]:
    if not cursor.take_heading(4, "Enumerated Values"):
        return ()
    table = cursor.take(Table, "the table of enumerated values")
    rows = enum_rows(cursor.page, table, owner_column=owner_column)
    for row in rows:
        if row.owner not in owners:
            raise DocsError(
                row.place, f"values of {row.owner!r}", f"one of {', '.join(sorted(owners))}"
            )
    return rows


def _read_examples(cursor: Cursor) -> tuple[tuple[int, Example | None], ...]:
    if not cursor.take_heading(3, "Example responses"):
        return ()
    found: list[tuple[int, Example | None]] = []
    while isinstance(cursor.peek(), Quote):
        place = cursor.place
        caption = cursor.take(Quote, "")
        match = _EXAMPLE_CAPTION.match(caption.text)
        if not match:
            raise DocsError(place, describe(caption), "a caption like > 200 Response")
        example = None
        if isinstance(cursor.peek(), Fence):
            example = _example(cursor, cursor.take(Fence, ""))
        found.append((int(match[1]), example))
    if not found:
        raise DocsError(cursor.place, describe(cursor.peek()), "a caption like > 200 Response")
    return tuple(found)


def _read_response_tables(cursor: Cursor) -> tuple[ResponseTable, ...]:
    found = []
    while cursor.take_heading(3, "Response Schema"):
        if _is_authentication(cursor.peek()) or cursor.peek() is None:
            # An array whose items are of no known schema has the heading and nothing below it.
            continue
        place = cursor.place
        caption = cursor.take(Paragraph, "Status Code **NNN**")
        match = _STATUS_CAPTION.match(caption.text)
        if not match:
            raise DocsError(place, describe(caption), "Status Code **NNN**")
        rows = property_rows(cursor.page, cursor.take(Table, "the table of properties"))
        enums = _read_enums(cursor, owner_column="Property", owners={row.name for row in rows})
        found.append(ResponseTable(int(match[1]), rows, enums))
    return tuple(found)


def _read_authentication(cursor: Cursor) -> bool:
    if not isinstance(cursor.peek(), Paragraph):
        return False
    if not _is_authentication(cursor.peek()):
        raise DocsError(
            cursor.place, describe(cursor.peek()), "the sentence on authentication, or nothing"
        )
    cursor.take(Paragraph, "")
    return True


def _is_authentication(block: Block | None) -> bool:
    match block:
        case Paragraph(text=text):
            return text.startswith(_AUTHENTICATED) and "\n" not in text
    return False
