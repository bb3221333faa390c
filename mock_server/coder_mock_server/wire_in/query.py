"""Query parameters: read one by one, all problems told together, in the order of reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import unquote_plus

from coder_mock_server.errors import Invalid, Validation
from coder_mock_server.ids import parse_uuid, uuid_problem
from coder_mock_server.wire_in import scanner
from coder_mock_server.wire_in.gotime import RFC3339_NANO, TimeError, parse_time

T = TypeVar("T")
INVALID_VALUES = "Query parameters have invalid values."
TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class Query:
    """The parameters of a query string (or the terms of a search), in order."""

    __slots__ = ("_values", "grammar")

    def __init__(self, text: str | bytes = "", grammar: str = "2025") -> None:
        self._values: dict[str, list[str]] = {}
        self.grammar = grammar
        """Whose words a `QueryReader` refuses with: those of 2023 or of 2025."""
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        if not text:
            return
        for pair in text.split("&"):
            # A pair with a semicolon or a broken escape is passed over, not refused.
            if not pair or ";" in pair or ("%" in pair and _BAD_ESCAPE.search(pair)):
                continue
            key, _, value = pair.partition("=")
            self._values.setdefault(_unescaped(key), []).append(_unescaped(value))

    @classmethod
    def of(cls, values: Mapping[str, Iterable[str]], grammar: str = "2025") -> Query:
        """A query with these values."""
        query = cls(grammar=grammar)
        query._values = {key: list(items) for key, items in values.items()}
        return query

    def get(self, name: str) -> str | None:
        """The first value, `None` when absent."""
        values = self._values.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every value of a repeated parameter."""
        return list(self._values.get(name, ()))

    def has(self, name: str) -> bool:
        """Whether it is there at all, even empty."""
        return name in self._values

    def keys(self) -> list[str]:
        """All names, in order of first appearance."""
        return list(self._values)


