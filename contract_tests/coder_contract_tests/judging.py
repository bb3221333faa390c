"""What every judge receives and gives: one exchange in its surroundings, and a judgement.

A judge is a plain function. It returns None where its rule says nothing about what it was shown,
an empty list where the promise was kept, and problems otherwise; the difference between the first
two is what tells a report how much was really examined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from coder_contract_tests.document import Document, Operation
from coder_contract_tests.exchange import Exchange
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.observe import JobSeen, jobs_in
from coder_contract_tests.things import Thing, things_in

Judgement = list[Problem] | None
Identity = Literal["session", "none", "wrong", "cookie", "query", "bearer"]
"""As whom a probe is sent: as we are, as nobody, with an unknown token, or with our token in
another place."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What discovery learnt about the target."""

    is_mock: bool = False
    is_owner: bool = False
    me: str = ""
    """Id of the user whose session the run uses."""
    organizations: Mapping[str, str] = field(default_factory=dict)
    """Organization id to name."""
    default_organization: str = ""
    templates_of_versions: Mapping[str, str] = field(default_factory=dict)
    """Template version id to the template it belonged to when discovery looked."""
    contexts: tuple[Mapping[str, str], ...] = ()
    """Path parameters that belong together, by name."""
    daemons: tuple[Mapping[str, Any], ...] = ()
    version: str = ""
    long_lists: frozenset[str] = frozenset()
    """Paths, without a slash at their end, of lists that are too long to be read whole."""
    ways: dict[tuple[str, ...], list[dict[str, str]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Values found for these path parameters together; kept by whoever looked for them."""

    def is_long(self, operation: Operation) -> bool:
        """Whether an operation gives a list that is only read in part."""
        return operation.path.rstrip("/") in self.long_lists

    def organization(self, named: str) -> str:
        """The id behind an id, a name or ``default``; empty when it is unknown."""
        if named in self.organizations:
            return named
        if named == "default":
            return self.default_organization
        return next((key for key, name in self.organizations.items() if name == named), "")


@dataclass(frozen=True)
class Seen:
    """One exchange, the document it is held against, and what is known of the target."""

    exchange: Exchange
    document: Document
    facts: Facts = field(default_factory=Facts)

    @property
    def operation(self) -> Operation | None:
        """The operation whose promises hold for the reply; none for a method it does not have."""
        operation = self.exchange.operation
        if operation is not None and operation.method != self.exchange.method:
            return None
        return operation

    @cached_property
    def things(self) -> tuple[Thing, ...]:
        """The workspaces, builds, agents and so on in the reply."""
        return things_in(self.exchange)

    @cached_property
    def jobs(self) -> tuple[JobSeen, ...]:
        """The provisioner jobs in the reply."""
        return self.exchange.found(jobs_in)


@dataclass(frozen=True, slots=True)
class Question:
    """A request for an operation, odd or not, that can be sent before others were answered."""

    operation: Operation
    params: Mapping[str, str]
    query: str = ""
    method: str = ""
    identity: Identity = "session"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    about: str = ""
    """What whoever asks wants to remember with it."""


class Asker(Protocol):
    """What an invariant may do to the target: read, and wait a moment."""

    @property
    def document(self) -> Document: ...

    @property
    def facts(self) -> Facts: ...

    @property
    def exchanges(self) -> Sequence[Exchange]: ...

    def get(self, label: str, params: Mapping[str, str], query: str = "") -> Exchange | None:
        """Send a documented GET; None where the target or the selection has no such operation."""

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations that were chosen and that the target has."""

    @property
    def may_write(self) -> bool:
        """Whether the target may be changed."""

    def send(self, operation: Operation, params: Mapping[str, str], query: str = "") -> Exchange:
        """Send a request for an operation."""

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
        """Send an odd request: another method, other credentials, a body that is wrong."""

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Exchange]]:
        """Each question with its reply, in order, while the next ones are under way already.

        So whoever makes up the questions has not seen the newest replies. What may change the
        target is sent alone.
        """

    def visit(self, path: str, *, identity: Identity = "session") -> Exchange:
        """GET a path below the API that need not belong to any operation."""

    def repeat(self, exchange: Exchange) -> Exchange | None:
        """Send the same read again; None for what is no plain read of ours."""

    def pause(self, seconds: float) -> None:
        """Let the target work for a moment."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that one reply is enough to judge."""

    rule: Rule
    judge: Callable[[Seen], Judgement]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule over one reply, over all replies of a run, or over requests of its own."""

    rule: Rule
    one: Callable[[Seen], Judgement] | None = None
    many: Callable[[Asker], Judgement] | None = None
    ask: Callable[[Asker], Judgement] | None = None
    needs: tuple[str, ...] = ()
    """Labels of the operations without which it cannot be judged (any of them is enough)."""
