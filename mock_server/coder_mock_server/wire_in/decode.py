"""A JSON body made into values of the request's type, by the rules of Go's encoding/json.

Two passes. The quick one takes a clean body and gives up at the first thing out of the ordinary;
the exact one then says what Go says: a type error is remembered and decoding goes on (the first
one is told), a text that its own type refuses (a UUID, a time) ends it at once.
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson

from coder_mock_server.ids import parse_uuid, uuid_problem
from coder_mock_server.wire_in.gotime import parse_time
from coder_mock_server.wire_in.gotypes import GoType, fold
from coder_mock_server.wire_in.scanner import DecodeError, Number, Object, kind_of, plain, scan

_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
EXTRA = ""
"""Under this key a struct's values hold what no field took: key -> JSON value."""


class _Unclear(Exception):
    """The quick pass met something that only the exact one can judge."""


def decode(data: bytes, type: GoType) -> Any:
    """The first value of `data` as `type`; raises `DecodeError` with Go's words.

    Structs become dicts of canonical names without what was null or absent, UUIDs canonical
    strings, times aware datetimes, byte slices bytes.
    """
    try:
        return _quick(orjson.loads(data), type)
    except (orjson.JSONDecodeError, _Unclear, ValueError):
        value, _ = scan(data)
    exact = _Exact(type)
    try:
        result = exact.value(value, type)
    except RecursionError:
        raise DecodeError("exceeded max depth") from None
    if exact.saved is not None:
        raise exact.saved
    return result


def _quick(value: Any, type: GoType) -> Any:
    kind = type.kind
    if value is None:
        return None
    if kind == "struct":
        if value.__class__ is not dict:
            raise _Unclear
        return _quick_struct(value, type)
    if kind == "string":
        if value.__class__ is str:
            return value
    elif kind == "int":
        if value.__class__ is int and type.bounds[0] <= value <= type.bounds[1]:
            return value
    elif kind == "bool":
        if value.__class__ is bool:
            return value
    elif kind == "uuid":
        if value.__class__ is str and (found := parse_uuid(value)) is not None:
            return found
    elif kind == "slice":
        if value.__class__ is list and type.item is not None:
            return [_quick(item, type.item) for item in value]
    elif kind == "map":
        if value.__class__ is dict and type.item is not None:
            return {key: _quick(item, type.item) for key, item in value.items()}
    elif kind == "float":
        if value.__class__ is float or value.__class__ is int:
            return float(value)
    elif kind == "any":
        return value
    raise _Unclear


def _quick_struct(value: dict[str, Any], type: GoType) -> dict[str, Any]:
    found: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    fields = type.fields
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            if fold(key) in type.folded:
                raise _Unclear
            extra[key] = item
        elif item is not None:
            found[key] = _quick(item, field)
    if extra:
        found[EXTRA] = extra
    return found


class _Exact:
    """One decoding: the first type error, and the fields on the way to the present value."""

    def __init__(self, root: GoType) -> None:
        self.root = root
        self.saved: DecodeError | None = None
        self.struct = ""
        self.path: list[str] = []

    def save(self, what: str, type: GoType) -> None:
        """Remember a type error, unless there is one already."""
        if self.saved is None:
            place = "Go value"
            if self.struct:
                place = f"Go struct field {self.struct}.{'.'.join(self.path)}"
            self.saved = DecodeError(
                f"json: cannot unmarshal {what} into {place} of type {type.name}"
            )

    def value(self, value: Any, type: GoType) -> Any:
        """`value` as `type`, `None` where nothing could be taken."""
        if type.kind == "any":
            return plain(value)
        if value is None:
            return None
        method = getattr(self, f"_{type.kind}")
        return method(value, type)

    def _struct(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, Object):
            self.save(kind_of(value), type)
            return None
        found: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, item in value.pairs:
            name = key if key in type.fields else type.folded.get(fold(key))
            if name is None:
                with suppress(RecursionError):  # Nobody asks for what is nested as deep as that.
                    extra[key] = plain(item)
                continue
            outer = self.struct
            self.struct = type.struct
            self.path.append(name)
            got = self.value(item, type.fields[name])
            self.path.pop()
            self.struct = outer
            if got is not None:
                found[name] = got
        if extra:
            found[EXTRA] = extra
        return found

    def _map(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, Object) or type.item is None:
            self.save(kind_of(value), type)
            return None
        return {key: self.value(item, type.item) for key, item in value.pairs}

    def _slice(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, list) or type.item is None:
            self.save(kind_of(value), type)
            return None
        return [self.value(item, type.item) for item in value]

    def _string(self, value: Any, type: GoType) -> Any:
        if isinstance(value, str) and not isinstance(value, Number):
            return value
        self.save(kind_of(value), type)
        return None

    def _bool(self, value: Any, type: GoType) -> Any:
        if isinstance(value, bool):
            return value
        self.save(kind_of(value), type)
        return None

    def _int(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, Number):
            self.save(kind_of(value), type)
        elif _INTEGER.fullmatch(value) and len(value) < 25:
            number = int(value)
            if type.bounds[0] <= number <= type.bounds[1]:
                return number
            self.save(f"number {value}", type)
        else:
            self.save(f"number {value}", type)
        return None

    def _float(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, Number):
            self.save(kind_of(value), type)
            return None
        number = float(value)
        if number in (float("inf"), float("-inf")):
            self.save(f"number {value}", type)
            return None
        return number

    def _uuid(self, value: Any, type: GoType) -> Any:
        if not isinstance(value, str) or isinstance(value, Number):
            self.save(kind_of(value), type)
            return None
        found = parse_uuid(value)
        if found is None:
            raise DecodeError(uuid_problem(value))
        return found

    def _time(self, value: Any, type: GoType) -> datetime:
        if not isinstance(value, str) or isinstance(value, Number):
            raise DecodeError("Time.UnmarshalJSON: input is not a JSON string")
        try:
            return parse_time(value)
        except ValueError as error:
            raise DecodeError(str(error)) from None

    def _bytes(self, value: Any, type: GoType) -> Any:
        if isinstance(value, list) and type.item is not None:
            items = [self._int(item, type.item) if item is not None else 0 for item in value]
            return None if None in items else bytes(items)
        if not isinstance(value, str) or isinstance(value, Number):
            self.save(kind_of(value), type)
            return None
        text = value.replace("\r", "").replace("\n", "")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            self.saved = self.saved or DecodeError(
                f"illegal base64 data at input byte {_first_bad(text)}"
            )
            return None


def _first_bad(text: str) -> int:
    """Where Go's base64 decoder stops."""
    match = re.match(r"(?:[A-Za-z0-9+/]{4})*", text)
    start = match.end() if match else 0
    inside = re.match(r"[A-Za-z0-9+/]*", text[start:])
    good = len(inside.group()) if inside else 0
    if start + good >= len(text):
        return start + (good if good else 0)
    if text[start + good] == "=" and good >= 2:
        padding = re.match(r"=+", text[start + good :])
        size = len(padding.group()) if padding else 0
        return start + good + min(size, 4 - good)
    return start + good
