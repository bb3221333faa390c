"""Imports of template versions, plans of builds and dry runs: what the server's jobs call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from coder_mock_server.terraform.declared import (
    external_auth_of,
    missing_variables,
    parameter_faults,
    parameters_of,
    presets_of,
    repeated_names,
    variables_of,
)
from coder_mock_server.terraform.facts import Inputs
from coder_mock_server.terraform.model import (
    ImportResult,
    Owner,
    Plan,
    Transition,
    WorkspaceFacts,
)
from coder_mock_server.terraform.plan import PLAN_FAILED, make_plan
from coder_mock_server.terraform.providers import providers_of, unavailable
from coder_mock_server.terraform.scope import Notes, Scope
from coder_mock_server.terraform.state import StateError, StateFacts, read_state
from coder_mock_server.terraform.syntax import Module
from coder_mock_server.terraform.tags import workspace_tags
from coder_mock_server.terraform.validate import faults

INIT_FAILED = "initialize terraform: exit status 1"
MISSING_VARIABLES = "REQUIRED_TEMPLATE_VARIABLES"

__all__ = ["import_template", "plan_build", "plan_dry_run", "workspace_tags"]


def import_template(module: Module, *, variables: Mapping[str, str]) -> ImportResult:
    """What the import job of a template version finds; `error` is set when the job fails.

    `variables` are the values given by name; those that the template does not declare are
    ignored. Never raises for a module that parsed.
    """
    inputs = Inputs(variables=variables)
    notes = Notes()
    root = Scope(module, inputs, notes)
    declared = variables_of(root)
    result = ImportResult(variables=declared, readme=_readme(module))
    missing = missing_variables(declared, variables)
    if missing:
        return replace(
            result,
            error=f"update job: required template variables need values: {', '.join(missing)}",
            error_code=MISSING_VARIABLES,
        )
    failure, lines = _cannot_start(root)
    if failure:
        return replace(
            result,
            error=f"template import provision for start: {failure}",
            error_lines=tuple(lines),
            start=Plan(failure=failure, failure_lines=tuple(lines), notes=tuple(notes.lines)),
            notes=tuple(notes.lines),
        )
    scopes = list(root.everything())
    parameters = parameters_of(scopes)
    wrong = [f"Error: Invalid parameter: {line}" for line in parameter_faults(parameters)]
    start = make_plan(root, StateFacts())
    if wrong:
        start = replace(start, failure=PLAN_FAILED, failure_lines=tuple(wrong))
    if start.failure is None:
        repeated = _repeated(start, repeated_names(parameters))
        if repeated:
            start = replace(start, failure=f"plan resources: {repeated}")
    if start.failure:
        return replace(
            result,
            error=f"template import provision for start: {start.failure}",
            error_lines=start.failure_lines,
            start=start,
            notes=tuple(notes.lines),
        )
    stopping = Scope(module, replace(inputs, transition="stop"), notes)
    stop = make_plan(stopping, StateFacts())
    error = f"template import provision for stop: {stop.failure}" if stop.failure else None
    return replace(
        result,
        parameters=() if error else parameters,
        presets=() if error else presets_of(scopes),
        external_auth=() if error else external_auth_of(scopes),
        start=replace(start, notes=tuple(notes.lines)),
        stop=replace(stop, notes=tuple(notes.lines)),
        error=error,
        error_lines=stop.failure_lines,
        notes=tuple(notes.lines),
    )


def plan_build(
    module: Module,
    *,
    transition: Transition,
    parameters: Mapping[str, str],
    variables: Mapping[str, str],
    owner: Owner,
    workspace: WorkspaceFacts,
    state: bytes | None = None,
    token_for: Callable[[str], str] | None = None,
) -> Plan:
    """What a workspace build does.

    `parameters` are the build's values by name. `state` is what the build before left (`b""` for
    none, None where the caller does not know): it decides what is created, deleted or left alone,
    hence which commands run. `token_for` gives an agent's token for its address; without it the
    tokens follow from the workspace's id. Never raises: what fails is in the plan's `failure`.
    """
    inputs = Inputs(
        parameters=parameters,
        variables=variables,
        owner=owner,
        workspace=workspace,
        transition=transition,
        applied=True,
        token_for=token_for,
    )
    before: StateFacts | None = None
    if state is not None:
        try:
            before = read_state(state)
        except StateError as error:
            line = f"Error: Failed to read the state: {error}"
            return Plan(transition=transition, failure=INIT_FAILED, failure_lines=(line,))
    return _planned(module, inputs, before)


def plan_dry_run(
    module: Module,
    *,
    parameters: Mapping[str, str],
    variables: Mapping[str, str],
    owner: Owner,
    workspace_name: str,
) -> Plan:
    """What a dry run finds: the plan of a start, with nothing applied."""
    inputs = Inputs(
        parameters=parameters,
        variables=variables,
        owner=owner,
        workspace=WorkspaceFacts(name=workspace_name or "default"),
    )
    return _planned(module, inputs, StateFacts())


def _planned(
    module: Module,
    inputs: Inputs,
    before: StateFacts | None,
) -> Plan:
    root = Scope(module, inputs, Notes())
    failure, lines = _cannot_start(root)
    missing = missing_variables(variables_of(root), inputs.variables)
    if missing and not failure:
        failure = PLAN_FAILED
        lines = [f'Error: No value for required variable: "{name}"' for name in missing]
    if failure:
        return Plan(
            transition=inputs.transition,
            failure=failure,
            failure_lines=tuple(lines),
            notes=tuple(root.notes.lines),
        )
    return make_plan(root, before)


def _cannot_start(root: Scope) -> tuple[str | None, list[str]]:
    """The error of `terraform init` or of the configuration check, with its lines."""
    if not root.module.has_configuration:
        return PLAN_FAILED, ["Error: No configuration files"]
    scopes = list(root.everything())
    absent = unavailable(providers_of(scopes))
    if absent:
        return INIT_FAILED, absent
    wrong = [line for scope in scopes for line in faults(scope)]
    return (PLAN_FAILED, wrong) if wrong else (None, [])


def _repeated(plan: Plan, parameters: str | None) -> str | None:
    """Names that must be unique and are not."""
    if parameters:
        return parameters
    agents = [agent for resource in plan.resources for agent in resource.agents]
    names = [agent.name for agent in agents]
    slugs = [app.slug for agent in agents for app in agent.apps]
    for what, used in (("agent name", names), ("app slug", slugs)):
        for name in used:
            if used.count(name) > 1:
                return f'duplicate {what}: "{name}" is used {used.count(name)} times'
    return None


def _readme(module: Module) -> str:
    for name in sorted(module.files):
        if name.lower() == "readme.md":
            return module.files[name].decode("utf-8", "replace").replace("\0", "")
    return ""
