"""Reads of one object are compared at every depth, but not in what is no promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coder_contract_tests.lifecycles.nested import difference, unordered
from tests.mutation.model import Reply, Request
from tests.support.contract_life import Changed, Life, living, play
from tests.support.contract_life_nested_faults import BY_NAME, BY_NUMBER, emptied


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with living() as found:
        yield found


def turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: turned(one) for key, one in reversed(value.items())}
    return [turned(one) for one in reversed(value)] if isinstance(value, list) else value


def test_another_order_of_lists_is_no_difference(life: Life) -> None:
    def change(request: Request, reply: Reply) -> None:
        reply.json = turned(reply.json)

    played = play(life, "workspaces", mutation=Changed(BY_NAME, change))
    assert "nested_objects_agree" in played.judged
    assert played.errors == []


def test_a_difference_that_passes_is_not_judged(life: Life) -> None:
    """As when an agent connects between two reads."""
    seen: list[str] = []

    def change(request: Request, reply: Reply) -> None:
        seen.append(request.path)
        if seen.count(request.path) == 1:
            emptied("resources")(request, reply)

    played = play(life, "workspaces", mutation=Changed(BY_NUMBER, change))
    assert len(set(seen)) < len(seen)
    assert played.errors == []


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ("/a/1/b", "2", "3")),
        ({"a": []}, {"a": [1]}, ("/a", "[]", "[1]")),
        ({}, {"a": None}, ("/a", "absent", "null")),
        ({"a": 1}, {"a": 1}, ("", "", "")),
        (None, {"a": 1}, ("/", "null", '{"a":1}')),
    ],
)
def test_the_first_difference_is_told(one: Any, other: Any, found: tuple[str, str, str]) -> None:
    assert difference(one, other) == found


def test_lists_are_put_in_order_by_id() -> None:
    first, second = {"id": "a", "scripts": [2, 1]}, {"id": "b", "scripts": []}
    assert unordered([second, first]) == [{"id": "a", "scripts": [1, 2]}, second]
