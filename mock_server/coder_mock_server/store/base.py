"""What a store promises; all that may wait (begin, commit, snapshot) is async from the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from coder_mock_server.store.state import State
from coder_mock_server.store.table import Change
from coder_mock_server.store.topics import Hub, Topic

Snapshot = Any
"""Opaque to everybody but the store that made it."""


class Store(Protocol):
    """Facts with transactions.

    Reads go straight to `state`. Writes happen inside `transaction()`: the block must not await
    between its first write and its end, everything it wrote is undone when it raises, and topics
    that it announced reach their subscribers only after the commit.
    """

    state: State
    hub: Hub
    """Where streams and the simulator subscribe to topics."""
    before_commit: Callable[[Sequence[Change]], None] | None
    """Sees what a transaction changed before it is committed, and may write more into it."""

    def transaction(self) -> AbstractAsyncContextManager[State]:
        """Begin a unit of work."""
        ...

    def announce(self, topic: Topic) -> None:
        """Say that something about `topic` changed; delivered once, after the commit."""
        ...

    async def snapshot(self) -> Snapshot:
        """All facts as they are now."""
        ...

    async def restore(self, snapshot: Snapshot) -> None:
        """Put back what `snapshot` held."""
        ...

    async def reset(self) -> None:
        """Forget everything."""
        ...
