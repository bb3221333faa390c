"""The ASGI layer in front of everything: routing, plans, and the headers that every answer has.

`SpecMiddleware` runs whole operations from their compiled plans. What it does not cover (a request
body of a kind that the plans do not know) goes on to the application behind it, Connexion's own
stack.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from coder_mock_server import cors
from coder_mock_server.agent_tokens import agent_of
from coder_mock_server.call import Call, StreamReply
from coder_mock_server.editions import router_gate
from coder_mock_server.errors import ApiError
from coder_mock_server.ids import Ids
from coder_mock_server.journal import Exchange, Journal, closest_operation
from coder_mock_server.pipeline import Pipeline, refusal
from coder_mock_server.plan import Plan
from coder_mock_server.rate_limits import RateLimits
from coder_mock_server.rendering import Header, Rendered
from coder_mock_server.resolving import ON_ENTRY
from coder_mock_server.spec.routers import AGENTS_OWN, either_token
from coder_mock_server.spec.routing import Router
from coder_mock_server.wire_in import Query

if TYPE_CHECKING:
    from coder_mock_server.site import Site

_log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALL, EXCHANGE, STOPPING = "coder_mock.call", "coder_mock.exchange", "coder_mock.stopping"
"""Keys under which the application behind us finds our work in the scope."""
BODY_KEPT = 2000
MARKS = ("modelled", "fallback", "router", "preflight", "broken", "site", "control", "connexion")
"""How an answer was made, as `X-Coder-Mock` and the journal tell it."""
BODY_LIMIT = 64 * 1024 * 1024
"""Above Coder's own limit of an upload (10 MiB), so that handlers word the refusal of those."""


class TooLarge(ApiError):
    """413: nobody means a body of this size."""

    def __init__(self) -> None:
        super().__init__(413, "Request body is too large.", f"The limit is {BODY_LIMIT} bytes.")


class Disconnected(Exception):
    """The client left before the request was complete."""


