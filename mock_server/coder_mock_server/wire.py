"""How values leave: compact JSON as a Go server writes it, times, and `Set-Cookie` lines.

The encoder is orjson; what Go does otherwise (`<`, `>`, `&` and the two Unicode line separators
escaped, fractions of a second without trailing zeros, whole numbers without a fraction) is put
right here. A `View` is spliced in as it is, so an object encoded once is never encoded again.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

import orjson

from coder_mock_server.views import View

SESSION_COOKIE = "coder_session_token"

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_WHOLE = re.compile(rb'("(?:[^"\\]|\\.)*"|-?\d+)(?:(?<=\d)\.0(?=[,}\]]))?')
"""A string, which stays, or a whole number, which loses its fraction of nothing."""
_MAYBE_WHOLE = re.compile(rb"[:\[,]-?\d+\.0[,}\]]")
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
)


def encode(value: Any) -> bytes:
    """A response body: compact JSON and one newline."""
    return encode_fragment(value) + b"\n"


def encode_fragment(value: Any) -> bytes:
    """Compact JSON without the newline, fit for a `View` or a stream frame."""
    if isinstance(value, View):
        return value.encoded
    try:
        data = orjson.dumps(value, default=_other, option=_OPTIONS)
    except TypeError:
        # Half a surrogate pair cannot be encoded; Go sends the replacement character.
        data = orjson.dumps(_mended(value), default=_other, option=_OPTIONS)
    for plain, escaped in _ESCAPES:
        if plain in data:
            data = data.replace(plain, escaped)
    if b".0" in data and _MAYBE_WHOLE.search(data):
        data = _WHOLE.sub(rb"\1", data)
    return data


def rfc3339(moment: datetime) -> str:
    """UTC with `Z`; at most six digits of a second's fraction, without trailing zeros."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    text = moment.isoformat()[:19]
    if moment.microsecond:
        return f"{text}.{moment.microsecond:06d}".rstrip("0") + "Z"
    return text + "Z"


def session_cookie(token: str, *, secure: bool = False) -> str:
    """The `Set-Cookie` value that signs a browser in for as long as it runs."""
    line = f"{SESSION_COOKIE}={token}; Path=/; HttpOnly"
    return f"{line}; Secure; SameSite=Lax" if secure else f"{line}; SameSite=Lax"


def expired_cookie() -> str:
    """The `Set-Cookie` value that signs a browser out."""
    return f"{SESSION_COOKIE}=; Path=/; Max-Age=0"


def _other(value: Any) -> Any:
    if isinstance(value, View):
        return orjson.Fragment(value.encoded)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value
