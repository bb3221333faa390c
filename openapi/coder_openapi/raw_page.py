"""A page pasted from a git web view: a file-browser header, then the page without indentation or
blank lines.
"""

from __future__ import annotations

import re

from .errors import DocsError, Place
from .markdown import Block, parse_markdown

_TITLE = re.compile(r"# +\S")


def parse_raw_page(page: str, text: str) -> tuple[Block, ...]:
    """The blocks below the header, with the line numbers of the pasted text."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if _TITLE.match(line):
            return parse_markdown(page, "\n".join(lines[at:]), first_line=at + 1)
    raise DocsError(Place(page), "a raw page without a title", "a line like # Title")
