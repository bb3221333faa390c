"""Values of build parameters: what is taken, what is refused, and in which words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.terraform.model import Parameter, ParameterError, ParameterOption
from coder_mock_server.terraform.parameters import resolve_parameters, validate_parameter

NUMBER = Parameter("cpus", type="number", default_value="3", validation_min=1, validation_max=9)
WORD = Parameter(
    "word", default_value="abc", validation_regex="^[a-z]+$", validation_error="Lower case only"
)
REGION = Parameter(
    "region",
    display_name="Region",
    mutable=True,
    default_value="eu",
    options=(ParameterOption("Europe", "", "eu", ""), ParameterOption("America", "", "us", "")),
)


SEVERAL = replace(REGION, type="list(string)", form_type="multi-select", default_value='["eu"]')


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        (SEVERAL, '["us","eu"]', None),
        (SEVERAL, "[]", None),
        (SEVERAL, '["us","asia"]', "parameter value must match one of options: [eu us]"),
        (SEVERAL, "us", 'value "us" is not valid list of strings'),
        (REGION, "us", None),
        (REGION, "asia", "parameter value must match one of options: [eu us]"),
        (NUMBER, "1", None),
        (NUMBER, "9", None),
        (NUMBER, "0", "value 0 is less than the minimum 1"),
        (NUMBER, "10", "value 10 is more than the maximum 9"),
        (NUMBER, "abc", 'value "abc" is not a number'),
        (NUMBER, "1.5", 'value "1.5" is not a number'),
        (NUMBER, "\u0664", 'value "\u0664" is not a number'),
        (WORD, "xyz", None),
        (WORD, "ABC", 'Lower case only (value "ABC" does not match "^[a-z]+$")'),
        (Parameter("b", type="bool"), "true", None),
        (Parameter("b", type="bool"), "1", 'boolean value can be either "true" or "false"'),
        (Parameter("l", type="list(string)"), '["a"]', None),
        (Parameter("l", type="list(string)"), "zz", 'value "zz" is not valid list of strings'),
        (Parameter("l", type="list(string)"), "[1]", 'value "[1]" is not valid list of strings'),
        (Parameter("r", required=True), "", "parameter value is required"),
        (NUMBER, "", None),
    ],
)
def test_each_rule_has_its_words(parameter: Parameter, value: str, text: str | None) -> None:
    assert validate_parameter(parameter, value, None) == text


def test_a_numbers_own_error_text_has_its_places_filled_in() -> None:
    own = replace(NUMBER, validation_error="{value} is not in {min}..{max}")
    assert validate_parameter(own, "12", None) == "12 is not in 1..9"
    assert validate_parameter(own, "many", None) == "many is not in 1..9"


@pytest.mark.parametrize(
    ("direction", "value", "text"),
    [
        (
            "increasing",
            "2",
            "parameter value '2' must be equal or greater than previous value: 4",
        ),
        ("increasing", "4", None),
        ("decreasing", "9", "parameter value '9' must be equal or lower than previous value: 4"),
        ("decreasing", "3", None),
    ],
)
def test_monotonic_numbers_are_compared_with_the_last_build(
    direction: str, value: str, text: str | None
) -> None:
    parameter = replace(NUMBER, validation_monotonic=direction)
    assert validate_parameter(parameter, value, "4") == text
    assert validate_parameter(parameter, value, None) is None


def test_values_come_from_preset_then_request_then_last_build_then_default() -> None:
    parameters = [Parameter(name, mutable=True, default_value="d") for name in "abcd"]
    resolved = resolve_parameters(
        parameters,
        request=[("a", "r"), ("b", "r"), ("unknown", "x"), ("", "x")],
        last_build={"a": "l", "b": "l", "c": "l"},
        preset={"a": "p"},
    )
    assert resolved == {"a": "p", "b": "r", "c": "l", "d": "d"}


def test_an_ephemeral_parameter_forgets_its_last_value() -> None:
    once = Parameter("once", mutable=True, ephemeral=True, default_value="no")
    assert resolve_parameters([once], last_build={"once": "yes"}) == {"once": "no"}


@pytest.mark.parametrize(
    ("parameter", "asked", "last", "detail"),
    [
        (
            Parameter("fixed", default_value="a"),
            "b",
            {"fixed": "a"},
            'Parameter "fixed" is not mutable, so it can\'t be updated after creating a workspace.',
        ),
        (
            Parameter("needed", display_name="Needed", required=True),
            None,
            None,
            'Parameter "needed" is required but not provided',
        ),
        (
            Parameter("needed", display_name="Needed", required=True),
            "",
            None,
            'can\'t validate build parameter "Needed": parameter value is required',
        ),
        (
            REGION,
            "asia",
            None,
            'can\'t validate build parameter "Region": '
            "parameter value must match one of options: [eu us]",
        ),
    ],
)
def test_refusals_name_the_parameter(
    parameter: Parameter, asked: str | None, last: dict[str, str] | None, detail: str
) -> None:
    request = [] if asked is None else [(parameter.name, asked)]
    with pytest.raises(ParameterError) as caught:
        resolve_parameters([parameter], request=request, last_build=last)
    assert caught.value.message == f'Unable to validate parameter "{parameter.name}"'
    assert caught.value.detail == detail


def test_an_immutable_parameter_may_be_given_again_with_its_value() -> None:
    fixed = Parameter("fixed", default_value="a")
    same = resolve_parameters([fixed], request=[("fixed", "b")], last_build={"fixed": "b"})
    assert same == {"fixed": "b"}


def test_stored_values_are_checked_for_every_build() -> None:
    with pytest.raises(ParameterError, match="must match one of options"):
        resolve_parameters([REGION], last_build={"region": "gone"})


parameters_of_any_kind = st.builds(
    Parameter,
    name=st.just("p"),
    type=st.sampled_from(["string", "number", "bool", "list(string)", "odd"]),
    mutable=st.booleans(),
    required=st.booleans(),
    default_value=st.text(max_size=5),
    validation_regex=st.sampled_from(["", "^a+$", "(", "[z"]),
    validation_min=st.none() | st.integers(-5, 5),
    validation_max=st.none() | st.integers(-5, 5),
    validation_monotonic=st.sampled_from(["", "increasing", "decreasing"]),
)


@given(parameters_of_any_kind, st.text(max_size=8), st.none() | st.text(max_size=8))
def test_checking_a_value_never_crashes_and_says_nothing_or_something(
    parameter: Parameter, value: str, previous: str | None
) -> None:
    said = validate_parameter(parameter, value, previous)
    assert said is None or said


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20))
def test_a_number_is_taken_exactly_within_its_limits(low: int, high: int, number: int) -> None:
    parameter = Parameter("n", type="number", validation_min=low, validation_max=high)
    taken = validate_parameter(parameter, str(number), None) is None
    assert taken == (low <= number <= high)


@given(st.lists(st.text(max_size=5), min_size=1, unique=True), st.text(max_size=5))
def test_with_options_only_their_values_are_taken(values: list[str], asked: str) -> None:
    options = tuple(ParameterOption(value, "", value, "") for value in values)
    parameter = Parameter("o", default_value=values[0], options=options)
    taken = validate_parameter(parameter, asked or values[0], None) is None
    assert taken == ((asked or values[0]) in values)
