"""Values that a schema allows, the same for the same seed: what unmodelled operations answer."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs

from coder_mock_server.spec.document import Document
from coder_mock_server.wire import rfc3339

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper")
EPOCH = datetime(2025, 1, 6, 9, tzinfo=UTC)
"""Generated moments lie within the 100 days after this one."""
MAX_DEPTH = 12
IMPLIED = (
    ("properties", "object"),
    ("items", "array"),
    ("format", "string"),
    ("pattern", "string"),
    ("minimum", "number"),
)
"""What a schema without a type means by its keywords."""
ROUNDS = 4
"""How often the conditions of an object are gone through: one may set off another."""
SHAPES = (
    "amber",
    "amber-1",
    "v1.0.0",
    "1.0",
    "1",
    "0",
    "Amber",
    "a",
    "amber_1",
    "/amber",
    "#123456",
)
"""What is tried where a pattern is asked for."""

CONDITIONS = "x-conditions"
"""Where `merged` keeps the conditions of several parts."""

Schema = Mapping[str, Any]


class Sampler:
    """Makes values of one document's schemas; a new one for every answer.

    `echo` gives values for properties of the outermost object, `ids` for properties of that name
    at any depth. A value that its schema cannot take is not used.
    """

    def __init__(
        self,
        document: Document,
        seed: str,
        *,
        echo: Mapping[str, Any] | None = None,
        ids: Mapping[str, str] | None = None,
        only_required: bool = False,
    ) -> None:
        self._document = document
        self._random = random.Random(seed)
        self._echo = echo or {}
        self._ids = ids or {}
        self._only_required = only_required
        self._open: list[str] = []

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        """A value for `schema`, which stands under the property `name`."""
        if not isinstance(schema, Mapping):
            return {}
        ref = schema.get("$ref")
        if isinstance(ref, str):
            self._open.append(ref)
            try:
                whole = {
                    **self._document.resolve(ref),
                    **{k: v for k, v in schema.items() if k != "$ref"},
                }
                return self.value(whole, name, depth)
            finally:
                self._open.pop()
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._random.choice([v for v in schema["enum"] if v is not None] or [None])
        if "allOf" in schema:
            return self.value(merged(self._document, schema), name, depth)
        for key in ("oneOf", "anyOf"):
            if schema.get(key):
                return self._alternative(schema, key, name, depth)
        return self._typed(schema, name, depth)

    def _alternative(self, schema: Schema, key: str, name: str, depth: int) -> Any:
        options = [o for o in schema[key] if self._document.deref(o).get("type") != "null"]
        nullable = len(options) < len(schema[key])
        if nullable and (depth >= MAX_DEPTH or any(self._is_open(o) for o in options)):
            return None
        rest = {k: v for k, v in schema.items() if k != key}
        chosen = self._document.deref(options[0])
        whole = merged(self._document, {**rest, "allOf": [chosen]})
        return self.value(whole, name, depth)

    def _typed(self, schema: Schema, name: str, depth: int) -> Any:
        kinds = schema.get("type")
        if isinstance(kinds, list):
            if "null" in kinds and depth >= MAX_DEPTH:
                return None
            kinds = next((k for k in kinds if k != "null"), "null")
        if kinds is None:
            kinds = next((kind for word, kind in IMPLIED if word in schema), None)
        match kinds:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return self._integer(schema)
            case "number":
                return float(self._integer(schema))
            case "boolean":
                return self._random.random() < 0.5
            case "string":
                return self._text(schema, name)
            case "null":
                return None
        return {}

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = set(schema.get("required") or ())
        made: dict[str, Any] = {}
        for name, part in (schema.get("properties") or {}).items():
            if name not in required and (
                self._only_required or depth >= MAX_DEPTH or self._is_open(part)
            ):
                continue
            made[name] = self._property(part, name, depth)
        values = schema.get("additionalProperties")
        for name in sorted(required - made.keys()):
            made[name] = self.value(values, name, depth + 1)
        if isinstance(values, Mapping) and values and not self._is_open(values):
            missing = int(schema.get("minProperties", 1)) - len(made)
            for word in WORDS[: max(missing, 0)]:
                key = str(self.value(schema.get("propertyNames", {"const": word}), word, depth))
                made[key] = self.value(values, key, depth + 1)
        for _ in range(ROUNDS):
            if not self._settle(schema, made, depth):
                break
        return made

    def _settle(self, schema: Schema, made: dict[str, Any], depth: int) -> bool:
        """Make the object keep what holds under conditions; whether anything had to change."""
        before = dict(made)
        for condition in conditions(schema):
            holds = "if" not in condition or accepts(condition["if"], made)
            branch = condition.get("then") if holds else condition.get("else")
            if isinstance(branch, Mapping):
                self._apply(branch, schema, made, depth)
        for name, needed in (schema.get("dependentRequired") or {}).items():
            if name in made:
                self._apply({"required": needed}, schema, made, depth)
        return before != made

    def _apply(self, branch: Schema, schema: Schema, made: dict[str, Any], depth: int) -> None:
        properties = schema.get("properties") or {}
        for name in branch.get("required") or ():
            if name not in made:
                made[name] = self._property(properties.get(name, {}), name, depth)
        for name in (branch.get("not") or {}).get("required") or ():
            made.pop(name, None)
        for name, rule in (branch.get("properties") or {}).items():
            if rule is False:
                made.pop(name, None)
            elif name in made and not accepts(rule, made[name]):
                both = {"allOf": [properties.get(name, {}), rule]}
                made[name] = self.value(merged(self._document, both), name, depth + 1)

    def _property(self, schema: Any, name: str, depth: int) -> Any:
        given = self._ids.get(name) if depth else self._echo.get(name, self._ids.get(name))
        if given is not None and self._fits(schema, given):
            return given
        return self.value(schema, name, depth + 1)

    def _fits(self, schema: Any, given: Any) -> bool:
        """Whether a value of the request may stand here; the whole answer is validated anyway."""
        schema = self._document.deref(schema)
        if schema.get("enum") and given not in schema["enum"]:
            return False
        kinds = schema.get("type")
        names = [kinds] if isinstance(kinds, str) else list(kinds or ())
        if schema.get("format") == "uuid" and isinstance(given, str):
            return len(given) == 36
        for kind, types in (
            ("string", str),
            ("boolean", bool),
            ("integer", int),
            ("number", int | float),
            ("array", list),
            ("object", dict),
        ):
            if kind in names and isinstance(given, types):
                # A list or an object of the request may miss what the answer's must have.
                return not isinstance(given, list | dict) or not given
        return False

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        items = schema.get("items") or {}
        least = int(schema.get("minItems", 0))
        if schema.get("maxItems") == 0:
            return []
        if least == 0 and (depth >= MAX_DEPTH or self._is_open(items)):
            return []
        return [self.value(items, name.removesuffix("s"), depth + 1) for _ in range(max(1, least))]

    def _integer(self, schema: Schema) -> int:
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        if "exclusiveMinimum" in schema:
            low += 1
        high = int(schema.get("maximum", max(low, 0) + 100))
        step = int(schema.get("multipleOf", 1)) or 1
        return self._random.randint(low, max(low, high)) // step * step

    def _text(self, schema: Schema, name: str) -> str:
        match schema.get("format"):
            case "uuid":
                return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            case "date-time":
                return rfc3339(EPOCH + timedelta(seconds=self._random.randrange(100 * 86400)))
            case "date":
                return (EPOCH + timedelta(days=self._random.randrange(100))).date().isoformat()
            case "uri" | "url":
                return f"https://{self._random.choice(WORDS)}.example.com"
            case "email":
                return f"{self._random.choice(WORDS)}@example.com"
            case "duration":
                return "PT1H"
            case "ipv4":
                return "192.0.2.1"
            case "ipv6":
                return "2001:db8::1"
            case "hostname":
                return f"{self._random.choice(WORDS)}.example.com"
        if "pattern" in schema:
            return next((t for t in SHAPES if re.search(schema["pattern"], t)), SHAPES[0])
        text = f"{self._random.choice(WORDS)}-{self._random.randrange(10)}"
        if name.endswith("_id") or name == "id":
            text = f"{self._random.getrandbits(40):010x}"
        most = schema.get("maxLength")
        text = text.ljust(int(schema.get("minLength", 0)), "x")
        return text if most is None else text[: int(most)]

    def _is_open(self, schema: Any) -> bool:
        """Whether this leads straight back into a component that is being made."""
        if not isinstance(schema, Mapping):
            return False
        if schema.get("$ref") in self._open:
            return True
        parts = [*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
        return any(self._is_open(part) for part in parts) or self._is_open(schema.get("items"))


def merged(document: Document, schema: Schema) -> dict[str, Any]:
    """A schema and the parts of its `allOf` as one; their conditions are kept side by side."""
    whole: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
    kept = list(conditions(whole))
    for part in schema["allOf"]:
        part = document.deref(part)
        if not isinstance(part, Mapping):
            continue
        if "allOf" in part:
            part = merged(document, part)
        kept += conditions(part)
        for key, value in part.items():
            if key == "properties" and key in whole:
                whole[key] = _both(value, whole[key])
            elif key == "required" and key in whole:
                whole[key] = [*whole[key], *value]
            elif key == "enum" and key in whole:
                whole[key] = [item for item in whole[key] if item in value]
            else:
                whole.setdefault(key, value)
    for key in ("if", "then", "else"):
        whole.pop(key, None)
    whole[CONDITIONS] = kept
    return whole


def conditions(schema: Schema) -> list[Schema]:
    """What a schema says under conditions, its `allOf` parts not included unless merged."""
    found = list(schema.get(CONDITIONS, ()))
    if "if" in schema or "then" in schema:
        found.append({key: schema[key] for key in ("if", "then", "else") if key in schema})
    if "not" in schema:
        found.append({"then": {"not": schema["not"]}})
    return found


def accepts(schema: Any, value: Any) -> bool:
    """Whether a small schema without references accepts a value."""
    if isinstance(schema, bool):
        return schema
    try:
        return bool(jsonschema_rs.is_valid(schema, value))
    except (ValueError, jsonschema_rs.ReferencingError):
        return True


def _both(some: Schema, others: Schema) -> dict[str, Any]:
    """Properties of two parts; what both describe must satisfy both."""
    whole: dict[str, Any] = dict(some)
    for name, schema in others.items():
        if name not in whole or whole[name] == schema:
            whole[name] = schema
        else:
            whole[name] = {"allOf": [schema, whole[name]]}
    return whole