class SpecMiddleware:
    """Answers every operation of the document; see the module's docstring."""

    def __init__(
        self,
        app: App,
        *,
        router: Router[Plan],
        pipeline: Pipeline,
        journal: Journal,
        site: Site,
        plans: list[Plan],
        base: str,
        stopping: asyncio.Event,
    ) -> None:
        self.app = app
        self.router = router
        self.pipeline = pipeline
        self.journal = journal
        self.site = site
        self._plans = plans
        self._base = base
        self._stopping = stopping
        settings = pipeline.world.settings
        self._has_gates = settings.edition != "oss"
        self.limits = RateLimits(pipeline.world, base) if settings.rate_limits else None
        self._series = Ids(settings.seed ^ 0x5EED).uuid()[:24]
        self._requests = 0
        self._common: tuple[Header, ...] = (
            (b"x-coder-build-version", pipeline.world.policy.build_version.encode()),
            (b"x-content-type-options", b"nosniff"),
        )
        self._vary: tuple[Header, ...] = tuple(cors.response_headers(None))
        self._origins = settings.cors_origins
        self._grammar = pipeline.world.policy.query_filter_grammar
        self._marks = {mark: (b"x-coder-mock", mark.encode()) for mark in MARKS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.site.lifespan(receive, send)
            return
        started = time.perf_counter()
        call = self._call(scope, kind)
        exchange = self.journal.open(
            self.pipeline.world.clock.now(),
            call.method,
            call.url_path,
            scope["query_string"].decode("latin-1"),
        )
        try:
            answer, mark = await self._answer(scope, receive, call, exchange)
        except Disconnected:
            return
        if answer is None:
            await self._pass_on(scope, receive, send, call, exchange)
            return
        exchange.mark = mark
        extra = self._headers(call, mark, exchange)
        if isinstance(answer, StreamReply):
            exchange.status = 101 if kind == "websocket" else 200
            exchange.milliseconds = (time.perf_counter() - started) * 1000
            await self._stream(answer, scope, receive, send, extra)
            return
        exchange.status = answer.status
        exchange.response_body = answer.body
        exchange.milliseconds = (time.perf_counter() - started) * 1000
        if kind == "websocket":
            await receive()  # the handshake, which this answer refuses
        await respond(answer, extra, kind, send)

    def _call(self, scope: Scope, kind: str) -> Call:
        """The request as handlers see it, before anything is known of its operation."""
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        client = scope.get("client")
        return Call(
            operation_id="",
            method=scope["method"] if kind == "http" else "GET",
            url_path=scope["path"],
            path={},
            query=Query(scope["query_string"], self._grammar),
            headers=headers,
            raw=b"",
            request_id=self._new_request_id(),
            base_url=_base_url(scope, headers),
            client=client[0] if client else "127.0.0.1",
            is_websocket=kind == "websocket",
        )

    def _headers(self, call: Call, mark: str, exchange: Exchange) -> tuple[Header, ...]:
        """The headers that every answer has."""
        origin = call.headers.get("origin")
        if mark == "preflight":
            vary: Iterable[Header] = ()
        elif origin is None or call.url_path == cors.LATENCY_CHECK:
            vary = self._vary
        else:
            vary = cors.response_headers(origin, self._origins)
        headers = (
            *self._common,
            *vary,
            (b"x-coder-request-id", call.request_id.encode()),
            self._marks[mark],
        )
        if exchange.limits:
            told = exchange.limits.items()
            headers = (*headers, *((k.lower().encode(), v.encode()) for k, v in told))
        if exchange.note and mark == "router":
            hint = exchange.note.encode("latin-1", "replace")
            return (*headers, (b"x-coder-mock-hint", hint))
        return headers

    async def _answer(
        self, scope: Scope, receive: Receive, call: Call, exchange: Exchange
    ) -> tuple[Rendered | StreamReply | None, str]:
        if call.method == "OPTIONS" and cors.is_preflight(call.method, call.headers):
            headers = tuple(cors.preflight_headers(call.headers, self._origins, call.url_path))
            return Rendered(200, headers, b""), "preflight"
        if self.limits is not None and (refused := self._limited(call, exchange)) is not None:
            return refused, "router"
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
        if self.site.takes_first(call):
            own = await self.site.answer(call, receive, read_body)
            if own is not None:
                return own
        found = self.router.find(call.method, path)
        if isinstance(found, list):
            own = await self.site.answer(call, receive, read_body)
            if own is not None:
                return own
            return await self._miss(call, path, found, exchange), "router"
        plan = found.plan
        call.operation_id = exchange.operation = plan.id
        call.path = dict(zip(plan.names, found.values, strict=True))
        call.read_body = plan.read_body
        if not call.is_websocket:
            try:
                call.raw = exchange.request_body = await read_body(receive)
            except TooLarge as error:
                return refusal(error), "router"
        if not plan.covered and not call.is_websocket:
            return None, "connexion"
        return await self.pipeline.run(plan, call)

    def _limited(self, call: Call, exchange: Exchange) -> Rendered | None:
        """The refusal of a request that is one too many."""
        assert self.limits is not None
        try:
            exchange.limits = self.limits.count(call)
        except ApiError as error:
            if error.status == 428:
                text = (b"content-type", b"text/plain; charset=utf-8")
                return Rendered(428, (text,), error.message.encode())
            return refusal(error)
        return None

    async def _miss(
        self, call: Call, path: str, allowed: list[str], exchange: Exchange
    ) -> Rendered:
        """What the routers on the way say, then 405 or 404."""
        gated = self._has_gates and not self.pipeline.world.licensed
        try:
            await self.pipeline.catch_up()
            for step in self.router.trail(path):
                gate = router_gate(step.node.shape) if gated else None
                if gate is not None and gate.before_session:
                    raise gate.refusal()
                if step.node.session and call.signed_in is None:
                    await self.pipeline.sign_in(call, either_token(step.node.shape))
                if gate is not None:
                    raise gate.refusal()
                if step.node.shape == AGENTS_OWN:
                    agent_of(call, self.pipeline.world)
                if step.looks_up and call.signed_in is not None:
                    call.path = _named(step.node.shape, step.values)
                    ON_ENTRY[step.looks_up](call, self.pipeline.world)
        except ApiError as error:
            return refusal(error)
        if allowed:
            lines = tuple((b"allow", method.encode()) for method in allowed)
            return Rendered(405, lines, b"")
        exchange.note = closest_operation(
            call.method,
            call.url_path,
            ((plan.method, plan.path) for plan in self._plans),
            base=self._base,
        )
        hint = f"; {exchange.note}" if exchange.note else ""
        page = self.site.page(call, self._base)
        if page is not None:
            _log.info("%s: a page of the web UI%s", path, hint)
            return page
        _log.info("404 %s %s: no operation has this path%s", call.method, path, hint)
        return refusal(ApiError(404, "Route not found."))

    async def _stream(
        self,
        reply: StreamReply,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: tuple[Header, ...],
    ) -> None:
        from coder_mock_server import streaming

        await streaming.respond(
            reply,
            scope,
            receive,
            send,
            headers,
            stop=self._stopping,
            origin_allowed=lambda origin: cors.is_allowed(origin, self._origins),
        )

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, call: Call, exchange: Exchange
    ) -> None:
        """Leave the request to the application behind; its answers get the usual headers, too."""
        started = time.perf_counter()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.milliseconds = (time.perf_counter() - started) * 1000
                extra = self._headers(call, exchange.mark, exchange)
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            elif message["type"] == "http.response.body":
                exchange.response_body += message.get("body", b"")[:BODY_KEPT]
            await send(message)

        exchange.mark = "connexion"
        behind = {**scope, CALL: call, EXCHANGE: exchange, STOPPING: self._stopping}
        await self.app(behind, _replayed(receive, call.raw), with_headers)

    def _new_request_id(self) -> str:
        """A UUID of its own series, so that asking does not use up ids of the world."""
        self._requests += 1
        return f"{self._series}{self._requests:012x}"


