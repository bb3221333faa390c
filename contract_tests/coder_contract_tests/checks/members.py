"""Checks of the members of JSON objects: documented, written as their type, and there once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

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
Place = tuple[str, Any]
_SECRET = re.compile(
    r"(hashed|encrypted|salted)_\w+\Z|(\w+_)?(password|secret)(_hash)?\Z", re.IGNORECASE
)


def members_are_documented(seen: Seen) -> Judgement:
    schema = _schema(seen)
    if schema is None:
        return None
    found: dict[str, Problem] = {}
    for at, name, value, _ in _unlike(seen.document, schema, seen.exchange.json, ""):
        if name:
            key = f"{_any_index(at)}/{name}"
            came = f"{at}/{name} is {excerpt(value, 60)}, which is not documented"
            level: Level | None = "error" if _SECRET.match(name) else None
            found.setdefault(key, Problem(seen.exchange, came, at=f"{at}/{name}", level=level))
    return list(found.values())[:5]


def numbers_are_whole(seen: Seen) -> Judgement:
    schema = _schema(seen)
    if schema is None:
        return None
    return [
        Problem(seen.exchange, f"{at} is written {value!r}, and is an integer", at=at)
        for at, name, value, _ in _unlike(seen.document, schema, seen.exchange.json, "")
        if not name
    ][:3]


def keys_stand_once(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.is_json or not exchange.body or len(exchange.body) > KEYS_LOOKED_AT_BYTES:
        return None
    twice: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice.extend(name for name in set(names) if names.count(name) > 1)

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


def _unlike(
    document: Document, schema: Any, value: Any, at: str
) -> Iterator[tuple[str, str, Any, str]]:
    """Place, name (empty for a number) and value of what the schema did not foresee."""
    if isinstance(value, float):
        if value.is_integer() and _is_integer(document, schema):
            yield at, "", value, ""
        return
    if not isinstance(value, dict | list):
        return
    branches = list(_branches(document, schema))
    if isinstance(value, list):
        items = [one["items"] for one in branches if isinstance(one.get("items"), Mapping)]
        for index, item in enumerate(value[:ITEMS_LOOKED_AT] if items else ()):
            yield from _unlike(document, items[0], item, f"{at}/{index}")
        return
    known: dict[str, Any] = {}
    is_open = not branches
    for one in branches:
        known.update(one.get("properties", {}))
        rest = one.get("additionalProperties")
        is_open = is_open or (rest is not None and rest is not False)
        is_open = is_open or "patternProperties" in one
    for name, member in value.items():
        if name in known:
            if isinstance(member, dict | list | float):
                yield from _unlike(document, known[name], member, f"{at}/{name}")
        elif known and not is_open:
            yield at, name, member, ""


def _branches(document: Document, schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema with all that it is made of; conditions say nothing about what is known."""
    schema = document.resolve(schema)
    if not isinstance(schema, Mapping):
        return
    yield schema
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(keyword, ()):
            yield from _branches(document, branch)


def _is_integer(document: Document, schema: Any) -> bool:
    kinds = [one.get("type") for one in _branches(document, schema)]
    return any(
        kind == "integer" or (isinstance(kind, list) and "integer" in kind) for kind in kinds
    )


def _any_index(at: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in at.split("/"))
