"""OpenAPI descriptions of Coder's API, derived from its docs.

The public surface is small: `versions()` names the documents that are shipped, `load(version)`
gives one of them, `path_of(version)` says where it lies. Importing this package imports nothing
heavy; the tools behind the command `coder-openapi` are in its modules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import DocumentError, SpecError

__all__ = ["DocumentError", "SpecError", "load", "path_of", "versions"]

_SPECS = Path(__file__).parent / "specs"


def versions() -> tuple[str, ...]:
    """The API dates of the shipped documents, oldest first."""
    return tuple(sorted(path.stem for path in _SPECS.glob("*.json")))


def path_of(version: str) -> Path:
    """The file of a shipped document; raises `DocumentError` for a version that is not shipped."""
    path = _SPECS / f"{version}.json"
    if version not in versions():
        raise DocumentError(
            f"no document of version {version!r} is shipped. "
            f"Versions: {', '.join(versions()) or 'none'}."
        )
    return path


def load(version: str) -> dict[str, Any]:
    """A fresh copy of the shipped document of `version`."""
    import orjson

    document: dict[str, Any] = orjson.loads(path_of(version).read_bytes())
    return document
