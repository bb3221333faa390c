"""What a control route is asked, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coder_mock_server.wire_in import Query


class ControlError(Exception):
    """A control request that cannot be meant."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """One control request."""

    path: Mapping[str, str]
    query: Query
    body: Mapping[str, Any]

    def number(self, name: str) -> float | None:
        """A number of the body, `None` when absent."""
        value = self.body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ControlError(400, f"{name} must be a number, not {value!r}")
        return float(value)

    def text(self, name: str) -> str | None:
        """A text of the body, `None` when absent."""
        value = self.body.get(name)
        if value is None or isinstance(value, str):
            return value
        raise ControlError(400, f"{name} must be a text, not {value!r}")

    def count(self, name: str, default: int) -> int:
        """A whole number of the query."""
        text = self.query.get(name)
        if not text:
            return default
        if not text.isdecimal():
            raise ControlError(400, f"{name} must be a whole number, not {text!r}")
        return int(text)
