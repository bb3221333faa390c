"""The part of JSONPath (RFC 9535) that overlays need: which places a query selects.

Understood are the root, children (`.name`, `['name']`, unions of them), wildcards, array indexes,
descendants (`..`) and filters (`[?@.a.b]`, `==`, `!=`, `!`, `&&`, `||`, parentheses). Slices,
functions and ordering comparisons are refused, so that no query means less than it says. A place is
the tuple of keys and indexes that lead to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from coder_openapi.errors import SpecError

Location = tuple[str | int, ...]

_NAME = re.compile(r"[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*")
_INDEX = re.compile(r"-?(?:0|[1-9]\d*)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.S)
_BLANK = re.compile(r"\s*")
_UNSUPPORTED = {":": "a slice", "(": "a function", "<": "an ordering", ">": "an ordering"}


class JsonPathError(SpecError):
    """A query that is no JSONPath, or that uses a part of it that is not supported here."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Every child."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The children for which the condition holds."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Condition:
    """A node of a filter: `or`, `and`, `not` have parts; the others a path and maybe a literal."""

    kind: str
    parts: tuple[Condition, ...] = ()
    path: Location = ()
    literal: Any = None


Selector = str | int | Wildcard | Filter


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a query: what it selects among the children, or among all descendants."""

    selectors: tuple[Selector, ...]
    descendant: bool = False


def select(document: Any, query: str) -> list[Location]:
    """The places that the query selects, in document order, each once."""
    return list(dict.fromkeys(_walk(document, (), parse(query))))


def unused_names(query: str, found: list[Location]) -> list[str]:
    """The names in unions of the query that lead to none of the places found."""
    unused = []
    for depth, segment in enumerate(parse(query)):
        if segment.descendant:
            break
        if len(segment.selectors) > 1:
            seen = {place[depth] for place in found}
            unused += [
                name for name in segment.selectors if isinstance(name, str) and name not in seen
            ]
    return unused


def parse(query: str) -> tuple[Segment, ...]:
    """The steps of a query."""
    return _Parser(query).query()


def _walk(node: Any, place: Location, segments: tuple[Segment, ...]) -> Iterator[Location]:
    if not segments:
        yield place
        return
    first, rest = segments[0], segments[1:]
    for selector in first.selectors:
        for key, child in _chosen(node, selector):
            yield from _walk(child, (*place, key), rest)
    if first.descendant:
        for key, child in _children(node):
            yield from _walk(child, (*place, key), segments)


def _children(node: Any) -> list[tuple[str | int, Any]]:
    if isinstance(node, dict):
        return list(node.items())
    return list(enumerate(node)) if isinstance(node, list) else []


def _chosen(node: Any, selector: Selector) -> list[tuple[str | int, Any]]:
    if isinstance(selector, str):
        return [(selector, node[selector])] if isinstance(node, dict) and selector in node else []
    if isinstance(selector, int):
        if not isinstance(node, list) or not -len(node) <= selector < len(node):
            return []
        index = selector % len(node)
        return [(index, node[index])]
    if isinstance(selector, Filter):
        return [(key, child) for key, child in _children(node) if _holds(selector.condition, child)]
    return _children(node)


def _holds(condition: Condition, node: Any) -> bool:
    if condition.kind == "or":
        return any(_holds(part, node) for part in condition.parts)
    if condition.kind == "and":
        return all(_holds(part, node) for part in condition.parts)
    if condition.kind == "not":
        return not _holds(condition.parts[0], node)
    there, value = _dig(node, condition.path)
    if condition.kind == "exists":
        return there
    # Booleans are no numbers in JSON, though Python says that True == 1.
    same = there and value == condition.literal and type(value) is type(condition.literal)
    return same if condition.kind == "==" else not same


def _dig(node: Any, path: Location) -> tuple[bool, Any]:
    for key in path:
        found = _chosen(node, key)
        if not found:
            return False, None
        node = found[0][1]
    return True, node


class _Parser:
    """Reads a query from left to right; `at` is the place of the next character."""

    def __init__(self, query: str) -> None:
        self.text = query
        self.at = 0

    def query(self) -> tuple[Segment, ...]:
        if not self.take("$"):
            raise self.error('a query begins with "$"')
        segments = []
        while self.skip() < len(self.text):
            segments.append(self.segment())
        return tuple(segments)

    def segment(self) -> Segment:
        descendant = self.take("..")
        if not descendant and not self.take("."):
            return Segment(self.bracket())
        if self.text.startswith("[", self.at) and descendant:
            return Segment(self.bracket(), descendant)
        if self.take("*"):
            return Segment((Wildcard(),), descendant)
        return Segment(
            (self.match(_NAME, 'a name or "*" (quote names that hold other characters)'),),
            descendant,
        )

    def bracket(self) -> tuple[Selector, ...]:
        if not self.take("["):
            raise self.error('expected ".", ".." or "["')
        selectors = [self.selector()]
        while self.take(","):
            selectors.append(self.selector())
        if not self.take("]"):
            raise self.error('expected "," or "]"')
        return tuple(selectors)

    def selector(self) -> Selector:
        if self.take("*"):
            return Wildcard()
        if self.take("?"):
            return Filter(self.either())
        if self.peek() in ("'", '"'):
            return self.string()
        return int(self.match(_INDEX, 'a quoted name, "*", an index or a filter'))

    def either(self) -> Condition:
        parts = [self.both()]
        while self.take("||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Condition("or", tuple(parts))

    def both(self) -> Condition:
        parts = [self.claim()]
        while self.take("&&"):
            parts.append(self.claim())
        return parts[0] if len(parts) == 1 else Condition("and", tuple(parts))

    def claim(self) -> Condition:
        if self.take("!"):
            return Condition("not", (self.claim(),))
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise self.error('expected ")"')
            return inner
        if not self.take("@"):
            raise self.error('a claim of a filter begins with "@"')
        path = self.relative()
        for operator in ("==", "!="):
            if self.take(operator):
                return Condition(operator, path=path, literal=self.literal())
        return Condition("exists", path=path)

    def relative(self) -> Location:
        path: list[str | int] = []
        while self.peek() in (".", "["):
            segment = self.segment()
            key = segment.selectors[0]
            if segment.descendant or len(segment.selectors) > 1 or not isinstance(key, str | int):
                raise self.error("the path of a filter leads to one place")
            path.append(key)
        return tuple(path)

    def literal(self) -> Any:
        if self.peek() in ("'", '"'):
            return self.string()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.take(word):
                return value
        return json.loads(self.match(_NUMBER, "a string, a number, true, false or null"))

    def string(self) -> str:
        quoted = self.match(_QUOTED, "the closing quote")
        if quoted[0] == "'":
            quoted = '"' + quoted[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        text: str = json.loads(quoted, strict=False)
        return text

    def match(self, pattern: re.Pattern[str], expected: str) -> str:
        self.skip()
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.error(f"expected {expected}")
        self.at = found.end()
        return found.group()

    def take(self, token: str) -> bool:
        if not self.text.startswith(token, self.skip()):
            return False
        self.at += len(token)
        return True

    def peek(self) -> str:
        return self.text[self.skip() : self.at + 1]

    def skip(self) -> int:
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at

    def error(self, expected: str) -> JsonPathError:
        here = self.text[self.at : self.at + 1]
        hint = f" ({_UNSUPPORTED[here]} is not supported)" if here in _UNSUPPORTED else ""
        return JsonPathError(f"{self.text}: character {self.at + 1}: {expected}{hint}")
