"""Where a run looks, as whom, and what it may do there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from coder_contract_tests.errors import UsageError

USUAL_RATE = 100.0
"""Requests per second for a server on another machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server to examine.

    `url` is the host's root; a trailing ``/api/v2`` is understood and dropped. With neither token
    nor user name and password a run cannot start: almost everything needs a session.
    """

    url: str
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    allow_writes: bool = False
    timeout_seconds: float = 30.0
    ca_file: str = ""
    requests_per_second: float | None = None
    """How fast requests may follow each other; 0 for no limit, None for the usual one."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                f"{self.url!r} is no address of a server. Expected something like http://127.0.0.1:3000"
            )
        try:
            _ = parts.port
        except ValueError as error:
            raise UsageError(f"{self.url!r}: {error}") from error
        if parts.username or parts.password:
            raise UsageError(
                "the address holds a user name or a password. Use --username and --password, "
                "or a token, so that they show nowhere"
            )
        if self.timeout_seconds <= 0:
            raise UsageError("the timeout must be more than 0 seconds")
        if self.requests_per_second is not None and self.requests_per_second < 0:
            raise UsageError("--rate must be 0 (no limit) or more requests per second")

    @property
    def rate(self) -> float:
        """Requests per second: as asked for, else no limit here and a polite one elsewhere."""
        if self.requests_per_second is not None:
            return self.requests_per_second
        host = urlsplit(self.url).hostname or ""
        here = host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d+){3}", host)
        return 0.0 if here else USUAL_RATE

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> str:
        """The path a reverse proxy puts before the API, without the API's own base path."""
        path = urlsplit(self.url).path.rstrip("/")
        return path.removesuffix("/api/v2")
