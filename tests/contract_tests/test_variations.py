"""Some of what healthy servers may do is tolerated on every run of the tests, all by night."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.mutation.faults.edits import both
from tests.mutation.run import run_once
from tests.mutation.tolerance import Tolerated, chosen, tolerate, tolerated
from tests.mutation.variations import VARIATIONS
from tests.mutation.variations.model import Variation

NIGHTLY = bool(os.environ.get("CODER_MOCK_NIGHTLY"))
SAMPLE = (
    (
        "json-on-many-lines",
        "unknown-members",
        "lists-in-free-order",
        "times-to-the-nanosecond",
        "pings-and-comments",
        "the-same-again",
        "headers-in-capitals-and-backwards",
    ),
    ("clock-2-hours-ahead",),
    ("others-change-settings",),
)


def reads(ids: tuple[str, ...]) -> Tolerated:
    """What comes of a run that only reads, under several variations at once."""
    variations = chosen(ids)
    last: Variation = variations[-1]
    setting = replace(last.setting, writes=False)
    inject = both(*(one.inject for one in variations))
    return tolerated(last, run_once(setting, inject(), last.prepare, last.beside))


def test_there_are_many_variations_and_each_says_what_allows_it() -> None:
    assert len(VARIATIONS) >= 40
    assert len({one.id for one in VARIATIONS}) == len(VARIATIONS)
    assert all(one.description and one.allowed for one in VARIATIONS)


@pytest.mark.skipif(NIGHTLY, reason="by night every variation is tried")
@pytest.mark.parametrize("ids", SAMPLE, ids=lambda ids: ids[-1])
def test_a_sample_of_the_variations_is_tolerated(ids: tuple[str, ...]) -> None:
    found = reads(ids)
    assert (found.errors, found.incomplete, found.left) == ((), (), ())


@pytest.mark.skipif(NIGHTLY, reason="by night every variation is tried")
def test_who_may_do_little_is_refused_much_and_that_is_no_fault() -> None:
    (found,) = tolerate(chosen(["as-user-admin"]), jobs=1)
    assert (found.errors, found.incomplete, found.left) == ((), (), ())


@pytest.mark.skipif(not NIGHTLY, reason="takes an hour: set CODER_MOCK_NIGHTLY=1")
def test_every_variation_is_tolerated() -> None:
    assert [one.words for one in tolerate(VARIATIONS, jobs=2) if not one.is_good] == []
