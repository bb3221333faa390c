"""Text to typed blocks: headings, fences, quotes, tables, paragraphs.

This module knows the Markdown that the page generator and its formatter write, and nothing of
OpenAPI. Indentation and blank lines carry no meaning here, because a page copied from a web view
has neither. The formatter tears table rows whose description has paragraphs; `_read_table` puts
them together again, and refuses a row that it cannot place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import DocsError, Place

_HEADING = re.compile(r"(#{1,6}) +(\S.*)$")
_HTML_HEADING = re.compile(r"<h(\d)[^>]*>(.*)</h\1>$")
_FENCE = re.compile(r"(`{3,})([\w-]*)$")
_QUOTE = re.compile(r"> (\S.*)$")
_SEPARATOR = re.compile(r"\|(?:\s*:?-{3,}:?\s*\|)+$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    line: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    line: int
    header: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    line: int
    text: str


Block = Heading | Fence | Quote | Table | Paragraph


def parse_markdown(page: str, text: str, *, first_line: int = 1) -> tuple[Block, ...]:
    """All blocks of `text`; `first_line` is the number that its first line has in the page."""
    return tuple(_Reader(page, text.split("\n"), first_line).blocks())


def plain_cell(cell: str) -> str:
    """The text of a cell without its backticks; two backticks alone are the empty string."""
    if len(cell) >= 2 and cell.startswith("`") and cell.endswith("`"):
        return cell[1:-1].strip()
    return cell


class _Reader:
    """One pass over the lines of a page."""

    def __init__(self, page: str, lines: list[str], first_line: int) -> None:
        self._page = page
        self._lines = [line.strip() for line in lines]
        # Inside a fence indentation is content; elsewhere it means nothing.
        self._raw = [line.rstrip("\r") for line in lines]
        self._first = first_line
        self._at = 0

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        while self._at < len(self._lines):
            if self._lines[self._at]:
                found.append(self._block())
            else:
                self._at += 1
        return found

    def _block(self) -> Block:
        line, number = self._lines[self._at], self._number(self._at)
        if heading := _HEADING.match(line):
            self._at += 1
            return Heading(number, len(heading[1]), heading[2])
        if heading := _HTML_HEADING.match(line):
            self._at += 1
            return Heading(number, int(heading[1]), heading[2])
        if fence := _FENCE.match(line):
            return self._read_fence(marks=fence[1], language=fence[2])
        if quote := _QUOTE.match(line):
            self._at += 1
            return Quote(number, quote[1])
        if line.startswith("|"):
            return self._read_table()
        return self._read_paragraph()

    def _read_fence(self, *, marks: str, language: str) -> Fence:
        start = self._at
        for at in range(start + 1, len(self._lines)):
            if self._lines[at] == marks:
                self._at = at + 1
                return Fence(self._number(start), language, "\n".join(self._raw[start + 1 : at]))
        raise self._error(start, "a code fence that is never closed", f"a line with only {marks}")

    def _read_paragraph(self) -> Paragraph:
        start = self._at
        while self._at < len(self._lines) and not self._starts_block(self._at):
            self._at += 1
        return Paragraph(self._number(start), "\n".join(self._lines[start : self._at]))

    def _read_table(self) -> Table:
        start = self._at
        header, _ = _split_row(self._lines[start])
        if start + 1 >= len(self._lines) or not _SEPARATOR.match(self._lines[start + 1]):
            raise self._error(
                start,
                f"a table row outside of a table: {self._lines[start][:60]!r}",
                "a header row, followed by a row of dashes",
            )
        self._at = start + 2
        rows: list[Row] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line:
                self._at += 1
            elif line.startswith("|"):
                self._read_row(rows, width=len(header))
            elif rows and (end := self._end_of_torn_text(self._at)) is not None:
                text = [torn for torn in self._lines[self._at : end + 1] if torn]
                self._extend_last_row(rows, " ".join([*text[:-1], text[-1].removesuffix("|")]))
                self._at = end + 1
            else:
                break
        return Table(self._number(start), tuple(header), tuple(rows))

    def _read_row(self, rows: list[Row], *, width: int) -> None:
        start = self._at
        cells, closed = _split_row(self._lines[start])
        self._at += 1
        if len(cells) == 1 and width > 1 and closed and rows:
            self._extend_last_row(rows, cells[0])
            return
        if len(cells) != width:
            raise self._error(
                start, f"a table row of {len(cells)} cells", f"{width} cells, as in the header"
            )
        rows.append(Row(self._number(start), tuple(cells)))
        if closed:
            return
        end = self._end_of_torn_text(self._at)
        if end is None:
            raise self._error(
                start, "a table row that is never closed", "a closing | here or in a line below"
            )
        text = [line for line in self._lines[self._at : end + 1] if line]
        self._extend_last_row(rows, " ".join([*text[:-1], text[-1].removesuffix("|")]))
        self._at = end + 1

    def _end_of_torn_text(self, at: int) -> int | None:
        """Index of the line that closes the torn cell text at `at`, if there is such a line."""
        for end in range(at, len(self._lines)):
            line = self._lines[end]
            if line and self._starts_block(end):
                return None
            if line.endswith("|"):
                return end
        return None

    def _extend_last_row(self, rows: list[Row], text: str) -> None:
        *others, last = rows[-1].cells
        rows[-1] = Row(rows[-1].line, (*others, f"{last} {text.strip()}".strip()))

    def _starts_block(self, at: int) -> bool:
        line = self._lines[at]
        return (
            not line
            or line.startswith("|")
            or any(p.match(line) for p in (_HEADING, _HTML_HEADING, _FENCE, _QUOTE))
        )

    def _number(self, at: int) -> int:
        return self._first + at

    def _error(self, at: int, problem: str, expected: str) -> DocsError:
        return DocsError(Place(self._page, self._number(at)), problem, expected)


def _split_row(line: str) -> tuple[list[str], bool]:
    """The cells of a row and whether its last one is closed."""
    closed = line.endswith("|") and not line.endswith("\\|") and len(line) > 1
    inner = line[1:-1] if closed else line[1:]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_BORDER.split(inner)], closed
