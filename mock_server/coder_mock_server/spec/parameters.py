"""Query, header and cookie parameters of every kind the document has, checked as the API words it.

Handlers read their parameters themselves. This is for operations nobody has modelled yet, so that
those, too, refuse what their document refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coder_mock_server.spec.document import Document
from coder_mock_server.wire_in import Query, QueryReader

Read = Callable[[QueryReader, str], object]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter outside the path."""

    name: str
    location: str
    """`query`, `header` or `cookie`."""
    required: bool
    kind: str
    """What its text must be: text, integer, number, boolean, uuid, time, enum, or a list of one."""
    read: Read


def compile_parameter(node: Mapping[str, Any], document: Document) -> Parameter:
    """The parameter that a Parameter Object describes."""
    schema = document.deref(node.get("schema") or {})
    kind, read = _reader(schema, document)
    return Parameter(str(node["name"]), str(node["in"]), bool(node.get("required")), kind, read)


def check_query(parameters: tuple[Parameter, ...], query: Query) -> None:
    """Refuse with every problem of the query, in the order of the document."""
    reader = QueryReader(query)
    for parameter in parameters:
        if parameter.location != "query":
            continue
        if parameter.required and not query.get(parameter.name):
            reader.text(parameter.name, required=True)
            continue
        parameter.read(reader, parameter.name)
    reader.finish()


def _reader(schema: Mapping[str, Any], document: Document) -> tuple[str, Read]:
    if "enum" in schema:
        allowed = [str(value) for value in schema["enum"]]
        return "enum", lambda reader, name: reader.enum(name, allowed)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    form = schema.get("format")
    if kind == "array":
        items = document.deref(schema.get("items") or {})
        return _list_reader(items, form or items.get("format"))
    if kind == "integer":
        if schema.get("minimum") == 0:
            return "integer", lambda reader, name: reader.positive_int32(name)
        return "integer", lambda reader, name: reader.integer(name)
    if kind == "number":
        return "number", lambda reader, name: reader.custom(name, 0.0, float)
    if kind == "boolean":
        return "boolean", lambda reader, name: reader.boolean(name)
    if form == "uuid":
        return "uuid", lambda reader, name: reader.uuid(name)
    if form == "date-time":
        return "time", lambda reader, name: reader.time(name)
    # The docs type the filter maps as text or as an object; both travel as JSON text.
    if kind == "object":
        return "json", lambda reader, name: reader.json_map(name)
    return "text", lambda reader, name: reader.text(name)


def _list_reader(items: Mapping[str, Any], form: str | None) -> tuple[str, Read]:
    if "enum" in items:
        allowed = [str(value) for value in items["enum"]]
        return "enum list", lambda reader, name: reader.enums(name, allowed)
    if form == "uuid":
        return "uuid list", lambda reader, name: reader.uuids(name)
    return "text list", lambda reader, name: reader.strings(name)
