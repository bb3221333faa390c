"""What is known about each operation before the first request: one plan per operation.

A plan holds the operation's path parameters, security, query parameters, body reader, handler and,
for each answer the document describes, its projection and validator. The costly parts are
compiled on first use, so that starting stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coder_mock_server.call import Call, Handler
from coder_mock_server.editions import Gate, gate_of, is_missing
from coder_mock_server.projection import Project, Projections
from coder_mock_server.spec.document import SCHEMAS, Document, Operation
from coder_mock_server.spec.parameters import Parameter, compile_parameter
from coder_mock_server.spec.routers import LOOKS_ITSELF, either_token, other_token
from coder_mock_server.spec.routing import PARAMETER
from coder_mock_server.spec.validators import Validator, ValidatorPool
from coder_mock_server.wire_in import body_reader

if TYPE_CHECKING:
    from coder_mock_server.settings import Edition
    from coder_mock_server.wire_in import Body

JSON = "application/json"


class MediaPlan:
    """One media type of one answer: its schema, compiled when it is first needed."""

    def __init__(
        self, schema: Mapping[str, Any], document: Document, tools: Tools, media_type: str
    ) -> None:
        self.schema = schema
        self.media_type = media_type
        self._document = document
        self._tools = tools

    @cached_property
    def project(self) -> Project:
        """Brings a full answer into this shape."""
        return self._tools.projections.of(self.schema)

    @cached_property
    def validator(self) -> Validator:
        """Judges whether an answer has this shape."""
        return self._tools.validators.of(self.schema)

    @cached_property
    def component(self) -> str | None:
        """Name of the component that the whole body is."""
        return component_name(self.schema)

    @cached_property
    def item_component(self) -> str | None:
        """Name of the component that each item of the body is."""
        return self._item_component(self._document.deref(self.schema))

    @cached_property
    def member_components(self) -> Mapping[str, str]:
        """Property of the body -> component that it is."""
        properties = self._document.deref(self.schema).get("properties") or {}
        named = {key: component_name(part) for key, part in properties.items()}
        return {key: name for key, name in named.items() if name}

    @cached_property
    def member_item_components(self) -> Mapping[str, str]:
        """Property of the body -> component that each of its items is."""
        properties = self._document.deref(self.schema).get("properties") or {}
        named = {
            key: self._item_component(self._document.deref(part))
            for key, part in properties.items()
        }
        return {key: name for key, name in named.items() if name}

    def _item_component(self, schema: Mapping[str, Any]) -> str | None:
        items = schema.get("items")
        return component_name(items) if isinstance(items, Mapping) else None


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """One documented status."""

    status: str
    media: Mapping[str, MediaPlan]
    """Empty: no body is described."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What compiles schemas, shared by all plans of a document."""

    projections: Projections
    validators: ValidatorPool


@dataclass(slots=True)
class Plan:
    """One operation, ready to run."""

    operation: Operation
    names: tuple[str, ...]
    """Path parameters, left to right."""
    needs_session: bool
    schemes: frozenset[str]
    """Names of the security schemes that open it."""
    parameters: tuple[Parameter, ...]
    other_token: tuple[str, str] | None
    """Spoken to by an agent, a proxy or a daemon, not by a user: header and refusal."""
    signed_out: str | None
    """What is said without a good token, where it is not the usual."""
    looks_itself: bool
    """The handler looks for the session token, and words the refusal."""
    responses: Mapping[str, ResponsePlan]
    gate: Gate | None
    handler: Handler
    fallback: Handler
    modelled: bool
    read_body: Callable[[Call], Body]
    body_schema: Mapping[str, Any] | None = None
    covered: bool = True
    """False: the document asks for something that is left to Connexion's own stack."""
    method: str = field(init=False)
    path: str = field(init=False)
    short_path: str = field(init=False)

    def __post_init__(self) -> None:
        self.method = self.operation.method
        self.path = self.operation.path
        self.short_path = self.operation.short_path

    @property
    def needs_user(self) -> bool:
        """Whether a user must be signed in."""
        return self.needs_session and self.other_token is None

    @property
    def signs_in(self) -> bool:
        """Whether the user must be known before the handler is called."""
        return self.needs_user and not self.looks_itself

    @property
    def id(self) -> str:
        """The operationId."""
        return self.operation.id

    def response(self, status: int) -> ResponsePlan | None:
        """What the document says about this status: itself, its class, or the default."""
        found = self.responses.get(str(status))
        if found is None:
            found = self.responses.get(f"{status // 100}XX") or self.responses.get("default")
        return found

    @property
    def is_websocket(self) -> bool:
        """The document knows nothing but an upgrade as success."""
        good = [s for s in self.responses if s[0] in "123"]
        return bool(good) and all(s == "101" for s in good)


