"""The run's view of the target: sends documented requests, records and judges every reply."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from coder_contract_tests.checks import CHECKS
from coder_contract_tests.connections import SAFE_METHODS
from coder_contract_tests.document import Document, Operation
from coder_contract_tests.doubles import told_once
from coder_contract_tests.errors import Unreachable
from coder_contract_tests.events import Event, ExchangeSeen, FindingRaised, OperationDone
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Ledger, Problem, Rule
from coder_contract_tests.judging import Facts, Identity, Question, Seen
from coder_contract_tests.resume import Resumed
from coder_contract_tests.selection import Selection
from coder_contract_tests.stated import stands_for
from coder_contract_tests.suite import RULES
from coder_contract_tests.transport import Client, Outgoing, Started

PART = 200
"""Entries of a long list that are read."""
UNDER_WAY = 3
"""Reads that wait for their replies at the same time."""
LOST_AFTER = 3
"""Requests in a row without a reply after which the target counts as gone."""
_CHANGING = frozenset({"date", "x-coder-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"})
"""Headers that differ with every reply; only their form counts."""
_FORM = re.compile(r"[0-9a-f]")


class Session:
    """One run against one target."""

    def __init__(
        self,
        client: Client,
        document: Document,
        selection: Selection,
        *,
        on_event: Callable[[Event], None],
        sleep: Callable[[float], None] = time.sleep,
        resumed: Resumed | None = None,
    ) -> None:
        self.client = client
        self.document = document
        self.selection = selection
        self.facts = Facts()
        self.ledger = Ledger(stands_for)
        self.exchanges: list[Exchange] = []
        self.judged: Counter[tuple[str, str]] = Counter()
        self.exercised: Counter[str] = Counter()
        self.known: Counter[tuple[str, str, str]] = Counter()
        self.absent: dict[str, str] = {}
        self.errors: dict[str, tuple[Rule, Problem]] = {}
        """What first showed each error, by the finding's id."""
        self.skipped: dict[str, str] = {}
        self.phase = ""
        self._emit = on_event
        self._resumed = resumed or Resumed()
        self._sleep = sleep
        self._chosen = {operation.label for operation in selection.of(document)}
        self._unanswered = 0
        self._judged_replies: set[tuple[object, ...]] = set()

    def covers(self, operation: Operation | None) -> bool:
        """Whether findings about this operation were asked for."""
        return operation is None or operation.label in self._chosen

    def get(self, label: str, params: Mapping[str, str], query: str = "") -> Exchange | None:
        """Send a documented GET; None where the document or the target lacks the operation."""
        operation = self.document.operation(label)
        if operation is None or operation.label in self.absent:
            return None
        wanted = [part[1:-1] for part in label.split("/") if part.startswith("{")]
        values = [params[name] for name in wanted]
        return self.send(operation, dict(zip(operation.names, values, strict=True)), query)

    def skip(self, what: str, reason: str) -> None:
        """Remember that something was not examined, and why."""
        if reason and what not in self.absent:
            self.skipped[what] = reason

    def is_done(self, label: str) -> bool:
        """Whether the interrupted run that this one continues was through with an operation here.

        Its findings are taken over; the pass goes on with the next operation.
        """
        if (self.phase, label) not in self._resumed.done:
            return False
        for finding in self._resumed.findings_of(self.phase, label):
            if self.ledger.adopt(finding):
                self._emit(FindingRaised(finding))
        return True

    def done(self, label: str) -> None:
        """Tell listeners that a phase is through with an operation."""
        self._emit(OperationDone(self.phase, label))

    def pause(self, seconds: float) -> None:
        self._sleep(seconds)

    def send(
        self,
        operation: Operation,
        params: Mapping[str, str],
        query: str = "",
        *,
        phase: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
        method: str = "",
        anonymous: bool = False,
    ) -> Exchange:
        """Send a request for an operation, record the exchange and judge it."""
        return self._end(
            self._start(operation, params, query, phase, headers, body, method, anonymous)
        )

    def _start(
        self,
        operation: Operation,
        params: Mapping[str, str],
        query: str,
        phase: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes | None,
        method: str,
        anonymous: bool,
    ) -> Started:
        if (method or "GET") == operation.method and self.facts.is_long(operation):
            query = self._in_part(query)
        path = operation.path
        for name, value in params.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return self.client.start(
            Outgoing(
                method or operation.method,
                self.client.target.prefix + self.document.prefix(operation) + path,
                query,
                headers,
                body,
                anonymous,
                phase or self.phase,
                operation,
            )
        )

    def _in_part(self, query: str) -> str:
        """The query for a list that is too long to be read whole; a life looks for its own."""
        if self.phase == "life cycles" or "limit=" in query:
            return query
        return "&".join(part for part in (query, f"limit={PART}") if part)

    def _end(self, sent: Started) -> Exchange:
        request = sent.request
        operation = request.operation
        assert operation is not None
        try:
            exchange = self.client.end(sent)
        except Unreachable as error:
            self._unanswered += 1
            exchange = self._silence(operation, request.path, request.query, str(error))
            self.observe(exchange)
            if self._unanswered >= LOST_AFTER:
                raise
            return exchange
        self._unanswered = 0
        if operation.label not in self.exercised and self._lacks(operation, exchange):
            self.absent[operation.label] = f"{exchange.status}"
            self.exchanges.append(exchange)
            self._emit(ExchangeSeen(exchange))
            return exchange
        self.observe(exchange)
        return exchange

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations that were chosen and that the target has."""
        return [
            one
            for one in self.document.operations
            if one.label in self._chosen and one.label not in self.absent
        ]

    @property
    def may_write(self) -> bool:
        return self.client.may_write

    def _lacks(self, operation: Operation, exchange: Exchange) -> bool:
        """Whether the target has no such route; a page that the document describes is an answer."""
        described = self.document.response(operation, exchange.status)
        if described is not None and exchange.media_type == "text/html":
            content = described[1].get("content") or {}
            if exchange.media_type in content:
                return False
        return is_absent(exchange)

    def probe(
        self,
        operation: Operation,
        params: Mapping[str, str],
        query: str = "",
        *,
        method: str = "",
        identity: Identity = "session",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> Exchange:
        """Send an odd request for an operation, record the exchange and judge it."""
        return self._end(
            self._put(Question(operation, params, query, method, identity, headers, body))
        )

    def _put(self, question: Question) -> Started:
        headers, query = question.headers, question.query
        if question.identity != "session":
            given, extra = self.client.credentials(question.identity)
            headers = (*headers, *given)
            query = "&".join(part for part in (query, extra) if part)
        return self._start(
            question.operation,
            question.params,
            query,
            "",
            headers,
            question.body,
            question.method,
            question.identity != "session",
        )

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Exchange]]:
        """Each question with its reply, in order, while the next ones are under way already."""
        under_way: deque[tuple[Question, Started]] = deque()
        try:
            for question in questions:
                is_safe = (question.method or question.operation.method) in SAFE_METHODS
                while under_way and (not is_safe or len(under_way) >= UNDER_WAY):
                    asked, sent = under_way.popleft()
                    yield asked, self._end(sent)
                under_way.append((question, self._put(question)))
                if not is_safe:
                    asked, sent = under_way.popleft()
                    yield asked, self._end(sent)
            while under_way:
                asked, sent = under_way.popleft()
                yield asked, self._end(sent)
        finally:
            for _, sent in under_way:
                self.client.forget(sent)

    def visit(self, path: str, *, identity: Identity = "session") -> Exchange:
        """GET a path below the API that need not belong to any operation."""
        headers, query = self.client.credentials(identity) if identity != "session" else ((), "")
        full = self.client.target.prefix + self.document.base + path
        exchange = self.client.send(
            "GET",
            full,
            query=query,
            headers=headers,
            anonymous=identity != "session",
            phase=self.phase,
        )
        self.observe(exchange)
        return exchange

    def repeat(self, exchange: Exchange) -> Exchange | None:
        """Send the same read again; None for what is no plain read of ours."""
        operation = exchange.operation
        if operation is None or exchange.method != "GET" or exchange.anonymous:
            return None
        if exchange.request_headers or exchange.request_body is not None:
            return None
        again = Outgoing("GET", exchange.path, exchange.query, phase="again", operation=operation)
        return self._end(self.client.start(again))

    def observe(self, exchange: Exchange) -> None:
        """Record an exchange, and judge it where its operation was chosen."""
        self.exchanges.append(exchange)
        self._emit(ExchangeSeen(exchange))
        if exchange.operation is not None:
            self.exercised[exchange.operation.label] += 1
        if not self.covers(exchange.operation) or self._is_known(exchange):
            return
        seen = Seen(exchange, self.document, self.facts)
        judged = [(check.rule, check.judge(seen)) for check in CHECKS]
        judged += [(one.rule, one.one(seen)) for one in RULES if one.one is not None]
        for rule, judgement in told_once(judged):
            self.record(rule, judgement, exchange.label, repeatable=True)

    def _is_known(self, exchange: Exchange) -> bool:
        """Whether an equal request was answered equally before, and that reply was judged."""
        headers = tuple(
            (name.lower(), _FORM.sub("0", value) if name.lower() in _CHANGING else value)
            for name, value in exchange.headers
        )
        key = (
            id(self.facts),
            exchange.method,
            exchange.target,
            exchange.anonymous,
            exchange.is_foreign,
            exchange.request_body,
            exchange.status,
            exchange.cut,
            headers,
            exchange.body,
        )
        known = key in self._judged_replies
        self._judged_replies.add(key)
        return known

    def record(
        self,
        rule: Rule,
        judgement: Sequence[Problem] | None,
        label: str,
        *,
        repeatable: bool = False,
    ) -> None:
        """Count a judgement and turn its problems into findings.

        A judgement of one reply is repeatable: the same request can be judged again.
        """
        if judgement is None:
            return
        self.judged[label, rule.id] += 1
        for problem in judgement:
            if not self.covers(problem.exchange.operation):
                continue
            if problem.known:
                self.known[problem.exchange.label, rule.id, problem.known] += 1
                continue
            finding = self.ledger.add(rule, problem)
            if finding is not None:
                if finding.level == "error" and repeatable:
                    self.errors[finding.id] = (rule, problem)
                self._emit(FindingRaised(finding, problem.exchange))

    def _silence(self, operation: Operation, path: str, query: str, reason: str) -> Exchange:
        text = self.client.masker.text
        return Exchange(
            number=self.client.requests,
            phase=self.phase,
            method=operation.method,
            origin=self.client.target.origin,
            path=text(path),
            query=text(query),
            request_headers=(),
            request_body=None,
            status=0,
            headers=(),
            body=b"",
            elapsed_seconds=0.0,
            received_at=time.time(),
            cut=reason,
            operation=operation,
        )


def is_absent(exchange: Exchange) -> bool:
    """Whether the target has no such route, as opposed to no such object."""
    if exchange.status == 405:
        return not exchange.body
    if exchange.status != 404:
        # What stands beside the API and is no route of the server is a page of the web interface.
        is_page = exchange.status == 200 and exchange.media_type == "text/html"
        return is_page and "/api/v2/" not in exchange.path
    body = exchange.json
    message = body.get("message") if isinstance(body, dict) else None
    return message == "Route not found." or not isinstance(message, str)
