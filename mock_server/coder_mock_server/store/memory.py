"""The usual store: everything in this process, gone with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from coder_mock_server.store.state import State
from coder_mock_server.store.table import Change
from coder_mock_server.store.topics import Hub, Topic


class MemoryStore:
    """`Store` over plain tables; transactions are an undo log."""

    def __init__(self) -> None:
        self.state = State()
        self.hub = Hub()
        self._tables = self.state.tables()
        self._announced: dict[Topic, int] = {}
        self.before_commit: Callable[[Sequence[Change]], None] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[State]:
        """See `Store.transaction`. A block inside another one joins it."""
        journal = self.state.journal
        if journal.active:
            yield self.state
            return
        journal.active = True
        try:
            yield self.state
            if self.before_commit is not None and journal.changes:
                self.before_commit(tuple(journal.changes))
        except BaseException:
            for change in reversed(journal.changes):
                self._tables[change.table].undo(change)
            self._announced.clear()
            raise
        finally:
            journal.active = False
            journal.changes.clear()
        if self._announced:
            topics, self._announced = self._announced, {}
            self.hub.publish(topics)

    def announce(self, topic: Topic) -> None:
        """See `Store.announce`."""
        self._announced[topic] = self._announced.get(topic, 0) + 1

    async def snapshot(self) -> Any:
        """See `Store.snapshot`."""
        tables = {name: table.dump() for name, table in self._tables.items()}
        return tables, dict(self.state.counters), dict(self.state.imports), dict(self.state.modules)

    async def restore(self, snapshot: Any) -> None:
        """See `Store.restore`."""
        tables, counters, imports, modules = snapshot
        for name, table in self._tables.items():
            table.load(tables[name])
        self.state.counters = dict(counters)
        self.state.imports = dict(imports)
        self.state.modules = dict(modules)

    async def reset(self) -> None:
        """See `Store.reset`."""
        for table in self._tables.values():
            table.load(({}, {}, 0))
        self.state.counters = {}
        self.state.imports = {}
        self.state.modules = {}
