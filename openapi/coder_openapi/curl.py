"""The curl call of a code sample, which holds facts that no table repeats.

These are the base path, the media types, the security header and which query parameters are
required.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from .errors import DocsError, Place

TOKEN_PLACEHOLDER = "API_KEY"
_MEDIA_HEADERS = ("accept", "content-type")


@dataclass(frozen=True, slots=True)
class CurlCall:
    """A call as the docs show it; header names keep their spelling."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]

    @property
    def accept(self) -> str:
        return self._header("accept")

    @property
    def content_type(self) -> str:
        return self._header("content-type")

    @property
    def security_headers(self) -> tuple[str, ...]:
        return tuple(name for name, value in self.headers if value == TOKEN_PLACEHOLDER)

    @property
    def other_headers(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, value)
            for name, value in self.headers
            if name.lower() not in _MEDIA_HEADERS and value != TOKEN_PLACEHOLDER
        )

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self.headers if name.lower() == wanted), "")


def parse_curl(text: str, place: Place) -> CurlCall:
    """The call in `text`: comment lines, then `curl -X METHOD URL` and `-H` options."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    try:
        words = shlex.split(" ".join(line.rstrip().removesuffix("\\") for line in lines))
    except ValueError as error:
        raise DocsError(
            place, f"a code sample that no shell could read ({error})", "one curl call"
        ) from error
    if len(words) < 4 or words[:2] != ["curl", "-X"]:
        raise DocsError(place, f"the code sample {' '.join(words)[:60]!r}", "curl -X METHOD URL")
    method, url, options = words[2], words[3], words[4:]
    if len(options) % 2 or any(flag != "-H" for flag in options[::2]):
        raise DocsError(place, f"the curl options {options}", "only -H 'Name: value'")
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise DocsError(place, f"the URL {url!r}", "a complete URL with scheme and host")
    return CurlCall(
        method,
        parts.path,
        tuple(parse_qsl(parts.query, keep_blank_values=True)),
        tuple(_split_header(option, place) for option in options[1::2]),
    )


def _split_header(option: str, place: Place) -> tuple[str, str]:
    name, colon, value = option.partition(":")
    if not colon or not name.strip():
        raise DocsError(place, f"the header {option!r}", "Name: value")
    return name.strip(), value.strip()
