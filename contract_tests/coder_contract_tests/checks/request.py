"""The check of recorded requests: whether the document knows what a client asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from coder_contract_tests.document import Document, Operation, Parameter
from coder_contract_tests.exchange import Exchange, excerpt, parsed
from coder_contract_tests.findings import Level, Problem, Rule

REQUEST_IS_DOCUMENTED = Rule(
    id="request_is_documented",
    kind="check",
    level="error",
    promise="a request has a documented operation, documented parameters and a documented body",
    oracle="the document's parameters and request bodies",
    applies="requests of recorded traffic (coder-contract har)",
    explanation="An operation or a query key that the document does not have is a warning, and so "
    "is a wrong request that the server refused: the client, not the server, should change.",
)


def judge_request(exchange: Exchange, document: Document) -> list[Problem]:
    """What is wrong with a request; a refused one is only worth a warning."""
    operation = exchange.operation
    if operation is None:
        came = f"{exchange.method} {exchange.path} is no operation of {document.name}"
        return [Problem(exchange, came, at="request", level="warning")]
    refused = 400 <= exchange.status < 500
    return [
        Problem(
            exchange,
            came,
            at=at,
            place=document.cite(operation, *where),
            level="warning" if refused else level,
        )
        for came, at, where, level in (
            *_query(exchange, operation),
            *_path(exchange, operation, document),
            *_body(exchange, operation, document),
        )
    ]


_Wrong = tuple[str, str, tuple[str, ...], Level | None]


def _query(exchange: Exchange, operation: Operation) -> Iterator[_Wrong]:
    given = dict(parse_qsl(exchange.query, keep_blank_values=True))
    known = {one.name: one for one in operation.parameters if one.location == "query"}
    for name in given:
        if name not in known and name != "coder_session_token":
            yield f"the query key {name!r} is not documented", f"query:{name}", _PLACE, "warning"
    for name, parameter in known.items():
        if name not in given:
            if parameter.required:
                yield f"the required query key {name!r} is missing", f"query:{name}", _PLACE, None
        elif given[name] and not _fits(parameter, given[name]):
            came = f"{name}={given[name]!r} is not {_wanted(parameter.schema)}"
            yield came, f"query:{name}", _PLACE, None


def _path(exchange: Exchange, operation: Operation, document: Document) -> Iterator[_Wrong]:
    template = (document.prefix(operation) + operation.path).split("/")
    parts = exchange.path.rstrip("/").split("/")[-len(template) + 1 :]
    known = {one.name: one for one in operation.parameters if one.location == "path"}
    for name, value in zip(template[1:], parts, strict=False):
        parameter = known.get(name[1:-1]) if name[:1] == "{" else None
        if parameter is not None and not _fits(parameter, unquote(value)):
            came = f"{name} is {unquote(value)!r}, not {_wanted(parameter.schema)}"
            yield came, f"path:{name[1:-1]}", _PLACE, None


def _body(exchange: Exchange, operation: Operation, document: Document) -> Iterator[_Wrong]:
    described = document.resolve(operation.data.get("requestBody"))
    if not isinstance(described, Mapping):
        if exchange.request_body and exchange.method != "DELETE":
            yield "a body where none is documented", "body", (), "warning"
        return
    if not exchange.request_body:
        if described.get("required"):
            yield "the required body is missing", "body", ("requestBody",), None
        return
    content = described.get("content", {})
    kind = next((v for k, v in exchange.request_headers if k.lower() == "content-type"), "")
    media_type = kind.split(";")[0].strip().lower()
    if media_type and media_type not in content and "*/*" not in content:
        came = f"a body of {media_type}, documented are {', '.join(content) or 'none'}"
        yield came, "body", ("requestBody", "content"), "warning"
        return
    if "application/json" not in content or "schema" not in content["application/json"]:
        return
    value = parsed(exchange.request_body, "application/json")
    if not isinstance(value, dict | list):
        yield "the body is no JSON object", "body", ("requestBody",), None
        return
    raw = operation.data.get("requestBody", {})
    pointer = (
        str(raw["$ref"]).removeprefix("#")
        if "$ref" in raw
        else document.pointer(operation, "requestBody")
    )
    for error in document.errors_at(f"{pointer}/content/application~1json/schema", value)[:3]:
        at = "/".join(map(str, error.instance_path))
        message = str(error.message)[:200]
        yield f"body /{at}: {message}", f"body:/{at}", ("requestBody",), None


_PLACE = ("parameters",)


def _fits(parameter: Parameter, text: str) -> bool:
    """Whether a text of a URL can be the parameter's value; only plain schemas are judged."""
    schema = parameter.schema
    kind = schema.get("type")
    if "enum" in schema and kind == "string":
        return text in schema["enum"]
    if kind == "integer":
        return text.lstrip("-").isdigit()
    if kind == "boolean":
        return text.lower() in {"true", "false", "1", "0", "t", "f"}
    if kind == "number":
        return text.replace(".", "", 1).lstrip("-").isdigit()
    return True


def _wanted(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {excerpt(schema['enum'])}"
    kind = str(schema.get("type"))
    return {"integer": "a whole number", "boolean": "true or false"}.get(kind, f"a {kind}")
