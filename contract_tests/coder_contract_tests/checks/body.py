"""Checks of a body's form: JSON where JSON is announced, and errors that say something."""

from __future__ import annotations

from typing import Any

from coder_contract_tests.checks.known import known_fault
from coder_contract_tests.exchange import Exchange, excerpt
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

BODY_IS_JSON = Rule(
    id="body_is_json",
    kind="check",
    level="error",
    promise="a body announced as JSON is one JSON value in UTF-8",
    oracle="RFC 8259",
    applies="replies with a JSON media type and a body",
)

ERROR_BODY_HAS_A_MESSAGE = Rule(
    id="error_body_has_a_message",
    kind="check",
    level="error",
    promise="a JSON error is an object with a non-empty `message`, and `detail` and `validations` "
    "have their forms when they are there",
    oracle='docs: schemas.md, "codersdk.Response"',
    applies="JSON replies of status 400 and above; OAuth2 and SCIM have error forms of their own",
)


def body_is_json(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.media_type.endswith("json") or not exchange.body or exchange.cut:
        return None
    if exchange.is_json:
        return []
    known = known_fault(BODY_IS_JSON.id, exchange)
    return [Problem(exchange, f"no JSON: {exchange.body[:100]!r}", at="body", known=known)]


def error_body_has_a_message(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status < 400 or not exchange.is_json or _has_own_form(exchange):
        return None
    body: Any = exchange.json
    if not isinstance(body, dict):
        return [Problem(exchange, f"{excerpt(body)}, which is no object", at="/")]
    problems = []
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        came = f"message is {excerpt(message)}" if "message" in body else "no message"
        problems.append(Problem(exchange, came, at="/message"))
    if "detail" in body and not isinstance(body["detail"], str):
        problems.append(Problem(exchange, f"detail is {excerpt(body['detail'])}", at="/detail"))
    if "validations" in body and not _are_validations(body["validations"]):
        came = f"validations is {excerpt(body['validations'])}"
        problems.append(Problem(exchange, came, at="/validations"))
    return problems


def _has_own_form(exchange: Exchange) -> bool:
    return "/oauth2/" in exchange.path or "/scim/" in exchange.path


def _are_validations(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("field"), str)
        and isinstance(one.get("detail"), str)
        for one in value
    )
