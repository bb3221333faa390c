"""Methods and paths that do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coder_contract_tests.document import Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement, Question
from coder_contract_tests.probes.rules import (
    ROUTE_NOT_FOUND,
    message,
    plain_reads,
    problem,
    rule,
)

_UNKNOWN = ("/no/such/route", "/users/me/no-such-route")
_PREFLIGHT = (
    ("Origin", "http://elsewhere.example"),
    ("Access-Control-Request-Method", "GET"),
)


def other_methods_are_refused(asker: Asker) -> Judgement:
    """HEAD and OPTIONS, which change nothing: 405 with the allowed methods, or as GET."""
    problems: list[Problem] = []
    judged = False
    for question, reply in asker.answers(_with_other_methods(asker)):
        operation = question.operation
        judged = True
        if reply.status == 405:
            problems += _refusal(reply, _methods(asker, operation), _is_slim(asker))
        else:
            plain = asker.send(operation, question.params, question.query)
            problems += _answer(reply, plain)
    return problems if judged else None


def _with_other_methods(asker: Asker) -> Iterator[Question]:
    for operation, way, query in plain_reads(asker):
        for method in ("HEAD", "OPTIONS"):
            if method not in _methods(asker, operation):
                yield Question(operation, way, query, method)


def _methods(asker: Asker, operation: Operation) -> set[str]:
    item = asker.document.raw["paths"].get(operation.path, {})
    absent = {
        one.method
        for one in asker.document.operations
        if one.path == operation.path and one not in asker.operations
    }
    return {name.upper() for name in item if name in {"get", "put", "post", "patch", "delete"}} - (
        absent - {"GET"}
    )


def _is_slim(asker: Asker) -> bool:
    """Whether the target lacks the licensed part, and with it some methods of shared paths."""
    licensed = asker.document.operation("GET /entitlements")
    return licensed is not None and licensed not in asker.operations


def _refusal(reply: Exchange, methods: set[str], is_slim: bool) -> list[Problem]:
    at = f"method:{reply.method}"
    allowed = {
        word.strip().upper()
        for name, value in reply.headers
        if name.lower() == "allow"
        for word in value.split(",")
    }
    if not {"GET"} <= allowed:
        listed = ", ".join(sorted(allowed)) or "nothing"
        return [Problem(reply, f"405 whose Allow lists {listed}, without GET", at=at)]
    missing = methods - allowed
    if missing:
        words = f"405 whose Allow lacks {', '.join(sorted(missing))}"
        return [Problem(reply, words, at=at, level="note" if is_slim else "warning")]
    if reply.body:
        return [Problem(reply, f"405 with a body of {len(reply.body)} bytes", at=at)]
    return []


def _answer(reply: Exchange, plain: Exchange) -> list[Problem]:
    """What is answered instead of 405: HEAD as GET, OPTIONS with the methods that there are."""
    at = f"method:{reply.method}"
    if reply.method == "OPTIONS" and reply.status < 300:
        if reply.body or not reply.has_header("allow"):
            return [problem(reply, "405, or a success that only names the methods in Allow,", at)]
        return []
    if reply.status == plain.status:
        if reply.method == "HEAD" and reply.media_type != plain.media_type and plain.body:
            came = f"Content-Type {reply.media_type or '(none)'}, in GET {plain.media_type}"
            return [Problem(reply, came, at=at)]
        return []
    return [problem(reply, f"405, or {plain.status} as for GET,", at)]


def unknown_paths_are_refused(asker: Asker) -> Judgement:
    problems = []
    for path in _UNKNOWN:
        reply = asker.visit(path)
        if reply.status != 404 or message(reply) != ROUTE_NOT_FOUND:
            problems.append(problem(reply, f'404 "{ROUTE_NOT_FOUND}"', "status"))
    return problems


def preflights_are_answered(asker: Asker) -> Judgement:
    """A preflight from elsewhere is no error, and allows nothing that was not configured."""
    problems: list[Problem] = []
    judged = False
    for operation, way, query in plain_reads(asker):
        if not re.fullmatch(r"/(users/\{user\}|workspaces|templates|buildinfo)", operation.path):
            continue
        judged = True
        reply = asker.probe(
            operation, way, query, method="OPTIONS", identity="none", headers=_PREFLIGHT
        )
        if reply.status not in {200, 204}:
            problems.append(problem(reply, "200, as for every preflight,", "method:preflight"))
    return problems if judged else None


ROUTES: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "ERR-07",
            "a method that a path does not have is 405 with an empty body and Allow; HEAD may be "
            "answered as GET",
            oracle="recorded: conventions/method-head, method-options, method-put-users",
            applies="every documented read, with HEAD and OPTIONS, which change nothing",
        ),
        ask=other_methods_are_refused,
    ),
    Invariant(
        rule(
            "ERR-08",
            f'a path that does not exist is 404 "{ROUTE_NOT_FOUND}"',
            oracle="recorded: conventions/unknown-route, unknown-below-known",
            applies="paths that no version knows",
        ),
        ask=unknown_paths_are_refused,
    ),
    Invariant(
        rule(
            "preflight_is_answered",
            "a preflight needs no session and is answered with success",
            oracle="recorded: conventions/preflight",
            applies="a few reads",
        ),
        ask=preflights_are_answered,
    ),
)
