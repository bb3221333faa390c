"""Recordings: the answers to a scenario's steps, one JSON object per line of a JSON list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coder_contract_tests.errors import UsageError

Answer = Mapping[str, Any]


def usual_place(scenario: Path) -> Path:
    """Where a scenario's recording lies: in ``recorded`` beside ``scenarios``, or beside it."""
    folder = scenario.absolute().parent
    if folder.name == "scenarios":
        return folder.parent / "recorded" / f"{scenario.stem}.json"
    return folder / f"{scenario.stem}.recorded.json"


def read(path: Path) -> dict[str, Answer]:
    """The answers by step id."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: no recording can be read there ({error.strerror}). Make one with: "
            "coder-contract record SCENARIO --target URL"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON: {error}") from error
    needed = {"id", "status"}
    if not isinstance(raw, list) or not all(
        isinstance(one, dict) and needed <= one.keys() for one in raw
    ):
        raise UsageError(f"{path}: a recording is a list of answers with id and status")
    return {str(one["id"]): one for one in raw}


def written(answers: Iterable[Answer]) -> str:
    """Answers as a recording, a line each, so that a change is seen in review."""
    lines = ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
    return f"[\n{lines}\n]\n"
