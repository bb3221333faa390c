"""A comparison for people and for programs: where answers differ, by path, and what was ignored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from coder_contract_tests.recordings.comparing import Compared, Comparison


def step(compared: Compared, shown: int) -> str:
    """One step that differs; empty for one that does not."""
    return "\n".join(_step(compared, shown))


def verdict(comparison: Comparison) -> str:
    """What was ignored and how many answers are the same."""
    return "\n".join(_verdict(comparison))


def render(comparison: Comparison) -> str:
    """The comparison as one JSON object."""
    value = {
        "target": comparison.target,
        "against": comparison.against,
        "counts": {name: comparison.count(name) for name in ("same", "answer", "status")},
        "steps": [_object(one) for one in comparison.steps],
        "notes": list(comparison.notes),
    }
    return json.dumps(value)


def _step(compared: Compared, shown: int) -> Iterator[str]:
    judged = compared.judged
    if judged.verdict == "same":
        return
    why = f"  ({compared.step.why})" if compared.step.why else ""
    kind = "another status" if judged.verdict == "status" else "another answer"
    yield f"{compared.scenario}/{compared.step.id}  {compared.step.request}  {kind}{why}"
    for one in judged.differences[:shown]:
        yield f"    {one}"
    more = len(judged.differences) - shown
    if more > 0:
        yield f"    and {more} more (--show {len(judged.differences)})"


def _verdict(comparison: Comparison) -> Iterator[str]:
    ignored = Counter(
        (one.scenario, reason) for one in comparison.steps for _, reason in one.judged.ignored
    )
    for (scenario, reason), count in ignored.items():
        yield f"ignored in {scenario}: {count} differences, because: {reason}"
    yield from comparison.notes
    total = len(comparison.steps)
    same = comparison.count("same")
    word = "SAME" if same == total else "DIFFERENT"
    yield (
        f"{word}: {same} of {total} answers of {comparison.target} are those of "
        f"{comparison.against}, {comparison.count('answer')} differ, "
        f"{comparison.count('status')} have another status"
    )


def _object(compared: Compared) -> dict[str, Any]:
    judged = compared.judged
    return {
        "scenario": compared.scenario,
        "step": compared.step.id,
        "request": compared.step.request,
        "verdict": judged.verdict,
        "differences": [{"path": one.path, "words": one.words} for one in judged.differences],
        "ignored": [
            {"path": one.path, "words": one.words, "reason": reason}
            for one, reason in judged.ignored
        ],
    }
