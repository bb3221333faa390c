"""What changed from one document to another, seen from a client: breaking, additive or wording.

A request may become wider and an answer narrower without breaking anybody; the other way round
breaks. Two exceptions, which clients are used to: a new optional property in an answer is
additive, and so is a new status. Named schemas are compared once for each direction that they are
used in, and reported under their own name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .lint import operations, resolve

Kind = Literal["breaking", "additive", "wording"]
Direction = Literal["request", "response"]
KINDS: tuple[Kind, ...] = ("breaking", "additive", "wording")

_WORDS = ("description", "summary", "title", "example", "examples", "tags", "externalDocs")
_COMPARED = {
    "$ref",
    "type",
    "format",
    "enum",
    "const",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
}


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change: how much it matters, where, and what it is."""

    kind: Kind
    place: str
    what: str


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All changes, breaking ones first, each once."""
    comparison = _Comparison(old, new)
    comparison.run()
    order = {kind: index for index, kind in enumerate(KINDS)}
    return sorted(set(comparison.changes), key=lambda c: (order[c.kind], c.place, c.what))


@dataclass(slots=True)
class _Comparison:
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    changes: list[Change] = field(default_factory=list)
    _seen: set[tuple[str, str, Direction]] = field(default_factory=set)

    def run(self) -> None:
        self._servers("document", self.old, self.new)
        self._words("document", self.old.get("info", {}), self.new.get("info", {}))
        self._security_schemes()
        old = {(path, method): item for path, method, item in operations(self.old)}
        new = {(path, method): item for path, method, item in operations(self.new)}
        for key, before in old.items():
            place = _title(key)
            if key in new:
                self._operation(place, before, new[key], key[0])
            else:
                self._add("breaking", place, "operation removed")
        for key in new:
            if key not in old:
                self._add("additive", _title(key), "operation added")

    def _operation(
        self, place: str, old: Mapping[str, Any], new: Mapping[str, Any], path: str
    ) -> None:
        self._words(place, old, new)
        self._servers(place, old, new)
        if old.get("operationId") != new.get("operationId"):
            self._add(
                "breaking",
                place,
                f"operationId {old.get('operationId')} became {new.get('operationId')}",
            )
        if not old.get("deprecated") and new.get("deprecated"):
            self._add("additive", place, "deprecated")
        self._security(place, old, new)
        self._parameters(place, old, new, path)
        self._body(place, old.get("requestBody"), new.get("requestBody"))
        self._responses(place, old.get("responses", {}), new.get("responses", {}))

    def _servers(self, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        before = [server.get("url") for server in old.get("servers", [])]
        after = [server.get("url") for server in new.get("servers", [])]
        if before != after:
            self._add("breaking", place, f"servers {before} became {after}")

    def _security(self, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        before = _alternatives(old.get("security", self.old.get("security", [])))
        after = _alternatives(new.get("security", self.new.get("security", [])))
        if before == after:
            return
        if not before or not before <= after:
            still_open = not after or frozenset() in after
            kind: Kind = "additive" if still_open else "breaking"
        else:
            kind = "additive"
        self._add(kind, place, f"security {_schemes(before)} became {_schemes(after)}")

    def _security_schemes(self) -> None:
        old = self.old.get("components", {}).get("securitySchemes", {})
        new = self.new.get("components", {}).get("securitySchemes", {})
        for name, scheme in old.items():
            if name in new and _without_words(scheme) != _without_words(new[name]):
                self._add("breaking", f"security scheme {name}", "changed")

    def _parameters(
        self, place: str, old: Mapping[str, Any], new: Mapping[str, Any], path: str
    ) -> None:
        before = self._by_name(self.old, old, path)
        after = self._by_name(self.new, new, path)
        for key, parameter in before.items():
            here = f"{place}, {key[0]} parameter {key[1]}"
            if key not in after:
                self._add("breaking", here, "removed")
                continue
            other = after[key]
            self._words(here, parameter, other)
            self._required(here, parameter, other)
            for name in ("style", "explode", "allowReserved"):
                if parameter.get(name) != other.get(name):
                    self._add(
                        "breaking", here, f"{name} {parameter.get(name)} became {other.get(name)}"
                    )
            self._schema(here, parameter.get("schema", {}), other.get("schema", {}), "request")
        for key, parameter in after.items():
            if key not in before:
                kind: Kind = "breaking" if parameter.get("required") else "additive"
                self._add(kind, f"{place}, {key[0]} parameter {key[1]}", "added")

    def _by_name(
        self, document: Mapping[str, Any], operation: Mapping[str, Any], path: str
    ) -> dict[tuple[str, str], Mapping[str, Any]]:
        shared = document["paths"][path].get("parameters", [])
        followed = (_followed(document, raw) for raw in [*shared, *operation.get("parameters", [])])
        return {(item["in"], item["name"]): item for item in followed}

    def _required(self, here: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        before, after = bool(old.get("required")), bool(new.get("required"))
        if before != after:
            kind: Kind = "breaking" if after else "additive"
            self._add(kind, here, "became required" if after else "became optional")

    def _body(self, place: str, old: Any, new: Any) -> None:
        here = f"{place}, body"
        if old is None and new is None:
            return
        if old is None or new is None:
            if old is None:
                required = _followed(self.new, new).get("required")
                self._add("breaking" if required else "additive", here, "added")
            else:
                self._add("breaking", here, "removed")
            return
        before, after = _followed(self.old, old), _followed(self.new, new)
        self._words(here, before, after)
        self._required(here, before, after)
        self._content(here, before, after, "request")

    def _responses(self, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for status, response in old.items():
            here = f"{place}, response {status}"
            if status not in new:
                self._add("breaking", here, "removed")
                continue
            before, after = _followed(self.old, response), _followed(self.new, new[status])
            self._words(here, before, after)
            self._content(here, before, after, "response")
            for name in sorted({*before.get("headers", {}), *after.get("headers", {})}):
                gone = name not in after.get("headers", {})
                if gone or name not in before.get("headers", {}):
                    kind: Kind = "breaking" if gone else "additive"
                    self._add(kind, f"{here}, header {name}", "removed" if gone else "added")
        for status in new:
            if status not in old:
                self._add("additive", f"{place}, response {status}", "added")

    def _content(
        self, here: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> None:
        before, after = old.get("content", {}), new.get("content", {})
        for media_type in before:
            if media_type in after:
                self._schema(
                    f"{here}, {media_type}",
                    before[media_type].get("schema", {}),
                    after[media_type].get("schema", {}),
                    direction,
                )
            else:
                self._add("breaking", f"{here}, {media_type}", "removed")
        for media_type in after:
            if media_type not in before:
                kind: Kind = "additive" if before or direction == "request" else "breaking"
                self._add(kind, f"{here}, {media_type}", "added")

    def _schema(self, here: str, old: Any, new: Any, direction: Direction) -> None:
        old, new = _as_schema(old), _as_schema(new)
        pair = old.get("$ref"), new.get("$ref")
        if pair[0] and pair[1]:
            if (pair[0], pair[1], direction) in self._seen:
                return
            self._seen.add((pair[0], pair[1], direction))
        before, after = _followed(self.old, old), _followed(self.new, new)
        if pair[0] and pair[0] == pair[1]:
            here = f"{pair[0].removeprefix('#/components/')} in {direction}s"
            if {**old, "$ref": ""} != {**new, "$ref": ""}:
                before, after = {**before, **_beside(old)}, {**after, **_beside(new)}
        elif pair[0] or pair[1]:
            before, after = {**before, **_beside(old)}, {**after, **_beside(new)}
        self._words(here, before, after)
        self._types(here, before, after, direction)
        self._values(here, before, after, direction)
        self._properties(here, before, after, direction)
        self._parts(here, before, after, direction)
        self._other_keywords(here, before, after)

    def _types(
        self, here: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> None:
        before, after = _type_names(old), _type_names(new)
        if before != after:
            self._narrow_or_wide(
                here,
                f"type {_listed(before)} became {_listed(after)}",
                narrower=after < before,
                wider=before < after,
                direction=direction,
            )
        old_format, new_format = old.get("format"), new.get("format")
        if old_format != new_format:
            self._narrow_or_wide(
                here,
                f"format {old_format or 'none'} became {new_format or 'none'}",
                narrower=not old_format,
                wider=not new_format,
                direction=direction,
            )

    def _values(
        self, here: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> None:
        before, after = _allowed(old), _allowed(new)
        if before is None and after is None:
            return
        if before is None or after is None:
            what = "an enum now" if before is None else "no enum any more"
            self._narrow_or_wide(
                here,
                what,
                narrower=before is None,
                wider=after is None,
                direction=direction,
            )
            return
        for value in sorted(before - after):
            self._narrow_or_wide(
                here, f"value {value} removed", narrower=True, wider=False, direction=direction
            )
        for value in sorted(after - before):
            self._narrow_or_wide(
                here, f"value {value} added", narrower=False, wider=True, direction=direction
            )

    def _properties(
        self, here: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> None:
        before, after = old.get("properties", {}), new.get("properties", {})
        must, must_now = set(old.get("required", [])), set(new.get("required", []))
        for name in before:
            place = f"{here}, property {name}"
            if name not in after:
                self._add("breaking", place, "removed")
                continue
            if (name in must) != (name in must_now):
                required = name in must_now
                self._narrow_or_wide(
                    place,
                    "became required" if required else "became optional",
                    narrower=required,
                    wider=not required,
                    direction=direction,
                )
            self._schema(place, before[name], after[name], direction)
        for name in after:
            if name not in before:
                demanded = direction == "request" and name in must_now
                self._add(
                    "breaking" if demanded else "additive", f"{here}, property {name}", "added"
                )

    def _parts(
        self, here: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
    ) -> None:
        for name, words in (("items", "items"), ("additionalProperties", "values")):
            if name in old and name in new:
                self._schema(f"{here}, {words}", old[name], new[name], direction)
            elif name in old or name in new:
                self._narrow_or_wide(
                    here,
                    f"{words} {'restricted' if name in new else 'free'} now",
                    narrower=name in new,
                    wider=name in old,
                    direction=direction,
                )
        for name in ("allOf", "anyOf", "oneOf"):
            before, after = old.get(name, []), new.get(name, [])
            for index, (one, other) in enumerate(zip(before, after, strict=False)):
                self._schema(f"{here}, {name} {index + 1}", one, other, direction)
            if len(before) != len(after):
                grew = len(after) > len(before)
                # One more condition narrows, one more alternative widens; none at all allows most.
                narrower = grew if name == "allOf" or not before else not grew
                if name != "allOf" and not after:
                    narrower = False
                self._narrow_or_wide(
                    here,
                    f"{name} has {len(after)} parts, had {len(before)}",
                    narrower=narrower,
                    wider=not narrower,
                    direction=direction,
                )

    def _other_keywords(self, here: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for name in sorted({*old, *new} - _COMPARED - set(_WORDS)):
            if name.startswith("x-") or old.get(name) == new.get(name):
                continue
            kind: Kind = "additive" if name == "default" or name not in new else "breaking"
            self._add(kind, here, f"{name} changed")

    def _narrow_or_wide(
        self, here: str, what: str, *, narrower: bool, wider: bool, direction: Direction
    ) -> None:
        harmless = (direction == "request" and wider) or (direction == "response" and narrower)
        self._add("additive" if harmless else "breaking", here, what)

    def _words(self, here: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for name in _WORDS:
            if old.get(name) != new.get(name):
                self._add("wording", here, f"{name} changed")

    def _add(self, kind: Kind, place: str, what: str) -> None:
        self.changes.append(Change(kind, place, what))


def _title(key: tuple[str, str]) -> str:
    return f"{key[1].upper()} {key[0]}"


def _followed(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    seen: set[str] = set()
    while "$ref" in node and node["$ref"] not in seen:
        seen.add(node["$ref"])
        node = resolve(document, node["$ref"])
    return node


def _beside(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "$ref"}


def _as_schema(schema: Any) -> Mapping[str, Any]:
    if isinstance(schema, Mapping):
        return schema
    return {} if schema else {"not": {}}


def _type_names(schema: Mapping[str, Any]) -> frozenset[str]:
    stated = schema.get("type")
    if stated is None:
        # No type allows every type, as far as the other keywords go.
        return frozenset(_EVERY_TYPE)
    names = {stated} if isinstance(stated, str) else set(stated)
    return frozenset(names | {"integer"} if "number" in names else names)


_EVERY_TYPE = ("array", "boolean", "integer", "null", "number", "object", "string")


def _listed(names: frozenset[str]) -> str:
    return "any" if len(names) == len(_EVERY_TYPE) else "/".join(sorted(names))


def _allowed(schema: Mapping[str, Any]) -> frozenset[str] | None:
    if "const" in schema:
        return frozenset({json.dumps(schema["const"], sort_keys=True)})
    if "enum" in schema:
        return frozenset(json.dumps(value, sort_keys=True) for value in schema["enum"])
    return None


def _alternatives(security: Any) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(requirement) for requirement in security)


def _schemes(alternatives: frozenset[frozenset[str]]) -> str:
    names = sorted("+".join(sorted(names)) or "nobody" for names in alternatives)
    return " or ".join(names) or "nobody"


def _without_words(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in _WORDS}


def iter_kinds(changes: list[Change]) -> Iterator[tuple[Kind, list[Change]]]:
    """The changes by kind, the gravest first; kinds without changes are left out."""
    for kind in KINDS:
        found = [change for change in changes if change.kind == kind]
        if found:
            yield kind, found
