"""What differs between two answers, by path, and which differences a rule passes over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from coder_contract_tests.recordings.scenario import Ignored
from coder_contract_tests.recordings.values import below

Verdict = Literal["same", "status", "answer"]
BRIEF = 160


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two answers differ."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one answer."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    ignored: tuple[tuple[Difference, str], ...] = ()
    """Differences that a rule passes over, with its reason."""


def judge(expected: Mapping[str, Any], came: Mapping[str, Any], rules: Sequence[Ignored]) -> Judged:
    """Hold an answer against the expected one: status first, then headers and body."""
    if came["status"] != expected["status"] or "until" in came:
        words = f"expected {expected['status']}, came {came['status']}"
        if "until" in came:
            words += f" ({came['until']})"
        return Judged("status", (Difference("status", f"{words}: {brief(came.get('body'))}"),))
    found = [
        *differences(expected.get("headers", {}), came.get("headers", {}), "header"),
        *differences(expected.get("body"), came.get("body")),
    ]
    ignored: list[tuple[Difference, str]] = []
    count: list[Difference] = []
    for one in found:
        reason = _reason(one.path, rules)
        if reason is None:
            count.append(one)
        else:
            ignored.append((one, reason))
    return Judged("answer" if count else "same", tuple(count), tuple(ignored))


def differences(expected: Any, came: Any, at: str = "") -> Iterator[Difference]:
    """Every place where two values differ; items of lists are compared by position."""
    if isinstance(expected, dict) and isinstance(came, dict):
        for key in [*expected, *(key for key in came if key not in expected)]:
            path = below(at, key)
            if key not in came:
                yield Difference(path, f"is missing, expected {brief(expected[key])}")
            elif key not in expected:
                yield Difference(path, f"is not expected, came {brief(came[key])}")
            else:
                yield from differences(expected[key], came[key], path)
    elif isinstance(expected, list) and isinstance(came, list):
        if len(expected) != len(came):
            yield Difference(at or "body", f"expected {len(expected)} items, came {len(came)}")
        for index, (one, other) in enumerate(zip(expected, came, strict=False)):
            yield from differences(one, other, below(at, index))
    elif expected != came or type(expected) is not type(came):
        yield Difference(at or "body", f"expected {brief(expected)}, came {brief(came)}")


def brief(value: Any) -> str:
    """A value as JSON, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= BRIEF else text[: BRIEF - 1] + "…"


def _reason(path: str, rules: Sequence[Ignored]) -> str | None:
    """Why a place is not compared: a rule for it, or for something that it stands below."""
    parts = path.split(".")
    above = [".".join(parts[: length + 1]) for length in range(len(parts))]
    for rule in rules:
        if any(fnmatchcase(one, rule.path) for one in above):
            return rule.reason
    return None
