"""Checks of the members of JSON objects: documented, written as their type, and there once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from coder_contract_tests.document import Document
from coder_contract_tests.exchange import excerpt
from coder_contract_tests.findings import Level, Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

MEMBERS_ARE_DOCUMENTED = Rule(
    id="members_are_documented",
    kind="check",
    level="note",
    promise="an object has no member that the document does not know",
    oracle="the document's response schema",
    applies="JSON replies of documented operations; objects with documented members only",
    explanation="A server may tell more than its documents do, so this is merely worth knowing. A "
    "password or a secret that no document speaks of is an error.",
)

NUMBERS_ARE_WHOLE = Rule(
    id="numbers_are_whole",
    kind="check",
    level="error",
    promise="an integer is written without fraction and exponent",
    oracle="the document's response schema; clients in typed languages refuse 1.0",
    applies="JSON replies of documented operations",
)

KEYS_STAND_ONCE = Rule(
    id="keys_stand_once",
    kind="check",
    level="error",
    promise="no key stands twice in a JSON object",
    oracle="RFC 8259, section 4",
    applies="JSON replies up to 64 KiB",
)

ITEMS_LOOKED_AT = 25
KEYS_LOOKED_AT_BYTES = 65536
_COLON = b'":'
# The ends of numbers with nothing but zeros behind the point, or with an exponent; apart, since
# each is found fast by the letter it begins with.
_FRACTIONS = tuple(
    re.compile(begin + rb"(?:[\s,}\]]|\Z)") for begin in (rb"\.0+", rb"e\+?\d+", rb"E\+?\d+")
)
_SECRET = re.compile(
    r"(hashed|encrypted|salted)_\w+\Z|(\w+_)?(password|secret)(_hash)?\Z", re.IGNORECASE
)


def members_are_documented(seen: Seen) -> Judgement:
    schema = _schema(seen)
    if schema is None:
        return None
    value = seen.exchange.json
    if not isinstance(value, dict | list):
        return []
    found: dict[str, Problem] = {}
    for at, name, member in _unknown(_forms(seen.document), schema, value, ""):
        key = f"{_any_index(at)}/{name}"
        came = f"{at}/{name} is {excerpt(member, 60)}, which is not documented"
        level: Level | None = "error" if _SECRET.match(name) else None
        found.setdefault(key, Problem(seen.exchange, came, at=f"{at}/{name}", level=level))
    return list(found.values())[:5]


def numbers_are_whole(seen: Seen) -> Judgement:
    schema = _schema(seen)
    if schema is None:
        return None
    if not any(fraction.search(seen.exchange.body) for fraction in _FRACTIONS):
        return []
    broken = _broken_numbers(_forms(seen.document), schema, seen.exchange.json, "")
    return [
        Problem(seen.exchange, f"{at} is written {value!r}, and is an integer", at=at)
        for at, value in islice(broken, 3)
    ]


def keys_stand_once(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.is_json or not exchange.body or len(exchange.body) > KEYS_LOOKED_AT_BYTES:
        return None
    twice: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice.extend(name for name in set(names) if names.count(name) > 1)

    if exchange.body.count(_COLON) == orjson.dumps(exchange.json).count(_COLON):
        # As many keys were read as were written.
        return []
    try:
        json.loads(exchange.body, object_pairs_hook=collect)
    except ValueError:
        return None
    return [Problem(exchange, f"{name!r} stands twice", at=f"/*/{name}") for name in twice[:3]]


def _schema(seen: Seen) -> Any:
    """The schema of a whole JSON reply; None where there is none to hold it against."""
    exchange, operation = seen.exchange, seen.operation
    if operation is None or not exchange.is_json or exchange.cut:
        return None
    found = seen.document.response(operation, exchange.status)
    if found is None:
        return None
    content = found[1].get("content", {})
    return content.get(exchange.media_type, {}).get("schema")


@dataclass(eq=False, slots=True)
class _Form:
    """What a schema foresees, with all that it is made of."""

    members: dict[str, Any]
    """Schemas by name."""
    is_closed: bool
    """Whether it names members and allows no others."""
    items: Any
    is_integer: bool


class _Forms:
    """The forms of a document's schemas, each made once."""

    def __init__(self, document: Document) -> None:
        self._resolve = document.resolve
        self._made: dict[int, _Form] = {}

    def of(self, schema: Any) -> _Form:
        """The form of a schema, which is a part of the document and lives as long."""
        form = self._made.get(id(schema))
        if form is None:
            form = self._made[id(schema)] = self._form(schema)
        return form

    def _form(self, schema: Any) -> _Form:
        branches = list(self._branches(schema))
        members: dict[str, Any] = {}
        is_open = not branches
        for one in branches:
            members.update(one.get("properties", {}))
            rest = one.get("additionalProperties")
            is_open = is_open or (rest is not None and rest is not False)
            is_open = is_open or "patternProperties" in one
        items = [one["items"] for one in branches if isinstance(one.get("items"), Mapping)]
        kinds = [one.get("type") for one in branches]
        return _Form(
            members=members,
            is_closed=bool(members) and not is_open,
            items=items[0] if items else None,
            is_integer=any(
                kind == "integer" or (isinstance(kind, list) and "integer" in kind)
                for kind in kinds
            ),
        )

    def _branches(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """The schema with all that it is made of; conditions say nothing about what is known."""
        schema = self._resolve(schema)
        if not isinstance(schema, Mapping):
            return
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from self._branches(branch)


_KEPT: WeakKeyDictionary[Document, _Forms] = WeakKeyDictionary()


def _forms(document: Document) -> _Forms:
    return _KEPT.setdefault(document, _Forms(document))


def _unknown(forms: _Forms, schema: Any, value: Any, at: str) -> Iterator[tuple[str, str, Any]]:
    """Place of the object, name and value of each member that the schema did not foresee."""
    form = forms.of(schema)
    if isinstance(value, list):
        if form.items is not None:
            for index, item in enumerate(value[:ITEMS_LOOKED_AT]):
                if isinstance(item, dict | list):
                    yield from _unknown(forms, form.items, item, f"{at}/{index}")
        return
    known = form.members
    for name, member in value.items():
        if name not in known:
            if form.is_closed:
                yield at, name, member
        elif isinstance(member, dict | list) and member:
            yield from _unknown(forms, known[name], member, f"{at}/{name}")


def _broken_numbers(forms: _Forms, schema: Any, value: Any, at: str) -> Iterator[tuple[str, float]]:
    """Place and value of each integer that is written as a fraction."""
    form = forms.of(schema)
    if isinstance(value, float):
        if form.is_integer and value.is_integer():
            yield at, value
    elif isinstance(value, list):
        if form.items is not None:
            for index, item in enumerate(value[:ITEMS_LOOKED_AT]):
                yield from _broken_numbers(forms, form.items, item, f"{at}/{index}")
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in form.members:
                yield from _broken_numbers(forms, form.members[name], member, f"{at}/{name}")


def _any_index(at: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in at.split("/"))
