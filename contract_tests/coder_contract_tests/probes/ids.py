"""Ids that are malformed, and ids of nothing."""

from __future__ import annotations

from collections.abc import Iterator

from coder_contract_tests.discovery import bindings
from coder_contract_tests.document import Operation
from coder_contract_tests.documented import reason_not_to_ask, required_query
from coder_contract_tests.findings import Problem
from coder_contract_tests.judging import Asker, Invariant, Judgement, Question
from coder_contract_tests.probes.rules import (
    NOBODY,
    NOT_FOUND,
    detail,
    is_gate,
    message,
    needs_session,
    problem,
    rule,
    words_are_exact,
)

UUIDS = ("workspace", "workspacebuild", "template", "templateversion", "workspaceagent", "job")
MALFORMED: tuple[tuple[str, str], ...] = (
    ("abc", "invalid UUID length: 3"),
    ("0000000000000000000000000000000000zz", "invalid UUID format"),
)
UNKNOWN_NAME = "no-such-name-1"
AGENT_NOT_FOUND = "Agent doesn't exist with that id, or you do not have access to it."
UNKNOWN_USER = '"user" must be an existing uuid or username.'


def malformed_ids_are_refused(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    reasons = dict(MALFORMED)
    for question, reply in asker.answers(_with_odd(asker, UUIDS, *reasons)):
        if is_gate(reply) or reply.status == 0:
            continue
        judged = True
        name = question.about
        value = question.params[name]
        wanted = (400, f'Invalid UUID "{value}".', reasons[value])
        if (reply.status, message(reply), detail(reply)) != wanted:
            problems.append(problem(reply, f'400 "{wanted[1]}" / {wanted[2]}', f"path:{name}"))
    return problems if judged else None


def unknown_ids_are_not_found(asker: Asker) -> Judgement:
    """Every id of nothing has the same answer, as has an id that the caller may not see."""
    problems: list[Problem] = []
    judged = False
    for question, reply in asker.answers(_with_odd(asker, UUIDS, NOBODY)):
        if is_gate(reply) or reply.status == 0:
            continue
        judged = True
        wanted = AGENT_NOT_FOUND if question.about == "workspaceagent" else NOT_FOUND
        if (reply.status, message(reply), detail(reply)) != (404, wanted, ""):
            problems.append(problem(reply, f'404 "{wanted}"', f"path:{question.about}"))
    return problems if judged else None


def unknown_names_are_refused(asker: Asker) -> Judgement:
    """A user who does not exist is a bad request, an organization that does not is not found."""
    problems: list[Problem] = []
    judged = False
    odd = _with_odd(asker, ("user", "organization"), UNKNOWN_NAME)
    for question, reply in asker.answers(one for one in odd if one.operation.names[0] == one.about):
        if is_gate(reply) or reply.status == 0:
            continue
        judged = True
        wanted = (
            (400, UNKNOWN_USER, f'queried user="{UNKNOWN_NAME}"')
            if question.about == "user"
            else (404, NOT_FOUND, "")
        )
        told = (reply.status, message(reply), detail(reply))
        if told != wanted and (told[:2] != wanted[:2] or words_are_exact(asker)):
            at = f"path:{question.about}"
            problems.append(problem(reply, f'{wanted[0]} "{wanted[1]}"', at))
    return problems if judged else None


def _with_odd(asker: Asker, names: tuple[str, ...], *values: str) -> Iterator[Question]:
    """Every read with such a path parameter, asked with each of these values in its place."""
    for operation, name in _with(asker, names):
        way = _way(asker, operation, name)
        if way is not None:
            for value in values:
                path = {**way, name: value}
                yield Question(operation, path, _query(operation, asker), about=name)


def _with(asker: Asker, names: tuple[str, ...]) -> list[tuple[Operation, str]]:
    found = []
    for operation in asker.operations:
        if operation.method != "GET" or reason_not_to_ask(operation) == "never ends":
            continue
        # A stream that is opened by mistake would have to be left again.
        if operation.is_websocket or not needs_session(operation):
            continue
        if operation.path.startswith("/debug/") or "/oauth2" in operation.path:
            continue
        found += [(operation, name) for name in operation.names if name in names]
    return found


def _way(asker: Asker, operation: Operation, name: str) -> dict[str, str] | None:
    """Known values for what stands before the odd one in the path; any for the rest."""
    ways = bindings(operation, asker.facts, 1)
    if ways:
        return dict(ways[0])
    if operation.names[0] != name:
        return None
    return dict.fromkeys(operation.names, NOBODY)


def _query(operation: Operation, asker: Asker) -> str:
    return required_query(operation, asker.facts) or ""


IDS: tuple[Invariant, ...] = (
    Invariant(
        rule(
            "malformed_id_is_refused",
            "a malformed uuid in a path is 400 and says what is wrong with it",
            oracle="recorded: conventions/bad-uuid-short, bad-uuid-long; J: ERR-01",
            applies=f"reads with one of {', '.join(UUIDS)} in their path",
        ),
        ask=malformed_ids_are_refused,
    ),
    Invariant(
        rule(
            "ERR-02",
            "an id of nothing is 404 with one text, whatever it is an id of",
            oracle="recorded: conventions/missing-workspace, missing-template",
            applies=f"reads with one of {', '.join(UUIDS)} in their path",
        ),
        ask=unknown_ids_are_not_found,
    ),
    Invariant(
        rule(
            "ERR-03",
            "an unknown user is 400, an unknown organization 404, each in its words",
            oracle="recorded: conventions/unknown-user, organization-unknown",
            applies="reads whose path begins with a user or an organization",
        ),
        ask=unknown_names_are_refused,
    ),
)
