"""Which pages of other origins may call, and what the answers to them say.

A real server allows none by default, and says so by silence: a preflight gets 200 without allow
headers. Our choice: pages on a loopback address may call with credentials, whatever their port,
since that is where a frontend is developed. Latencies may be measured from anywhere: what a real
server says to the request itself, this one says to its preflight, too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

Headers = list[tuple[bytes, bytes]]

EXPOSED = b"X-Coder-Request-Id, X-Coder-Build-Version, X-Coder-Mock, X-Coder-Mock-Hint, Retry-After"
VARY_ORIGIN = (b"vary", b"Origin")
LATENCY_CHECK = "/latency-check"
ANY_ORIGIN: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"*"),
    (b"access-control-allow-credentials", b"false"),
    (b"timing-allow-origin", b"*"),
)


def is_loopback(origin: str) -> bool:
    """Whether the origin is a page on this machine."""
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(origin: str, more: tuple[str, ...] = ()) -> bool:
    """Whether a page of this origin may call with credentials; `*` among `more` is everybody."""
    if not origin:
        return False
    trimmed = origin.rstrip("/")
    return "*" in more or trimmed in (item.rstrip("/") for item in more) or is_loopback(origin)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether this request only asks whether another one would be allowed (names lower-case)."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def preflight_headers(
    headers: Mapping[str, str], more: tuple[str, ...] = (), path: str = ""
) -> Headers:
    """Headers of the empty 200 that answers a preflight."""
    if path == LATENCY_CHECK:
        return [*ANY_ORIGIN]
    answer: Headers = [
        VARY_ORIGIN,
        (b"vary", b"Access-Control-Request-Method"),
        (b"vary", b"Access-Control-Request-Headers"),
    ]
    origin = headers.get("origin", "")
    if not is_allowed(origin, more):
        return answer
    answer += _allow(origin)
    answer.append((b"access-control-allow-methods", _sent(headers, "method")))
    if asked := _sent(headers, "headers"):
        answer.append((b"access-control-allow-headers", asked))
    if headers.get("access-control-request-private-network") == "true":
        answer.append((b"access-control-allow-private-network", b"true"))
    answer.append((b"access-control-max-age", b"300"))
    return answer


def response_headers(origin: str | None, more: tuple[str, ...] = ()) -> Headers:
    """What every other answer carries."""
    if not origin or not is_allowed(origin, more):
        return [VARY_ORIGIN]
    return [VARY_ORIGIN, *_allow(origin), (b"access-control-expose-headers", EXPOSED)]


def _allow(origin: str) -> Headers:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1", "replace")),
        (b"access-control-allow-credentials", b"true"),
    ]


def _sent(headers: Mapping[str, str], what: str) -> bytes:
    return headers.get(f"access-control-request-{what}", "").encode("latin-1", "replace")
