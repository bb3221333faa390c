"""Moves the world on: the only writer of what jobs, agents and the server itself do over time.

Everything that is due is taken in the order of time and dated with its due time, however late
the look is. What is due follows from the stored facts; the simulator only remembers what it
worked out, and can forget it at any moment.
"""

from __future__ import annotations

import asyncio
import heapq
from datetime import datetime, timedelta

from coder_mock_server.call import World
from coder_mock_server.domain.jobs import WORK
from coder_mock_server.domain.template_stats import count_all
from coder_mock_server.notifications import delivery
from coder_mock_server.simulator import agents, automation, templates
from coder_mock_server.simulator.jobs import JobRunner
from coder_mock_server.store.topics import Topic

TICK = timedelta(minutes=1)
COUNTED_EVERY = timedelta(hours=1)
"""How old what is counted about templates gets. Our choice."""


class Simulator:
    """Takes the world forward to the present; see the module."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs = JobRunner(world)
        self._epoch = world.now()
        self._tick = self._epoch + TICK
        self._count = self._epoch + COUNTED_EVERY
        self._agents: list[tuple[datetime, str, str]] = []
        self._known: tuple[int, int] = (-1, -1)

    def forget(self) -> None:
        """Work everything out anew, as after the facts were replaced."""
        self._jobs.forget()
        self._agents = []
        for agent in self._world.state.agents:
            self._expect(agent.id)
        self._known = self._rows()

    @property
    def next_due(self) -> datetime:
        """When something happens next; at the latest the next round of automation."""
        if self._known != self._rows():
            self.forget()
        moments = [self._tick, self._count]
        if (event := self._jobs.next_event()) is not None:
            moments.append(event.due)
        if self._agents:
            moments.append(self._agents[0][0])
        if (fetch := delivery.next_due(self._world)) is not None:
            moments.append(fetch)
        return min(moments)

    def is_due(self) -> bool:
        """Whether a look would change anything now."""
        return self.next_due <= self._world.now()

    def catch_up(self) -> bool:
        """Do all that is due by now, inside the open transaction; whether there was anything."""
        now = self._world.now()
        if self.next_due > now:
            return False
        try:
            while (due := self.next_due) <= now:
                self._step(due, now)
        except BaseException:
            self.forget()
            raise
        return True

    async def look(self) -> None:
        """Catch up in a transaction of its own; templates not read yet are read in a thread."""
        for file_id, data in templates.missing_modules(self._world).items():
            module = await asyncio.to_thread(templates.read_module, data)
            self._world.state.modules[file_id] = module
        async with self._world.store.transaction():
            self.catch_up()

    async def run(self) -> None:
        """Follow the clock until canceled: look whenever something is due."""
        world = self._world
        with world.store.hub.subscribe(Topic(*WORK)) as subscription:
            world.clock.on_move(subscription.notify)
            while True:
                if self.is_due():
                    await self.look()
                await subscription.changed(world.clock.wall_seconds_until(self.next_due))

    def _step(self, due: datetime, now: datetime) -> None:
        event = self._jobs.next_event()
        if event is not None and event.due == due:
            job = self._world.state.jobs[event.job_id]
            self._jobs.take(event)
            if event.kind == "finish":
                for agent in self._world.state.agents.by("job", job.id):
                    self._expect(agent.id)
                self._known = self._rows()
        elif self._agents and self._agents[0][0] == due:
            self._step_agent()
        elif delivery.next_due(self._world) == due:
            delivery.deliver(self._world, due)
        elif self._count == due:
            count_all(self._world.state)
            # A leap is counted where it ends, not at every hour on the way.
            hours = max(
                (due - self._epoch) // COUNTED_EVERY + 1, (now - self._epoch) // COUNTED_EVERY
            )
            self._count = self._epoch + hours * COUNTED_EVERY
            return
        else:
            automation.tick(self._world, due)
            self._tick = self._tick_after(due, now)
            return
        self._tick = min(self._tick, self._boundary_after(due))

    def _step_agent(self) -> None:
        due, id, kind = heapq.heappop(self._agents)
        agent = self._world.state.agents.get(id)
        if agent is None:
            return
        if kind == "timeout":
            agents.time_out(self._world, agent)
            return
        step = agents.next_step(self._world, agent)
        if step is not None and step.due <= due:
            agents.take_step(self._world, agent, step._replace(due=due))
        self._expect(id)

    def _expect(self, id: str) -> None:
        """Put the next step of an agent on the list."""
        agent = self._world.state.agents[id]
        step = agents.next_step(self._world, agent)
        if step is not None:
            heapq.heappush(self._agents, (step.due, id, "step"))
        elif (limit := agents.times_out_at(self._world, agent)) is not None:
            heapq.heappush(self._agents, (limit, id, "timeout"))

    def _rows(self) -> tuple[int, int]:
        """Differs from before when agents came from elsewhere: a restore, a reset, a scenario."""
        return self._world.state.agents.replaced, self._world.state.agents.inserted

    def _boundary_after(self, moment: datetime) -> datetime:
        """The first round of automation later than `moment`."""
        return self._epoch + (max(0, (moment - self._epoch) // TICK) + 1) * TICK

    def _tick_after(self, tick: datetime, now: datetime) -> datetime:
        """The next round: a minute later, or when time leaps, the first with something to do."""
        following = self._boundary_after(tick)
        if following > now:
            return following
        due = automation.next_due(self._world, tick)
        latest = self._boundary_after(now)
        if due is None or due > now:
            return latest
        return max(following, min(latest, self._boundary_after(due - timedelta(microseconds=1))))
