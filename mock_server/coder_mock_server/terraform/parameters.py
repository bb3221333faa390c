"""Build parameters: which value each one gets, and whether Coder takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from coder_mock_server.terraform.model import Parameter, ParameterError

INTEGER = re.compile(r"[+-]?\d+")
# What fits a 64-bit integer.
LOWEST, HIGHEST = -(2**63), 2**63 - 1


def validate_parameter(parameter: Parameter, value: str, previous: str | None) -> str | None:
    """Why a value is refused, in the words after `can't validate build parameter`; else None.

    An empty value stands for the default where there is one. `previous` is the value of the last
    build, which a monotonic number is compared with.
    """
    if value == "":
        if parameter.required:
            return "parameter value is required"
        value = parameter.default_value
        if value == "":
            # Nothing was given and nothing is the default: only a rule on texts can object.
            return _text_fault(parameter, value) if parameter.type == "string" else None
    if parameter.options:
        offered = [option.value for option in parameter.options]
        taken = [value]
        if parameter.form_type == "multi-select":
            # A form where more than one is ticked sends them as a list.
            if not _is_list_of_strings(value):
                return _not_a_list(value)
            taken = json.loads(value)
        if set(taken) <= set(offered):
            return None
        return f"parameter value must match one of options: [{' '.join(offered)}]"
    match parameter.type:
        case "number":
            return _number_fault(parameter, value, previous)
        case "bool":
            if value not in ("true", "false"):
                return 'boolean value can be either "true" or "false"'
            return None
        case "list(string)":
            return None if _is_list_of_strings(value) else _not_a_list(value)
        case _:
            return _text_fault(parameter, value)


def _not_a_list(value: str) -> str:
    return f'value "{value}" is not valid list of strings'


def _text_fault(parameter: Parameter, value: str) -> str | None:
    pattern = parameter.validation_regex
    if not pattern:
        return None
    try:
        matches = re.search(pattern, value) is not None
    except (re.error, RecursionError):
        return f'compile regex "{pattern}": it is not understood'
    if matches:
        return None
    return f'{parameter.validation_error} (value "{value}" does not match "{pattern}")'


def _number_fault(parameter: Parameter, value: str, previous: str | None) -> str | None:
    number = _integer(value)
    if number is None:
        return _own_words(parameter, value) or f'value "{value}" is not a number'
    low, high = parameter.validation_min, parameter.validation_max
    if low is not None and number < low:
        return _own_words(parameter, value) or f"value {number} is less than the minimum {low}"
    if high is not None and number > high:
        return _own_words(parameter, value) or f"value {number} is more than the maximum {high}"
    before = _integer(previous) if previous is not None else None
    if before is None:
        return None
    if parameter.validation_monotonic == "increasing" and number < before:
        relation = "greater"
    elif parameter.validation_monotonic == "decreasing" and number > before:
        relation = "lower"
    else:
        return None
    return _own_words(parameter, value) or (
        f"parameter value '{number}' must be equal or {relation} than previous value: {before}"
    )


def _own_words(parameter: Parameter, value: str) -> str:
    """The template's own error text, with the limits and the value filled in."""
    text = parameter.validation_error
    for name, filled in (
        ("min", parameter.validation_min),
        ("max", parameter.validation_max),
        ("value", value),
    ):
        text = text.replace("{" + name + "}", "" if filled is None else str(filled))
    return text


def _integer(text: str) -> int | None:
    if not INTEGER.fullmatch(text, 0, 400) or not text.isascii():
        return None
    number = int(text)
    return number if LOWEST <= number <= HIGHEST else None


def _is_list_of_strings(value: str) -> bool:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, list) and all(isinstance(item, str) for item in parsed)


def resolve_parameters(
    parameters: Iterable[Parameter],
    *,
    request: Iterable[tuple[str, str]] = (),
    last_build: Mapping[str, str] | None = None,
    preset: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The value of each parameter for a build, in the parameters' order.

    A preset's value comes before the request's, that before the last build's (which an ephemeral
    parameter does not keep), that before the default. `last_build` is None for a first build.
    Raises ParameterError with the API's words for the first parameter that is refused. Entries
    that no parameter has the name of are ignored.
    """
    asked = {name: value for name, value in request if name}
    chosen = preset or {}
    resolved: dict[str, str] = {}
    for parameter in parameters:
        name = parameter.name
        earlier = None if last_build is None else last_build.get(name)
        given = chosen[name] if name in chosen else asked.get(name)
        value = given
        if value is None and not parameter.ephemeral:
            value = earlier
        resolved[name] = _checked(parameter, value, given, earlier, first=last_build is None)
    return resolved


def _checked(
    parameter: Parameter, value: str | None, given: str | None, earlier: str | None, *, first: bool
) -> str:
    def refuse(detail: str) -> ParameterError:
        return ParameterError(f'Unable to validate parameter "{parameter.name}"', detail)

    shown = parameter.display_name or parameter.name
    if (
        not first
        and not parameter.mutable
        and given is not None
        and earlier is not None
        and given != earlier
    ):
        raise refuse(
            f'Parameter "{parameter.name}" is not mutable, so it can\'t be updated after '
            "creating a workspace."
        )
    if value is None:
        if parameter.required:
            raise refuse(f'Parameter "{parameter.name}" is required but not provided')
        return parameter.default_value
    fault = validate_parameter(parameter, value, earlier)
    if fault:
        raise refuse(f'can\'t validate build parameter "{shown}": {fault}')
    # An empty value is checked as the default, but stored as it was given.
    return value
