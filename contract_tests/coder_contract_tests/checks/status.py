"""Checks of a reply as a whole: it ends, it is no server error, its status is documented."""

from __future__ import annotations

from coder_contract_tests.checks.known import known_fault
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

REPLY_IS_COMPLETE = Rule(
    id="reply_is_complete",
    kind="check",
    level="error",
    promise="every request gets a reply, and the reply ends",
    oracle="HTTP (RFC 9112, section 6)",
    applies="every request; event streams are left on purpose",
    explanation="No reply, a connection that breaks inside the body, fewer bytes than announced, "
    "and a body without end are all findings.",
)

NO_SERVER_ERROR = Rule(
    id="no_server_error",
    kind="check",
    level="error",
    promise="a request is never answered with a 5xx",
    oracle="HTTP (RFC 9110, section 15.6); known exceptions are recorded answers",
    applies="every reply",
    explanation="The few server errors that healthy servers are known to send are counted apart; "
    "one that answers a request that was wrong on purpose is a warning.",
)

STATUS_IS_DOCUMENTED = Rule(
    id="status_is_documented",
    kind="check",
    level="error",
    promise="the status is one that the document lists for the operation",
    oracle="the document's responses",
    applies="replies of documented operations, server errors aside",
    explanation="An undocumented refusal of a kind that any operation may give (401, 403, 404, "
    "405, 429) is a warning; 201 to a POST where the document has 200 is a note, as most documents "
    "of this API say so of creations.",
)

# Answers of the layers in front of an operation: session, permission, lookup, router, limiter.
GENERAL_STATUSES = frozenset({401, 403, 404, 405, 429})
# What Coder's own pages give 201 and servers answer with 200 (recorded: templates/upload-again).
_SAID_TO_CREATE = ("/files", "/licenses/refresh-entitlements")
WRONG_ON_PURPOSE = "generated, wrong on purpose"


def reply_is_complete(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status == 0:
        return [Problem(exchange, f"no reply: {exchange.cut}")]
    if exchange.cut and not exchange.cut.startswith("left:"):
        return [Problem(exchange, f"the reply does not end properly: {exchange.cut}")]
    return []


def no_server_error(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if exchange.status == 0:
        return None
    if exchange.status < 500:
        return []
    came = f"{exchange.status} {_said(exchange)}".rstrip()
    at = f"status:{exchange.status}"
    known = known_fault(NO_SERVER_ERROR.id, exchange)
    if known:
        return [Problem(exchange, came, at=at, known=known)]
    if exchange.phase == WRONG_ON_PURPOSE:
        return [Problem(exchange, f"{came}, where a 400 belongs", at=at, level="warning")]
    return [Problem(exchange, came, at=at)]


def status_is_documented(seen: Seen) -> Judgement:
    exchange, operation = seen.exchange, seen.operation
    if operation is None or exchange.status == 0 or exchange.status >= 500:
        return None
    if seen.document.response(operation, exchange.status) is not None:
        return []
    if exchange.status == 426 and seen.document.response(operation, 101) is not None:
        # A WebSocket route that was asked without a handshake.
        return []
    documented = [str(code) for code in operation.data.get("responses", {})]
    came = f"{exchange.status}, which is not among {', '.join(documented) or 'none'}"
    problem = Problem(
        exchange,
        came,
        at=f"status:{exchange.status}",
        place=seen.document.cite(operation, "responses"),
        level=_level(operation.label, exchange.status, documented),
        known=known_fault(STATUS_IS_DOCUMENTED.id, exchange),
    )
    return [problem]


def _level(label: str, status: int, documented: list[str]) -> Level | None:
    if status in GENERAL_STATUSES:
        return "warning"
    if status == 201 and "200" in documented and label.startswith("POST "):
        return "note"
    if status == 200 and label.endswith(_SAID_TO_CREATE):
        return "note"
    return None


def _said(exchange: Exchange) -> str:
    """The message of an error body, or the beginning of whatever came."""
    if isinstance(exchange.json, dict):
        parts = [exchange.json.get("message"), exchange.json.get("detail")]
        return " / ".join(str(part) for part in parts if part)[:200]
    return exchange.body[:120].decode("utf-8", "replace")
