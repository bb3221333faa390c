"""Query parameters at their edges, and keys that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement, Question
from coder_contract_tests.probes.rules import (
    is_gate,
    message,
    plain_reads,
    problem,
    rule,
    said,
    words_are_exact,
)

_NUMBER = "must be a valid 32-bit positive integer"
HUGE = "99999999999"
BAD_NUMBERS: tuple[tuple[str, str], ...] = (
    ("abc", f'{_NUMBER}: strconv.ParseInt: parsing "abc": invalid syntax'),
    ("1.5", f'{_NUMBER}: strconv.ParseInt: parsing "1.5": invalid syntax'),
    (HUGE, f'{_NUMBER}: strconv.ParseInt: parsing "{HUGE}": value out of range'),
    ("-1", f"{_NUMBER}: value is negative"),
)
_MESSAGES = {
    "Query parameters have invalid values.",
    "Invalid query parameters.",
}
STRICT = re.compile(
    r"(/organizations/\{organization\}/(provisionerjobs(/\{job\})?|provisionerdaemons)"
    r"|/insights/(templates|user-activity|user-latency|user-status-counts|daus)"
    r"|/users/\{user\}/autofill-parameters|/groups|/notifications/inbox)/?\Z"
)
ODD_HEADERS = (
    ("Accept", "application/xml, text/html;q=0.9"),
    ("Origin", "http://elsewhere.example"),
    ("If-None-Match", '"no-such-tag"'),
)
UNKNOWN = "no_such_key"
# Lists of groups are strict by their rule (A.9), but no recorded answer shows it: a warning.
# Nothing says whether these take a key that nobody knows.
UNSETTLED = ("/templates/{template}/daus",)


def bad_page_numbers_are_refused(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for operation, way, query in plain_reads(asker, whole=True):
        names = {one.name for one in operation.parameters if one.location == "query"}
        paging = sorted(names & {"limit", "offset"})
        if not paging or _is_not_for_us(asker, operation, way, query):
            continue
        for name in paging:
            for value, words in BAD_NUMBERS:
                if value in {HUGE, "-1"} and not words_are_exact(asker):
                    # Numbers had 64 bits and a sign once.
                    continue
                reply = asker.probe(operation, way, f"{name}={value}")
                if is_gate(reply):
                    break
                judged = True
                wanted = f'Query param "{name}" {words}'
                if reply.status != 400 or message(reply) not in _MESSAGES:
                    problems.append(problem(reply, "400", f"query:{name}"))
                elif not _names(reply.json, name, wanted, words_are_exact(asker)):
                    came = f"the validations lack {name}: {wanted}"
                    problems.append(Problem(reply, came, at=f"query:{name}"))
            twice = asker.probe(operation, way, f"{name}=1&{name}=2")
            if twice.status != 400 and not is_gate(twice):
                problems.append(problem(twice, "400 for a parameter given twice", f"query:{name}"))
            if asker.facts.is_long(operation):
                continue
            empty = asker.probe(operation, way, "&".join(p for p in (query, f"{name}=") if p))
            if empty.status != 200 and not is_gate(empty):
                problems.append(problem(empty, "200, as without the parameter,", f"query:{name}"))
    return problems if judged else None


def _is_not_for_us(asker: Asker, operation: Operation, way: Mapping[str, str], query: str) -> bool:
    """Whether even a good request is refused, so that nobody looks at its parameters."""
    good = "&".join(part for part in (query, "limit=1") if part)
    return asker.probe(operation, way, good).status != 200


def _names(body: Any, name: str, words: str, exact: bool) -> bool:
    """Whether a refusal names a parameter, in these words where they are known exactly."""
    told = _validations(body)
    return (name, words) in told if exact else name in {field for field, _ in told}


def _validations(body: Any) -> set[tuple[str, str]]:
    listed = body.get("validations") if isinstance(body, dict) else None
    return {
        (str(one.get("field")), str(one.get("detail")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    }


def unknown_keys_are_treated_as_promised(asker: Asker) -> Judgement:
    """Strict endpoints refuse a key that nobody knows and name it; all others do not mind."""
    problems: list[Problem] = []
    judged = False
    plain: Exchange | None = None
    for question, reply in asker.answers(_with_and_without_unknown(asker)):
        operation, way, query = question.operation, question.params, question.about
        if question.query == query:
            plain = reply
            continue
        if plain is None:
            continue
        if STRICT.match(operation.path):
            if plain.status != 200:
                continue
            judged = True
            detail = f'"{UNKNOWN}" is not a valid query param'
            exact = words_are_exact(asker)
            if reply.status != 400 or not _names(reply.json, UNKNOWN, detail, exact):
                found = problem(reply, "400 naming the unknown key", f"query:{UNKNOWN}")
                is_proven = "/groups" not in operation.path
                problems.append(found if is_proven else replace(found, level="warning"))
            continue
        judged = True
        if (reply.status, reply.media_type) == (plain.status, plain.media_type):
            continue
        if operation.path.endswith(UNSETTLED) and _is_refused_by_name(reply):
            continue
        again = asker.send(operation, way, query)
        if (again.status, again.media_type) == (plain.status, plain.media_type):
            wanted = f"{plain.status} {plain.media_type}, as without them,"
            came = f"{said(reply)[:160]} ({reply.media_type}) for an unknown key and odd headers"
            problems.append(Problem(reply, f"{came}, where {wanted} belongs", at="query:unknown"))
    return problems if judged else None


def _with_and_without_unknown(asker: Asker) -> Iterator[Question]:
    """Each read as it is, then with a key that nobody knows; about its plain query."""
    for operation, way, query in plain_reads(asker):
        if operation.path.endswith("/{organization}/groups"):
            # Nobody has seen what a licensed server makes of it.
            continue
        yield Question(operation, way, query, about=query)
        odd = "&".join(part for part in (query, f"{UNKNOWN}=1") if part)
        headers = () if STRICT.match(operation.path) else ODD_HEADERS
        yield Question(operation, way, odd, headers=headers, about=query)


def _is_refused_by_name(reply: Exchange) -> bool:
    return reply.status == 400 and _names(reply.json, UNKNOWN, "", exact=False)


QUERIES: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "ERR-10",
            "a limit or offset that is no natural number of 32 bits, or stands twice, is 400 with "
            "a validation; an empty one counts as absent",
            oracle="recorded: conventions/limit-text, limit-negative, limit-fraction, limit-huge, "
            "limit-twice, limit-empty",
            applies="reads with limit or offset",
        ),
        ask=bad_page_numbers_are_refused,
    ),
    Invariant(
        rule(
            "unknown_keys_are_as_promised",
            "an unknown query key is 400 on strict endpoints and ignored elsewhere, and neither "
            "Accept nor a foreign Origin changes the answer",
            oracle="recorded: conventions/unknown-key-lenient, token-query-strict, foreign-origin",
            applies="every documented read",
        ),
        ask=unknown_keys_are_treated_as_promised,
    ),
)
