"""Terraform's values in Python, their conversions, and the value that is not known.

Strings, booleans, numbers, None, lists and dicts stand for themselves; a set is a `TfSet`.
`UNKNOWN` is what Terraform learns only from an apply, and what cannot be evaluated here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, TypeAlias


class Unknown:
    """The type of `UNKNOWN`; any operation on it gives it again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()

# str | int | float | bool | None | list | dict | Unknown; recursive aliases help nobody here.
Value: TypeAlias = Any


class TfSet(list[Value]):
    """A set: a list without repetitions, in Terraform's order."""


class EvaluationError(Exception):
    """An expression that has no value; the text says why, for the job's log."""


def make_set(items: Iterable[Value]) -> TfSet:
    """A set of the items: each once, strings and numbers sorted."""
    unique: list[Value] = []
    for item in items:
        if item not in unique:
            unique.append(item)
    try:
        return TfSet(sorted(unique))
    except TypeError:
        return TfSet(unique)


def contains_unknown(value: Value) -> bool:
    """Whether a value, or anything inside it, is not known."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return False


def number_text(value: int | float) -> str:
    """A number as Terraform prints it: no trailing zeros, no exponent for whole numbers."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise EvaluationError("a number is out of range")
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return f"{value:.15g}"


def to_text(value: Value) -> str:
    """A primitive as a string; raises EvaluationError for anything else, None included."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return number_text(value)
        case None:
            raise EvaluationError("null cannot be used in a string")
        case _:
            raise EvaluationError("a string is required")


def to_number(value: Value) -> int | float:
    """A number, from a number or a string that spells one."""
    if isinstance(value, bool) or value is None:
        raise EvaluationError("a number is required")
    if isinstance(value, int | float):
        return whole(value)
    if isinstance(value, str):
        text = value.strip()
        try:
            return int(text) if len(text) < 400 else 0
        except ValueError:
            pass
        try:
            return whole(float(text))
        except ValueError:
            raise EvaluationError(f'"{text[:40]}" is not a number') from None
    raise EvaluationError("a number is required")


def whole(value: int | float) -> int | float:
    """An int where the number is one, so that 2.0 and 2 print alike."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("a number is out of range")
        if value.is_integer():
            return int(value)
    return value


def to_bool(value: Value) -> bool:
    """A boolean, from one or from "true" and "false"."""
    if isinstance(value, bool):
        return value
    if value in ("true", "1"):
        return True
    if value in ("false", "0"):
        return False
    raise EvaluationError("a bool is required")


def same(left: Value, right: Value) -> bool:
    """Terraform's `==`: a string never equals a number, nor true the number one."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return bool(left == right)
