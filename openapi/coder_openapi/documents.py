"""Reading documents: a shipped version by its name, or any JSON or YAML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import load, versions
from .errors import DocumentError


def read_document(name: str) -> dict[str, Any]:
    """The shipped document called `name`, else the file of that name.

    Raises `DocumentError` for a file that is missing, unreadable or no OpenAPI 3 document.
    """
    if name in versions():
        return load(name)
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DocumentError(
            f"{name}: neither a file nor a shipped version. "
            f"Versions: {', '.join(versions()) or 'none'}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            f"{name}: cannot be read ({error}). Name a JSON or YAML file."
        ) from error
    document = _parse(name, text)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise DocumentError(f'{name}: is no OpenAPI document. Expected: "openapi: 3.x" at the top.')
    return document


def _parse(name: str, text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise DocumentError(
                f"{name}:{error.lineno}: is not JSON ({error.msg}). Expected: one JSON object."
            ) from error
    import yaml  # read only when there is YAML

    class Loader(yaml.SafeLoader):
        """Leaves dates as the text that they are in JSON."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark else name
        raise DocumentError(f"{place}: is not YAML. Expected: one mapping.") from error
