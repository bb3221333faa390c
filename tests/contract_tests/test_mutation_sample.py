"""Some faults of the fault list are found on every run of the tests, all of them by night."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import pytest

from tests.mutation.__main__ import examine, grouped
from tests.mutation.faults import FAULTS
from tests.mutation.faults.edits import both
from tests.mutation.model import Fault
from tests.mutation.run import judged, run_once, setting_of

SEED = 20250519
NIGHTLY = bool(os.environ.get("CODER_MOCK_NIGHTLY"))


def sample(kinds: Sequence[str], size: int, *, writes: bool) -> list[Fault]:
    """Faults that can share one run of the default scenario, drawn by a fixed seed."""
    drawn = [
        one
        for one in FAULTS
        if one.kind in kinds and one.scenario == "small-team" and one.writes == writes
    ]
    random.Random(SEED).shuffle(drawn)
    fitting = [group for group in grouped(drawn, size) if len(group) == size]
    return fitting[0]


def missed(faults: Sequence[Fault]) -> list[str]:
    """Those that one run with all of them does not find, and why."""
    run = run_once(setting_of(faults[0]), both(*(one.inject for one in faults))())
    outcomes = [judged(fault, run, frozenset()) for fault in faults]
    return [f"{one.fault.id}: {one.why}" for one in outcomes if not one.detected]


def test_there_are_at_least_eighty_faults_and_each_says_what_it_breaks() -> None:
    assert len(FAULTS) >= 80
    assert len({one.id for one in FAULTS}) == len(FAULTS)
    assert all(one.description and one.oracle and one.operations for one in FAULTS)


@pytest.mark.skipif(NIGHTLY, reason="by night every fault is tried")
@pytest.mark.parametrize(
    "faults",
    [
        sample(["wire"], 3, writes=False),
        sample(["relations"], 3, writes=False),
        sample(["streams"], 2, writes=True),
    ],
    ids=lambda faults: ", ".join(one.id for one in faults),
)
def test_a_sample_of_the_faults_is_found(faults: list[Fault]) -> None:
    assert missed(faults) == []


@pytest.mark.skipif(not NIGHTLY, reason="takes an hour: set CODER_MOCK_NIGHTLY=1")
def test_every_fault_is_found() -> None:
    outcomes = examine(FAULTS, jobs=2)
    assert [f"{one.fault.id}: {one.why}" for one in outcomes if not one.detected] == []
