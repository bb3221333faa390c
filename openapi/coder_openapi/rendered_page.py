"""A page copied from a rendered view, with a pull-request text in front: words and order only.

No marker survives there, so the parts are told by their words: an operation starts where the next
line is "Code samples", a sample is exactly one JSON value, a table row is split over lines
because code stands on a line of its own. What is found comes out as the blocks that the same page
has in Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from .errors import DocsError, Place
from .markdown import Block, Fence, Heading, Paragraph, Quote, Row, Table
from .pages import METHODS
from .rows import PARAMETER_COLUMNS, PROPERTY_COLUMNS, RESPONSE_COLUMNS

_SAMPLES = "Code samples"
_BODY, _PARAMETERS, _ENUMS = "Body parameter", "Parameters", "Enumerated Values"
_EXAMPLES, _RESPONSES, _SCHEMA = "Example responses", "Responses", "Response Schema"
_SECTIONS = (_BODY, _PARAMETERS, _ENUMS, _EXAMPLES, _RESPONSES, _SCHEMA)

_METHOD_LINE = re.compile(rf"(?:{'|'.join(METHODS)}) /\S*$")
_CAPTION = re.compile(r"\d{3} Response$")
_STATUS_CAPTION = re.compile(r"Status Code (\d{3})$")
_AUTHENTICATION = re.compile(r"To perform this operation, you must be auth")
_DASHES = re.compile(r"[-:]+(?:\s*\|\s*[-:]+)*\s*\|?$")
_NAME = re.compile(r"(?<![\w./\[])([A-Za-z_]\w*\.[A-Za-z_][\w-]*)")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a pull-request text names in code marks; the rules in its sentences are for people."""

    types: tuple[str, ...]
    fields: tuple[str, ...]
    paths: tuple[str, ...]


def parse_rendered_page(page: str, text: str) -> tuple[Block, ...]:
    """The blocks of the page below the pull-request text."""
    return tuple(_Reader(page, text).blocks())


def read_pull_request(text: str) -> PullRequest:
    """The types, fields and paths that the text above a rendered page names."""
    lines = text.split("\n")
    start = next((at for at in range(len(lines)) if _starts_operation(lines, at)), 0)
    spans = re.findall(r"`([^`\s]+)`", "\n".join(lines[:start]))
    return PullRequest(
        _distinct(spans, re.compile(r"[a-z]\w*\.[A-Z]\w*$")),
        _distinct(spans, re.compile(r"[a-z]+(?:_[a-z0-9]+)+$")),
        _distinct(spans, re.compile(r"/\S+$")),
    )


