"""From a reply to bytes: projected to the document's shape, held against its schema, encoded.

A `View` in the reply is already all three; then only what surrounds it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from coder_mock_server import wire
from coder_mock_server.call import Reply
from coder_mock_server.plan import JSON, MediaPlan, Plan, Tools
from coder_mock_server.spec.document import SCHEMAS, Document
from coder_mock_server.spec.validators import Problem
from coder_mock_server.views import View

JSON_TYPE = b"application/json; charset=utf-8"
ERROR_COMPONENT = "codersdk.Response"
Header = tuple[bytes, bytes]


class BrokenPromise(Exception):
    """An answer of ours that the document forbids: our bug."""

    def __init__(self, where: str, problems: list[Problem]) -> None:
        self.where = where
        self.problems = problems
        lines = [f"{p.pointer or '/'}: {p.text} (promise: {p.promise})" for p in problems]
        super().__init__(f"{where}: " + "; ".join(lines))


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer, ready to send but for the headers that every answer has."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


class Renderer:
    """Renders the replies of one document's operations."""

    def __init__(self, document: Document, tools: Tools, *, validate: bool = True) -> None:
        self._document = document
        self._tools = tools
        self._validate = validate
        self._components: dict[str, MediaPlan] = {}

    def view(self, component: str, value: Any) -> bytes:
        """What `Views` keeps: an object as the document's component."""
        if component not in self._document.schemas:
            return wire.encode_fragment(value)
        if type(value) is dict and _holds_views(value):
            media = self._components.get(component)
            if media is None:
                schema = {"$ref": f"{SCHEMAS}{component}"}
                media = MediaPlan(schema, self._document, self._tools, JSON)
                self._components[component] = media
            return wire.encode_fragment(self._around_views(value, media, f"view of {component}"))
        value = self._tools.projections.component(component)(value)
        if self._validate:
            schema = {"$ref": f"#/components/schemas/{component}"}
            validator = self._tools.validators.of(schema)
            if not validator.accepts(value):
                raise BrokenPromise(f"view of {component}", validator.problems(value))
        return wire.encode_fragment(value)

    def reply(self, plan: Plan, reply: Reply) -> Rendered:
        """The reply as the plan's operation answers it; raises `BrokenPromise`."""
        if reply.raw:
            body = reply.body if isinstance(reply.body, bytes) else wire.encode(reply.body)
            return self._rendered(reply, body)
        promised = plan.response(reply.status)
        if promised is None:
            return self._undocumented(plan, reply)
        if not reply.has_body:
            if promised.media and self._validate and reply.status < 300:
                raise _broken(plan, reply, "an answer without a body where one is promised")
            return self._rendered(reply, b"")
        media = promised.media.get(reply.media_type.partition(";")[0])
        if media is None:
            if promised.media and self._validate and reply.status < 400:
                raise _broken(plan, reply, f"media type {reply.media_type} is not promised")
            return self._rendered(reply, _encoded(reply))
        if isinstance(reply.body, bytes):
            return self._rendered(reply, reply.body)
        return self._rendered(reply, self._json(plan, reply, media))

    def _json(self, plan: Plan, reply: Reply, media: MediaPlan) -> bytes:
        body = reply.body
        kind = type(body)
        if kind is View:
            if body.schema == media.component:
                return body.encoded + b"\n"  # type: ignore[no-any-return]
            body = orjson.loads(body.encoded)
        elif kind is list and body and type(body[0]) is View:
            if all(type(v) is View and v.schema == media.item_component for v in body):
                return wire.encode(body)
            body = [orjson.loads(v.encoded) if type(v) is View else v for v in body]
        elif kind is dict and _holds_views(body):
            return wire.encode(self._around_views(body, media, _place(plan, reply)))
        value = media.project(body)
        if self._validate and not media.validator.accepts(value):
            raise BrokenPromise(_place(plan, reply), media.validator.problems(value))
        return wire.encode(value)

    def _around_views(self, body: dict[str, Any], media: MediaPlan, place: str) -> Any:
        """An object around views: it alone is projected and validated."""
        spliced: dict[str, Any] = {}
        envelope: dict[str, Any] = {}
        for key, value in body.items():
            if type(value) is View:
                if media.member_components.get(key) == value.schema:
                    spliced[key] = value
                envelope[key] = orjson.loads(value.encoded)
            elif _holds_view(value):
                component = media.member_item_components.get(key)
                if all(type(v) is View and v.schema == component for v in value):
                    spliced[key] = value
                    envelope[key] = []
                else:
                    envelope[key] = [
                        orjson.loads(v.encoded) if type(v) is View else v for v in value
                    ]
            else:
                envelope[key] = value
        shaped = media.project(envelope)
        if self._validate and not media.validator.accepts(shaped):
            raise BrokenPromise(place, media.validator.problems(shaped))
        for key, value in spliced.items():
            if key in shaped:
                shaped[key] = value
        return shaped

    def _undocumented(self, plan: Plan, reply: Reply) -> Rendered:
        """A status the document does not list.

        Errors pass when they have the API's error shape, for no document lists all of them;
        any other status is a broken promise.
        """
        if self._validate:
            if reply.status < 400:
                raise _broken(plan, reply, f"status {reply.status} is not promised")
            schema = {"$ref": f"#/components/schemas/{ERROR_COMPONENT}"}
            if ERROR_COMPONENT in self._document.schemas and reply.media_type == JSON:
                validator = self._tools.validators.of(schema)
                if not validator.accepts(reply.body):
                    raise BrokenPromise(_place(plan, reply), validator.problems(reply.body))
        return self._rendered(reply, _encoded(reply))

    def _rendered(self, reply: Reply, body: bytes) -> Rendered:
        headers: list[Header] = []
        if reply.has_body:
            # Bytes that happen to be JSON are told as what they are, without a charset.
            if reply.media_type == JSON and not isinstance(reply.body, bytes):
                headers.append((b"content-type", JSON_TYPE))
            else:
                headers.append((b"content-type", reply.media_type.encode("latin-1")))
        for name, value in reply.headers.items():
            headers.append((name.lower().encode("latin-1"), value.encode("latin-1", "replace")))
        for cookie in reply.cookies:
            headers.append((b"set-cookie", cookie.encode("latin-1", "replace")))
        return Rendered(reply.status, tuple(headers), body)


def _encoded(reply: Reply) -> bytes:
    if not reply.has_body:
        return b""
    return reply.body if isinstance(reply.body, bytes) else wire.encode(reply.body)


def _holds_views(members: dict[str, Any]) -> bool:
    for value in members.values():
        kind = type(value)
        if kind is View or (kind is list and value and type(value[0]) is View):
            return True
    return False


def _holds_view(value: Any) -> bool:
    return type(value) is View or (type(value) is list and bool(value) and type(value[0]) is View)


def _place(plan: Plan, reply: Reply) -> str:
    return f"{plan.method} {plan.path} -> {reply.status}"


def _broken(plan: Plan, reply: Reply, text: str) -> BrokenPromise:
    pointer = f"/paths/{plan.short_path.replace('/', '~1')}/{plan.method.lower()}/responses"
    return BrokenPromise(_place(plan, reply), [Problem("", pointer, text)])
