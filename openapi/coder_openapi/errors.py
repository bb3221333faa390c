"""What can go wrong while a document is derived, corrected, read or compared.

The tree::

    SpecError                   anything that is wrong with what the user gave us
    ├── DocsError               the docs say something that this package cannot read (file and line)
    ├── SourceError             a SOURCE is neither a docs folder, a page nor a checkout
    ├── DocumentError           a document cannot be read, or no document has that version
    └── OverlayError            a correction that is broken or matches nothing (see ``overlay.py``)

A `DocsWarning` is no error: it is the record of a defect of the docs that was repaired.
"""

from __future__ import annotations

from dataclasses import dataclass


class SpecError(Exception):
    """Root of this package's errors: the text says what is wrong, where, and what to do next."""


class SourceError(SpecError):
    """A SOURCE that is no docs folder, no page and no checkout, or that cannot be read."""


class DocumentError(SpecError):
    """A document that cannot be read, or a version that nobody shipped."""


class DocsError(SpecError):
    """A passage of the docs that does not follow the known grammar."""

    def __init__(self, place: Place, problem: str, expected: str) -> None:
        super().__init__(f"{place}: {problem}. Expected: {expected}")
        self.place = place


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a page; line 0 is the page as a whole."""

    page: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.page}:{self.line}" if self.line else self.page


@dataclass(frozen=True, slots=True, order=True)
class DocsWarning:
    """A defect of the docs, where it is, and what was done about it."""

    place: Place
    defect: str
    repair: str

    def __str__(self) -> str:
        return f"{self.place}: {self.defect}; {self.repair}"
