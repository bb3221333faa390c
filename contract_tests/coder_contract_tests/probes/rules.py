"""Short ways to state a probe, and ways to fill a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from coder_contract_tests.discovery import Context, bindings
from coder_contract_tests.document import Operation
from coder_contract_tests.documented import reason_not_to_ask, required_query
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.judging import Asker

NOBODY = "11111111-1111-4111-8111-111111111111"
"""A uuid that belongs to nothing."""
FEW = 20
"""How much of a list is enough where it matters only that the list comes."""
ROUTE_NOT_FOUND = "Route not found."
NOT_FOUND = "Resource not found or you do not have access to this resource"
_GATE = re.compile(r".* is an? (Premium|Enterprise) feature\. Contact sales!\Z")


def rule(
    id_: str,
    promise: str,
    *,
    oracle: str,
    applies: str,
    level: Level = "error",
    explanation: str = "",
) -> Rule:
    """A rule of kind invariant where its id says so, else a check."""
    return Rule(
        id=id_,
        kind="invariant" if id_.startswith("ERR-") else "check",
        level=level,
        promise=promise,
        oracle=oracle,
        applies=applies,
        explanation=explanation,
    )


def message(exchange: Exchange) -> str:
    """The message of an error body; empty where there is none."""
    found = exchange.json.get("message") if isinstance(exchange.json, dict) else None
    return found if isinstance(found, str) else ""


def detail(exchange: Exchange) -> str:
    found = exchange.json.get("detail") if isinstance(exchange.json, dict) else None
    return found if isinstance(found, str) else ""


def is_gate(exchange: Exchange) -> bool:
    """Whether a licence is missing; some gates stand before session and path."""
    return exchange.status == 403 and bool(_GATE.match(message(exchange)))


def words_are_exact(asker: Asker) -> bool:
    """Whether the wording of refusals was recorded for this version of the API."""
    return asker.document.version > "2024"


def lacks_route(exchange: Exchange) -> bool:
    return exchange.status == 404 and message(exchange) in {ROUTE_NOT_FOUND, ""}


def needs_session(operation: Operation) -> bool:
    """Whether the document asks for a session, and for nothing else."""
    stated = operation.data.get("security")
    if not isinstance(stated, list):
        return False
    return any("CoderSessionToken" in one for one in stated)


def plain_reads(asker: Asker, *, whole: bool = False) -> Iterator[tuple[Operation, Context, str]]:
    """Chosen reads that may be asked, each for one object with the query that it needs.

    Of a list a few entries do, unless it is wanted whole: a deployment may have thousands.
    """
    for operation in asker.operations:
        if operation.method != "GET" or reason_not_to_ask(operation) or operation.is_stream:
            continue
        ways = bindings(operation, asker.facts, 1)
        query = required_query(operation, asker.facts)
        if ways and query is not None:
            pages = any(
                one.location == "query" and one.name == "limit" for one in operation.parameters
            )
            if pages and not whole and "limit=" not in query:
                query = "&".join(part for part in (query, f"limit={FEW}") if part)
            yield operation, ways[0], query


def any_way(operation: Operation, asker: Asker) -> Mapping[str, str]:
    """A way to fill the path, with nobody's ids where the target lists nothing."""
    ways = bindings(operation, asker.facts, 1)
    return ways[0] if ways else dict.fromkeys(operation.names, NOBODY)


def said(exchange: Exchange) -> str:
    """Status and words of a reply, for a finding."""
    words = " / ".join(part for part in (message(exchange), detail(exchange)) if part)
    return f"{exchange.status} {words or exchange.body[:80].decode('utf-8', 'replace')}".rstrip()


def problem(exchange: Exchange, wanted: str, at: str) -> Problem:
    return Problem(exchange, f"{said(exchange)[:200]}, where {wanted} belongs", at=at)
