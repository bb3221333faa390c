"""What a template declares for its users: parameters, variables, presets, external logins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from coder_mock_server.terraform.expressions import Env
from coder_mock_server.terraform.markdown import plain_text
from coder_mock_server.terraform.model import (
    ExternalAuth,
    Parameter,
    ParameterOption,
    Preset,
    Variable,
)
from coder_mock_server.terraform.parameters import validate_parameter
from coder_mock_server.terraform.scope import Scope, parameter_text
from coder_mock_server.terraform.syntax import Block
from coder_mock_server.terraform.values import EvaluationError, Unknown, Value

PARAMETER_TYPES = ("string", "number", "bool", "list(string)")
DIRECTIONS = ("increasing", "decreasing")


def parameters_of(scopes: Iterable[Scope]) -> tuple[Parameter, ...]:
    """The parameters in the order that users see: by `order`, then by name."""
    found = [
        _parameter(scope, block, env)
        for scope in scopes
        for (kind, _), block in scope.data.items()
        if kind == "coder_parameter"
        for _, env in scope.instances(block)
    ]
    return tuple(sorted(found, key=lambda parameter: (parameter.order, parameter.name)))


def _parameter(scope: Scope, block: Block, env: Env) -> Parameter:
    attributes = block.body.attributes
    description = scope.text(attributes.get("description"), env) or ""
    default = scope.value(attributes.get("default"), env)
    options = tuple(
        ParameterOption(
            name=scope.text(option.body.attributes.get("name"), inner) or "",
            description=scope.text(option.body.attributes.get("description"), inner) or "",
            value=scope.text(option.body.attributes.get("value"), inner) or "",
            icon=scope.text(option.body.attributes.get("icon"), inner) or "",
        )
        for option, inner in scope.blocks(block, "option", env)
    )
    checks, inside = next(iter(scope.blocks(block, "validation", env)), (None, env))
    rules = checks.body.attributes if checks else {}
    low, high = scope.value(rules.get("min"), inside), scope.value(rules.get("max"), inside)
    return Parameter(
        name=scope.text(attributes.get("name"), env) or "",
        display_name=scope.text(attributes.get("display_name"), env) or "",
        description=description,
        description_plaintext=plain_text(description),
        type=scope.text(attributes.get("type"), env) or "string",
        form_type=scope.text(attributes.get("form_type"), env) or "",
        mutable=scope.flag(attributes.get("mutable"), False, env),
        ephemeral=scope.flag(attributes.get("ephemeral"), False, env),
        required=default is None,
        default_value=_default_text(scope, block, default),
        icon=scope.text(attributes.get("icon"), env) or "",
        options=options,
        order=scope.number(attributes.get("order"), 0, env),
        validation_regex=scope.text(rules.get("regex"), inside) or "",
        validation_error=scope.text(rules.get("error"), inside) or "",
        validation_min=None if low is None else scope.number(rules.get("min"), 0, inside),
        validation_max=None if high is None else scope.number(rules.get("max"), 0, inside),
        validation_monotonic=scope.text(rules.get("monotonic"), inside) or "",
    )


def _default_text(scope: Scope, block: Block, default: Value) -> str:
    if default is None or isinstance(default, Unknown):
        return ""
    try:
        return parameter_text(default)
    except EvaluationError as error:
        scope.note(block.body.attributes["default"], str(error))
        return ""


def parameter_faults(parameters: Iterable[Parameter]) -> list[str]:
    """What Coder's Terraform provider refuses in the declarations, one line each."""
    faults: list[str] = []
    for parameter in parameters:
        called = f'parameter "{parameter.name}"'
        if parameter.type not in PARAMETER_TYPES:
            faults.append(f'{called}: "{parameter.type}" is not a type of parameters')
            continue
        if parameter.ephemeral and parameter.required:
            faults.append(f"{called}: an ephemeral parameter needs a default")
        if parameter.ephemeral and not parameter.mutable:
            faults.append(f"{called}: an ephemeral parameter must be mutable")
        for what, values in (
            ("name", [option.name for option in parameter.options]),
            ("value", [option.value for option in parameter.options]),
        ):
            for value, times in Counter(values).items():
                if times > 1:
                    faults.append(f'{called}: two options have the {what} "{value}"')
        numeric = (parameter.validation_min, parameter.validation_max)
        if parameter.type != "number" and any(limit is not None for limit in numeric):
            faults.append(f"{called}: only a number can have a min or max")
        if parameter.type != "string" and parameter.validation_regex:
            faults.append(f"{called}: only a string can have a regex")
        if parameter.validation_regex and not parameter.validation_error:
            faults.append(f"{called}: a regex needs an error text")
        if parameter.validation_monotonic and parameter.validation_monotonic not in DIRECTIONS:
            faults.append(f'{called}: monotonic is "increasing" or "decreasing"')
        if parameter.default_value:
            refused = validate_parameter(parameter, parameter.default_value, None)
            if refused:
                faults.append(f"{called}: its default is not valid: {refused}")
    return faults


