"""The last exchanges, for whoever wonders what a client really sent, and the closest operation to a
path that does not exist.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

_TOKEN = re.compile(r"(coder_session_token=)[^&]*")
BODY_LIMIT = 2000


@dataclass(slots=True)
class Exchange:
    """One request and its answer."""

    number: int
    at: datetime
    method: str
    path: str
    query: str
    status: int = 0
    operation: str = ""
    mark: str = ""
    """How it was answered: modelled, fallback, router, ..."""
    milliseconds: float = 0.0
    request_body: bytes = b""
    response_body: bytes = b""
    limits: dict[str, str] = field(default_factory=dict)
    """Headers that tell how often one may still ask."""
    note: str = ""
    """What the answer itself does not say: a hint, or what was wrong on our side."""

    def describe(self) -> dict[str, Any]:
        """As the control API shows it; the token in a query is masked."""
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": _TOKEN.sub(r"\1***", self.query),
            "status": self.status,
            "operation": self.operation,
            "mark": self.mark,
            "milliseconds": round(self.milliseconds, 3),
            "request_body": self.request_body[:BODY_LIMIT].decode("utf-8", "replace"),
            "response_body": self.response_body[:BODY_LIMIT].decode("utf-8", "replace"),
            "note": self.note,
        }


class Journal:
    """The last `capacity` exchanges, newest last."""

    def __init__(self, capacity: int = 200) -> None:
        self._entries: deque[Exchange] = deque(maxlen=capacity)
        self._count = 0

    def open(self, at: datetime, method: str, path: str, query: str) -> Exchange:
        """A new entry; its answer is filled in later."""
        self._count += 1
        entry = Exchange(self._count, at, method, path, query)
        self._entries.append(entry)
        return entry

    def entries(self, limit: int = 50) -> list[Exchange]:
        """The newest `limit` entries, oldest of them first."""
        return list(self._entries)[-limit:] if limit else list(self._entries)

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


def closest_operation(
    method: str, path: str, candidates: Iterable[tuple[str, str]], *, base: str = ""
) -> str:
    """A hint for a path without an operation: the most similar one, and where it differs.

    Empty when nothing is similar. `base` is what all paths begin with and proves nothing.
    """
    if not path.startswith(base + "/"):
        return f"the API is below {base}" if base else ""
    segments = _segments(path[len(base) :])
    best = (0.0, "", "")
    for candidate_method, template in candidates:
        parts = _segments(template.removeprefix(base))
        score = _similarity(segments, parts) + (0.05 if candidate_method == method else 0.0)
        if score > best[0]:
            best = (score, candidate_method, template)
    score, best_method, template = best
    if score < 0.5:
        return ""
    difference = _difference(segments, _segments(template.removeprefix(base)))
    return f"closest operation: {best_method} {template}{difference}"


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _similarity(segments: list[str], parts: list[str]) -> float:
    total = 0.0
    for segment, part in zip(segments, parts, strict=False):
        if segment == part:
            total += 1.0
        elif part.startswith("{"):
            total += 0.7
        else:
            ratio = SequenceMatcher(None, segment, part).ratio()
            total += ratio if ratio > 0.6 else 0.0
    return total / max(len(segments), len(parts), 1)


def _difference(segments: list[str], parts: list[str]) -> str:
    for number, part in enumerate(parts, 1):
        if number > len(segments):
            return f' ("{part}" is missing at the end)'
        segment = segments[number - 1]
        if not part.startswith("{") and segment != part:
            return f' (segment {number} is "{segment}", not "{part}")'
    if len(segments) > len(parts):
        return f' ("{segments[len(parts)]}" is too much)'
    return ""
