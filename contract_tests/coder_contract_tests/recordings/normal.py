"""Takes out of an answer what differs from server to server and from run to run.

A value that a step saved becomes ``<name>``, any other UUID ``<uuid>``, a time ``<time>``, a
number that measures something ``<n>``, a long text ``<long text>``, the server's own address
``<target>``. Everything else counts: presence of each key, null, order of lists, values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from coder_contract_tests.exchange import MASK, Masker

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
NIL_UUID, ZERO_TIME = "00000000-0000-0000-0000-000000000000", "0001-01-01T00:00:00Z"
LONG = 240
"""A text longer than this is prose: that there is one counts, not its words."""
SHORTEST_SAVED = 8
"""A shorter saved value would be found in texts that have nothing to do with it."""
PROSE = frozenset({"body_template", "title_template"})
MEASURED = frozenset(
    {
        "queue_wait",
        "latency_ms",
        "logs_length",
        "P50",
        "P95",
        "collected_at",
        "next_start_at",
    }
)
SECRET = frozenset({"session_token", "private_key", "password", "client_secret_full", "key"})


class Normal:
    """The normal form of the answers of one server during one scenario."""

    def __init__(self, saved: Mapping[str, str], origin: str, masker: Masker) -> None:
        parts = urlsplit(origin)
        self._addresses = ((f"{parts.scheme}://{parts.netloc}", "<target>"),)
        self._host = parts.netloc
        self._names = sorted(
            ((value, name) for name, value in saved.items() if len(value) >= SHORTEST_SAVED),
            key=lambda pair: -len(pair[0]),
        )
        self._masker = masker

    def __call__(self, value: Any, key: str = "") -> Any:
        """The normal form of a JSON value."""
        if isinstance(value, str):
            if key in PROSE and value:
                return "<long text>"
            text = self.text(value)
            return MASK if key in SECRET and _is_secret(text) else text
        if isinstance(value, int | float) and not isinstance(value, bool) and key in MEASURED:
            return "<n>"
        if isinstance(value, list):
            return [self(item, key) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self(item, name) for name, item in value.items()}
        return value

    def text(self, value: str) -> str:
        """The normal form of a text."""
        for known, name in self._names:
            value = value.replace(known, f"<{name}>")
        value = UUID.sub(lambda m: m[0] if m[0] == NIL_UUID else "<uuid>", value)
        value = TIME.sub(lambda m: m[0] if m[0] == ZERO_TIME else "<time>", value)
        for address, name in self._addresses:
            value = value.replace(address, name)
        value = self._masker.text(value.replace(self._host, "<host>"))
        return value if len(value) <= LONG else "<long text>"


def _is_secret(text: str) -> bool:
    """Whether a text under a secret's key is one: no placeholder, and as long as secrets are."""
    return bool(text) and not text.startswith("<") and len(text) >= 20
