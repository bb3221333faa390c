"""Is a document sound? The public validator, and the rules that our tools rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import SpecError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PAYLOADS = ("example", "examples", "const", "default", "enum")
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a document: where (a JSON pointer), what, and what would be right."""

    pointer: str
    problem: str
    expected: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.problem}. Expected: {self.expected}"


class ValidatorMissingError(SpecError):
    """The validator is an extra that is not installed."""


def lint(document: Mapping[str, Any]) -> list[Problem]:
    """What our own rules find, in document order."""
    return [
        *_operation_ids(document),
        *_references(document),
        *_paths(document),
        *_provenance(document),
        *_security(document),
        *_responses(document),
        *_schemas(document),
    ]


def validate(document: Mapping[str, Any]) -> list[Problem]:
    """What openapi-spec-validator finds; raises `ValidatorMissingError` where it is missing.

    It stops at a reference that leads nowhere; `lint` names those.
    """
    try:
        from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
        from referencing.exceptions import Unresolvable
    except ImportError as error:
        raise ValidatorMissingError(
            "openapi-spec-validator is not installed. Install it with: "
            "pip install 'coder-mock[build]'"
        ) from error
    is_30 = str(document.get("openapi", "")).startswith("3.0")
    validator = (OpenAPIV30SpecValidator if is_30 else OpenAPIV31SpecValidator)(document)
    allowed = "what the OpenAPI specification allows"
    found: list[Problem] = []
    try:
        for finding in validator.iter_errors():
            # The lines below the first repeat the schema and the instance.
            words = finding.message.split("\n")[0]
            found.append(Problem(pointer("", *finding.absolute_path), words[:300], allowed))
    except Unresolvable:
        pass
    except (LookupError, TypeError, AttributeError, ValueError) as crash:
        # It walks on after the first error, and falls over what it found to be wrong.
        found.append(Problem("#", f"the validator stopped at {crash}", allowed))
    return found


def pointer(base: str, *keys: object) -> str:
    """A JSON pointer, written as a fragment."""
    steps = (str(key).replace("~", "~0").replace("/", "~1") for key in keys)
    return (base or "#") + "".join(f"/{step}" for step in steps)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, method, operation) in document order."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def resolve(document: Mapping[str, Any], reference: str) -> Any:
    """What a local reference names; raises KeyError where it dangles."""
    found: Any = document
    if not reference.startswith("#/"):
        raise KeyError(reference)
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def _operation_ids(document: Mapping[str, Any]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path, method, operation in operations(document):
        here = pointer("", "paths", path, method)
        name = operation.get("operationId")
        if not name:
            yield Problem(here, "an operation without operationId", "a unique operationId")
        elif name in seen:
            yield Problem(here, f"operationId {name!r} also at {seen[name]}", "unique operationIds")
        else:
            seen[name] = here


def _references(document: Mapping[str, Any]) -> Iterator[Problem]:
    for here, node in _nodes(document, "#"):
        reference = node.get("$ref")
        if isinstance(reference, str):
            try:
                resolve(document, reference)
            except (KeyError, IndexError, TypeError, ValueError):
                yield Problem(here, f"{reference} leads nowhere", "a reference into this document")


def _paths(document: Mapping[str, Any]) -> Iterator[Problem]:
    shapes: dict[str, str] = {}
    for path in document.get("paths", {}):
        shape = _TEMPLATE.sub("{}", path)
        if shape in shapes:
            here = pointer("", "paths", path)
            yield Problem(
                here, f"the same path as {shapes[shape]}", "paths that differ in a segment"
            )
        shapes[shape] = path
    for path, method, operation in operations(document):
        here = pointer("", "paths", path, method)
        in_path = set(_TEMPLATE.findall(path))
        declared = set()
        item = document["paths"][path]
        seen = set()
        for raw in [*item.get("parameters", []), *operation.get("parameters", [])]:
            parameter = _followed(document, raw)
            key = (parameter.get("in"), parameter.get("name"))
            if key in seen and raw in operation.get("parameters", []):
                yield Problem(here, f"the parameter {key[1]!r} in {key[0]} twice", "it once")
            seen.add(key)
            if parameter.get("in") == "path":
                declared.add(parameter.get("name"))
                if parameter.get("required") is not True:
                    yield Problem(
                        here, f"path parameter {parameter.get('name')!r}", "required: true"
                    )
        for name in sorted(in_path - declared):
            yield Problem(here, f"{{{name}}} is not declared", "a parameter in path of that name")
        for name in sorted(map(str, declared - in_path)):
            yield Problem(here, f"path parameter {name!r}", f"{{{name}}} in the path")


def _provenance(document: Mapping[str, Any]) -> Iterator[Problem]:
    for path, method, operation in operations(document):
        if not ("x-source" in operation or "x-undocumented" in operation):
            yield Problem(
                pointer("", "paths", path, method),
                "nobody can tell where this operation comes from",
                "x-source (page and heading) or x-undocumented",
            )


def _security(document: Mapping[str, Any]) -> Iterator[Problem]:
    known = document.get("components", {}).get("securitySchemes", {})
    for path, method, operation in operations(document):
        for requirement in operation.get("security", []):
            for name in requirement:
                if name not in known:
                    yield Problem(
                        pointer("", "paths", path, method, "security"),
                        f"the scheme {name!r}",
                        f"one of {', '.join(sorted(known)) or 'none declared'}",
                    )


def _responses(document: Mapping[str, Any]) -> Iterator[Problem]:
    for path, method, operation in operations(document):
        for status, raw in operation.get("responses", {}).items():
            here = pointer("", "paths", path, method, "responses", status)
            if status == "default":
                yield Problem(here, "a response that allows every status", "the statuses by number")
            for media_type, media in _followed(document, raw).get("content", {}).items():
                if media_type.endswith("json") and "schema" not in media:
                    yield Problem(here, f"{media_type} without a schema", "a schema")


def _schemas(document: Mapping[str, Any]) -> Iterator[Problem]:
    for here, node in _nodes(document, "#"):
        values = node.get("enum")
        if isinstance(values, list):
            distinct = {(type(value).__name__, repr(value)) for value in values}
            if len(distinct) < len(values):
                yield Problem(here, "an enum with repeated values", "each value once")
        properties, required = node.get("properties"), node.get("required")
        if node.get("type") != "object" or "allOf" in node:
            continue
        if isinstance(properties, dict) and isinstance(required, list):
            for name in required:
                if name not in properties:
                    yield Problem(here, f"requires {name!r}", "a property of that name")


def _followed(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = resolve(document, node["$ref"]) if "$ref" in node else node
    except (KeyError, IndexError, TypeError, ValueError):
        return {}
    return found


def _nodes(node: Any, here: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping with its pointer; payloads (examples, values, extensions) are no schemas."""
    if isinstance(node, dict):
        yield here, node
        for key, value in node.items():
            # Under `properties` every key is a name, whatever it looks like.
            is_payload = key in _PAYLOADS or str(key).startswith("x-")
            if not is_payload or here.endswith("/properties"):
                yield from _nodes(value, pointer(here, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, pointer(here, index))
