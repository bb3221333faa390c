"""The usual store: everything in this process, gone with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
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

    def transaction(self) -> AbstractAsyncContextManager[State]:
        """See `Store.transaction`. A block inside another one joins it."""
        return _Joined(self.state) if self.state.journal.active else _Transaction(self)

    def commit(self) -> None:
        """End a transaction well: its topics reach their subscribers."""
        journal = self.state.journal
        try:
            if self.before_commit is not None and journal.changes:
                self.before_commit(tuple(journal.changes))
        except BaseException:
            self.roll_back()
            raise
        self._end()
        if self._announced:
            topics, self._announced = self._announced, {}
            self.hub.publish(topics)

    def roll_back(self) -> None:
        """End a transaction as if it had never begun."""
        for change in reversed(self.state.journal.changes):
            self._tables[change.table].undo(change)
        self._announced.clear()
        self._end()

    def _end(self) -> None:
        self.state.journal.active = False
        self.state.journal.changes.clear()

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


class _Joined(AbstractAsyncContextManager[State]):
    """A block inside of a transaction, which decides what becomes of it."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    async def __aenter__(self) -> State:
        return self._state

    async def __aexit__(self, *raised: object) -> None:
        """Leave the end to the block around this one."""


class _Transaction(AbstractAsyncContextManager[State]):
    """A block that begins and ends a transaction; every request has one, so it is kept light."""

    __slots__ = ("_store",)

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def __aenter__(self) -> State:
        self._store.state.journal.active = True
        return self._store.state

    async def __aexit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is None:
            self._store.commit()
        else:
            self._store.roll_back()
