"""Generated reads: Schemathesis makes valid and invalid queries, ids come from discovery.

Requests leave through the session like all others, so the safety guard holds and every reply meets
every check and invariant. Of Schemathesis' own checks only the refusal of invalid data adds
something to ours; it judges the replies and its verdict becomes a finding.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from coder_contract_tests.checks.rejection import (
    INVALID_REQUEST_IS_REFUSED,
    is_read,
)
from coder_contract_tests.checks.status import WRONG_ON_PURPOSE
from coder_contract_tests.discovery import Context, bindings
from coder_contract_tests.document import Document, Operation
from coder_contract_tests.documented import reason_not_to_ask
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem
from coder_contract_tests.session import Session

OBJECTS_PER_OPERATION = 2
RATIONED = ("/files/{fileID}",)
"""Reads that a server with rate limits answers twelve times a minute."""


def send_generated_reads(session: Session, operations: tuple[Operation, ...]) -> int:
    """Send up to the chosen number of generated requests per operation; gives how many left."""
    chosen = [one for one in operations if _can_vary(one) and not _left_out(session, one)]
    if not chosen:
        return 0
    schema = _schema(session.document, chosen)
    count = 0
    for operation in chosen:
        ways = bindings(operation, session.facts, OBJECTS_PER_OPERATION)
        if session.is_done(operation.label):
            count += 1
        elif ways:
            count += _send(session, schema[operation.path][operation.method], operation, ways)
            session.done(operation.label)
    return count


def can_generate(operations: tuple[Operation, ...]) -> bool:
    """Whether any of the operations has something to vary."""
    return any(_can_vary(one) and not reason_not_to_ask(one) for one in operations)


def _can_vary(operation: Operation) -> bool:
    if operation.is_stream or operation.path.endswith(RATIONED):
        return False
    return any(one.location in {"query", "header"} for one in operation.parameters)


def _left_out(session: Session, operation: Operation) -> bool:
    return bool(reason_not_to_ask(operation)) or operation.label in session.absent


def _schema(document: Document, operations: list[Operation]) -> Any:
    """The document for Schemathesis: the chosen reads, without security, which is ours to send."""
    import schemathesis

    raw = copy.deepcopy({key: value for key, value in document.raw.items() if key != "security"})
    raw["components"] = {
        key: value
        for key, value in raw.get("components", {}).items()
        if key not in {"securitySchemes"}
    }
    wanted = {operation.path for operation in operations}
    raw["paths"] = {
        path: {
            key: _without_security(value)
            for key, value in item.items()
            if key in {"get", "parameters"}
        }
        for path, item in raw["paths"].items()
        if path in wanted
    }
    return schemathesis.openapi.from_dict(raw, config=schemathesis.Config())


def _without_security(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: value for key, value in item.items() if key != "security"}
    return item


def _send(session: Session, generator: Any, operation: Operation, ways: list[Context]) -> int:
    """Run Hypothesis over one operation, half of the cases valid and half invalid."""
    import hypothesis
    from hypothesis.errors import HypothesisException
    from hypothesis.strategies import one_of
    from schemathesis import GenerationMode

    sent: set[tuple[str, str]] = set()
    examples = session.selection.max_examples
    shares = {
        GenerationMode.POSITIVE: examples - examples // 2,
        GenerationMode.NEGATIVE: examples // 2,
    }
    for mode, share in shares.items():
        if not share:
            continue
        strategies = [
            generator.as_strategy(generation_mode=mode, path_parameters=dict(way)) for way in ways
        ]

        @hypothesis.seed(session.selection.seed)
        @hypothesis.settings(
            max_examples=share,
            database=None,
            deadline=None,
            derandomize=False,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=one_of(strategies))
        def run(case: Any) -> None:
            _send_case(session, operation, case, sent)

        try:
            run()
        except HypothesisException:
            # Nothing can be made invalid here, or nothing valid was found: no case, no verdict.
            continue
    return len(sent)


def _send_case(
    session: Session, operation: Operation, case: Any, sent: set[tuple[str, str]]
) -> None:
    import requests

    kwargs = case.as_transport_kwargs(base_url="http://target")
    try:
        prepared = requests.Request(
            kwargs["method"], kwargs["url"], params=kwargs.get("params")
        ).prepare()
    except (ValueError, UnicodeError):
        return
    query = urlsplit(prepared.url or "").query
    headers = _headers(operation, kwargs.get("headers") or {})
    params = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    key = (repr(sorted(params.items())), f"{query} {headers}")
    if headers is None or key in sent:
        return
    unlimited = "limit=" in query and dict(parse_qsl(query)).get("limit", "0") == "0"
    if unlimited and session.facts.is_long(operation):
        return
    sent.add(key)
    wrong = _is_wrong(case)
    # PostgreSQL has no NUL in texts; a server that says so with a 5xx is no news.
    odd = wrong or "%00" in query
    exchange = session.send(
        operation, params, query, phase=WRONG_ON_PURPOSE if odd else "generated", headers=headers
    )
    # Anything but a success is a refusal.
    judged = 200 <= exchange.status < 300 and _matters(operation, case, query)
    if wrong and exchange.status and operation.label not in session.absent:
        session.record(
            INVALID_REQUEST_IS_REFUSED,
            _verdict(case, exchange, prepared) if judged else [],
            operation.label,
        )


def _headers(operation: Operation, given: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """The generated values of the operation's header parameters; None if they cannot be sent."""
    names = {one.name.lower() for one in operation.parameters if one.location == "header"}
    headers = tuple(
        (str(name), str(value)) for name, value in given.items() if str(name).lower() in names
    )
    for _, value in headers:
        if any(ord(character) < 32 or ord(character) > 126 for character in value):
            return None
    return headers


def _is_wrong(case: Any) -> bool:
    """Whether something other than the path, whose ids are ours, was made invalid."""
    from schemathesis import GenerationMode

    if case.meta is None:
        return False
    return any(
        component.mode is GenerationMode.NEGATIVE
        for location, component in case.meta.components.items()
        if location.value != "path"
    )


def _matters(operation: Operation, case: Any, query: str) -> bool:
    """Whether a parameter that servers read was made invalid, and has a value at all."""
    given = dict(parse_qsl(query))
    read = {
        one.name
        for one in operation.parameters
        if one.location == "query" and is_read(operation.label, one.name)
    }
    broken = {str(one.parameter or "") for one in getattr(case.meta.phase.data, "mutations", ())}
    # An empty value counts as an absent parameter, and parse_qsl leaves it out.
    return bool(broken & read & given.keys())


def _verdict(case: Any, exchange: Exchange, prepared: Any) -> list[Problem]:
    """What Schemathesis says about a reply to invalid data."""
    from schemathesis import Response
    from schemathesis.checks import negative_data_rejection
    from schemathesis.core.failures import Failure, FailureGroup

    response = Response(
        status_code=exchange.status,
        headers=_lists(exchange),
        content=exchange.body,
        request=prepared,
        elapsed=exchange.elapsed_seconds,
        verify=True,
    )
    try:
        case.validate_response(response, checks=[negative_data_rejection])
    except (Failure, FailureGroup):
        what = getattr(case.meta.phase.data, "description", "") or "an invalid query"
        came = f"{exchange.status} for a query that {' '.join(str(what).split())}"
        return [Problem(exchange, came[:300], at=f"query:{_parameter(case)}")]
    return []


def _parameter(case: Any) -> str:
    return str(getattr(case.meta.phase.data, "parameter", "") or "")


def _lists(exchange: Exchange) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        headers.setdefault(name.lower(), []).append(value)
    return headers
