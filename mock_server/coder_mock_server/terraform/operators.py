"""Operators and type conversions over values."""

from __future__ import annotations

from coder_mock_server.terraform.functions import call
from coder_mock_server.terraform.values import (
    UNKNOWN,
    EvaluationError,
    Unknown,
    Value,
    contains_unknown,
    same,
    to_bool,
    to_number,
    to_text,
    whole,
)


def converted(value: Value, kind: str) -> Value:
    """A variable's value in its declared type; raises EvaluationError where it does not fit."""
    if value is None or isinstance(value, Unknown):
        return value
    if kind.strip('"') == "string":
        return to_text(value)
    if kind == "number":
        return to_number(value)
    if kind == "bool":
        return to_bool(value)
    if kind.startswith("set(") and isinstance(value, list):
        return call("toset", [value])
    if kind.startswith("list(string") and isinstance(value, list):
        return [item if isinstance(item, Unknown) else to_text(item) for item in value]
    return value


def unary(operator: str, value: Value) -> Value:
    """`!` and `-` of a value."""
    if isinstance(value, Unknown):
        return UNKNOWN
    return not to_bool(value) if operator == "!" else -to_number(value)


def binary(operator: str, left: Value, right: Value) -> Value:
    """A binary operator's result; not known where an operand that decides is not."""
    if operator in ("&&", "||"):
        decided = operator == "||"
        for side in (left, right):
            if not isinstance(side, Unknown) and to_bool(side) is decided:
                return decided
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        return not decided
    if operator in ("==", "!="):
        if contains_unknown(left) or contains_unknown(right):
            return UNKNOWN
        return same(left, right) is (operator == "==")
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    return _arithmetic(operator, to_number(left), to_number(right))


def _arithmetic(operator: str, left: int | float, right: int | float) -> Value:
    try:
        match operator:
            case "+":
                return whole(left + right)
            case "-":
                return whole(left - right)
            case "*":
                return whole(left * right)
            case "/":
                return whole(left / right)
            case "%":
                # The sign is that of the dividend.
                remainder = abs(left) % abs(right)
                return whole(-remainder if left < 0 else remainder)
            case "<":
                return left < right
            case ">":
                return left > right
            case "<=":
                return left <= right
            case ">=":
                return left >= right
    except (ZeroDivisionError, OverflowError):
        raise EvaluationError(f"{left} {operator} {right} has no value") from None
    raise EvaluationError(f"the operator {operator} is not evaluated")
