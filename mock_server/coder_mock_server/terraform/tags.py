"""Tags that a template asks of the provisioner: `coder_workspace_tags`.

The server reads these expressions by themselves, before any Terraform runs, so they may hold
parameters, variables and operators, but neither functions nor anything else of the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from coder_mock_server.terraform import expressions
from coder_mock_server.terraform.expressions import Lazy
from coder_mock_server.terraform.facts import Inputs
from coder_mock_server.terraform.model import TagError
from coder_mock_server.terraform.scope import Notes, Scope, parameter_text
from coder_mock_server.terraform.syntax import (
    Call,
    Expr,
    Module,
    ObjectItem,
    ObjectOf,
    children,
    references,
)
from coder_mock_server.terraform.values import EvaluationError, Unknown, Value, to_text

AT_IMPORT: Final = "Internal error checking workspace tags"
AT_BUILD: Final = "failed to evaluate workspace tag value"
_IMPORT_PREFIX: Final = "evaluate default values of workspace tags: eval provisioner tags: "


def workspace_tags(
    module: Module, parameters: Mapping[str, str] | None, variables: Mapping[str, str]
) -> dict[str, str]:
    """The tags that a template adds to a job's.

    `parameters` None is an import: the parameters have their defaults, and a tag whose value is
    empty is left out. Otherwise they are a build's values by name, and empty tags stay. Raises
    TagError with the API's message and detail.
    """
    scope = Scope(module, Inputs(variables=variables), Notes())
    tags: dict[str, str] = {}
    for item in _items(scope, parameters is None):
        key = _text(scope, item.key, parameters, item.source)
        value = _text(scope, item.value, parameters, item.source)
        if value or parameters is not None:
            tags[key] = value
    return tags


def _items(scope: Scope, importing: bool) -> Iterator[ObjectItem]:
    for (kind, _), block in scope.data.items():
        tags = block.body.attributes.get("tags")
        if kind != "coder_workspace_tags" or tags is None:
            continue
        if not isinstance(tags.expr, ObjectOf):
            reason = f'workspace tags "{tags.source}" on {block.place} must be written as a map'
            raise TagError(AT_IMPORT if importing else AT_BUILD, reason)
        yield from tags.expr.items


def _text(scope: Scope, expr: Expr, parameters: Mapping[str, str] | None, source: str) -> str:
    if parameters is None:
        refused = _refused(expr)
        if refused:
            reason = f'invalid workspace tag value "{source}": {refused}'
            raise TagError(AT_IMPORT, _IMPORT_PREFIX + reason)
    try:
        value = expressions.evaluate(expr, {}, _TagNames(scope, parameters, source))
        if isinstance(value, Unknown):
            raise EvaluationError(f'the value of "{source}" is not known')
        return to_text(value)
    except EvaluationError as error:
        if parameters is None:
            raise TagError(AT_IMPORT, _IMPORT_PREFIX + str(error)) from None
        raise TagError(AT_BUILD, str(error)) from None


def _refused(expr: Expr) -> str | None:
    for path in references(expr):
        if path[0] == "data" and path[1:2] != ("coder_parameter",):
            return 'only the "coder_parameter" data source is supported here'
        if path[0] not in ("data", "var"):
            return f'"{".".join(path)}" is neither a parameter nor a variable'
    if _calls(expr):
        return "function calls are not supported here"
    return None


def _calls(expr: Expr) -> bool:
    return isinstance(expr, Call) or any(_calls(child) for child in children(expr))


@dataclass(frozen=True, slots=True)
class _TagNames:
    """What a tag's expression may refer to."""

    scope: Scope
    parameters: Mapping[str, str] | None
    source: str

    @property
    def files(self) -> Mapping[str, bytes]:
        return {}

    def take_step(self) -> None:
        self.scope.take_step()

    def root(self, name: str) -> Value:
        if name == "var":
            return Lazy(self.scope.variable)
        if name == "data":
            return Lazy(self.data)
        raise EvaluationError(f'There is no variable named "{name}".')

    def data(self, kind: str) -> Value:
        if kind != "coder_parameter":
            raise EvaluationError(f'There is no data source "{kind}" for workspace tags.')
        find: Callable[[str], Value] = self.default if self.parameters is None else self.given
        return Lazy(lambda name: Lazy(lambda attribute: self.attribute(find(name), attribute)))

    def attribute(self, value: Value, attribute: str) -> Value:
        if attribute == "value":
            return value
        raise EvaluationError(f'Of a parameter only "value" can be used, not "{attribute}".')

    def default(self, label: str) -> Value:
        """A parameter's default, found by the label of its block."""
        block = self.scope.data.get(("coder_parameter", label))
        if block is None:
            raise EvaluationError(self.missing(label))
        default = self.scope.value(block.body.attributes.get("default"))
        return "" if default is None or isinstance(default, Unknown) else parameter_text(default)

    def given(self, name: str) -> Value:
        """A build's value, found by the parameter's name, whatever the label of its block."""
        if self.parameters is None or name not in self.parameters:
            raise EvaluationError(self.missing(name))
        return self.parameters[name]

    def missing(self, name: str) -> str:
        found = re.search(rf"data\.coder_parameter(\.{re.escape(name)})\b", self.source)
        start, end = (found.start(1) + 1, found.end(1) + 1) if found else (1, 1)
        return (
            f"expression.hcl:1,{start}-{end}: Missing map element; "
            f'This map does not have an element with the key "{name}".'
        )
