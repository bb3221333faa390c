"""What the samples of the docs tell: formats, authored values, placeholders.

The page generator writes fixed samples for types. Whatever else stands in an example was written
by the authors.
"""

from __future__ import annotations

import re
from typing import Any

MAP_KEYS = ("property1", "property2")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_FORMAT_OF_SAMPLE = {
    "2019-08-24T14:15:22Z": "date-time",
    "2019-08-24": "date",
    "user@example.com": "email",
    "http://example.com": "uri",
}


def format_of_sample(sample: Any) -> str:
    """The format that a sample stands for, or nothing."""
    if not isinstance(sample, str):
        return ""
    if _UUID.match(sample):
        return "uuid"
    return _FORMAT_OF_SAMPLE.get(sample, "")


def is_authored(sample: Any) -> bool:
    """Whether the authors wrote this scalar; the generator's own samples tell only a type."""
    if isinstance(sample, str):
        return sample != "string" and not format_of_sample(sample)
    if isinstance(sample, bool):
        return sample is False
    return isinstance(sample, int | float) and sample != 0


def is_map(sample: Any) -> bool:
    """Whether an object stands for a map: its two keys are placeholders."""
    return isinstance(sample, dict) and tuple(sample) == MAP_KEYS


def at(sample: Any, path: tuple[str, ...]) -> Any:
    """The value at `path`, or None; the step "[]" enters an array, "{}" a map."""
    for step in path:
        if step == "[]":
            sample = sample[0] if isinstance(sample, list) and sample else None
        elif step == "{}":
            sample = sample.get(MAP_KEYS[0]) if isinstance(sample, dict) else None
        else:
            sample = sample.get(step) if isinstance(sample, dict) else None
    return sample
