"""From a handler's full answer to the shape the document promises: unknown properties dropped,
renamed ones mapped, times written out. Compiled once per component; recursion is welcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from coder_mock_server.spec.document import SCHEMAS, Document
from coder_mock_server.versions import Dialect, dialect_of
from coder_mock_server.wire import rfc3339

Project = Callable[[Any], Any]


def keep(value: Any) -> Any:
    """The value as it is."""
    return value


def drop(value: Any) -> Any:
    """Stands for a property that the document forbids; never called."""
    return value


def time_text(value: Any) -> Any:
    """A time as text; anything else as it is."""
    return rfc3339(value) if type(value) is datetime else value


class Projections:
    """The projectors of one document."""

    def __init__(self, document: Document, dialect: Dialect | None = None) -> None:
        self._document = document
        dialect = dialect or dialect_of(document.version)
        self._renames, self._values = dialect.renames, dialect.values
        self._compiled: dict[tuple[int, bool], Project] = {}

    def component(self, name: str) -> Project:
        """The projector of a component schema; `KeyError` when the document lacks it."""
        project = self._compile(self._document.schemas[name], self._renames.get(name, {}), name)
        value = self._values.get(name)
        return project if value is None else _after(value, project)

    def of(self, schema: Any) -> Project:
        """The projector of any schema in the document."""
        return self._compile(schema, {})

    def _compile(self, schema: Any, renames: Mapping[str, str], name: str = "") -> Project:
        if not isinstance(schema, Mapping):
            return keep
        ref = schema.get("$ref")
        if isinstance(ref, str) and len(schema) == 1 and ref.startswith(SCHEMAS):
            return self.component(ref.removeprefix(SCHEMAS))
        key = (id(schema), bool(renames))
        found = self._compiled.get(key)
        if found is not None:
            return found
        cell: list[Project] = []
        # A schema that contains itself finds this entry while it is being compiled.
        self._compiled[key] = lambda value: cell[0](value)
        cell.append(self._build(schema, renames, name))
        self._compiled[key] = cell[0]
        return cell[0]

    def _build(self, schema: Mapping[str, Any], renames: Mapping[str, str], name: str) -> Project:
        parts = self._parts(schema, renames)
        as_object = self._object(parts, name)
        as_list = self._list(parts)
        if as_object is None and as_list is None:
            referred = [p["$ref"].removeprefix(SCHEMAS) for p, _ in parts if "$ref" in p]
            value = next((self._values[r] for r in referred if r in self._values), None)
            if value is not None:
                return value
            return time_text if any(p.get("format") == "date-time" for p, _ in parts) else keep
        if as_list is None:
            assert as_object is not None
            return as_object
        if as_object is None:
            return as_list
        both_object, both_list = as_object, as_list
        return lambda value: both_list(value) if type(value) is list else both_object(value)

    def _parts(
        self, schema: Mapping[str, Any], renames: Mapping[str, str], depth: int = 0
    ) -> list[tuple[Mapping[str, Any], Mapping[str, str]]]:
        """The schema and all that it is composed of, each with its renames, references followed."""
        ref = schema.get("$ref")
        if isinstance(ref, str) and ref.startswith(SCHEMAS):
            renames = {**self._renames.get(ref.removeprefix(SCHEMAS), {}), **renames}
        parts = [(schema, renames)]
        if depth > 20:
            return parts
        inner: list[Any] = [self._document.resolve(ref)] if isinstance(ref, str) else []
        for key in ("allOf", "anyOf", "oneOf"):
            inner += schema.get(key, ())
        for part in inner:
            if isinstance(part, Mapping):
                parts += self._parts(part, renames if isinstance(ref, str) else {}, depth + 1)
        return parts

    def _object(
        self, parts: list[tuple[Mapping[str, Any], Mapping[str, str]]], component: str
    ) -> Callable[[Any], Any] | None:
        properties: dict[str, Project] = {}
        sources: dict[str, str] = {}
        forbidden: set[str] = set()
        rest: Project | None = None
        mentioned = open_ended = False
        for part, renames in parts:
            for name, schema in (part.get("properties") or {}).items():
                mentioned = True
                if schema is False:
                    forbidden.add(name)
                    continue
                compiled = self._compile(schema, {})
                value = self._values.get(f"{component}.{name}")
                if value is not None:
                    compiled = _after(value, compiled)
                if properties.get(name, keep) is keep:
                    properties[name] = compiled
                if name in renames:
                    sources[renames[name]] = name
            additional = part.get("additionalProperties")
            if isinstance(additional, Mapping) and additional:
                rest = self._compile(additional, {})
                mentioned = True
            elif additional is True or additional == {}:
                open_ended = True
            if part.get("type") == "object" and len(part) == 1:
                open_ended = True
        if not mentioned:
            return None
        if open_ended and rest is None:
            rest = keep
        for name in forbidden:
            properties[name] = drop
        return _object_projector(properties, sources, rest)

    def _list(
        self, parts: list[tuple[Mapping[str, Any], Mapping[str, str]]]
    ) -> Callable[[Any], Any] | None:
        for part, _ in parts:
            items = part.get("items")
            if isinstance(items, Mapping):
                compiled = self._compile(items, {})
                return None if compiled is keep else _list_projector(compiled)
        return None


def _object_projector(
    properties: Mapping[str, Project], sources: Mapping[str, str], rest: Project | None
) -> Project:
    kept = frozenset(name for name, step in properties.items() if step is not drop)
    known = frozenset(properties)
    steps = tuple((n, step) for n, step in properties.items() if step not in (keep, drop))

    def project(value: Any) -> Any:
        if type(value) is not dict:
            return value
        out = {key: item for key, item in value.items() if key in kept}
        for name, step in steps:
            if name in out:
                out[name] = step(out[name])
        if rest is not None:
            out.update({k: rest(item) for k, item in value.items() if k not in known})
        return out

    if not sources:
        return project

    def project_renamed(value: Any) -> Any:
        if type(value) is not dict:
            return value
        renamed = {sources.get(key, key): item for key, item in value.items() if key not in known}
        renamed.update({key: item for key, item in value.items() if key in known})
        return project(renamed)

    return project_renamed


def _after(value: Project, project: Project) -> Project:
    return lambda given: project(value(given))


def _list_projector(step: Project) -> Project:
    def project(value: Any) -> Any:
        if type(value) is list or type(value) is tuple:
            return [step(item) for item in value]
        return value

    return project
