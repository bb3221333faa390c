"""Names of versions that were given none."""

from __future__ import annotations

from coder_mock_server.handlers.templates.names import ADJECTIVES, SURNAMES, generated_name
from coder_mock_server.ids import Ids


def test_generated_names_differ_from_those_that_are_taken() -> None:
    taken: set[str] = set()
    ids = Ids(1)
    for _ in range(1000):
        name = generated_name(ids, taken)
        assert name not in taken
        taken.add(name)


def test_there_is_a_name_even_when_all_short_ones_are_taken() -> None:
    taken = {f"{one}_{two}{digit}" for one in ADJECTIVES for two in SURNAMES for digit in range(10)}
    assert generated_name(Ids(1), taken)[-2:].isdigit()
