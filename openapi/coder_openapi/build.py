"""Source to corrected document, and document to bytes: what the command and the rebuild share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .derive import derive
from .downgrade import Loss, downgrade
from .emit import Document, to_json, to_yaml
from .errors import SourceError
from .overlay import apply_overlays
from .sources import read_sources

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Built:
    """A finished document; `notes` say what was repaired or could not be corrected."""

    document: Document
    notes: tuple[str, ...]


def build_document(
    paths: Sequence[Path], *, version: str | None, overlay: bool, keep_descriptions: bool
) -> Built:
    """The document of the docs at `paths`; without a `version` the source's name must hold one."""
    source = read_sources(paths)
    version = version or source.version
    if not version:
        raise SourceError(
            "no API version: the source's name holds no date. Name one with --api-version DATE."
        )
    if not _DATE.match(version):
        raise SourceError(f"{version!r} is no API version. Expected a date like 2025-05-19.")
    derivation = derive(source, version=version, keep_descriptions=keep_descriptions)
    document = derivation.document
    notes = [str(warning) for warning in derivation.warnings]
    if overlay:
        is_part = not derivation.schemas
        document, left_out = apply_overlays(document, version, partial=is_part)
        if is_part and left_out:
            # Single pages hold a part of the API: what most corrections need is rightly missing.
            notes.append(f"{len(left_out)} corrections are of parts that this source does not hold")
        else:
            notes += [str(warning) for warning in left_out]
    return Built(document, tuple(notes))


def render(
    document: Document, *, form: Literal["json", "yaml"], openapi: Literal["3.1", "3.0"]
) -> tuple[bytes, list[Loss]]:
    """The document's bytes in that form, and what a projection to that OpenAPI version loses."""
    losses: list[Loss] = []
    if openapi == "3.0":
        document, losses = downgrade(document)
    return (to_yaml if form == "yaml" else to_json)(document), losses
