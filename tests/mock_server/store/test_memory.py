"""The store in this process: all or nothing, told after the commit, kept and put back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from coder_mock_server.domain import records as r
from coder_mock_server.store.memory import MemoryStore
from coder_mock_server.store.topics import Topic

NOON = datetime(2025, 5, 19, 12, tzinfo=UTC)
TOPIC = Topic("workspace", "w")


def person(name: str) -> r.User:
    return r.User(name, name, f"{name}@example.com", NOON, NOON)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_what_a_block_writes_stays() -> None:
    store = MemoryStore()

    async def story() -> None:
        async with store.transaction() as state:
            state.users.put(person("ada"))

    run(story())
    assert store.state.users.one("username", "ada") == person("ada")


def test_what_a_failing_block_wrote_never_was() -> None:
    store = MemoryStore()

    async def story() -> None:
        async with store.transaction() as state:
            state.users.put(person("ada"))
        with pytest.raises(ValueError, match="too late"):
            async with store.transaction() as state:
                state.users.put(person("ben"))
                state.users.remove("ada")
                raise ValueError("too late")

    run(story())
    assert [u.username for u in store.state.users] == ["ada"]


def test_a_block_inside_another_shares_its_fate() -> None:
    store = MemoryStore()

    async def story() -> None:
        with pytest.raises(ValueError, match="outer"):
            async with store.transaction():
                async with store.transaction() as state:
                    state.users.put(person("ada"))
                raise ValueError("outer")

    run(story())
    assert len(store.state.users) == 0


def test_subscribers_are_told_after_the_commit() -> None:
    store = MemoryStore()

    async def story() -> None:
        with store.hub.subscribe(TOPIC) as subscription:
            async with store.transaction():
                store.announce(TOPIC)
                assert subscription.pending == 0
            assert subscription.pending == 1
            assert await subscription.changed()

    run(story())


def test_subscribers_are_not_told_of_what_was_undone() -> None:
    store = MemoryStore()

    async def story() -> None:
        with store.hub.subscribe(TOPIC) as subscription:
            with pytest.raises(ValueError, match="no"):
                async with store.transaction():
                    store.announce(TOPIC)
                    raise ValueError("no")
            assert not await subscription.changed(timeout=0)

    run(story())


def test_only_subscribers_of_the_topic_are_told() -> None:
    store = MemoryStore()

    async def story() -> None:
        with store.hub.subscribe(Topic("workspace", "other")) as other:
            async with store.transaction():
                store.announce(TOPIC)
            assert not await other.changed(timeout=0)

    run(story())


def test_a_subscription_that_was_left_costs_nothing() -> None:
    store = MemoryStore()

    async def story() -> None:
        with store.hub.subscribe(TOPIC):
            assert store.hub.count() == 1
        assert store.hub.count() == 0

    run(story())


def test_a_snapshot_comes_back_whatever_happened_since() -> None:
    store = MemoryStore()

    async def story() -> None:
        async with store.transaction() as state:
            state.users.put(person("ada"))
            state.next("job_logs")
        kept = await store.snapshot()
        async with store.transaction() as state:
            state.users.remove("ada")
            state.users.put(person("ben"))
            state.next("job_logs")
        await store.restore(kept)

    run(story())
    assert [u.username for u in store.state.users] == ["ada"]
    assert store.state.users.one("username", "ben") is None
    assert store.state.next("job_logs") == 2


def test_a_reset_forgets_everything() -> None:
    store = MemoryStore()

    async def story() -> None:
        async with store.transaction() as state:
            state.users.put(person("ada"))
            state.next("job_logs")
        await store.reset()

    run(story())
    assert len(store.state.users) == 0
    assert store.state.next("job_logs") == 1
