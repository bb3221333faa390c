"""Who is told when something changes: topics and their subscriptions.

A subscription only remembers that its topic changed, not how often or how: the subscriber then
reads what there is. So a slow subscriber costs one flag, and never holds anybody up.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Topic(NamedTuple):
    """For instance `Topic("workspace", id)`, `Topic("job_logs", id)`, `Topic("agent_logs", id)`."""

    kind: str
    id: str


class Subscription:
    """One subscriber's flag. Use as a context manager, await `changed()` in a loop."""

    def __init__(self, hub: Hub, topics: tuple[Topic, ...]) -> None:
        self._hub = hub
        self._topics = topics
        self._event = asyncio.Event()
        self.pending = 0
        """Announcements since the last look: a watch sends one frame for each."""

    def __enter__(self) -> Subscription:
        for topic in self._topics:
            self._hub.join(topic, self)
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self._topics:
            self._hub.leave(topic, self)

    async def announced(self) -> int:
        """Wait for a change; how many announcements there were since the last look."""
        await self._event.wait()
        count = self.pending
        self._event.clear()
        self.pending = 0
        return count

    def notify(self) -> None:
        """Raise the flag."""
        self.pending += 1
        self._event.set()

    async def changed(self, timeout: float | None = None) -> bool:
        """Wait until the topic changed; `False` when `timeout` (wall seconds) passed before."""
        try:
            async with asyncio.timeout(timeout):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        self.pending = 0
        return True


class Hub:
    """All subscriptions, by topic."""

    def __init__(self) -> None:
        self._members: dict[Topic, dict[Subscription, None]] = {}

    def subscribe(self, *topics: Topic) -> Subscription:
        """A subscription that joins when entered."""
        return Subscription(self, topics)

    def join(self, topic: Topic, subscription: Subscription) -> None:
        """Start telling this subscription about `topic`."""
        self._members.setdefault(topic, {})[subscription] = None

    def leave(self, topic: Topic, subscription: Subscription) -> None:
        """Stop telling it."""
        members = self._members.get(topic)
        if members is not None:
            members.pop(subscription, None)
            if not members:
                del self._members[topic]

    def publish(self, topics: dict[Topic, int]) -> None:
        """Tell every subscription of these topics, once for each announcement."""
        for topic in topics:
            for subscription in tuple(self._members.get(topic, ())):
                subscription.notify()

    def count(self) -> int:
        """How many subscriptions there are, over all topics."""
        return sum(len(members) for members in self._members.values())
