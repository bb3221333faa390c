"""Every exception of a rule belongs to a rule, and the recorded answers it names are there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from coder_contract_tests.catalogue import every_rule
from coder_contract_tests.leniences import LENIENCES, NOT_RECORDED

RECORDED = Path(__file__).resolve().parent.parent / "differential" / "recorded"
STEP = re.compile(r"\b[a-z0-9-]+/[a-z0-9-]+")


def test_every_exception_belongs_to_a_rule() -> None:
    assert {one.rule for one in LENIENCES} <= {rule.id for rule in every_rule()}


def test_every_exception_names_recorded_answers_or_says_that_there_are_none() -> None:
    steps = {
        f"{file.stem}/{answer['id']}"
        for file in RECORDED.glob("*.json")
        for answer in json.loads(file.read_text())
    }
    named = {one: STEP.findall(one.because) for one in LENIENCES}
    assert [one for one, found in named.items() if not set(found) <= steps] == []
    silent = [one for one, found in named.items() if not found]
    assert [one for one in silent if NOT_RECORDED not in one.because] == []
    assert len(silent) < len(LENIENCES) / 2
