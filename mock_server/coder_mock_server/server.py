"""One mock server put together: document, world, plans, pipeline; started and stopped as one."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from coder_mock_server.call import World
from coder_mock_server.clock import Clock
from coder_mock_server.discovery import find_handlers
from coder_mock_server.handlers.fallback import make_fallback
from coder_mock_server.ids import Ids
from coder_mock_server.journal import Journal
from coder_mock_server.loaded import Loaded
from coder_mock_server.pipeline import Log, Pipeline, to_stderr
from coder_mock_server.plan import Plan, Tools, compile_plans
from coder_mock_server.policy import policy_for
from coder_mock_server.projection import Projections
from coder_mock_server.rendering import Rendered, Renderer
from coder_mock_server.settings import Settings
from coder_mock_server.simulator import Simulator
from coder_mock_server.spec.document import Document
from coder_mock_server.spec.loading import is_shipped, load_document
from coder_mock_server.spec.routing import Router
from coder_mock_server.spec.validators import ValidatorPool
from coder_mock_server.store.memory import MemoryStore
from coder_mock_server.views import Views


class Server:
    """Everything of one server; two in one process do not meet."""

    def __init__(
        self, settings: Settings, *, log: Log = to_stderr, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.document: Document = load_document(settings)
        self.tools = Tools(Projections(self.document), ValidatorPool(self.document))
        self.renderer = Renderer(self.document, self.tools, validate=settings.validate_responses)
        self.world = World(
            store=MemoryStore(),
            clock=clock or Clock(speed=settings.speed, frozen=settings.frozen),
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
        self.simulator = Simulator(self.world)
        self.pipeline = Pipeline(
            self.world,
            self.renderer,
            simulator=self.simulator,
            foreign=not is_shipped(settings),
            log=log,
        )
        self.loaded = Loaded()
        self.scenario = settings.scenario
        self.snapshots: dict[str, Any] = {}
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
        await self._load(self.scenario)
        self._timer = asyncio.create_task(self.simulator.run())

    async def stop(self) -> None:
        """End the streams and stop the simulator."""
        self.stopping.set()
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
            self._timer = None
        self._started = False

    async def reset(self, scenario: str) -> None:
        """Start over with a scenario; ids and tokens are those of a fresh server."""
        import coder_fixtures

        coder_fixtures.load(scenario)  # while there is still something to go on with
        await self.world.store.reset()
        self.world.ids = Ids(self.settings.seed)
        self.world.views.clear()
        await self._load(scenario)
        self.simulator.forget()

    async def restore(self, snapshot: Any) -> None:
        """Put back what the store kept."""
        await self.world.store.restore(snapshot)
        self.world.views.clear()
        self.simulator.forget()

    async def _load(self, scenario: str) -> None:
        """Fill the empty world."""
        import coder_fixtures  # reads YAML, which only the start needs
        from coder_mock_server.scenario_loader import populate

        with self.pipeline.recorder.silent():
            self.loaded = await populate(self.world, coder_fixtures.load(scenario))
        self.scenario = scenario

    def document_answer(self) -> Rendered:
        """The served document itself."""
        if self._document_bytes is None:
            self._document_bytes = orjson.dumps(self.document.raw)
        headers = ((b"content-type", b"application/json; charset=utf-8"),)
        return Rendered(200, headers, self._document_bytes)