def _replayed(receive: Receive, body: bytes) -> Receive:
    """The body once more, for the application behind us."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class StandardFront(SpecMiddleware):
    """What stays ours when Connexion's own stack serves the operations (`--stack connexion`).

    The journal, the common headers, the paths beside the API, and websockets: Connexion neither
    routes nor secures those. Every other request goes on to the stack behind.
    """

    async def _answer(
        self, scope: Scope, receive: Receive, call: Call, exchange: Exchange
    ) -> tuple[Rendered | StreamReply | None, str]:
        if call.is_websocket or cors.is_preflight(call.method, call.headers):
            return await super()._answer(scope, receive, call, exchange)
        own = await self.site.answer(call, receive, read_body)
        if own is not None:
            return own
        if self.limits is not None and (refused := self._limited(call, exchange)) is not None:
            return refused, "router"
        try:
            call.raw = exchange.request_body = await read_body(receive)
        except TooLarge as error:
            return refusal(error), "router"
        return None, "connexion"


async def read_body(receive: Receive) -> bytes:
    """The whole request body; raises `TooLarge`, or `Disconnected` when the client left."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if message["type"] == "http.disconnect":
            raise Disconnected
        if len(body) > BODY_LIMIT:
            raise TooLarge
        return body
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT:
            raise TooLarge
    return b"".join(parts)


async def respond(answer: Rendered, extra: tuple[Header, ...], kind: str, send: Send) -> None:
    """Send a complete answer; on a websocket it is the refusal of the handshake."""
    headers = [*answer.headers, *extra]
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    prefix = "http" if kind == "http" else "websocket.http"
    await send({"type": f"{prefix}.response.start", "status": answer.status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": answer.body})


def _base_url(scope: Scope, headers: dict[str, str]) -> str:
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    host = headers.get("host")
    if not host:
        server = scope.get("server") or ("127.0.0.1", 80)
        host = f"{server[0]}:{server[1]}"
    return f"{scheme}://{host}"


def _named(shape: str, values: tuple[str, ...]) -> dict[str, str]:
    """Path values by the names that lookups use: each parameter is named after what precedes it."""
    names = {
        "members": "user",
        "organizations": "organization",
        "templates": "template",
        "templateversions": "templateversion",
        "workspaceagents": "workspaceagent",
        "workspacebuilds": "workspacebuild",
        "workspaces": "workspace",
    }
    segments = shape.strip("/").split("/")
    before = [segments[i - 1] for i, segment in enumerate(segments) if segment == "{}"]
    return {names.get(key, key): value for key, value in zip(before, values, strict=False)}
