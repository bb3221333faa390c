"""Everything that can be set, in one frozen record. Flag > environment > file > default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Edition = Literal["oss", "unlicensed", "premium"]
EDITIONS: tuple[Edition, ...] = ("oss", "unlicensed", "premium")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one server plays. The names are those of the flags."""

    api: str = "2025-05-19"
    """Version of the shipped document to serve."""
    spec: str = ""
    """A document or a folder of docs to serve instead of a shipped version."""
    scenario: str = "small-team"
    """Name of a shipped scenario, or path of a scenario file."""
    host: str = "127.0.0.1"
    port: int = 3000
    edition: Edition = "premium"
    daemons: int = 3
    """Built-in provisioner daemons that take jobs."""
    seed: int = 0
    speed: float = 1.0
    """Mock seconds per wall second."""
    instant: bool = False
    """Jobs and agents are done at the next look, unless a scenario holds them."""
    frozen: bool = False
    """Mock time stands still until it is stepped."""
    cors_origins: tuple[str, ...] = ()
    """Origins that may call with credentials, besides loopback ones."""
    rate_limits: bool = False
    validate_responses: bool = True
    stack: Literal["compiled", "connexion"] = "compiled"
    log_level: str = "info"
