"""Text to blocks: torn tables, fences, and that layout carries no meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_openapi.errors import DocsError
from coder_openapi.markdown import (
    Fence,
    Heading,
    Paragraph,
    Quote,
    Row,
    Table,
    parse_markdown,
    plain_cell,
)
from tests.support.api_docs import raw_form, zoo_page

HEAD = "| Name | Type | Text |\n|---|---|---|\n"


def _rows(text: str) -> list[tuple[str, ...]]:
    (table,) = [block for block in parse_markdown("p.md", text) if isinstance(block, Table)]
    return [row.cells for row in table.rows]


def test_every_kind_of_block_is_told_apart() -> None:
    text = (
        '# T\n\n> 200 Response\n```json\n{}\n```\nfree\ntext\n<h3 id="x">Sub</h3>\n|A|\n|---|\n|b|'
    )
    assert parse_markdown("p.md", text) == (
        Heading(1, 1, "T"),
        Quote(3, "200 Response"),
        Fence(4, "json", "{}"),
        Paragraph(7, "free\ntext"),
        Heading(9, 3, "Sub"),
        Table(10, ("A",), (Row(12, ("b",)),)),
    )


def test_a_heading_inside_a_fence_is_content() -> None:
    (fence,) = parse_markdown("p.md", "````shell\n# not a heading\n```\n````")
    assert fence == Fence(1, "shell", "# not a heading\n```")


def test_a_row_without_closing_border_goes_on_in_the_lines_below() -> None:
    torn = HEAD + "|`a`|string|First\n\nsecond\nthird.|\n|`b`|string|x|"
    assert _rows(torn) == [("`a`", "string", "First second third."), ("`b`", "string", "x")]


def test_a_row_of_one_cell_belongs_to_the_row_above() -> None:
    assert _rows(HEAD + "| `a` | string | First |\n| second. |\n") == [
        ("`a`", "string", "First second.")
    ]


def test_bare_text_that_ends_with_a_border_belongs_to_the_row_above() -> None:
    torn = HEAD + "| `a` | string | First |\n\nsecond\nthird.|\n|`b`|string||"
    assert _rows(torn) == [("`a`", "string", "First second third."), ("`b`", "string", "")]


def test_bare_text_without_a_border_ends_the_table() -> None:
    table, text = parse_markdown("p.md", HEAD + "| `a` | string | x |\n\nMore words.\n")
    assert isinstance(table, Table)
    assert text == Paragraph(5, "More words.")


def test_an_escaped_border_is_part_of_its_cell() -> None:
    assert _rows(HEAD + "| `a` | string | x \\| y |") == [("`a`", "string", "x | y")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "| `a` | string |", r"p\.md:3: a table row of 2 cells\. Expected: 3 cells"),
        (HEAD + "| `a` | b | c | d |", r"p\.md:3: a table row of 4 cells"),
        (HEAD + "| `a` | b | c\n\n# Next", r"p\.md:3: a table row that is never closed"),
        ("| lost | row |", r"p\.md:1: a table row outside of a table"),
        ("x\n```json\n{}", r"p\.md:2: a code fence that is never closed"),
    ],
)
def test_what_cannot_be_placed_is_an_error_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DocsError, match=message):
        parse_markdown("p.md", text)


def test_two_backticks_are_the_empty_string() -> None:
    assert [plain_cell("``"), plain_cell("`a`"), plain_cell("a")] == ["", "a", "a"]


CELL = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5), st.integers(0, 6))
def test_padding_and_blank_lines_change_nothing(
    rows: list[tuple[str, str, str]], padding: int
) -> None:
    space = " " * padding
    lines = [f"{space}|{space}" + f"{space}|{space}".join(row) + f"{space}|" for row in rows]
    assert _rows(HEAD + "\n\n".join(lines)) == list(rows)


@pytest.mark.parametrize("page", ["animals.md", "gate.md", "schemas.md"])
def test_a_page_without_layout_has_the_same_blocks(page: str) -> None:
    def essence(text: str) -> list[object]:
        found: list[object] = []
        for block in parse_markdown(page, text):
            match block:
                case Fence(language=language, text=inner):
                    found.append((language, "".join(inner.split())))
                case Table(header=header, rows=rows):
                    found.append((header, [row.cells for row in rows]))
                case Paragraph(text=inner):
                    # Without blank lines two paragraphs are one: their words count.
                    found += inner.split()
                case Heading(text=inner) | Quote(text=inner):
                    found.append(inner)
        return found

    pasted = raw_form(zoo_page(page))
    assert essence(pasted[pasted.index("# ") :]) == essence(zoo_page(page))
