"""Where the served document comes from: shipped with the package, a file, or a folder of docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

import coder_openapi
from coder_mock_server.errors import UsageError
from coder_mock_server.settings import Settings
from coder_mock_server.spec.document import Document


def is_shipped(settings: Settings) -> bool:
    """Whether the settings ask for a document of this package."""
    return not settings.spec


def load_document(settings: Settings) -> Document:
    """The document that the settings ask for; raises `UsageError` where there is none."""
    if settings.spec:
        path = Path(settings.spec)
        if path.is_dir():
            return Document(_build(path), str(path))
        return Document(_read(path), str(path))
    try:
        return Document(coder_openapi.load(settings.api), f"API {settings.api}")
    except coder_openapi.SpecError as error:
        raise UsageError(
            f"--api {settings.api}: no such version; there are "
            f"{', '.join(coder_openapi.versions())}. A document of your own is served by --spec."
        ) from error


def _read(path: Path) -> Any:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"--spec {path}: {error.strerror or error}; name a document or a folder of docs"
        ) from error
    if path.suffix in (".yaml", ".yml"):
        import yaml  # only documents of other people are YAML

        try:
            return yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            raise UsageError(f"--spec {path}: this is no YAML: {error}") from error
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"--spec {path}: this is no JSON: {error}") from error


def _build(folder: Path) -> Any:
    from coder_openapi.build import build_document  # only for docs that nobody derived before

    try:
        built = build_document([folder], version=None, overlay=True, keep_descriptions=False)
    except coder_openapi.SpecError as error:
        raise UsageError(f"--spec {folder}: {error}") from error
    return built.document
