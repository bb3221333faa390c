"""Operations in the docs' words to path items: parameters, bodies, responses, security.

Defects of the docs are repaired here, and every repair leaves a `DocsWarning`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import DocsError, DocsWarning
from .pages import METHODS, OperationDoc
from .rows import ParameterRow, ResponseRow
from .schemas import Schema, distinct_values, enum_values, reference, with_values
from .typecells import ArrayOf, Link, Scalar, TypeCell

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_TEMPLATE = re.compile(r"\{([^{}]+)\}")
# OpenAPI tells tools to ignore header parameters of these names.
_IGNORED_HEADERS = ("accept", "authorization", "content-type")
_READING_TITLE = re.compile(r"(get|list)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OperationBuilder:
    """Builds operation objects; `main_scheme` is the one most operations name."""

    base_path: str
    main_scheme: str
    keep_descriptions: bool
    warnings: list[DocsWarning]

    def build(self, doc: OperationDoc, operation_id: str) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "operationId": operation_id,
            "summary": doc.heading,
            "tags": [doc.tag],
        }
        if self.keep_descriptions and doc.description:
            operation["description"] = doc.description
        base_path = base_path_of(doc)
        if base_path != self.base_path:
            operation["servers"] = [{"url": base_path or "/"}]
            self._warn(
                doc,
                f"its curl call has the base path {base_path!r}, others have {self.base_path!r}",
                "gave the operation a server of its own",
            )
        parameters = self._parameters(doc)
        if parameters:
            operation["parameters"] = parameters
        if doc.body:
            operation["requestBody"] = self._body(doc, doc.body)
        operation["responses"] = self._responses(doc)
        operation["security"] = self._security(doc)
        operation["x-source"] = {"page": doc.place.page, "heading": doc.heading}
        return operation

    def _parameters(self, doc: OperationDoc) -> list[dict[str, Any]]:
        in_path = _TEMPLATE.findall(doc.path)
        found: list[dict[str, Any]] = []
        for row in doc.parameters:
            if row.location == "body":
                continue
            if row.location == "path" and row.name not in in_path:
                self.warnings.append(
                    DocsWarning(
                        row.place,
                        f"the path parameter {row.name!r} is not in the path {doc.path}",
                        "dropped the parameter",
                    )
                )
            elif row.location == "header" and row.name.lower() in _IGNORED_HEADERS:
                self.warnings.append(
                    DocsWarning(
                        row.place,
                        f"a header parameter {row.name}, which OpenAPI tells tools to ignore",
                        f"dropped it; the body has the media type {_media_type(doc)}",
                    )
                )
            else:
                found.append(self._parameter(doc, row))
        declared = {item["name"] for item in found if item["in"] == "path"}
        for name in in_path:
            if name not in declared:
                self._warn(
                    doc, f"{{{name}}} in {doc.path} is not described", "added it as a string"
                )
                found.append(
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                )
        self._compare_query(doc)
        return found

    def _parameter(self, doc: OperationDoc, row: ParameterRow) -> dict[str, Any]:
        item: dict[str, Any] = {"name": row.name, "in": row.location}
        if row.required or row.location == "path":
            item["required"] = True
        if self.keep_descriptions and row.description:
            item["description"] = row.description
        schema = self._parameter_schema(row)
        values = enum_values(doc.enums).get(row.name)
        if values:
            schema = with_values(
                schema, distinct_values(values, f"parameter {row.name}", self.warnings)
            )
        default = dict(doc.curl.other_headers).get(row.name) if row.location == "header" else None
        if default not in (None, "string"):
            schema["default"] = default
        item["schema"] = schema
        if row.location == "query" and schema.get("type") == "array":
            # Our choice: comma-separated, the default where the docs come from (Swagger 2.0).
            item["explode"] = False
        return item

    def _parameter_schema(self, row: ParameterRow) -> Schema:
        if row.type == Scalar("object"):
            self.warnings.append(
                DocsWarning(
                    row.place,
                    f"the {row.location} parameter {row.name!r} has the type object, sent as text",
                    "made it a string that holds JSON",
                )
            )
            return {
                "type": "string",
                "contentMediaType": JSON,
                "contentSchema": {"type": "object"},
            }
        return type_schema(row.type)

    def _compare_query(self, doc: OperationDoc) -> None:
        required = {row.name for row in doc.parameters if row.location == "query" and row.required}
        shown = {name for name, _ in doc.curl.query}
        if required != shown:
            self._warn(
                doc,
                f"its curl call shows the query parameters {sorted(shown)}, "
                f"its table requires {sorted(required)}",
                "followed the table",
            )

    def _body(self, doc: OperationDoc, row: ParameterRow) -> dict[str, Any]:
        media_type = _media_type(doc)
        schema = type_schema(row.type)
        if doc.form_fields:
            schema = self._form(doc, media_type)
        body: dict[str, Any] = {}
        if self.keep_descriptions and row.description:
            body["description"] = row.description
        body["required"] = row.required
        body["content"] = {media_type: {"schema": schema}}
        return body

    def _form(self, doc: OperationDoc, media_type: str) -> Schema:
        fields = doc.form_fields
        is_file = len(fields) == 1 and fields[0].type == Scalar("binary")
        if is_file and media_type not in (FORM, "multipart/form-data"):
            # The file is the body; the field name exists only in the docs.
            return type_schema(fields[0].type)
        values = enum_values(doc.enums)
        properties: dict[str, Schema] = {}
        for row in fields:
            schema = type_schema(row.type)
            if row.name in values:
                what = f"field {row.name}"
                schema = with_values(schema, distinct_values(values[row.name], what, self.warnings))
            if self.keep_descriptions and row.description:
                schema["description"] = row.description
            properties[row.name] = schema
        form: Schema = {"type": "object", "properties": properties}
        required = [row.name for row in fields if row.required]
        return {**form, "required": required} if required else form

    def _responses(self, doc: OperationDoc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in doc.responses:
            if str(row.status) in found:
                raise DocsError(row.place, f"status {row.status} twice", "one row to a status")
            found[str(row.status)] = self._response(doc, row)
        return found

    def _response(self, doc: OperationDoc, row: ResponseRow) -> dict[str, Any]:
        words = row.description if self.keep_descriptions else ""
        response: dict[str, Any] = {"description": words or row.meaning}
        if row.schema is None:
            return response
        media_type = doc.curl.accept
        if not media_type:
            media_type = JSON
            self.warnings.append(
                DocsWarning(
                    row.place,
                    f"{doc.heading!r} answers {row.status} with a body, its curl call accepts none",
                    f"took {JSON}",
                )
            )
        response["content"] = {media_type: {"schema": type_schema(row.schema)}}
        return response

    def _security(self, doc: OperationDoc) -> list[dict[str, list[str]]]:
        names = doc.curl.security_headers
        if names and not doc.authenticated:
            self._warn(
                doc, "its curl call sends a token, but no sentence asks for one", "kept the token"
            )
        if names:
            for name in names:
                if scheme_name(name) != self.main_scheme:
                    self._warn(
                        doc,
                        f"the token is in the header {name!r}, misspelt or special",
                        "kept the header as it is spelt",
                    )
            return [{scheme_name(name): [] for name in names}]
        if not doc.authenticated:
            return []
        self._warn(
            doc,
            "it needs authentication, but its curl call does not show how",
            f"assumed {self.main_scheme or 'nothing'}",
        )
        return [{self.main_scheme: []}] if self.main_scheme else []

    def _warn(self, doc: OperationDoc, defect: str, repair: str) -> None:
        self.warnings.append(DocsWarning(doc.place, f"{doc.heading!r}: {defect}", repair))


def type_schema(cell: TypeCell) -> Schema:
    """The schema of a type that stands outside of the schemas page."""
    match cell:
        case Link(schema):
            return reference(schema)
        case ArrayOf(items):
            return {"type": "array", "items": type_schema(items)}
        case Scalar("any" | "undefined"):
            return {}
        case Scalar("binary"):
            return {"type": "string", "format": "binary"}
        case Scalar("array", stated):
            # `array(uuid)`: the format is the array's own, the docs do not show its items.
            items_schema: Schema = {"type": "array", "items": {"type": "string"}}
            return {**items_schema, "format": stated} if stated else items_schema
        case Scalar(name, stated):
            return {"type": name, "format": stated} if stated else {"type": name}


def _media_type(doc: OperationDoc) -> str:
    # The code samples leave out exactly this one.
    return doc.curl.content_type or FORM


def base_path_of(doc: OperationDoc) -> str:
    """The part of the curl URL in front of the operation's path."""
    path = doc.curl.path
    if not path.endswith(doc.path):
        raise DocsError(doc.place, f"curl calls {path}", f"a path that ends with {doc.path}")
    return path[: len(path) - len(doc.path)]