def _unescaped(text: str) -> str:
    if "%" in text or "+" in text:
        return unquote_plus(text)
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def boolean(text: str) -> bool:
    """Go's ParseBool; `ValueError` with its words."""
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def integer(text: str, function: str, low: int, high: int) -> int:
    """A decimal integer within bounds; `ValueError` with the words of the named Go function."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(f'strconv.{function}: parsing "{text}": invalid syntax')
    value = int(text) if len(text) < 25 else high + 1
    if not low <= value <= high:
        raise ValueError(f'strconv.{function}: parsing "{text}": value out of range')
    return value


class QueryReader:
    """Reads parameters and keeps what is wrong with them; ask `finish` before using any."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._old = query.grammar == "2023"
        self._known: set[str] = set()
        self.problems: list[Validation] = []

    def problem(self, name: str, detail: str) -> None:
        """Note a problem of a parameter."""
        self.problems.append(Validation(name, detail))

    def finish(self, message: str = INVALID_VALUES, strict: bool = False) -> None:
        """Refuse with all problems, if there are any; `strict` makes unknown names problems."""
        if strict:
            for key in self._query.keys():  # noqa: SIM118 - a list in order, not a mapping
                if key not in self._known:
                    prefix = "Query param " if self._old else ""
                    self.problem(key, f'{prefix}"{key}" is not a valid query param')
        if self.problems:
            raise Invalid(message, *self.problems)

    def ignore(self, *names: str) -> None:
        """Names that are known although nobody reads them here."""
        self._known.update(names)

    def positive_int32(self, name: str, default: int = 0) -> int:
        """A 32-bit integer that is not negative."""

        def read(text: str) -> int:
            value = integer(text, "ParseInt", -(2**31), 2**31 - 1)
            if value < 0:
                raise ValueError("value is negative")
            return value

        if self._old:
            return self._parsed(name, default, _old_integer, "must be a valid integer ({})")
        return self._parsed(name, default, read, "must be a valid 32-bit positive integer: {}")

    def integer(self, name: str, default: int = 0) -> int:
        """A 64-bit integer."""
        return self._parsed(
            name,
            default,
            lambda text: integer(text, "Atoi", -(2**63), 2**63 - 1),
            "must be a valid integer: {}",
        )

    def boolean(self, name: str, default: bool = False) -> bool:
        """A flag."""
        return self._parsed(name, default, boolean, "must be a valid boolean: {}")

    def uuid(self, name: str, *, required: bool = False) -> str | None:
        """A canonical UUID; `None` when absent."""
        if required and not self._required(name):
            return None
        return self._parsed(name, None, _uuid, "must be a valid uuid")

    def uuids(self, name: str) -> list[str]:
        """A comma list of UUIDs."""
        return self.each(name, _uuid)

    def time(
        self, name: str, layout: str = RFC3339_NANO, *, required: bool = False, upper: bool = False
    ) -> datetime | None:
        """A moment; `None` when absent. `upper` restores text that a search made lower-case."""
        if required and not self._required(name):
            return None
        return self._parsed(
            name,
            None,
            lambda text: parse_time(text.upper() if upper else text, layout),
            f"must be a valid date format ({layout}): {{}}",
        )

    def enum(self, name: str, allowed: Iterable[str], default: str = "") -> str:
        """One of the allowed values."""
        return self.custom(name, default, lambda text: _one_of(text, allowed))

    def enums(self, name: str, allowed: Iterable[str]) -> list[str]:
        """A comma list of allowed values."""
        return self.each(name, lambda text: _one_of(text, allowed))

    def custom(self, name: str, default: T, read: Callable[[str], T]) -> T:
        """What `read` makes of the text; its `ValueError` is told."""
        return self._parsed(name, default, read, "has invalid value: {}")

    def each(self, name: str, read: Callable[[str], T]) -> list[T]:
        """What `read` makes of each item of a comma list; every `ValueError` is told."""
        found: list[T] = []
        errors: list[str] = []
        for item in self.strings(name):
            try:
                found.append(read(item))
            except ValueError as error:
                errors.append(str(error))
        if errors:
            self.problem(name, f'Query param "{name}" has invalid values: ' + "\n".join(errors))
            return []
        return found

    def strings(self, name: str) -> list[str]:
        """A comma list; repeated parameters are joined. Empty when absent."""
        self._known.add(name)
        values = [value for value in self._query.all(name) if value]
        return [item.strip() for value in values for item in value.split(",")]

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """Plain text."""
        if required and not self._required(name):
            return default
        return self._parsed(name, default, str, "")

    def json_map(self, name: str) -> dict[str, str]:
        """A JSON object of strings; empty when absent."""
        return self._parsed(name, {}, _json_map, "must be a valid JSON object: {}")

    def _required(self, name: str) -> bool:
        self._known.add(name)
        if self._query.get(name):
            return True
        self.problem(name, f'Query param "{name}" is required and cannot be empty')
        return False

    def _parsed(self, name: str, default: T, read: Callable[[str], T], wrong: str) -> T:
        self._known.add(name)
        values = self._query.all(name)
        if not values:
            return default
        if len(values) > 1:
            self.problem(
                name,
                f'Query param "{name}" provided more than once, found {len(values)} times. '
                "Only provide 1 instance of this query param.",
            )
            return default
        if not values[0]:
            return default
        try:
            return read(values[0])
        except ValueError as error:
            self.problem(name, f'Query param "{name}" ' + wrong.format(error))
            return default


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for; `limit` 0 is all."""

    after_id: str | None
    limit: int
    offset: int

    def cut(self, items: list[T]) -> list[T]:
        """The page out of `items` (without `after_id`, which each list treats in its own way)."""
        stop = self.offset + self.limit if self.limit else None
        return items[self.offset : stop]


def pagination(reader: QueryReader, default_limit: int = 0) -> Page:
    """Reads the three page parameters, in the order in which their problems are told."""
    after_id = reader.uuid("after_id")
    limit = reader.positive_int32("limit", default_limit)
    offset = reader.positive_int32("offset")
    # In 2023 negative numbers pass. Our choice: they count as absent.
    return Page(after_id, max(0, limit), max(0, offset))


def _old_integer(text: str) -> int:
    return integer(text, "Atoi", -(2**63), 2**63 - 1)


def _uuid(text: str) -> str:
    found = parse_uuid(text)
    if found is None:
        raise ValueError(uuid_problem(text))
    return found


def _one_of(text: str, allowed: Iterable[str]) -> str:
    if text in allowed:
        return text
    raise ValueError(f'"{text}" is not a valid value')


def _json_map(text: str) -> dict[str, str]:
    # Read like a body: what follows the first value is not looked at.
    value, _ = scanner.scan(text.encode())
    if value is None:
        return {}
    if not isinstance(value, scanner.Object):
        kind = scanner.kind_of(value)
        raise ValueError(f"json: cannot unmarshal {kind} into Go value of type map[string]string")
    result: dict[str, str] = {}
    for key, item in value.pairs:
        kind = scanner.kind_of(item)
        if kind not in ("null", "string"):
            raise ValueError(f"json: cannot unmarshal {kind} into Go value of type string")
        result[key] = item or ""
    return result


__all__ = ["INVALID_VALUES", "Page", "Query", "QueryReader", "TimeError", "pagination"]
