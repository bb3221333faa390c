"""One mock server put together: document, world, plans, pipeline; started and stopped as one."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from typing import Any

import orjson

from coder_mock_server.call import World
from coder_mock_server.clock import Clock
from coder_mock_server.discovery import find_handlers
from coder_mock_server.errors import UsageError
from coder_mock_server.handlers.fallback import make_fallback
from coder_mock_server.ids import Ids
from coder_mock_server.journal import Journal
from coder_mock_server.pipeline import Log, Pipeline, to_stderr
from coder_mock_server.plan import Plan, Tools, compile_plans
from coder_mock_server.policy import policy_for
from coder_mock_server.projection import Projections
from coder_mock_server.rendering import Rendered, Renderer
from coder_mock_server.settings import Settings
from coder_mock_server.spec.document import Document
from coder_mock_server.spec.loading import is_shipped, load_document
from coder_mock_server.spec.routing import Router
from coder_mock_server.spec.validators import ValidatorPool
from coder_mock_server.store.memory import MemoryStore
from coder_mock_server.views import Views


@dataclass(frozen=True, slots=True)
class Loaded:
    """Whom a scenario brought along, for the lines that `serve` prints."""

    users: list[tuple[str, str, str]] = field(default_factory=list)
    """User name, email, password."""
    token: str | None = None


class Server:
    """Everything of one server; two in one process do not meet."""

    def __init__(self, settings: Settings, *, log: Log = to_stderr) -> None:
        self.settings = settings
        self.document: Document = load_document(settings)
        self.tools = Tools(Projections(self.document), ValidatorPool(self.document))
        self.renderer = Renderer(self.document, self.tools, validate=settings.validate_responses)
        self.world = World(
            store=MemoryStore(),
            clock=Clock(speed=settings.speed, frozen=settings.frozen),
            ids=Ids(settings.seed),
            settings=settings,
            policy=policy_for(self.document.version or settings.api),
            views=Views(self.renderer.view),
        )
        self.plans: list[Plan] = compile_plans(
            self.document, find_handlers(), make_fallback, self.tools, settings.edition
        )
        self.router: Router[Plan] = Router(self.plans)
        self.journal = Journal()
        self.simulator = _simulator(self.world)
        self.pipeline = Pipeline(
            self.world,
            self.renderer,
            simulator=self.simulator,
            foreign=not is_shipped(settings),
            log=log,
        )
        self.loaded = Loaded()
        self.failure: Exception | None = None
        """Why it did not start."""
        self.stopping = asyncio.Event()
        """Set when the server ends, so that open streams do."""
        self._started = False
        self._timer: asyncio.Task[None] | None = None
        self._document_bytes: bytes | None = None

    async def start(self) -> None:
        """Load the scenario and set the simulator going; a second call does nothing."""
        if self._started:
            return
        self._started = True
        await self.load_scenario()
        if self.simulator is not None:
            self._timer = asyncio.create_task(self.simulator.run())

    async def stop(self) -> None:
        """End the streams and stop the simulator."""
        self.stopping.set()
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
            self._timer = None
        self._started = False

    async def load_scenario(self) -> None:
        """Fill the empty world with the scenario of the settings."""
        self.loaded = await _populate(self.world, self.settings.scenario)

    def document_answer(self) -> Rendered:
        """The served document itself."""
        if self._document_bytes is None:
            self._document_bytes = orjson.dumps(self.document.raw)
        headers = ((b"content-type", b"application/json; charset=utf-8"),)
        return Rendered(200, headers, self._document_bytes)


def _simulator(world: World) -> Any:
    try:
        from coder_mock_server.simulator import Simulator
    except ImportError:
        return None
    return Simulator(world)


async def _populate(world: World, scenario: str) -> Loaded:
    try:
        import coder_fixtures
        from coder_mock_server.scenario_loader import populate
    except ImportError:
        if scenario != "empty":
            raise UsageError(f"scenario {scenario!r} cannot be loaded yet; use `empty`") from None
        from coder_mock_server.domain.people import builtin_organization
        from coder_mock_server.simulator.daemons import put_built_in

        now = world.now()
        async with world.store.transaction():
            world.state.organizations.put(builtin_organization(world.ids.uuid(), now))
            put_built_in(world, now)
        return Loaded()
    result = populate(world, coder_fixtures.load(scenario))
    return await result if inspect.isawaitable(result) else result