def usual_base_path(docs: Sequence[OperationDoc]) -> str:
    """The base path that most operations have."""
    return Counter(base_path_of(doc) for doc in docs).most_common(1)[0][0]


def usual_security_header(docs: Sequence[OperationDoc]) -> str:
    """The header in which most operations send the token, or nothing."""
    names = Counter(name for doc in docs for name in doc.curl.security_headers)
    return names.most_common(1)[0][0] if names else ""


def scheme_name(header: str) -> str:
    """The name of the security scheme that a header stands for."""
    return re.sub(r"[^A-Za-z0-9]", "", header)


def security_schemes(docs: Sequence[OperationDoc]) -> dict[str, Any]:
    """One scheme for each header that any operation sends a token in."""
    headers = sorted({name for doc in docs for name in doc.curl.security_headers})
    return {scheme_name(name): {"type": "apiKey", "in": "header", "name": name} for name in headers}


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def operation_ids(
    docs: Sequence[OperationDoc], warnings: list[DocsWarning]
) -> Mapping[tuple[str, str], str]:
    """(path, method) -> operationId: the slug of the heading, made unique by method, then number.

    A DELETE under the title of a GET has its method appended even when the docs lost the GET.
    """
    found: dict[tuple[str, str], str] = {}
    taken: dict[str, OperationDoc] = {}
    for doc in sorted(docs, key=lambda doc: METHODS.index(doc.method)):
        key = (doc.path, doc.method)
        if key in found:
            raise DocsError(doc.place, f"{doc.method} {doc.path} a second time", "it once")
        wanted = slug(doc.heading)
        borrowed = doc.method == "DELETE" and _READING_TITLE.match(doc.heading)
        name = f"{wanted}-{doc.method.lower()}" if borrowed or wanted in taken else wanted
        number = 2
        while name in taken:
            name, number = f"{wanted}-{doc.method.lower()}-{number}", number + 1
        if name != wanted:
            defect = (
                "is the title of another operation too" if wanted in taken else "reads like a GET"
            )
            warnings.append(
                DocsWarning(
                    doc.place,
                    f"the heading {doc.heading!r} of {doc.method} {doc.path} {defect}",
                    f"called the operation {name}",
                )
            )
        taken[name] = doc
        found[key] = name
    return found