def repeated_names(parameters: Iterable[Parameter]) -> str | None:
    """The error text for parameters that share a name, None where all differ."""
    counts = Counter(parameter.name for parameter in parameters)
    repeated = sorted(name for name, times in counts.items() if times > 1)
    if not repeated:
        return None
    listed = " and ".join(f'"{name}"' for name in repeated)
    verb = "appears" if len(repeated) == 1 else "appear"
    return f"coder_parameter names must be unique but {listed} {verb} multiple times"


def variables_of(scope: Scope) -> tuple[Variable, ...]:
    """The root module's variables in the order of its files."""
    return tuple(_variable(scope, name, block) for name, block in scope.variables.items())


def _variable(scope: Scope, name: str, block: Block) -> Variable:
    attributes = block.body.attributes
    kind = attributes["type"].source.strip('"') if "type" in attributes else "string"
    default: str | None = None
    if "default" in attributes:
        default = _shown(scope.value(attributes["default"]))
    given = scope.inputs.variables.get(name)
    return Variable(
        name=name,
        description=scope.text(attributes.get("description")) or "",
        type=kind,
        default_value=default,
        required="default" not in attributes,
        sensitive=scope.flag(attributes.get("sensitive"), False),
        value=given if given is not None else default or "",
    )


def _shown(value: Value) -> str:
    if value is None or isinstance(value, Unknown):
        return ""
    try:
        return parameter_text(value)
    except EvaluationError:
        return ""


def missing_variables(variables: Iterable[Variable], given: Iterable[str]) -> list[str]:
    """The variables that need a value and were given none."""
    known = set(given)
    return [one.name for one in variables if one.required and one.name not in known]


def presets_of(scopes: Iterable[Scope]) -> tuple[Preset, ...]:
    """The presets in the order of the files, the values of each by parameter name."""
    presets: list[Preset] = []
    for scope in scopes:
        for (kind, _), block in scope.data.items():
            if kind != "coder_workspace_preset":
                continue
            for _, env in scope.instances(block):
                attributes = block.body.attributes
                chosen = scope.value(attributes.get("parameters"), env)
                pairs = chosen.items() if isinstance(chosen, dict) else ()
                presets.append(
                    Preset(
                        name=scope.text(attributes.get("name"), env) or "",
                        parameters=tuple(sorted((name, _shown(value)) for name, value in pairs)),
                        default=scope.flag(attributes.get("default"), False, env),
                    )
                )
    return tuple(presets)


def external_auth_of(scopes: Iterable[Scope]) -> tuple[ExternalAuth, ...]:
    """The external logins that the template asks for, each provider once."""
    found: dict[str, ExternalAuth] = {}
    for scope in scopes:
        for (kind, _), block in scope.data.items():
            if kind not in ("coder_external_auth", "coder_git_auth"):
                continue
            for _, env in scope.instances(block):
                attributes = block.body.attributes
                provider = scope.text(attributes.get("id"), env)
                if provider:
                    optional = scope.flag(attributes.get("optional"), False, env)
                    found.setdefault(provider, ExternalAuth(provider, optional))
    return tuple(found[provider] for provider in sorted(found))