MakeFallback = Callable[["Plan", Document], Handler]


def compile_plans(
    document: Document,
    handlers: Mapping[str, Handler],
    make_fallback: MakeFallback,
    tools: Tools,
    edition: Edition,
) -> list[Plan]:
    """A plan for every operation that this edition has."""
    return [
        _compile(operation, document, handlers, make_fallback, tools)
        for operation in document.operations()
        if not (edition == "oss" and is_missing(operation.method, operation.short_path))
    ]


def _compile(
    operation: Operation,
    document: Document,
    handlers: Mapping[str, Handler],
    make_fallback: MakeFallback,
    tools: Tools,
) -> Plan:
    security = document.security_of(operation)
    body_schema, covered = _body_schema(operation, document)
    handler = handlers.get(operation.function_name)
    plan = Plan(
        operation=operation,
        names=tuple(PARAMETER.findall(operation.path)),
        needs_session=bool(security),
        schemes=frozenset(name for alternative in security for name in alternative),
        other_token=other_token(PARAMETER.sub("{}", operation.short_path)),
        signed_out=either_token(PARAMETER.sub("{}", operation.short_path)),
        looks_itself=PARAMETER.sub("{}", operation.short_path) in LOOKS_ITSELF,
        parameters=tuple(
            compile_parameter(node, document)
            for node in operation.parameters
            if node.get("in") != "path"
        ),
        responses={
            str(status): _response(str(status), node, document, tools)
            for status, node in operation.node.get("responses", {}).items()
        },
        gate=gate_of(operation.method, operation.short_path),
        handler=_unready,
        fallback=_unready,
        modelled=handler is not None,
        read_body=body_reader(
            dict(body_schema or {}), document.resolve, component_name(body_schema) or ""
        ),
        body_schema=body_schema,
        covered=covered and _whole_segments(operation.path),
    )
    plan.fallback = make_fallback(plan, document)
    plan.handler = handler or plan.fallback
    return plan


def component_name(schema: Any) -> str | None:
    """Name of the component that a schema refers to, alone or with remarks of its own."""
    if not isinstance(schema, Mapping):
        return None
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith(SCHEMAS):
        return ref.removeprefix(SCHEMAS)
    return None


def _body_schema(operation: Operation, document: Document) -> tuple[Mapping[str, Any] | None, bool]:
    body = document.deref(operation.node.get("requestBody") or {})
    content = body.get("content") or {}
    if JSON in content:
        return content[JSON].get("schema"), True
    # Parts of a multipart body have encodings of their own: Connexion knows them, we do not.
    return None, "multipart/form-data" not in content


def _whole_segments(path: str) -> bool:
    return all(
        PARAMETER.fullmatch(segment) or not PARAMETER.search(segment) for segment in path.split("/")
    )


def _response(status: str, node: Any, document: Document, tools: Tools) -> ResponsePlan:
    content = document.deref(node).get("content") or {}
    media = {
        media_type.partition(";")[0]: MediaPlan(
            entry.get("schema") or {}, document, tools, media_type
        )
        for media_type, entry in content.items()
    }
    return ResponsePlan(status, media)


def _unready(call: Call, world: Any) -> Any:
    raise RuntimeError(f"{call.operation_id} was called before its plan was complete")