def _distinct(spans: list[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(span for span in spans if pattern.match(span)))


def _starts_operation(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and bool(lines[at].strip()) and lines[at + 1].strip() == _SAMPLES


class _Reader:
    """One pass over the lines; every method reads one part and leaves `_at` behind it."""

    def __init__(self, page: str, text: str) -> None:
        self._page = page
        self._lines = [line.strip() for line in text.split("\n")]
        self._at = 0

    def blocks(self) -> list[Block]:
        starts = [at for at in range(len(self._lines)) if _starts_operation(self._lines, at)]
        if not starts or starts[0] == 0:
            raise DocsError(Place(self._page), "a rendered page without a title", "a title line")
        found: list[Block] = [Heading(starts[0], 1, self._lines[starts[0] - 1])]
        for start, end in zip(starts, [*starts[1:], len(self._lines)], strict=True):
            self._at = start
            found += self._operation(end)
        return found

    def _operation(self, end: int) -> list[Block]:
        found: list[Block] = [
            Heading(self._at + 1, 2, self._lines[self._at]),
            Heading(self._at + 2, 3, _SAMPLES),
        ]
        self._at += 2
        found += self._curl_and_method(end)
        while self._at < end:
            line = self._lines[self._at]
            number = self._at + 1
            if line == _BODY or _CAPTION.match(line):
                self._at += 1
                found.append(Quote(number, line))
                found += self._sample(end)
            elif line == _ENUMS:
                self._at += 1
                found += [Heading(number, 4, line), self._table(end)]
            elif line in (_PARAMETERS, _RESPONSES):
                self._at += 1
                found += [Heading(number, 3, line), self._table(end)]
            elif line in (_EXAMPLES, _SCHEMA):
                self._at += 1
                found.append(Heading(number, 3, line))
            elif caption := _STATUS_CAPTION.match(line):
                self._at += 1
                found += [Paragraph(number, f"Status Code **{caption[1]}**"), self._table(end)]
            elif line:
                self._at += 1
                found.append(Paragraph(number, line))
            else:
                self._at += 1
        return found

    def _curl_and_method(self, end: int) -> list[Block]:
        start = self._at
        while self._at < end and not _METHOD_LINE.match(self._lines[self._at]):
            self._at += 1
        if self._at == end:
            raise self._error(start, "an operation without a method line", "a line like GET /path")
        curl = Fence(start + 1, "shell", "\n".join(self._lines[start : self._at]))
        method_at = self._at
        self._at += 1
        words = [f"`{self._lines[method_at]}`"]
        while self._at < end and not self._ends_prose(self._at):
            words.append(self._lines[self._at])
            self._at += 1
        return [curl, Paragraph(method_at + 1, "\n".join(words).strip())]

    def _sample(self, end: int) -> list[Block]:
        """The one JSON value that starts here; a form has none of JSON, a stream none at all."""
        start = self._at
        while start < end and not self._lines[start]:
            start += 1
        if start >= end or self._ends_prose(start):
            return []
        text = "\n".join(self._lines[start:end])
        try:
            _, length = json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError as error:
            stop = next(at for at in range(start, end + 1) if at == end or self._ends_prose(at))
            if self._lines[start][:1] in '{["' or self._lines[start - 1] != _BODY:
                raise self._error(
                    start + error.lineno - 1,
                    f"a sample that is not JSON ({error.msg})",
                    "one value",
                ) from error
            self._at = stop
            return [Fence(start, "yaml", "\n".join(self._lines[start:stop]))]
        self._at = start + text[:length].count("\n") + 1
        return [Fence(start, "json", text[:length])]

    def _table(self, end: int) -> Table:
        start = self._at
        header = tuple(self._cells(self._lines[start]))
        if not _DASHES.match(self._lines[start + 1] if start + 1 < end else ""):
            raise self._error(start, "a section without its table", "a header row and dashes")
        self._at += 2
        rewrite = _REWRITES.get(header, _code_cells)
        rows: list[Row] = []
        while self._at < end and not self._ends_prose(self._at):
            if not self._lines[self._at]:
                self._at += 1
                continue
            at = self._at
            cells = self._row_cells(header, end)
            if header == PROPERTY_COLUMNS and rows and not cells[0].startswith("»"):
                # Below the first row every name is nested; other text is torn off the row above.
                *kept, last = rows[-1].cells
                rows[-1] = Row(rows[-1].line, (*kept, f"{last} {' '.join(cells)}".strip()))
                continue
            if len(cells) != len(header):
                raise self._error(
                    at, f"a table row of {len(cells)} cells", f"{len(header)}, as in the header"
                )
            rows.append(Row(at + 1, rewrite(cells)))
        return Table(start + 1, header, tuple(rows))

    def _row_cells(self, header: tuple[str, ...], end: int) -> list[str]:
        """One row, put together from its lines; an empty last cell vanishes with its border."""
        first = self._cells(self._lines[self._at])
        self._at += 1
        cells = first
        while self._at < end and len(cells) < len(header):
            line = self._lines[self._at]
            one_cell = line.endswith("|") and len(self._cells(line)) == 1
            # In wide tables only the name stands alone on its line, so such a line is the next row.
            if not line or self._ends_prose(self._at) or len(first) > 1:
                break
            if one_cell and len(header) > 2:
                break
            cells = [*cells, *self._cells(line)]
            self._at += 1
        missing = len(header) - len(cells)
        return [*cells, *[""] * missing] if 0 < missing <= 2 and len(cells) >= 3 else cells

    def _cells(self, line: str) -> list[str]:
        return [cell.strip() for cell in line.removesuffix("|").split("|")]

    def _ends_prose(self, at: int) -> bool:
        line = self._lines[at]
        return (
            line in _SECTIONS
            or bool(_CAPTION.match(line) or _STATUS_CAPTION.match(line))
            or bool(_AUTHENTICATION.match(line))
            or _starts_operation(self._lines, at)
        )

    def _error(self, at: int, problem: str, expected: str) -> DocsError:
        return DocsError(Place(self._page, at + 1), problem, expected)


def _linked(cell: str) -> str:
    """A type cell with its schema linked again: only the text of a link is left in such a page."""
    return _NAME.sub(lambda match: f"[{match[1]}](schemas.md#{match[1].lower()})", cell)


def _parameter_cells(cells: list[str]) -> tuple[str, ...]:
    name, location, type_, required, description = cells
    # Code inside the text leaves a space in front of the full stop behind it.
    return (f"`{name}`", location, _linked(type_), required, description.replace(" . ", ". "))


def _response_cells(cells: list[str]) -> tuple[str, ...]:
    *others, schema = cells
    return (*others, _linked(schema))


def _property_cells(cells: list[str]) -> tuple[str, ...]:
    name, type_, *others = cells
    return (f"`{name}`", _linked(type_), *others)


def _code_cells(cells: list[str]) -> tuple[str, ...]:
    return tuple(f"`{cell}`" for cell in cells)


_REWRITES: dict[tuple[str, ...], Callable[[list[str]], tuple[str, ...]]] = {
    PARAMETER_COLUMNS: _parameter_cells,
    RESPONSE_COLUMNS: _response_cells,
    PROPERTY_COLUMNS: _property_cells,
}
