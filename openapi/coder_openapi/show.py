"""One operation in a few lines, for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import DocumentError
from .lint import operations


def list_operations(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Method, path and operationId of every operation, in document order."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "operationId": str(operation.get("operationId", "")),
        }
        for path, method, operation in operations(document)
    ]


def find_operation(document: Mapping[str, Any], wanted: str, *, name: str) -> dict[str, Any]:
    """The operation called `wanted`, by operationId or as "METHOD /path", with method and path.

    Raises `DocumentError` with the closest names where there is none.
    """
    known = []
    for path, method, operation in operations(document):
        title = f"{method.upper()} {path}"
        if wanted in (operation.get("operationId"), title):
            return {"method": method.upper(), "path": path, **operation}
        known += [str(operation.get("operationId")), title]
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else "List all with: show."
    raise DocumentError(f"{name}: no operation {wanted!r}. {hint}")


def render_operation(operation: Mapping[str, Any]) -> str:
    """The operation as text: where it comes from, what it takes, what it answers."""
    return "\n".join(_lines(operation))


def _lines(operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"{operation['method']} {operation['path']}"
    yield f"  operationId: {operation.get('operationId')}"
    if operation.get("summary"):
        yield f"  summary: {operation['summary']}"
    source = operation.get("x-source")
    if source:
        yield f'  source: {source["page"]}, "{source["heading"]}"'
    if "x-undocumented" in operation:
        yield f"  undocumented: {operation['x-undocumented']}"
    schemes = [" and ".join(names) or "nobody" for names in operation.get("security", [])]
    yield f"  security: {' or '.join(schemes) or 'public'}"
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            yield f"  parameter: {parameter['$ref']}"
            continue
        need = "required" if parameter.get("required") else "optional"
        shape = describe_schema(parameter.get("schema", {}))
        yield f"  parameter: {parameter['name']} in {parameter['in']}, {need}, {shape}"
    body = operation.get("requestBody")
    if body:
        need = "required" if body.get("required") else "optional"
        yield f"  body ({need}): {_content(body)}"
    for status, response in operation.get("responses", {}).items():
        if "$ref" in response:
            yield f"  {status}: {response['$ref']}"
        else:
            yield f"  {status}: {_content(response)}"


def _content(node: Mapping[str, Any]) -> str:
    listed = [
        f"{media_type} {describe_schema(media.get('schema', {}))}"
        for media_type, media in node.get("content", {}).items()
    ]
    return ", ".join(listed) or "no body"


def describe_schema(schema: Any) -> str:
    """A schema in a few words."""
    if not isinstance(schema, Mapping):
        return str(schema).lower()
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    types = schema.get("type", "any")
    words = types if isinstance(types, str) else " or ".join(types)
    if types == "array":
        words = f"array of {describe_schema(schema.get('items', {}))}"
    if "format" in schema:
        words = f"{words}({schema['format']})"
    if "enum" in schema:
        words = f"{words}, one of {', '.join(map(str, schema['enum']))}"
    return words
