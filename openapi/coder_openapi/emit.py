"""Assembles the document and writes it: the same input gives the same bytes.

Paths are ordered so that a fixed segment comes before a templated one, methods as in
`pages.METHODS`, schemas by name; properties keep the docs' order. Every key of JSON output has a
line of its own, so that a diff can be read.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import DocsWarning, SourceError
from .operations import (
    OperationBuilder,
    operation_ids,
    scheme_name,
    security_schemes,
    usual_base_path,
    usual_security_header,
)
from .pages import METHODS, OperationDoc

Document = dict[str, Any]


def assemble(
    operations: Sequence[OperationDoc],
    schemas: Mapping[str, Any],
    *,
    version: str,
    derived_from: Sequence[Mapping[str, str]],
    keep_descriptions: bool,
    warnings: list[DocsWarning],
) -> Document:
    """The OpenAPI 3.1 document of these operations and schemas."""
    base_path = usual_base_path(operations)
    builder = OperationBuilder(
        base_path,
        scheme_name(usual_security_header(operations)),
        keep_descriptions,
        warnings,
    )
    ids = operation_ids(operations, warnings)
    paths: dict[str, dict[str, Any]] = {}
    for doc in sorted(operations, key=_path_order):
        item = paths.setdefault(doc.path, {})
        item[doc.method.lower()] = builder.build(doc, ids[doc.path, doc.method])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Coder API",
            "version": version,
            "x-derived-from": [dict(page) for page in derived_from],
        },
        "servers": [{"url": base_path or "/"}],
        "tags": [{"name": name} for name in sorted({doc.tag for doc in operations})],
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(operations),
            "schemas": {name: schemas[name] for name in sorted(schemas, key=_name_order)},
        },
    }


def to_json(document: Document) -> bytes:
    """The document as JSON, indented by one, ending with a line feed."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def to_yaml(document: Document) -> bytes:
    """The document as YAML 1.1 that every YAML reader takes, in the same order."""
    import yaml  # costs more than a server's start can spare

    class Dumper(yaml.SafeDumper):
        """Writes equal parts out each time: anchors would make diffs unreadable."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def quoted(dumper: Any, text: str) -> Any:
        # Readers fold these like line ends, unless they are escaped in double quotes.
        style = '"' if any(mark in text for mark in "\x85\u2028\u2029\ufeff") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, quoted)
    text: str = yaml.dump(
        document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100_000
    )
    return text.encode()


def write_atomically(target: Path, data: bytes) -> None:
    """Replaces `target` as a whole: nobody ever sees half a document.

    A device or a pipe is no file to replace; it is written to. A link keeps its place.
    """
    target = target.resolve()
    if target.exists() and not target.is_file():
        _write_through(target, data)
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise SourceError(
            f"{target}: cannot be written ({error.strerror}). Name a file in a folder that exists."
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        # mkstemp makes private files; a document is for everyone whom the folder lets in.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SourceError(
            f"{target}: cannot be written ({error.strerror}). Name a file that you may write."
        ) from error


def _write_through(target: Path, data: bytes) -> None:
    try:
        target.write_bytes(data)
    except OSError as error:
        raise SourceError(
            f"{target}: cannot be written ({error.strerror}). Name a file or - (standard output)."
        ) from error


def _path_order(doc: OperationDoc) -> tuple[list[tuple[bool, str]], int]:
    segments = [("{" in segment, segment) for segment in doc.path.split("/")]
    return segments, METHODS.index(doc.method)


def _name_order(name: str) -> tuple[str, str]:
    return name.lower(), name
