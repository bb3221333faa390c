"""Tables: what was put can be found by key, index and order; what is undone never was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from coder_mock_server.store.table import Journal, Table


@dataclass(frozen=True)
class Animal:
    id: int
    kind: str | None
    weight: int


def zoo(journal: Journal | None = None) -> Table[Animal]:
    return Table(
        "animals",
        journal or Journal(),
        lambda a: a.id,
        indexes={"kind": lambda a: a.kind},
        orders={"weight": lambda a: a.weight},
    )


animals = st.builds(
    Animal,
    st.integers(0, 8),
    st.none() | st.sampled_from(["cat", "dog", "owl"]),
    st.integers(0, 5),
)
steps = st.lists(st.tuples(st.sampled_from(["put", "remove"]), animals), max_size=40)


def apply(table: Table[Animal], model: dict[int, Animal], steps: list[tuple[str, Animal]]) -> None:
    for what, animal in steps:
        if what == "put":
            table.put(animal)
            model[animal.id] = animal
        else:
            table.remove(animal.id)
            model.pop(animal.id, None)


def assert_same(table: Table[Animal], model: dict[int, Animal]) -> None:
    assert {a.id: a for a in table} == model
    assert len(table) == len(model)
    for kind in ("cat", "dog", "owl"):
        found = table.by("kind", kind)
        assert {a.id for a in found} == {a.id for a in model.values() if a.kind == kind}
        assert table.count("kind", kind) == len(found)
        assert table.one("kind", kind) == (found[0] if found else None)
    weights = [a.weight for a in table.ordered("weight")]
    assert weights == sorted(a.weight for a in model.values())


@given(steps)
def test_a_table_finds_what_a_dictionary_holds(done: list[tuple[str, Animal]]) -> None:
    table, model = zoo(), dict[int, Animal]()
    apply(table, model, done)
    assert_same(table, model)


@given(steps, steps)
def test_undoing_puts_everything_back(
    before: list[tuple[str, Animal]], after: list[tuple[str, Animal]]
) -> None:
    journal = Journal()
    table, model = zoo(journal), dict[int, Animal]()
    apply(table, model, before)
    journal.active = True
    apply(table, dict(model), after)
    for change in reversed(journal.changes):
        table.undo(change)
    assert_same(table, model)


@given(steps, steps)
@settings(max_examples=50)
def test_a_dump_is_not_touched_by_later_writes(
    before: list[tuple[str, Animal]], after: list[tuple[str, Animal]]
) -> None:
    table, model = zoo(), dict[int, Animal]()
    apply(table, model, before)
    dumped = table.dump()
    apply(table, dict(model), after)
    table.load(dumped)
    assert_same(table, model)


@given(st.lists(animals, unique_by=lambda a: a.id), st.integers(0, 9), st.integers(0, 9))
def test_pages_are_slices_of_the_order(made: list[Animal], offset: int, limit: int) -> None:
    table = zoo()
    table.extend(made)
    whole = list(table.ordered("weight"))
    page = table.ordered("weight").page(offset, limit)
    assert page == whole[offset : offset + limit if limit else None]
    assert list(reversed(table.ordered("weight"))) == whole[::-1]


def test_equal_sort_keys_stay_in_the_order_of_insertion() -> None:
    table = zoo()
    for id in (3, 1, 2):
        table.put(Animal(id, None, 7))
    assert [a.id for a in table.ordered("weight")] == [3, 1, 2]


def test_putting_the_very_same_record_is_no_write() -> None:
    table = zoo()
    cat = table.put(Animal(1, "cat", 4))
    version = table.version
    assert table.put(cat) is cat
    assert table.version == version


def test_every_write_moves_the_version() -> None:
    table = zoo()
    seen: list[Any] = [table.version]
    table.put(Animal(1, "cat", 4))
    seen.append(table.version)
    table.put(Animal(1, "dog", 4))
    seen.append(table.version)
    table.remove(1)
    seen.append(table.version)
    assert len(set(seen)) == 4


def test_removing_what_is_not_there_changes_nothing() -> None:
    table = zoo()
    version = table.version
    assert table.remove(5) is None
    assert table.version == version
