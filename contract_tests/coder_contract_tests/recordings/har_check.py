"""Holds recorded traffic against the document: requests, replies, relations between replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, unquote

from coder_contract_tests.checks.request import REQUEST_IS_DOCUMENTED, judge_request
from coder_contract_tests.discovery import discover
from coder_contract_tests.document import Document
from coder_contract_tests.errors import UsageError
from coder_contract_tests.events import Listener, RunFinished, RunStarted, ignore
from coder_contract_tests.exchange import Exchange, parsed
from coder_contract_tests.invariants import INVARIANTS
from coder_contract_tests.probe import DEFAULT_VERSION, named_document
from coder_contract_tests.recordings.har import SECRET_HEADERS, Entry, Traffic
from coder_contract_tests.report import PhaseResult, Report
from coder_contract_tests.selection import Selection
from coder_contract_tests.session import Session, is_absent
from coder_contract_tests.target import Target
from coder_contract_tests.transport import MOCK_HEADER, Client

PHASE = "har"


class _Recorded:
    """Answers discovery's questions from the file."""

    def __init__(self, document: Document, exchanges: Sequence[Exchange]) -> None:
        self._document = document
        self._exchanges = exchanges

    def get(self, label: str, params: Mapping[str, str], query: str = "") -> Exchange | None:
        operation = self._document.operation(label)
        if operation is None:
            return None
        path = operation.path
        for name, value in zip(operation.names, params.values(), strict=False):
            path = path.replace(f"{{{name}}}", value)
        same = [
            one
            for one in self._exchanges
            if one.operation is operation and unquote(one.path).endswith(path) and one.status == 200
        ]
        return same[0] if same else None


def check(traffic: Traffic, spec: str, *, on_event: Listener = ignore) -> Report:
    """A report on the traffic of a file; nothing is sent."""
    document = named_document(spec or _version(traffic))
    exchanges = [
        _exchange(number, entry, traffic, document)
        for number, entry in enumerate(traffic.entries, 1)
    ]
    known = [one for one in exchanges if one.operation is not None]
    if not known:
        raise UsageError(
            f"{traffic.path}: none of its {len(exchanges)} API requests is an operation of "
            f"{document.name}. Is it of this version? Say which with --spec"
        )
    labels = tuple(dict.fromkeys(one.label for one in known))
    on_event(RunStarted(traffic.origin, document.name, len(labels), 0, labels=labels))
    is_mock = all(
        any(name.lower() == MOCK_HEADER for name, _ in one.reply_headers) for one in traffic.entries
    )
    # The client of this session never connects: nothing that is called here sends.
    client = Client(Target(traffic.origin))
    session = Session(client, document, Selection(), on_event=on_event)
    session.phase = PHASE
    session.facts = discover(_Recorded(document, known), is_mock=is_mock, version=document.version)
    for exchange in exchanges:
        if exchange.operation is None or is_absent(exchange):
            session.record(REQUEST_IS_DOCUMENTED, judge_request(exchange, document), exchange.label)
            continue
        session.observe(exchange)
        session.record(REQUEST_IS_DOCUMENTED, judge_request(exchange, document), exchange.label)
    for invariant in INVARIANTS:
        if invariant.many is not None:
            label = invariant.needs[0] if invariant.needs else ""
            session.record(invariant.rule, invariant.many(session), label)
    report = Report(
        target=traffic.origin,
        server_version=_build_version(traffic),
        document=document.name,
        seed=0,
        is_mock=is_mock,
        findings=session.ledger.findings,
        phases=(PhaseResult(PHASE, len(exchanges), 0.0),),
        operations=len(labels),
        exercised=labels,
        absent=(),
        skipped=tuple(("traffic", note) for note in traffic.notes),
        known=tuple(sorted(session.known)),
        judged=dict(session.judged),
        requests=len(exchanges),
        seconds=sum(entry.seconds for entry in traffic.entries),
    )
    on_event(RunFinished(report.errors, report.complete))
    return report


def _exchange(number: int, entry: Entry, traffic: Traffic, document: Document) -> Exchange:
    text, data = traffic.masker.text, traffic.masker.data
    media_type = next((v for k, v in entry.reply_headers if k.lower() == "content-type"), "")
    content = data(entry.content)
    given = {name.lower() for name, _ in entry.headers}
    return Exchange(
        number=number,
        phase=PHASE,
        method=entry.method,
        origin=entry.origin,
        path=text(entry.prefix + entry.path),
        query=text(entry.query),
        request_headers=tuple(
            (name, text(value))
            for name, value in entry.headers
            if name.lower() not in SECRET_HEADERS and name.lower() in {"content-type", "accept"}
        ),
        request_body=None if entry.body is None else data(entry.body),
        status=entry.status,
        headers=tuple((name, text(value)) for name, value in entry.reply_headers),
        body=content,
        elapsed_seconds=entry.seconds,
        received_at=0.0,
        cut="left: an event stream has no end" if "event-stream" in media_type else "",
        operation=document.find(entry.method, entry.path)
        or document.find(entry.method, entry.path.rstrip("/")),
        anonymous=not (given & SECRET_HEADERS)
        and not any(name == "coder_session_token" for name, _ in parse_qsl(entry.query)),
        json=parsed(content, media_type.split(";")[0].strip().lower()),
    )


def _build_version(traffic: Traffic) -> str:
    for entry in traffic.entries:
        for name, value in entry.reply_headers:
            if name.lower() == "x-coder-build-version":
                return value
    return ""


def _version(traffic: Traffic) -> str:
    old = _build_version(traffic).removeprefix("v").startswith("0.")
    return "2023-06-20" if old else DEFAULT_VERSION
