"""The Go type behind a schema: what a field accepts and how its refusal names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Resolve = Callable[[str], dict[str, Any]]
"""`$ref` -> the schema that it names."""

_DURATIONS = frozenset({"lifetime", "max_token_lifetime"})
"""Integers that are durations in nanoseconds; the docs do not tell them from plain ones."""
_BOUNDS = {
    "int64": (-(2**63), 2**63 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint8": (0, 255),
}


@dataclass(slots=True)
class GoType:
    """One type. `kind`: string, int, float, bool, uuid, time, bytes, slice, map, struct, any."""

    kind: str
    name: str
    """As an error prints it: `string`, `codersdk.WorkspaceTransition`, `[]uuid.UUID`."""
    item: GoType | None = None
    """Item type of a slice, value type of a map."""
    fields: dict[str, GoType] = field(default_factory=dict)
    """Fields of a struct by JSON name."""
    folded: dict[str, str] = field(default_factory=dict)
    """Folded JSON name -> JSON name."""
    bounds: tuple[int, int] = _BOUNDS["int64"]

    @property
    def struct(self) -> str:
        """The name without its package, as a field's error gives it."""
        return self.name.rpartition(".")[2]


def fold(key: str) -> str:
    """Keys that fold alike name the same field."""
    return key if key.isascii() and key.islower() else key.lower().replace("\u017f", "s")


class TypeReader:
    """Makes types from schemas; a component is read once, so recursive ones end."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._components: dict[str, GoType] = {}

    def read(self, schema: Any, name: str = "") -> GoType:
        """The type of `schema`; `name` is what the type is called where that is known."""
        if not isinstance(schema, dict):
            return GoType("any", "interface {}")
        if "$ref" in schema:
            return self._component(schema["$ref"])
        if told := schema.get("x-go-type"):
            name = str(told)
        for key in ("allOf", "anyOf", "oneOf"):
            parts = [part for part in schema.get(key, ()) if part.get("type") != "null"]
            typed = [part for part in parts if "$ref" in part or "type" in part]
            if typed and "properties" not in schema:
                return self.read(typed[0], name)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            kinds = next((kind for kind in kinds if kind != "null"), None)
        return self._typed(kinds, schema, name)

    def _component(self, ref: str) -> GoType:
        known = self._components.get(ref)
        if known is None:
            name = ref.rpartition("/")[2]
            # Registered before it is read: a component may hold itself.
            known = self._components[ref] = GoType("any", name)
            found = self.read(self._resolve(ref), name)
            for slot in ("kind", "name", "item", "fields", "folded", "bounds"):
                setattr(known, slot, getattr(found, slot))
        return known

    def _typed(self, kind: str | None, schema: dict[str, Any], name: str) -> GoType:
        if kind == "string":
            return _string(schema, name)
        if kind == "integer":
            width = "int32" if schema.get("format") == "int32" else "int64"
            return GoType("int", name or width, bounds=_BOUNDS[width])
        if kind == "number":
            return GoType("float", name or "float64")
        if kind == "boolean":
            return GoType("bool", name or "bool")
        if kind == "array":
            return self._slice(schema, name)
        if kind == "object" or "properties" in schema:
            return self._object(schema, name)
        return GoType("any", "interface {}")

    def _slice(self, schema: dict[str, Any], name: str) -> GoType:
        items = schema.get("items")
        if isinstance(items, dict) and items.get("type") == "integer" and "format" not in items:
            # The docs show Go's []byte, which travels as base64, as an array of integers.
            return GoType("bytes", "[]uint8", GoType("int", "uint8", bounds=_BOUNDS["uint8"]))
        item = self.read(items)
        return GoType("slice", name or f"[]{item.name}", item)

    def _object(self, schema: dict[str, Any], name: str) -> GoType:
        properties = schema.get("properties")
        if properties is None:
            values = self.read(schema.get("additionalProperties"))
            return GoType("map", name or f"map[string]{values.name}", values)
        fields = {
            key: self.read(part, "time.Duration" if key in _DURATIONS else "")
            for key, part in properties.items()
        }
        return GoType(
            "struct", name or "struct {}", fields=fields, folded={fold(key): key for key in fields}
        )


def _string(schema: dict[str, Any], name: str) -> GoType:
    form = schema.get("format")
    if form == "uuid":
        return GoType("uuid", "uuid.UUID")
    if form == "date-time":
        return GoType("time", "time.Time")
    if form in ("byte", "base64") or schema.get("contentEncoding") == "base64":
        return GoType("bytes", "[]uint8", GoType("int", "uint8", bounds=_BOUNDS["uint8"]))
    return GoType("string", name or "string")
