"""What a SOURCE is: a folder of pages, a checkout of Coder with such a folder in it, or a single
page.

A page is recognised by its text, not by its name. Pages keep their bare file name and the sha256
of their bytes; the document names both, and nothing of the machine that it was built on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import SourceError

Form = Literal["page", "raw", "rendered"]

# Where a checkout keeps its API docs: today's place, then the older one.
_DOCS_FOLDERS = ("docs/reference/api", "docs/api")
_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_TITLE = re.compile(r"^# +\S", re.MULTILINE)
_RENDERED = re.compile(r"^Code samples\s*$", re.MULTILINE)
_MARKDOWN = re.compile(r"^\s*### Code samples\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page as it was found; `form` says how it is to be read."""

    name: str
    text: str
    sha256: str
    form: Form


@dataclass(frozen=True, slots=True)
class SourceSet:
    """The pages of one document; `version` is the date in the source's name, or empty."""

    pages: tuple[SourcePage, ...]
    version: str


def read_sources(paths: Sequence[Path]) -> SourceSet:
    """All pages of `paths`, in a stable order.

    Raises `SourceError` for a path that is neither folder nor page, and for pages of equal names.
    """
    pages: list[SourcePage] = []
    versions: set[str] = set()
    for path in paths:
        if path.is_dir():
            pages += [_read_page(file, "page") for file in _docs_folder(path).glob("*.md")]
        else:
            pages.append(_read_page(path))
        versions.update(_date_of(path))
    names = [page.name for page in pages]
    for name in names:
        if names.count(name) > 1:
            raise SourceError(f"two pages are called {name}; name sources that do not overlap.")
    return SourceSet(
        tuple(sorted(pages, key=lambda page: page.name)),
        versions.pop() if len(versions) == 1 else "",
    )


def _docs_folder(path: Path) -> Path:
    """The folder that holds the pages: `path` itself, or the docs inside a checkout."""
    for folder in (path, *(path / name for name in _DOCS_FOLDERS)):
        if (folder / "schemas.md").is_file() or any(map(_has_operations, folder.glob("*.md"))):
            return folder
    raise SourceError(
        f"{path}: no API docs here. Expected: pages of operations and schemas.md, or a checkout of "
        f"Coder that has them in {' or '.join(_DOCS_FOLDERS)}."
    )


def _has_operations(page: Path) -> bool:
    return bool(_MARKDOWN.search(page.read_text(encoding="utf-8", errors="replace")))


def _read_page(path: Path, form: Form | None = None) -> SourcePage:
    """The page at `path`; a page in a folder of docs has the one `form`, any other is looked at."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}). Name a folder of pages, or a page."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: is not UTF-8 text. Name a page of the API docs.") from error
    text = text.replace("\r\n", "\n")
    checksum = hashlib.sha256(data).hexdigest()
    return SourcePage(path.name, text, checksum, form or _form_of(path, text))


def _form_of(path: Path, text: str) -> Form:
    # A pull-request text may start like a title, so the title alone decides nothing.
    if _RENDERED.search(text) and not _MARKDOWN.search(text):
        return "rendered"
    if _TITLE.match(text):
        return "page"
    if _MARKDOWN.search(text) and _TITLE.search(text):
        return "raw"
    raise SourceError(
        f"{path}: is no page of the API docs. Expected: a # title on the first line, a copied raw "
        "page (### Code samples), or a copied rendered page (Code samples)."
    )


def _date_of(path: Path) -> list[str]:
    """The last date in the source's name, as in `2025-05-19` and `workspaces-2025-05-19.txt`."""
    return _DATE.findall(path.resolve().name)[-1:]
