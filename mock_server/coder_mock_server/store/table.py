"""A table of frozen records with equality and sorted indexes, and the undo log behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sortedcontainers import SortedKeyList

R = TypeVar("R")
Key = Hashable


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the record before and after; `None` before an insert and after a removal."""

    table: str
    key: Key
    old: Any
    new: Any


class Journal:
    """Writes of the transaction in progress, so that they can be undone."""

    def __init__(self) -> None:
        self.active = False
        self.changes: list[Change] = []


class Table(Generic[R]):
    """Records of one kind under their key, in the order of their first insertion.

    `indexes` name functions to a value (or `None` for "not in this index"); `by(name, value)`
    gives the matching records in insertion order. `orders` name functions to a sort key;
    `ordered(name)` is a list sorted by it, ties in insertion order, with slicing in O(log n).
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        key: Callable[[R], Key],
        *,
        indexes: Mapping[str, Callable[[R], Hashable | None]] | None = None,
        orders: Mapping[str, Callable[[R], Any]] | None = None,
    ) -> None:
        self.name = name
        self._journal = journal
        self._key = key
        self._index_of = dict(indexes or {})
        self._order_of = dict(orders or {})
        self._rows: dict[Key, R] = {}
        self._sequence: dict[Key, int] = {}
        self._next = 0
        self._indexes: dict[str, dict[Hashable, dict[Key, None]]] = {}
        self._orders: dict[str, SortedKeyList] = {}
        self.version = 0
        """Grows with every write: a cheap answer to "did anything here change?"."""
        self.replaced = 0
        """Grows when rows were replaced wholesale, as by a restore."""
        self._rebuild()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: Key) -> R:
        return self._rows[key]

    @property
    def inserted(self) -> int:
        """How many records were ever inserted."""
        return self._next

    def get(self, key: Key) -> R | None:
        """The record under this key, or `None`."""
        return self._rows.get(key)

    def by(self, index: str, value: Hashable) -> list[R]:
        """Records whose index value equals `value`, in insertion order."""
        rows = self._rows
        return [rows[key] for key in self._indexes[index].get(value, ())]

    def one(self, index: str, value: Hashable) -> R | None:
        """The first record with this index value, or `None`."""
        for key in self._indexes[index].get(value, ()):
            return self._rows[key]
        return None

    def count(self, index: str, value: Hashable) -> int:
        """How many records have this index value."""
        return len(self._indexes[index].get(value, ()))

    def ordered(self, order: str) -> OrderedView[R]:
        """All records sorted by the named order."""
        return OrderedView(self._rows, self._orders[order])

    def put(self, record: R) -> R:
        """Insert the record, or replace the one under its key; gives the record back."""
        key = self._key(record)
        old = self._rows.get(key)
        if old is record:
            return record
        self._set(key, record)
        if self._journal.active:
            self._journal.changes.append(Change(self.name, key, old, record))
        return record

    def remove(self, key: Key) -> R | None:
        """Take the record under this key out; gives it back, or `None` where there was none."""
        old = self._rows.get(key)
        if old is None:
            return None
        self._set(key, None)
        if self._journal.active:
            self._journal.changes.append(Change(self.name, key, old, None))
        return old

    def undo(self, change: Change) -> None:
        """Put back what one change replaced."""
        self._set(change.key, change.old)

    def dump(self) -> tuple[dict[Key, R], dict[Key, int], int]:
        """The rows as they are, for a snapshot; records are frozen, so nothing is copied deep."""
        return dict(self._rows), dict(self._sequence), self._next

    def load(self, dumped: tuple[dict[Key, R], dict[Key, int], int]) -> None:
        """Replace everything by what `dump` gave."""
        rows, sequence, self._next = dumped
        self._rows, self._sequence = dict(rows), dict(sequence)
        self._rebuild()

    def extend(self, records: Iterable[R]) -> None:
        """Insert many new records at once; quicker than `put`, for a scenario that is loaded."""
        made = {self._key(record): record for record in records}
        if known := made.keys() & self._rows.keys():
            raise ValueError(f"{self.name} has {sorted(map(str, known))[0]} already")
        self.version += 1
        self.replaced += 1
        self._rows.update(made)
        for number, key in enumerate(made, self._next):
            self._sequence[key] = number
        self._next += len(made)
        for name, value_of in self._index_of.items():
            index = self._indexes[name]
            for key, record in made.items():
                value = value_of(record)
                if value is not None:
                    index.setdefault(value, {})[key] = None
        for order in self._orders.values():
            order.update(made)
        if self._journal.active:
            self._journal.changes += [
                Change(self.name, key, None, record) for key, record in made.items()
            ]

    def _rebuild(self) -> None:
        self.version += 1
        self.replaced += 1
        self._indexes = {name: {} for name in self._index_of}
        for name, value_of in self._index_of.items():
            index = self._indexes[name]
            for key, record in self._rows.items():
                value = value_of(record)
                if value is not None:
                    index.setdefault(value, {})[key] = None
        for name, sort_key in self._order_of.items():
            self._orders[name] = SortedKeyList(self._rows, key=self._row_order(sort_key))

    def _row_order(self, sort_key: Callable[[R], Any]) -> Callable[[Key], Any]:
        return lambda key: (sort_key(self._rows[key]), self._sequence[key])

    def _set(self, key: Key, record: R | None) -> None:
        self.version += 1
        old = self._rows.get(key)
        if old is not None:
            for order in self._orders.values():
                order.remove(key)
            for name, value_of in self._index_of.items():
                value = value_of(old)
                if value is not None and (record is None or value_of(record) != value):
                    bucket = self._indexes[name][value]
                    bucket.pop(key, None)
                    if not bucket:
                        del self._indexes[name][value]
        if record is None:
            self._rows.pop(key, None)
            self._sequence.pop(key, None)
            return
        if key not in self._sequence:
            self._sequence[key] = self._next
            self._next += 1
        self._rows[key] = record
        for name, value_of in self._index_of.items():
            value = value_of(record)
            if value is not None:
                self._indexes[name].setdefault(value, {})[key] = None
        for order in self._orders.values():
            order.add(key)


class OrderedView(Generic[R]):
    """A sorted look at a table: iterate, count, slice, reverse. Do not write while iterating."""

    def __init__(self, rows: Mapping[Key, R], keys: SortedKeyList) -> None:
        self._rows = rows
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[R]:
        rows = self._rows
        return (rows[key] for key in self._keys)

    def __reversed__(self) -> Iterator[R]:
        rows = self._rows
        return (rows[key] for key in reversed(self._keys))

    def page(self, offset: int, limit: int) -> list[R]:
        """`limit` records from `offset`; all the rest when `limit` is 0."""
        stop = offset + limit if limit else None
        rows = self._rows
        return [rows[key] for key in self._keys[offset:stop]]
