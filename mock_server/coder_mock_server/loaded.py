"""What a scenario brought along, for those who sign in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Loaded:
    """Whom `serve` names when it is ready."""

    users: list[tuple[str, str, str]] = field(default_factory=list)
    """User name, email, password."""
    token: str | None = None
    """A session token that works at once."""
