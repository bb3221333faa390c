"""Checks of a reply's headers: the media type, and what the document says about the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coder_contract_tests.checks.known import known_fault
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

MEDIA_TYPE_IS_DOCUMENTED = Rule(
    id="media_type_is_documented",
    kind="check",
    level="error",
    promise="the body has a media type that the document lists for this status, and there is a "
    "body only where the document has one",
    oracle="the document's response content",
    applies="replies of documented operations with a documented status",
)

BODY_IS_SENT_PLAIN = Rule(
    id="body_is_sent_plain",
    kind="check",
    level="error",
    promise="JSON is announced as UTF-8 and sent without an encoding that nobody asked for",
    oracle="recorded: conventions (Content-Type of every JSON answer); RFC 9110, section 8.4",
    applies="replies with a body",
)

HEADERS_ARE_AS_DOCUMENTED = Rule(
    id="headers_are_as_documented",
    kind="check",
    level="error",
    promise="headers that the document requires are there, and documented headers have values of "
    "their schema",
    oracle="the document's response headers",
    applies="replies whose documented response lists headers",
)


def media_type_is_documented(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    if operation is None or exchange.status == 0:
        return None
    found = seen.document.response(operation, exchange.status)
    if found is None:
        return None
    key, response = found
    content: Mapping[str, Any] = response.get("content", {})
    place = seen.document.cite(operation, "responses", key)
    kind = exchange.media_type
    if not exchange.body:
        if not content or exchange.method == "HEAD" or exchange.cut:
            return []
        known = known_fault(MEDIA_TYPE_IS_DOCUMENTED.id, exchange)
        return [Problem(exchange, "an empty body", at="body", place=place, known=known)]
    if not content:
        came = f"a body of {len(exchange.body)} bytes ({kind or 'no media type'}), none documented"
        known = known_fault(MEDIA_TYPE_IS_DOCUMENTED.id, exchange)
        return [Problem(exchange, came, at="body", place=place, known=known)]
    if kind in content or "*/*" in content or f"{kind.split('/')[0]}/*" in content:
        return []
    came = f"Content-Type {kind or '(none)'}, not among {', '.join(content)}"
    return [Problem(exchange, came, at="header:Content-Type", place=place)]


# Raw state of Terraform, whose type has no charset.
_NO_CHARSET = ("/state",)


def body_is_sent_plain(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.body or exchange.status == 0 or "/api/" not in exchange.path:
        return None
    problems = []
    encoding = exchange.header("content-encoding").strip().lower()
    if encoding not in {"", "identity"}:
        came = f"Content-Encoding {encoding}, none was asked for"
        problems.append(Problem(exchange, came, at="header:Content-Encoding"))
    kind = exchange.header("content-type")
    plain = not exchange.path.rstrip("/").endswith(_NO_CHARSET)
    if exchange.media_type == "application/json" and plain:
        charset = kind.partition(";")[2].replace(" ", "").lower()
        if charset != "charset=utf-8":
            came = f"Content-Type {kind}, without charset=utf-8"
            problems.append(Problem(exchange, came, at="header:Content-Type"))
    return problems


def headers_are_as_documented(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    if operation is None or exchange.status == 0:
        return None
    found = seen.document.response(operation, exchange.status)
    if found is None or not found[1].get("headers"):
        return None
    key, response = found
    problems = []
    for name, raw in response["headers"].items():
        header = seen.document.resolve(raw)
        place = seen.document.cite(operation, "responses", key, "headers", name)
        at = f"header:{name}"
        if not exchange.has_header(name):
            if header.get("required"):
                problems.append(Problem(exchange, f"no {name} header", at=at, place=place))
            continue
        text = exchange.header(name)
        schema = seen.document.resolve(header.get("schema", {}))
        if not _fits(text, schema):
            came = f"{name}: {text[:80]}, which is not {schema.get('type')}"
            problems.append(Problem(exchange, came, at=at, place=place))
    return problems


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a header's text can be read as the schema's type and is one of its values."""
    kind = schema.get("type")
    if "enum" in schema and text not in [str(value) for value in schema["enum"]]:
        return False
    if kind == "integer":
        return text.strip().lstrip("-").isdigit()
    if kind == "boolean":
        return text in {"true", "false"}
    return True
