"""One request to one operation: licence gate, session, handler in a transaction, rendering, and the
wording of everything that can go wrong on the way.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from coder_mock_server import security
from coder_mock_server.agent_tokens import agent_of
from coder_mock_server.audit.operations import OPERATIONS
from coder_mock_server.audit.recorder import Recorder
from coder_mock_server.call import Call, Reply, StreamReply, World
from coder_mock_server.errors import ApiError, Unauthorized
from coder_mock_server.plan import Plan
from coder_mock_server.rendering import BrokenPromise, Rendered, Renderer
from coder_mock_server.spec.routers import USER_OR_AGENT
from coder_mock_server.wire import encode

if TYPE_CHECKING:
    from coder_mock_server.simulator import Simulator

INTERNAL = "An internal server error occurred."
Log = Callable[[str], None]


def to_stderr(text: str) -> None:
    """The usual log."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the server's log


class Pipeline:
    """Runs plans for one world."""

    def __init__(
        self,
        world: World,
        renderer: Renderer,
        *,
        simulator: Simulator,
        foreign: bool = False,
        log: Log = to_stderr,
    ) -> None:
        self.world = world
        self.renderer = renderer
        self.simulator = simulator
        self.recorder = Recorder(world)
        world.store.before_commit = self.recorder.before_commit
        self._foreign = foreign
        """The document is not ours: where a handler's answer does not fit it, the fallback does."""
        self._log = log

    async def run(self, plan: Plan, call: Call) -> tuple[Rendered | StreamReply, str]:
        """The answer, and how it was made (`modelled`, `fallback`, ...)."""
        mark = "modelled" if plan.modelled else "fallback"
        try:
            await self.catch_up()
            self.check_gate(plan, signed_in=False)
            if plan.signs_in and call.signed_in is None:
                await self.sign_in(call, plan.signed_out)
            self.check_gate(plan, signed_in=True)
            return await self._handle(plan, call, mark)
        except ApiError as error:
            return self._refused(plan, error), mark
        except BrokenPromise as broken:
            self._log(f"coder-mock: our bug: {plan.id}: the answer breaks the document: {broken}")
            return internal_error(), "broken"
        except Exception:
            self._log(f"coder-mock: our bug: {plan.id} ({call.method} {call.url_path}) failed:")
            self._log(traceback.format_exc())
            return internal_error(), "broken"

    async def catch_up(self) -> None:
        """Take due jobs and agents forward, as their timer would have done by now."""
        if self.simulator.is_due():
            await self.simulator.look()

    def check_gate(self, plan: Plan, *, signed_in: bool) -> None:
        """Raise the 403 of an operation that this edition has no licence for."""
        gate = plan.gate
        if gate is None or self.world.licensed:
            return
        if signed_in or gate.before_session:
            raise gate.refusal()

    async def sign_in(self, call: Call, message: str | None = None) -> None:
        """Put the actor into the call, or raise the API's 401, worded otherwise by `message`."""
        try:
            actor = security.authenticate(call, self.world)
        except Unauthorized:
            if message is None:
                raise
            if message == USER_OR_AGENT and call.method == "GET" and self._is_agent(call):
                return
            raise Unauthorized("", message) from None
        if security.needs_record(actor, self.world.now()):
            async with self.world.store.transaction():
                actor = security.record_use(actor, self.world)
        call.signed_in = actor

    def _is_agent(self, call: Call) -> bool:
        try:
            agent_of(call, self.world)
        except Unauthorized:
            return False
        return True

    async def _handle(
        self, plan: Plan, call: Call, mark: str
    ) -> tuple[Rendered | StreamReply, str]:
        if not self._foreign or not plan.modelled:
            return await self._call(plan, plan.handler, call), mark
        try:
            return await self._call(plan, plan.handler, call), mark
        except BrokenPromise:
            return await self._call(plan, plan.fallback, call), "fallback"

    async def _call(self, plan: Plan, handler: Any, call: Call) -> Rendered | StreamReply:
        """Rendering is part of the transaction: a broken promise undoes the writes, too."""
        try:
            if _is_async(handler):
                reply = await handler(call, self.world)
                rendered = self._render(plan, reply)
                if plan.id in OPERATIONS:
                    async with self.world.store.transaction():
                        self.recorder.unchanged(call, reply.status, reply.body)
                return rendered
            async with self.world.store.transaction():
                reply = handler(call, self.world)
                rendered = self._render(plan, reply)
                if plan.method != "GET":
                    self._record(plan, call, reply)
                return rendered
        except ApiError as error:
            if plan.id in OPERATIONS:
                async with self.world.store.transaction():
                    self.recorder.refused(call, error.status)
            raise

    def _record(self, plan: Plan, call: Call, reply: Reply) -> None:
        if self.world.state.journal.changes:
            self.recorder.ends(call, reply.status, reply.body)
        elif plan.id in OPERATIONS:
            self.recorder.unchanged(call, reply.status, reply.body)

    def _render(self, plan: Plan, reply: Reply | StreamReply) -> Rendered | StreamReply:
        if isinstance(reply, StreamReply):
            return reply
        return self.renderer.reply(plan, reply)

    def _refused(self, plan: Plan, error: ApiError) -> Rendered:
        reply = Reply(error.status, error.body(), headers=error.headers)
        try:
            return self.renderer.reply(plan, reply)
        except BrokenPromise as broken:
            self._log(f"coder-mock: our bug: {plan.id}: the refusal breaks the document: {broken}")
            return internal_error()


@cache
def _is_async(handler: Any) -> bool:
    """Kept, since every request asks it."""
    return inspect.iscoroutinefunction(handler)


def internal_error() -> Rendered:
    """500 as the API words it."""
    return refusal(ApiError(500, INTERNAL))


def refusal(error: ApiError) -> Rendered:
    """An error that belongs to no operation."""
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    for name, value in error.headers.items():
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return Rendered(error.status, tuple(headers), encode(error.body()))
