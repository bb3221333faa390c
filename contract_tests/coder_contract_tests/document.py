"""The OpenAPI document as a run uses it: operations by path, validators, places to cite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs

from coder_contract_tests.errors import UsageError

METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
_URI = "urn:contract-document"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, its reference resolved."""

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]
    example: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path of the document."""

    label: str
    method: str
    path: str
    operation_id: str
    parameters: tuple[Parameter, ...]
    data: Mapping[str, Any] = field(repr=False, hash=False, compare=False)
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the path's braces, from left to right."""
        return _names(self.path)

    @property
    def is_stream(self) -> bool:
        """Whether a success is an event stream, which never ends by itself."""
        return any("text/event-stream" in content for content in self._success_contents())

    @property
    def has_websocket(self) -> bool:
        """Whether the operation may be asked as a WebSocket."""
        return "101" in self.data.get("responses", {})

    @property
    def is_websocket(self) -> bool:
        """Whether the operation only makes sense as a WebSocket."""
        responses = self.data.get("responses", {})
        return self.has_websocket and not any(str(code).startswith("2") for code in responses)

    def _success_contents(self) -> Iterator[Mapping[str, Any]]:
        for code, response in self.data.get("responses", {}).items():
            if str(code).startswith("2") and isinstance(response, Mapping):
                yield response.get("content", {})


class Document:
    """A loaded document, ready to find operations in and to validate against."""

    def __init__(self, raw: Mapping[str, Any], name: str) -> None:
        if not str(raw.get("openapi", "")).startswith("3.1"):
            raise UsageError(
                f"{name}: an OpenAPI 3.1 document is needed, this one says "
                f"{raw.get('openapi') or raw.get('swagger') or 'nothing'!r}. "
                "Emit one with: coder-openapi build SOURCE --out FILE"
            )
        self.raw = raw
        self.name = name
        self.version = str(raw.get("info", {}).get("version", ""))
        self._named: dict[str, Any] = {}
        servers = raw.get("servers") or [{"url": ""}]
        self.base = urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")
        self.operations = tuple(self._operations())
        if not self.operations:
            raise UsageError(f"{name}: the document has no operation")
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = {}
        for operation in self.operations:
            parts = tuple((self.prefix(operation) + operation.path).split("/"))
            self._routes.setdefault((operation.method, len(parts)), []).append((parts, operation))
        self._by_shape = {_shape(one.label): one for one in self.operations}
        self._registry: jsonschema_rs.Registry | None = None
        self._validators: dict[str, Any] = {}

    def prefix(self, operation: Operation) -> str:
        """What stands before the operation's path in a URL."""
        own = operation.data.get("servers")
        if own:
            return urlsplit(str(own[0].get("url", ""))).path.rstrip("/")
        return self.base

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.raw.get("paths", {}).items():
            for method in METHODS:
                data = item.get(method)
                if data is None:
                    continue
                if "servers" in item and "servers" not in data:
                    data = {**data, "servers": item["servers"]}
                given = [*item.get("parameters", ()), *data.get("parameters", ())]
                yield Operation(
                    label=f"{method.upper()} {path}",
                    method=method.upper(),
                    path=path,
                    operation_id=str(data.get("operationId", "")),
                    parameters=tuple(self._parameter(one) for one in given),
                    data=data,
                    source=_source(data.get("x-source")),
                )

    def _parameter(self, raw: Mapping[str, Any]) -> Parameter:
        one = self.resolve(raw)
        schema = one.get("schema", {})
        return Parameter(
            name=str(one.get("name", "")),
            location=str(one.get("in", "")),
            required=bool(one.get("required")),
            schema=self.resolve(schema) if isinstance(schema, Mapping) else {},
            example=one.get("example"),
        )

    def resolve(self, node: Any) -> Any:
        """The node itself, or what its reference names."""
        while isinstance(node, Mapping) and "$ref" in node:
            pointer = str(node["$ref"])
            if pointer not in self._named:
                self._named[pointer] = self._at(pointer)
            node = self._named[pointer]
        return node

    def _at(self, pointer: str) -> Any:
        target: Any = self.raw
        for part in pointer.removeprefix("#").strip("/").split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or key not in target:
                raise UsageError(f"{self.name}: the reference {pointer!r} leads nowhere")
            target = target[key]
        return target

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request belongs to: literal segments beat parameters."""
        parts = tuple(path.split("/"))
        best: tuple[tuple[bool, ...], Operation] | None = None
        for template, operation in self._routes.get((method, len(parts)), ()):
            if all(t[:1] == "{" or t == p for t, p in zip(template, parts, strict=True)):
                rank = tuple(t[:1] != "{" for t in template)
                if best is None or rank > best[0]:
                    best = (rank, operation)
        return best[1] if best else None

    def operation(self, label: str) -> Operation | None:
        """The operation with this label, whatever its parameters are called here."""
        return self._by_shape.get(_shape(label))

    def response(self, operation: Operation, status: int) -> tuple[str, Mapping[str, Any]] | None:
        """The key and the response that the document has for a status; None when it has none."""
        responses = operation.data.get("responses", {})
        for key in (str(status), f"{str(status)[0]}XX", "default"):
            if key in responses:
                return key, self.resolve(responses[key])
        return None

    def pointer(self, operation: Operation, *more: str) -> str:
        """A JSON pointer into the document, below an operation."""
        parts = ("paths", operation.path, operation.method.lower(), *more)
        return "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)

    def cite(self, operation: Operation, *more: str) -> str:
        """Where the document says it, for a person: document, pointer, and the page behind it."""
        behind = f" (from {operation.source})" if operation.source else ""
        return f"{self.name} #{self.pointer(operation, *more)}{behind}"

    def errors(
        self, operation: Operation, status_key: str, media_type: str, value: Any
    ) -> list[Any]:
        """The validation errors of a body, compiled on first use; empty when it conforms."""
        responses = operation.data.get("responses", {})
        response = responses.get(status_key, {})
        pointer = (
            str(response["$ref"]).removeprefix("#")
            if "$ref" in response
            else self.pointer(operation, "responses", status_key)
        )
        escaped = media_type.replace("~", "~0").replace("/", "~1")
        return self.errors_at(f"{pointer}/content/{escaped}/schema", value)

    def errors_at(self, pointer: str, value: Any) -> list[Any]:
        """The validation errors of a value against the schema at a pointer of the document."""
        validator = self._validators.get(pointer)
        if validator is None:
            if self._registry is None:
                self._registry = jsonschema_rs.Registry(
                    [(_URI, dict(self.raw))], draft=jsonschema_rs.Draft202012
                )
            fragment = "/".join(_percent(part) for part in pointer.split("/"))
            validator = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_URI}#{fragment}"}, registry=self._registry, validate_formats=True
            )
            self._validators[pointer] = validator
        return [] if validator.is_valid(value) else list(validator.iter_errors(value))


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{([^}]+)\}", path))


@cache
def _shape(label: str) -> str:
    """A label without its base path and without the names in braces."""
    return re.sub(r"\{[^}]+\}", "{}", label.replace(" /api/v2/", " /"))


def _percent(part: str) -> str:
    return part.replace("%", "%25").replace("{", "%7B").replace("}", "%7D").replace("#", "%23")


def _source(raw: Any) -> str:
    """The page and heading an operation was derived from, as one text."""
    if isinstance(raw, Mapping):
        page, heading = raw.get("page") or raw.get("file") or "", raw.get("heading") or ""
        return f'{page}, "{heading}"' if heading else str(page)
    return str(raw) if raw else ""
