"""The check of how ids are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Judgement, Seen

UUIDS_ARE_IN_SMALL_LETTERS = Rule(
    id="uuids_are_in_small_letters",
    kind="check",
    level="error",
    promise="a uuid in a member for ids is written in small letters",
    oracle="RFC 9562, section 4; every recorded answer",
    applies="JSON replies; members called id, or whose name ends so",
    explanation="Clients compare ids as texts: one in capitals is another one to them.",
)

_NAME = re.compile(r"(id|ID|.*(_id|Id|ID))\Z")
_CAPITALS = re.compile(r"(?=.*[A-F])[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
# Deeper, and further down a list, nothing else stands.
ITEMS_LOOKED_AT = 25


def uuids_are_in_small_letters(seen: Seen) -> Judgement:
    exchange = seen.exchange
    if not exchange.is_json or exchange.status >= 300 or not isinstance(exchange.json, dict | list):
        return None
    found: dict[str, Problem] = {}
    for at, value in _ids(exchange.json, ""):
        if _CAPITALS.match(value):
            kind = re.sub(r"/\d+(?=/)", "/*", at)
            found.setdefault(kind, Problem(exchange, f"{at} is {value}", at=at))
    return list(found.values())[:5]


def _ids(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                if len(member) == 36 and _NAME.match(name):
                    yield f"{at}/{name}", member
            elif isinstance(member, dict | list):
                yield from _ids(member, f"{at}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value[:ITEMS_LOOKED_AT]):
            yield from _ids(item, f"{at}/{index}")
