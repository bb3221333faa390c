"""What a handler sees: the call, the world, and the reply that it gives.

A handler is `def name(call: Call, world: World) -> Reply`, named after its operationId, in the
module of its docs page. It runs inside a store transaction; whatever it raises undoes its writes.
A handler that must wait (to read an archive in a thread) is `async def` and opens
`world.store.transaction()` itself, around its writes only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from coder_mock_server.terminal import Terminals

if TYPE_CHECKING:
    from coder_mock_server.clock import Clock
    from coder_mock_server.domain.records import ApiKey, User
    from coder_mock_server.ids import Ids
    from coder_mock_server.policy import Policy
    from coder_mock_server.settings import Settings
    from coder_mock_server.store.base import Store
    from coder_mock_server.store.state import State
    from coder_mock_server.views import Views
    from coder_mock_server.wire_in import Body, Query


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: the user and the key that spoke for him."""

    user: User
    key: ApiKey

    @property
    def id(self) -> str:
        """The user's id."""
        return self.user.id


@dataclass(slots=True)
class Call:
    """One request, as far as a handler may know it.

    `path` holds the decoded path segments by parameter name, as text: the handler looks them up
    from left to right (`world`'s finders turn them into objects or the right refusal). `query`
    and `body` convert on demand, so that the object is looked for first and the body last.
    """

    operation_id: str
    method: str
    url_path: str
    path: Mapping[str, str]
    query: Query
    headers: Mapping[str, str]
    """Lower-case names."""
    raw: bytes
    """The request body as it came."""
    request_id: str
    base_url: str
    """Scheme and host by which the client reached us, no trailing slash."""
    signed_in: Actor | None = None
    client: str = "127.0.0.1"
    read_body: Callable[[Call], Body] | None = None
    is_websocket: bool = False
    """A handshake for a websocket; a plain GET of such a route is refused with 426."""

    @property
    def actor(self) -> Actor:
        """Who calls; only on operations that need a session."""
        if self.signed_in is None:
            raise RuntimeError(f"{self.operation_id} reads the actor but is public")
        return self.signed_in

    def body(self) -> Body:
        """The body, decoded as leniently as the real server does; raises its refusals."""
        if self.read_body is None:
            raise RuntimeError(f"{self.operation_id} has no request body in the document")
        return self.read_body(self)


@dataclass(slots=True)
class Reply:
    """What goes back. `body` is the full answer; the document's plan projects it."""

    status: int
    body: Any = None
    """JSON value (times as aware datetimes, `View`s allowed), bytes with `media_type`, or None."""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    """Complete `Set-Cookie` values."""
    raw: bool = False
    """Bytes sent as they are although the document describes JSON; say why where it is set."""
    has_body: bool = True

    @classmethod
    def ok(cls, body: Any) -> Reply:
        """200 with a JSON body."""
        return cls(200, body)

    @classmethod
    def created(cls, body: Any) -> Reply:
        """201 with a JSON body."""
        return cls(201, body)

    @classmethod
    def no_content(cls) -> Reply:
        """204."""
        return cls(204, None, has_body=False)

    @classmethod
    def not_modified(cls) -> Reply:
        """304: nothing was changed."""
        return cls(304, None, has_body=False)

    @classmethod
    def message(cls, text: str, status: int = 200) -> Reply:
        """A JSON body with nothing but a message."""
        return cls(status, {"message": text})

    @classmethod
    def data(cls, body: bytes, media_type: str, status: int = 200) -> Reply:
        """Bytes of another media type."""
        return cls(status, body, media_type)


class EventSource(Protocol):
    """Makes the messages of one stream; see `StreamReply`."""

    def __call__(self) -> AsyncIterator[StreamItem]: ...


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One message of a stream.

    `kind` is `data`, `ping` or `error` (server-sent events and one-way websockets put it into
    the frame; raw websockets send `data` only). `data` is a JSON value, a `View`, or bytes.
    """

    kind: str
    data: Any = None


@dataclass(slots=True)
class StreamReply:
    """A stream in place of a body: server-sent events, or websocket messages.

    `mode`: `sse`; `one-way` (websocket, `{"type":...,"data":...}` objects, client messages close
    with 1002); `raw` (websocket, each item's data is one JSON message plus newline, client
    messages close with 1008 `unexpected data message`); `binary` (raw bytes). When the source
    ends the websocket closes with `close_code` and `close_reason`.
    """

    source: EventSource
    mode: str
    close_code: int = 1000
    close_reason: str = "done"
    ping_seconds: float = 15.0
    """Wall time between keep-alives: ping events on `sse`, protocol pings on websockets."""
    on_message: Callable[[bytes | str], None] | None = None
    """Two-way websockets (terminal, dynamic parameters) take client messages here."""


Handler = Callable[[Call, "World"], Any]
"""Reply or StreamReply, or an awaitable of one."""


@dataclass(slots=True)
class World:
    """What exists. One per server; handlers reach everything through it."""

    store: Store
    clock: Clock
    ids: Ids
    settings: Settings
    policy: Policy
    views: Views
    terminals: Terminals = field(default_factory=Terminals)
    """Terminals that are open or may be come back to."""

    @property
    def state(self) -> State:
        """The store's tables."""
        return self.store.state

    def now(self) -> datetime:
        """The present moment, in mock time."""
        return self.clock.now()

    @property
    def licensed(self) -> bool:
        """Whether the licensed features are on: a licence of the edition or an added one counts."""
        edition = self.settings.edition
        if edition == "oss":
            return False
        if not len(self.state.licenses):
            return edition == "premium"
        from coder_mock_server.domain.licences import entitlement

        given = entitlement(self.state, self.now(), premium=edition == "premium")
        return given != "not_entitled"

    def announce(self, kind: str, id: str) -> None:
        """Tell the subscribers of a topic after this transaction."""
        from coder_mock_server.store.topics import Topic

        self.store.announce(Topic(kind, id))
