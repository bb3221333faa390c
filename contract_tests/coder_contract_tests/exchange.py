"""One request and its reply, recorded once, with every secret masked before anything sees it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from coder_contract_tests.document import Operation

T = TypeVar("T")
MASK = "***"
TOKEN_VARIABLE = "$CODER_SESSION_TOKEN"
TOKEN_HEADER = "Coder-Session-Token"
NOTHING: Any = object()
"""Stands for "the body is no JSON", since null is a JSON value too."""

# The shape of a session token: ten and twenty-two letters or digits around a dash.
_TOKEN_SHAPE = re.compile(rb"\b[A-Za-z0-9]{10}-[A-Za-z0-9]{22}\b")
_SECRET_MEMBER = re.compile(
    rb'("(?:session_token|private_key|password|one_time_passcode|client_secret_full)"\s*:\s*")'
    rb'((?:[^"\\]|\\.)*)"'
)


class Masker:
    """Replaces known secrets, and what looks like one, by asterisks."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[bytes] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """From now on this text never shows; texts under four characters would blank everything."""
        data = secret.encode()
        if len(data) >= 4 and data not in self._secrets:
            self._secrets.append(data)
            self._secrets.sort(key=len, reverse=True)

    def data(self, value: bytes) -> bytes:
        """The bytes without secrets."""
        for secret in self._secrets:
            value = value.replace(secret, MASK.encode())
        value = _SECRET_MEMBER.sub(rb'\1***"', value)
        return _TOKEN_SHAPE.sub(MASK.encode(), value)

    def text(self, value: str) -> str:
        """The text without secrets."""
        return self.data(value.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def headers(self, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Names and values without secrets; masked at once, since no value has a line's end."""
        if not pairs:
            return pairs
        values = self.text("\n".join(value for _, value in pairs)).split("\n")
        if len(values) != len(pairs):
            return tuple((name, self.text(value)) for name, value in pairs)
        return tuple((name, value) for (name, _), value in zip(pairs, values, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A request that left and what came back."""

    number: int
    phase: str
    method: str
    origin: str
    path: str
    query: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes | None
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    elapsed_seconds: float
    received_at: float
    """Wall-clock time (seconds since the epoch) at which the reply was complete."""
    cut: str = ""
    """Why reading the body ended early; empty when it ended by itself."""
    operation: Operation | None = None
    anonymous: bool = False
    json: Any = field(default=NOTHING)
    _found: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    def found(self, finder: Callable[[Exchange], T]) -> T:
        """What a function finds in this exchange; looked for once, since it never changes."""
        if finder not in self._found:
            self._found[finder] = finder(self)
        found: T = self._found[finder]
        return found

    @property
    def target(self) -> str:
        """Path and query as sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def label(self) -> str:
        """The operation this request belongs to, or the request itself where none fits."""
        return self.operation.label if self.operation else f"{self.method} {self.path}"

    @property
    def media_type(self) -> str:
        """The reply's media type in lower case, without parameters; empty when there is none."""
        return self.header("content-type").split(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """The first value of a reply header, empty when it is absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def has_header(self, name: str) -> bool:
        wanted = name.lower()
        return any(key.lower() == wanted for key, _ in self.headers)

    @property
    def is_foreign(self) -> bool:
        """Whether it was sent with another session than the run's own."""
        return any(name.lower() == TOKEN_HEADER.lower() for name, _ in self.request_headers)

    @property
    def is_json(self) -> bool:
        return self.json is not NOTHING

    def curl(self) -> str:
        """A command line that sends the same request, with the token left to the environment."""
        words = ["curl", "-sS", "-i"]
        if self.method != "GET":
            words += ["-X", self.method]
        quoted = [shlex.quote(word) for word in words]
        if not self.anonymous:
            quoted += ["-H", f'"{TOKEN_HEADER}: {TOKEN_VARIABLE}"']
        for name, value in self.request_headers:
            if name.lower() not in {TOKEN_HEADER.lower(), "host", "user-agent", "accept"}:
                quoted += ["-H", shlex.quote(f"{name}: {value}")]
        if self.request_body is not None:
            quoted += ["--data-binary", shlex.quote(self.request_body.decode("utf-8", "replace"))]
        quoted.append(shlex.quote(f"{self.origin}{self.target}"))
        return " ".join(quoted)


def parsed(body: bytes, media_type: str) -> Any:
    """The JSON value of a body that says it is JSON, else `NOTHING`."""
    if not body or not media_type.endswith("json"):
        return NOTHING
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return NOTHING


def excerpt(value: Any, limit: int = 120) -> str:
    """A value as compact JSON, cut to a readable length."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
