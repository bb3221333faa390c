"""Short ways to say what a fault changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from tests.mutation.model import Frame, Headers, Mutation, Reply, Request, Upstream, Written

Edit = Callable[[Request, Reply], None]
When = Callable[[Request], bool]
Inject = Callable[[], Mutation]
DROP: Any = object()
"""In place of a value: the member is left out."""
ZERO = "00000000-0000-0000-0000-000000000000"
NOBODY = "11111111-2222-4333-8444-555555555555"
"""An id that no object has."""


def always(request: Request) -> bool:
    return True


def is_one_of(request: Request, labels: tuple[str, ...]) -> bool:
    return any(fnmatchcase(request.label, label) for label in labels)


class _Edited(Mutation):
    def __init__(self, labels: tuple[str, ...], edit: Edit, on: str, when: When) -> None:
        self.labels, self.edit, self.on, self.when = labels, edit, on, when

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        reply = upstream.send(request)
        wanted = self.on == "any" or (self.on == "ok") == reply.ok
        if wanted and is_one_of(request, self.labels) and self.when(request):
            self.edit(request, reply)
        return reply


def edited(*labels: str, by: Edit, on: str = "ok", when: When = always) -> Inject:
    """Replies of these operations, changed; `on` is ok, error or any."""
    return lambda: _Edited(labels, by, on, when)


def fresh(*labels: str, make: Callable[[], Edit], on: str = "ok", when: When = always) -> Inject:
    """The same for an edit that remembers: a new one for each run."""
    return lambda: _Edited(labels, make(), on, when)


class _Answered(Mutation):
    def __init__(
        self,
        labels: tuple[str, ...],
        answer: Callable[[Request, Upstream], Reply | None],
        when: When,
    ) -> None:
        self.labels, self.give, self.when = labels, answer, when

    def answer(self, request: Request, upstream: Upstream) -> Reply:
        if is_one_of(request, self.labels) and self.when(request):
            reply = self.give(request, upstream)
            if reply is not None:
                return reply
        return upstream.send(request)


def answered(
    *labels: str, by: Callable[[Request, Upstream], Reply | None], when: When = always
) -> Inject:
    """Requests of these operations, answered by us (None: by the server after all)."""
    return lambda: _Answered(labels, by, when)


def both(*injects: Inject) -> Inject:
    """Several faults that only make sense together, the first one outermost."""
    if len(injects) == 1:
        return injects[0]

    class Chain(Mutation):
        def __init__(self) -> None:
            self.parts = [one() for one in injects]

        def answer(self, request: Request, upstream: Upstream) -> Reply:
            return _through(self.parts, request, upstream)

        def opened(self, request: Request, reply: Reply) -> Reply:
            for part in self.parts:
                reply = part.opened(request, reply)
            return reply

        def frames(self, request: Request, frame: Frame, number: int) -> list[Frame]:
            frames = [frame]
            for part in self.parts:
                frames = [new for one in frames for new in part.frames(request, one, number)]
            return frames

        def first(self, request: Request) -> list[Frame]:
            return [frame for part in self.parts for frame in part.first(request)]

        def closed(self, request: Request, code: int) -> int | None:
            given: int | None = code
            for part in self.parts:
                given = part.closed(request, given) if given is not None else None
            return given

        def written(self, request: Request, reply: Reply, headers: Headers) -> Written | None:
            found = (part.written(request, reply, headers) for part in self.parts)
            return next((one for one in found if one is not None), None)

    return Chain


def _through(parts: list[Mutation], request: Request, upstream: Upstream) -> Reply:
    if not parts:
        return upstream.send(request)

    class Rest:
        token = upstream.token

        def send(self, request: Request) -> Reply:
            return _through(parts[1:], request, upstream)

        def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Reply:
            return upstream.call(method, path, body, token=token)

    return parts[0].answer(request, Rest())


# Edits of a reply


def body(change: Callable[[Any], Any]) -> Edit:
    """The JSON body through a function (in place where that returns None)."""

    def edit(request: Request, reply: Reply) -> None:
        value = reply.json
        if value is not None:
            changed = change(value)
            reply.json = value if changed is None else changed

    return edit


def member(place: str, value: Any) -> Edit:
    """What stands at a dotted place (``*`` walks a list); a function is given the old value."""
    *path, name = place.split(".")

    def change(found: Any) -> None:
        for one in reached(found, path):
            put(one, name, value)

    return body(change)


def put(one: Any, name: str, value: Any) -> None:
    """Set, change or drop a member of an object."""
    if not isinstance(one, dict):
        return
    if value is DROP:
        one.pop(name, None)
    elif callable(value):
        if name in one:
            one[name] = value(one[name])
    else:
        one[name] = value


def reached(value: Any, path: list[str]) -> Iterator[Any]:
    """All that a dotted place leads to."""
    if not path:
        yield value
    elif path[0] == "*":
        for one in value if isinstance(value, list) else ():
            yield from reached(one, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from reached(value[path[0]], path[1:])


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a value, from the outside in."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from objects(one)
    elif isinstance(value, list):
        for one in value:
            yield from objects(one)


def listing(place: str, change: Callable[[list[Any]], list[Any]]) -> Edit:
    """Another list at a dotted place (empty: the body itself)."""
    if not place:
        return body(lambda value: change(value) if isinstance(value, list) else value)
    return member(place, lambda value: change(value) if isinstance(value, list) else value)


def status(number: int) -> Edit:
    def edit(request: Request, reply: Reply) -> None:
        reply.status = number

    return edit


def header(name: str, value: str) -> Edit:
    def edit(request: Request, reply: Reply) -> None:
        reply.set(name, value)

    return edit


def without(name: str) -> Edit:
    def edit(request: Request, reply: Reply) -> None:
        reply.unset(name)

    return edit


def raw(change: Callable[[bytes], bytes]) -> Edit:
    """The bytes of the body through a function."""

    def edit(request: Request, reply: Reply) -> None:
        if reply.body:
            reply.body = change(reply.body)

    return edit


def refused(number: int, message: str = "Something is wrong.", detail: str = "") -> Edit:
    def edit(request: Request, reply: Reply) -> None:
        reply.refuse(number, message, detail)

    return edit
