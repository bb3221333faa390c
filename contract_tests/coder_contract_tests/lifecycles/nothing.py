"""Writes that nothing can come of: by nobody, and to what does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Identity, Judgement, Question
from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import Bench
from coder_contract_tests.probes.authentication import NO_TOKEN, SIGNED_OUT
from coder_contract_tests.probes.ids import MALFORMED, UNKNOWN_NAME, UNKNOWN_USER
from coder_contract_tests.probes.rules import (
    NOBODY,
    NOT_FOUND,
    detail,
    is_gate,
    lacks_route,
    message,
    needs_session,
    problem,
    words_are_exact,
)

OF_OBJECTS = frozenset({"workspace", "workspacebuild", "template", "templateversion"})
JSON = (("Content-Type", "application/json"),)
# Whoever let nobody do these would leave traces that cannot be removed.
# Open to everybody, or with words of their own.
_OWN_GUARD = (
    "/users/validate-password", "/users/otp/", "/users/first", "/users/login", "/csp/", "/oauth2/",
    "/scim/", "/workspaceagents/", "/workspaceproxies/me/", "/appearance", "/applications/",
)  # fmt: skip
_TRACES = ("/audit/testgenerate", "/licenses", "/notifications/test", "/users/logout", "/files")


def happens(bench: Bench) -> None:
    """Every write by nobody, to a malformed id and to an unknown one."""
    session = bench.session
    session.record(rules.NOBODY_MAY_WRITE, nobody_may_write(session), "")
    session.record(rules.NOTHING_IS_WRITTEN, writes_to_nothing_are_refused(session), "")


def nobody_may_write(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for _, reply in asker.answers(_writes(asker, "none")):
        if is_gate(reply) or lacks_route(reply) or reply.status in {0, 405, 429}:
            continue
        judged = True
        if (reply.status, message(reply), detail(reply)) != (401, SIGNED_OUT, NO_TOKEN):
            problems.append(problem(reply, f'401 "{SIGNED_OUT}"', "identity:none"))
    return problems if judged else None


def writes_to_nothing_are_refused(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for question, reply in asker.answers(_writes(asker, "session")):
        if is_gate(reply) or lacks_route(reply) or reply.status in {0, 405, 429}:
            continue
        judged = True
        wanted = _wanted(question)
        told = (reply.status, message(reply), detail(reply))
        if told != wanted:
            at = f"path:{question.about}"
            problems.append(problem(reply, f'{wanted[0]} "{wanted[1]}"', at))
    return problems if judged else None


def _wanted(question: Question) -> tuple[int, str, str]:
    name = question.about
    value = question.params[name]
    if name == "user":
        return 400, UNKNOWN_USER, f'queried user="{value}"'
    for odd, reason in MALFORMED[:1]:
        if value == odd:
            return 400, f'Invalid UUID "{odd}".', reason
    return 404, NOT_FOUND, ""


def _writes(asker: Asker, identity: Identity) -> Iterator[Question]:
    """Every write to some object, to one that is none, with a body that asks for nothing."""
    if not asker.may_write or not words_are_exact(asker):
        return
    for operation in asker.operations:
        if operation.method in {"GET", "HEAD", "OPTIONS"} or not needs_session(operation):
            continue
        names = operation.names
        first = names[0] if names else ""
        values: tuple[str, ...] = ()
        if first in OF_OBJECTS:
            values = (NOBODY, MALFORMED[0][0])
        elif names in (("user",), ("organization",)):
            values = (UNKNOWN_NAME,)
        if operation.path.startswith((*_TRACES, *_OWN_GUARD)) or operation.is_websocket:
            continue
        body = b"{}" if operation.method != "DELETE" else None
        if identity == "none":
            values = values[:1] if names else ("",)
        for value in values:
            path = {**dict.fromkeys(names, NOBODY), first: value} if names else {}
            yield Question(operation, path, identity=identity, headers=JSON, body=body, about=first)
