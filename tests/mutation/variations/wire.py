"""How replies may be written and how fast they may come, whatever they say."""

from __future__ import annotations

import gzip
import json
import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.mutation.faults.edits import both, is_one_of
from tests.mutation.model import (
    JSON,
    Frame,
    Headers,
    Mutation,
    Reply,
    Request,
    Upstream,
    Written,
    head,
)
from tests.mutation.variations.model import Variation

HTTP = "HTTP semantics"
NO_BODY = {204, 304}


class _Heads(Mutation):
    """The head of every reply in another form."""

    def __init__(self, change: Callable[[Headers], Headers], reason: str | None = None) -> None:
        self.change, self.reason = change, reason

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        return Written((head(reply.status, self.change(headers), self.reason) + reply.body,))

    def opened(self, request: Request, reply: Reply) -> Reply:
        if reply.status != 101:
            reply.headers = self.change(reply.headers)
        return reply


def _lower(headers: Headers) -> Headers:
    return [(name.lower(), value) for name, value in headers]


def _upper_backwards(headers: Headers) -> Headers:
    return [(name.upper(), value) for name, value in reversed(headers)]


BETWEEN = [
    ("Via", "1.1 proxy.example.com (squid/6.10)"),
    ("X-Cache", "MISS from proxy.example.com"),
    ("Server", "nginx"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Set-Cookie", "LB=a1b2; Path=/; HttpOnly"),
    ("X-Coder-New-Header", "soon"),
    ("Alt-Svc", 'h3=":443"; ma=2592000'),
    ("Report-To", '{"group":"x","max_age":1,"endpoints":[]}'),
]


def _more(headers: Headers) -> Headers:
    return [*headers, *BETWEEN]


def _media_type(headers: Headers) -> Headers:
    return [
        (name, "Application/JSON;charset=UTF-8" if value == JSON else value)
        for name, value in headers
    ]


class _Chunked(Mutation):
    """Bodies in parts of any size in place of a length."""

    def __init__(self) -> None:
        self.dice = random.Random(1)

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        if reply.status in NO_BODY or request.method == "HEAD" or reply.missing:
            return None
        kept = [(k, v) for k, v in headers if k.lower() != "content-length"]
        data = head(reply.status, [*kept, ("Transfer-Encoding", "chunked")])
        rest = reply.body
        while rest:
            size = self.dice.choice((1, 7, 200, 4096, 65536))
            data += f"{len(rest[:size]):x}\r\n".encode() + rest[:size] + b"\r\n"
            rest = rest[size:]
        return Written((data + b"0\r\n\r\n",))


class _Closing(Mutation):
    """Every connection takes one request, and says so."""

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        data = head(reply.status, [*headers, ("Connection", "close")]) + reply.body
        return Written((data,), stays=False)


class _Impatient(Mutation):
    """Connections that rest are closed, without a word."""

    idle_seconds = 0.02


class _Zipped(Mutation):
    """Bodies are compressed for who accepts that."""

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        if not re.search(r"gzip|\*", request.header("accept-encoding")) or not reply.body:
            return None
        body = gzip.compress(reply.body)
        kept = [(k, v) for k, v in headers if k.lower() != "content-length"]
        more = [("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
        return Written((head(reply.status, [*kept, *more]) + body,))


class _Trickling(Mutation):
    """Large bodies arrive in parts with pauses between them."""

    def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
        if len(reply.body) < 4000:
            return None
        half = len(reply.body) // 2
        first = head(reply.status, headers)
        return Written((first, reply.body[:half], reply.body[half:]), seconds=0.02)


class _Slow(Mutation):
    """Replies take their time."""

    def __init__(self, usual: tuple[float, float], seldom: float, every: int) -> None:
        self.usual, self.seldom, self.every = usual, seldom, every
        self.dice, self.count = random.Random(1), 0

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        self.count += 1
        reply = upstream.send(request)
        slow = self.count % self.every == 0
        time.sleep(self.seldom if slow else self.dice.uniform(*self.usual))
        return reply


class _SlowSome(Mutation):
    """Some operations take long."""

    def __init__(self, seconds: float, *labels: str) -> None:
        self.seconds, self.labels = seconds, labels

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if is_one_of(request, self.labels):
            time.sleep(self.seconds)
        return upstream.send(request)


class _Once(Mutation):
    """One reply of a read is something else, about in the middle of a run."""

    def __init__(self, edit: Callable[[Reply], None], at: int, times: int = 1) -> None:
        self.edit, self.at, self.left = edit, at, times
        self.lock = threading.Lock()

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if request.method == "GET" and not request.header("upgrade"):
            with self.lock:
                self.at -= 1
                mine = self.at < 0 < self.left
                self.left -= mine
            if mine:
                reply = Reply(200, [("Server", "nginx")])
                self.edit(reply)
                return reply
        return upstream.send(request)


def _page(status: int, words: str) -> Callable[[Reply], None]:
    def edit(reply: Reply) -> None:
        reply.status = status
        reply.set("Content-Type", "text/html")
        reply.body = f"<html><h1>{status} {words}</h1><hr>nginx</html>".encode()

    return edit


def _slow_down(reply: Reply) -> None:
    said = "You've been rate limited for sending more than 512 requests in 1m0s."
    reply.refuse(429, said)
    for name, value in (("Retry-After", "2"), ("X-RateLimit-Remaining", "0")):
        reply.set(name, value)


def _dropped(reply: Reply) -> None:
    reply.dropped = True


# The same JSON, spelled in other ways.


class _Spelled(Mutation):
    def __init__(self, spell: Callable[[Any], str]) -> None:
        self.spell = spell

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        is_stored = request.path.endswith("/state")
        if reply.header("content-type").startswith("application/json") and not is_stored:
            # Some refusals are two lines of JSON; those stay.
            value = reply.json
            if value is not None:
                reply.body = self.spell(value).encode()
        return reply

    def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
        value = frame.json
        return [frame if value is None else Frame(self.spell(value), frame.event)]


def _spaced(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n\n"


def _spaced_in_a_line(value: Any) -> str:
    return json.dumps(value, separators=(" , ", " : "))


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


def _escaped(value: Any) -> str:
    text = json.dumps(value)
    return text.replace("/", "\\/").replace("<", "\\u003c").replace("&", "\\u0026")


def _heads(change: Callable[[Headers], Headers], reason: str | None = None) -> Any:
    return lambda: _Heads(change, reason)


WIRE = [
    Variation(
        "header-names-in-lower-case",
        "wire",
        "Names of headers are written in lower case.",
        f"{HTTP}: names of headers are the same in any case; proxies that speak HTTP/2 write so.",
        _heads(_lower),
    ),
    Variation(
        "headers-in-capitals-and-backwards",
        "wire",
        "Names of headers are written in capitals, and the headers come in the opposite order.",
        f"{HTTP}: neither case nor the order of headers of different names matters.",
        _heads(_upper_backwards),
    ),
    Variation(
        "more-headers",
        "wire",
        "A proxy adds headers of its own: Via, Server, cookies, X-Cache.",
        f"{HTTP}: a recipient ignores headers that it does not know.",
        _heads(_more),
    ),
    Variation(
        "media-type-spelled-otherwise",
        "wire",
        "The media type of JSON is spelled Application/JSON;charset=UTF-8.",
        f"{HTTP}: type, subtype and charset are the same in any case, spaces are optional.",
        _heads(_media_type),
    ),
    Variation(
        "other-reason-phrase",
        "wire",
        "The status line has no words after the number.",
        f"{HTTP}: a client ignores the reason phrase, which may be empty.",
        _heads(lambda headers: headers, ""),
    ),
    Variation(
        "no-date",
        "wire",
        "Replies have no Date and one ETag of a proxy.",
        f"{HTTP}: both headers are optional.",
        _heads(lambda h: [*((k, v) for k, v in h if k.lower() != "date"), ("ETag", 'W/"1"')]),
    ),
    Variation(
        "chunks-in-place-of-a-length",
        "wire",
        "Bodies come in chunks of any size, without Content-Length.",
        "rule A.7: long answers are chunked; where long begins is not said.",
        _Chunked,
    ),
    Variation(
        "connection-closes-each-time",
        "wire",
        "Each reply says Connection: close.",
        f"{HTTP}: a server need not keep connections.",
        _Closing,
    ),
    Variation(
        "connection-closed-while-idle",
        "wire",
        "A connection that rests for 20 ms is closed.",
        f"{HTTP}: either side may close an idle connection at any time.",
        _Impatient,
    ),
    Variation(
        "compressed-when-accepted",
        "wire",
        "Bodies are compressed for clients that say that they accept it.",
        f"{HTTP}: a proxy may apply a coding that the request accepts.",
        _Zipped,
    ),
    Variation(
        "bodies-trickle",
        "wire",
        "Bodies of more than 4 kB arrive in parts.",
        "TCP delivers a body in any number of parts.",
        _Trickling,
    ),
    Variation(
        "slow-replies",
        "wire",
        "Replies take 20 to 60 ms, every fortieth 400 ms.",
        "Nothing promises how soon a reply comes.",
        lambda: _Slow((0.02, 0.06), 0.4, 40),
    ),
    Variation(
        "bursts-of-delay",
        "wire",
        "Every 200th reply takes 2.5 s.",
        "Nothing promises how soon a reply comes.",
        lambda: _Slow((0.0, 0.001), 2.5, 200),
    ),
    Variation(
        "slow-reports",
        "wire",
        "The health report takes 6 s, insights and counters take 2 s.",
        "Nothing promises how soon a reply comes; these are worked out when they are asked for.",
        both(
            lambda: _SlowSome(6.0, "GET /debug/health"),
            lambda: _SlowSome(2.0, "GET /insights/*", "GET /templates/*/daus", "GET /deployment/*"),
        ),
    ),
    Variation(
        "slow-writes",
        "wire",
        "Every write takes half a second.",
        "Nothing promises how soon a reply comes.",
        lambda: _SlowSome(0.5, "POST *", "PUT *", "PATCH *", "DELETE *"),
    ),
    Variation(
        "too-many-requests-once",
        "wire",
        "One read in the middle is answered 429 with Retry-After.",
        "rule A.8: 512 requests a minute; the window is shared by all of an address.",
        lambda: _Once(_slow_down, 700),
    ),
    Variation(
        "bad-gateway-once",
        "wire",
        "One read in the middle is answered 502 by the proxy before the server.",
        "A proxy that is reloaded answers so for a moment; the server broke no promise.",
        lambda: _Once(_page(502, "Bad Gateway"), 900),
    ),
    Variation(
        "bad-gateway-early",
        "wire",
        "Two reads in a row early in the run are answered 503 by the proxy.",
        "A proxy that is reloaded answers so for a moment; the server broke no promise.",
        lambda: _Once(_page(503, "Service Unavailable"), 120, 2),
    ),
    Variation(
        "json-on-many-lines",
        "wire",
        "JSON is written with line breaks and indentation, two line ends after it.",
        "JSON: white space between tokens has no meaning.",
        lambda: _Spelled(_spaced),
    ),
    Variation(
        "json-with-spaces",
        "wire",
        "JSON is written with spaces around commas and colons, and other letters escaped.",
        "JSON: white space between tokens has no meaning, any character may be escaped.",
        lambda: _Spelled(_spaced_in_a_line),
    ),
    Variation(
        "json-members-backwards",
        "wire",
        "Members of objects come in the opposite order.",
        "JSON: the order of members has no meaning.",
        lambda: _Spelled(lambda value: json.dumps(_backwards(value), ensure_ascii=False)),
    ),
    Variation(
        "json-with-escapes",
        "wire",
        "Slashes, ampersands, angle brackets and all that is not ASCII are escaped.",
        "JSON: any character may be escaped.",
        lambda: _Spelled(_escaped),
    ),
]
