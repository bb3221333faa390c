"""The phase that asks for every documented read once per discovered object, as the docs would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from coder_contract_tests.discovery import bindings
from coder_contract_tests.document import Operation, Parameter
from coder_contract_tests.judging import Facts, Question

if TYPE_CHECKING:
    from coder_contract_tests.session import Session

OBJECTS_PER_OPERATION = 3
_LAST = "last of its operation"

# Reads that do more than read: they start something at a third party, hand out a key, register a
# daemon, or hold a connection that only an agent should hold. Matched against the operation's path.
NOT_ASKED: dict[str, str] = {
    "/applications/auth-redirect": "hands out an application key",
    "/users/oauth2/github/callback": "belongs to a sign-in at a third party",
    "/users/oauth2/github/device": "starts a sign-in at a third party",
    "/users/oidc/callback": "belongs to a sign-in at a third party",
    "/external-auth/{externalauth}/device": "starts a sign-in at a third party",
    "/external-auth/{externalauth}/callback": "belongs to a sign-in at a third party",
    "/oauth2/authorize": "grants access to an application",
    "/organizations/{organization}/provisionerdaemons/serve": "registers a provisioner daemon",
    "/workspaceagents/me/reinit": "waits for an event that only an agent should take",
    "/workspaceagents/me/gitsshkey": "gives a private key to agents only",
    "/workspaceagents/{workspaceagent}/pty": "opens a terminal",
    "/debug/derp/traffic": "never ends",
}


def reason_not_to_ask(operation: Operation) -> str:
    """Why an operation is left alone; empty when it may be asked."""
    reason = NOT_ASKED.get(operation.path.removeprefix("/api/v2"), "")
    if reason:
        return reason
    return "a WebSocket, and so no plain read" if operation.is_websocket else ""


def ask_documented_reads(session: Session, operations: tuple[Operation, ...]) -> list[str]:
    """Ask each operation for up to three objects; gives the labels that were asked."""
    asked = []
    for question, _ in session.answers(_questions(session, operations)):
        if question.about == _LAST:
            asked.append(question.operation.label)
            session.done(question.operation.label)
    return asked


def _questions(session: Session, operations: tuple[Operation, ...]) -> Iterator[Question]:
    for operation in operations:
        reason = reason_not_to_ask(operation)
        ways = [] if reason else bindings(operation, session.facts, OBJECTS_PER_OPERATION)
        if reason or operation.label in session.absent:
            session.skip(operation.label, reason)
            continue
        if not ways:
            missing = " and ".join(operation.names)
            session.skip(operation.label, f"the target lists nothing to use as {missing}")
            continue
        query = required_query(operation, session.facts)
        if query is None:
            session.skip(operation.label, "no value is known for a required parameter")
            continue
        ways = ways[:1] if operation.is_stream else ways
        for number, way in enumerate(ways, 1):
            yield Question(operation, way, query, about=_LAST if number == len(ways) else "")


def required_query(operation: Operation, facts: Facts) -> str | None:
    """A query with a sensible value for each required parameter; None when one is unknown."""
    pairs = []
    for parameter in operation.parameters:
        if parameter.location != "query" or not parameter.required:
            continue
        value = _value(parameter, facts)
        if value is None:
            return None
        pairs.append((parameter.name, value))
    return urlencode(pairs)


def _value(parameter: Parameter, facts: Facts) -> str | None:
    """A value that the parameter means, from the target where it is an id."""
    context = {name: value for one in reversed(facts.contexts) for name, value in one.items()}
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    known = {
        # Whole days: finer times are refused.
        "start_time": (today - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end_time": today.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "interval": "day",
        "tz_offset": "0",
        "limit": "10",
        "q": "",
        "claimField": "groups",
        "label": "devcontainer.local_folder=",
        "template_id": context.get("template"),
        "organization": context.get("organization"),
        "has_member": context.get("user"),
        "group_ids": context.get("group", ""),
    }
    if parameter.name in known:
        return known[parameter.name]
    schema = parameter.schema
    for given in (parameter.example, schema.get("default"), schema.get("example")):
        if given is not None:
            return str(given)
    choices = schema.get("enum") or schema.get("examples")
    return str(choices[0]) if choices else None
