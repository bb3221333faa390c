"""A module during one job: its declarations and their values, as far as they are known offline.

Whatever needs a provider, a registry or the network comes
out as `UNKNOWN`; an expression without a value is noted once, with its place, and is `UNKNOWN` too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from coder_mock_server.terraform import expressions, functions, hcl
from coder_mock_server.terraform.expressions import Env, Lazy, joined_path
from coder_mock_server.terraform.facts import (
    Inputs,
    owner_attributes,
    resource_id,
    stable_uuid,
    workspace_attributes,
)
from coder_mock_server.terraform.model import HclSyntaxError
from coder_mock_server.terraform.operators import converted
from coder_mock_server.terraform.syntax import Attribute, Block, Expr, Module, Name, Template
from coder_mock_server.terraform.values import (
    UNKNOWN,
    EvaluationError,
    TfSet,
    Unknown,
    Value,
    contains_unknown,
    to_bool,
    to_number,
    to_text,
)

NO_ENV: Env = MappingProxyType({})

MOST_STEPS = 300_000
MOST_INSTANCES = 500
DEEPEST_MODULE = 8


class Notes:
    """What could not be evaluated, each remark once, and how many steps were taken."""

    def __init__(self) -> None:
        self.lines: dict[str, None] = {}
        self.steps = 0

    def add(self, text: str) -> None:
        self.lines.setdefault(text)


class Scope:
    """One module in one job: its declarations, and the values of its expressions."""

    def __init__(
        self,
        module: Module,
        inputs: Inputs,
        notes: Notes,
        *,
        arguments: Mapping[str, Value] | None = None,
        prefix: str = "",
    ) -> None:
        self.module = module
        self.inputs = inputs
        self.notes = notes
        self.prefix = prefix
        self.arguments = arguments
        self.resources: dict[tuple[str, str], Block] = {}
        self.data: dict[tuple[str, str], Block] = {}
        self.variables: dict[str, Block] = {}
        self.outputs: dict[str, Block] = {}
        self.modules: dict[str, Block] = {}
        self.locals: dict[str, Attribute] = {}
        for block in module.blocks:
            match block.type, block.labels:
                case "resource", (kind, name):
                    self.resources.setdefault((kind, name), block)
                case "data", (kind, name):
                    self.data.setdefault((kind, name), block)
                case "variable", (name,):
                    self.variables.setdefault(name, block)
                case "output", (name,):
                    self.outputs.setdefault(name, block)
                case "module", (name,):
                    self.modules.setdefault(name, block)
                case "locals", ():
                    for name, attribute in block.body.attributes.items():
                        self.locals.setdefault(name, attribute)
        self._known: dict[object, Value] = {}
        self._busy: set[object] = set()
        self._children: dict[tuple[str, int | str | None], Scope | None] = {}
        for line in module.skipped:
            notes.add(line)

    # -- values of attributes ------------------------------------------------------------

    def value(self, attribute: Attribute | None, env: Env = NO_ENV) -> Value:
        """An attribute's value, None where it is not set; never raises, failures are noted."""
        if attribute is None:
            return None
        try:
            return self.evaluate(attribute.expr, env)
        except EvaluationError as error:
            self.note(attribute, str(error))
        except RecursionError:
            self.note(attribute, "the expression is nested too deep")
        return UNKNOWN

    def note(self, place: Attribute | Block, why: str) -> None:
        name = place.name if isinstance(place, Attribute) else " ".join((place.type, *place.labels))
        self.notes.add(f"{place.file}:{place.line}: {name} is left out: {why}")

    def text(self, attribute: Attribute | None, env: Env = NO_ENV) -> str | None:
        """An attribute as text; None where it is not set, null, or not known."""
        value = self.value(attribute, env)
        if value is None or contains_unknown(value):
            return None
        try:
            return to_text(value)
        except EvaluationError as error:
            if attribute is not None:
                self.note(attribute, str(error))
            return None

    def script(self, attribute: Attribute | None, env: Env = NO_ENV) -> str | None:
        """A script's text, parts that are not known left empty; None where it is not set."""
        if attribute is None:
            return None
        value = self.value(attribute, env)
        if value is None:
            return None
        if not isinstance(value, Unknown):
            return self.text(attribute, env)
        if not isinstance(attribute.expr, Template):
            return ""
        parts: list[str] = []
        for part in attribute.expr.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            piece = self.value(
                Attribute(attribute.name, part, "", attribute.file, attribute.line), env
            )
            if isinstance(piece, str | int | float):
                parts.append(to_text(piece))
        return "".join(parts)

    def number(self, attribute: Attribute | None, default: int, env: Env = NO_ENV) -> int:
        """An attribute as a whole number, or the default."""
        value = self.value(attribute, env)
        if value is None or isinstance(value, Unknown):
            return default
        try:
            return int(to_number(value))
        except EvaluationError as error:
            if attribute is not None:
                self.note(attribute, str(error))
            return default

    def flag(self, attribute: Attribute | None, default: bool, env: Env = NO_ENV) -> bool:
        """An attribute as a boolean, or the default."""
        value = self.value(attribute, env)
        if value is None or isinstance(value, Unknown):
            return default
        try:
            return to_bool(value)
        except EvaluationError as error:
            if attribute is not None:
                self.note(attribute, str(error))
            return default

    # -- repetition ----------------------------------------------------------------------

    def instances(self, block: Block) -> list[tuple[int | str | None, Env]]:
        """The instances of a resource, data source or module: each key with its `count`/`each`."""
        attributes = block.body.attributes
        if "count" in attributes:
            count = self.value(attributes["count"])
            if isinstance(count, Unknown):
                self.notes.add(f"{block.place}: count is not known, one instance is assumed")
                count = 1
            try:
                number = int(to_number(count if count is not None else 1))
            except EvaluationError as error:
                self.note(attributes["count"], str(error))
                number = 1
            if number > MOST_INSTANCES:
                self.notes.add(
                    f"{block.place}: only {MOST_INSTANCES} of {number} instances are kept"
                )
            return [
                (index, {"count": {"index": index}})
                for index in range(max(0, min(number, MOST_INSTANCES)))
            ]
        if "for_each" in attributes:
            return [
                (key, {"each": {"key": key, "value": value}})
                for key, value in self.pairs(attributes["for_each"])
            ]
        return [(None, NO_ENV)]

    def pairs(self, attribute: Attribute, env: Env = NO_ENV) -> list[tuple[str, Value]]:
        """Keys and values of a `for_each`; none where it is not known."""
        over = self.value(attribute, env)
        if isinstance(over, dict):
            found = [(key, over[key]) for key in sorted(over)]
        elif isinstance(over, list) and all(isinstance(item, str | int | float) for item in over):
            found = [(to_text(item), item) for item in over]
        else:
            if over is not None:
                self.notes.add(f"{attribute.file}:{attribute.line}: for_each is not known")
            found = []
        return found[:MOST_INSTANCES]

    def blocks(self, block: Block, kind: str, env: Env = NO_ENV) -> Iterator[tuple[Block, Env]]:
        """The nested blocks of one kind, `dynamic` ones unrolled, each with its environment."""
        for inner in block.body.blocks:
            if inner.type == kind:
                yield inner, env
            elif inner.type == "dynamic" and inner.labels == (kind,):
                yield from self._unrolled(inner, env)

    def _unrolled(self, dynamic: Block, env: Env) -> Iterator[tuple[Block, Env]]:
        over = dynamic.body.attributes.get("for_each")
        named = dynamic.body.attributes.get("iterator")
        name = dynamic.labels[0]
        if named is not None and isinstance(named.expr, Name):
            name = named.expr.name
        if over is None:
            return
        value = self.value(over, env)
        entries: list[tuple[Value, Value]]
        if isinstance(value, dict):
            entries = [(key, value[key]) for key in sorted(value)]
        elif isinstance(value, TfSet):
            entries = [(item, item) for item in value]
        elif isinstance(value, list):
            entries = list(enumerate(value))
        else:
            if value is not None:
                self.notes.add(f"{dynamic.place}: dynamic {dynamic.labels[0]} is left out")
            return
        for key, item in entries[:MOST_INSTANCES]:
            inner = {**env, name: {"key": key, "value": item}}
            for content in dynamic.body.blocks:
                if content.type == "content":
                    yield (
                        Block(dynamic.labels[0], (), content.body, content.file, content.line),
                        inner,
                    )

    def address(self, block: Block, key: int | str | None) -> str:
        """`type.name`, `data.type.name`, with `[0]` or `["key"]` and the module's path in front."""
        base = ".".join(block.labels)
        if block.type == "data":
            base = f"data.{base}"
        suffix = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
        return f"{self.prefix}{base}{suffix}"

    # -- local modules -------------------------------------------------------------------

    def everything(self) -> Iterator[Scope]:
        """The module itself and the local ones below it; modules from elsewhere are noted."""
        yield self
        for name in self.modules:
            for child in self.opened(name):
                yield from child.everything()

    def opened(self, name: str) -> Iterator[Scope]:
        """The instances of one local module."""
        if name in self.modules:
            for key, env in self.instances(self.modules[name]):
                child = self.child(name, key, env)
                if child is not None:
                    yield child

    def child(self, name: str, key: int | str | None, env: Env) -> Scope | None:
        """A called module's scope, None where its source is not in the archive."""
        if (name, key) not in self._children:
            self._children[name, key] = self._open_child(self.modules[name], key, env)
        return self._children[name, key]

    def _open_child(self, block: Block, key: int | str | None, env: Env) -> Scope | None:
        source = self.text(block.body.attributes.get("source"))
        if source is None or not source.startswith(("./", "../")):
            self.notes.add(
                f"{block.place}: module {block.labels[0]} is left out: "
                f"its source {source or 'that is not known'} is not in the archive"
            )
            return None
        if self.prefix.count("module.") >= DEEPEST_MODULE:
            self.notes.add(f"{block.place}: modules are nested too deep")
            return None
        folder = joined_path(self.module.folder, source)
        try:
            module = hcl.parse_module(self.module.files, folder)
        except HclSyntaxError as error:
            self.notes.add(f"{block.place}: module {block.labels[0]} is left out: {error.detail}")
            return None
        if not module.has_configuration:
            self.notes.add(f"{block.place}: the archive has no module in {folder}")
            return None
        meta = {"source", "version", "count", "for_each", "providers", "depends_on"}
        given = {
            name: self.value(attribute, env)
            for name, attribute in block.body.attributes.items()
            if name not in meta
        }
        prefix = self.address(block, key).replace(block.labels[0], f"module.{block.labels[0]}", 1)
        if self.prefix:
            inner = f"module.{block.labels[0]}"
            inner += "" if key is None else f"[{json.dumps(key)}]"
            prefix = f"{self.prefix}{inner}"
        return Scope(module, self.inputs, self.notes, arguments=given, prefix=f"{prefix}.")

    # -- expressions ---------------------------------------------------------------------

    def evaluate(self, expr: Expr, env: Env) -> Value:
        """An expression's value; raises EvaluationError where it has none."""
        return expressions.evaluate(expr, env, self)

    @property
    def files(self) -> Mapping[str, bytes]:
        return self.module.files

    def take_step(self) -> None:
        self.notes.steps += 1
        if self.notes.steps > MOST_STEPS:
            raise EvaluationError("the template takes too many steps to evaluate")

    # -- references ----------------------------------------------------------------------

    def root(self, name: str) -> Value:
        """What the first identifier of a traversal stands for."""
        match name:
            case "var":
                return Lazy(self.variable)
            case "local":
                return Lazy(self._local)
            case "data":
                return Lazy(lambda kind: Lazy(lambda label: self._declared(self.data, kind, label)))
            case "module":
                return Lazy(self._module)
            case "path":
                folder = f"./{self.module.folder}" if self.module.folder else "."
                return {"module": folder, "root": ".", "cwd": "/home/coder"}
            case "terraform":
                return {"workspace": "default"}
            case _:
                return Lazy(lambda label: self._declared(self.resources, name, label))

    def _memo(self, key: object, compute: Callable[[], Value]) -> Value:
        if key not in self._known:
            if key in self._busy:
                raise EvaluationError("the value depends on itself")
            self._busy.add(key)
            try:
                self._known[key] = compute()
            finally:
                self._busy.discard(key)
        return self._known[key]

    def _local(self, name: str) -> Value:
        if name not in self.locals:
            raise EvaluationError(f"local.{name} is not declared")
        return self._memo(("local", name), lambda: self.evaluate(self.locals[name].expr, NO_ENV))

    def variable(self, name: str) -> Value:
        """A variable's value: given, else its default, converted to its type."""
        block = self.variables.get(name)
        if block is None:
            raise EvaluationError(f"var.{name} is not declared")
        return self._memo(("var", name), lambda: self._variable(name, block))

    def _variable(self, name: str, block: Block) -> Value:
        attributes = block.body.attributes
        kind = attributes["type"].source if "type" in attributes else ""
        if self.arguments is not None:
            if name in self.arguments:
                return converted(self.arguments[name], kind)
        elif name in self.inputs.variables:
            return self._given(self.inputs.variables[name], kind)
        if "default" not in attributes:
            return UNKNOWN
        return converted(self.evaluate(attributes["default"].expr, NO_ENV), kind)

    def _given(self, text: str, kind: str) -> Value:
        if kind.strip('"') in ("", "string"):
            return text
        if kind in ("number", "bool"):
            return converted(text, kind)
        try:
            literal = hcl.parse_body(f"v = {text}\n", "variable").attributes["v"].expr
            return converted(self.evaluate(literal, NO_ENV), kind)
        except HclSyntaxError as error:
            raise EvaluationError(error.detail) from None

    def _module(self, name: str) -> Value:
        block = self.modules.get(name)
        if block is None:
            raise EvaluationError(f"module.{name} is not declared")
        return self._each(block, lambda key, env: self._outputs(name, key, env))

    def _outputs(self, name: str, key: int | str | None, env: Env) -> Value:
        child = self.child(name, key, env)
        if child is None:
            return UNKNOWN
        return Lazy(child.output)

    def output(self, name: str) -> Value:
        """The value of an output of this module."""
        block = self.outputs.get(name)
        if block is None:
            raise EvaluationError(f"the module has no output {name}")
        return self._memo(("output", name), lambda: self.value(block.body.attributes.get("value")))

    def _declared(self, declared: Mapping[tuple[str, str], Block], kind: str, label: str) -> Value:
        block = declared.get((kind, label))
        if block is None:
            raise EvaluationError(f"{kind}.{label} is not declared")
        return self._each(
            block, lambda key, env: Lazy(lambda name: self.read(block, key, name, env))
        )

    def _each(self, block: Block, make: Callable[[int | str | None, Env], Value]) -> Value:
        instances = self._memo(
            ("instances", block.type, block.labels), lambda: self.instances(block)
        )
        if "count" in block.body.attributes:
            return [make(key, env) for key, env in instances]
        if "for_each" in block.body.attributes:
            return {key: make(key, env) for key, env in instances}
        return make(None, NO_ENV)

    def read(self, block: Block, key: int | str | None, name: str, env: Env) -> Value:
        """One attribute of a resource or data source, configured or computed."""
        memo = ("read", block.type, block.labels, key, name)
        return self._memo(memo, lambda: self._read(block, key, name, env))

    def _read(self, block: Block, key: int | str | None, name: str, env: Env) -> Value:
        kind = block.labels[0]
        attributes = block.body.attributes
        if block.type == "data":
            known = self._data(block, name, env)
            if known is not None:
                return known
        elif kind == "terraform_data" and name == "output":
            return self.value(attributes.get("input"), env)
        elif self.inputs.applied:
            known = self._applied(block, key, name)
            if known is not None:
                return known
        if name in attributes:
            return self.evaluate(attributes[name].expr, env)
        return UNKNOWN

    def _applied(self, block: Block, key: int | str | None, name: str) -> Value:
        kind, address = block.labels[0], self.address(block, key)
        if name == "id":
            return resource_id(self.inputs.workspace.id, kind, address)
        if kind == "coder_agent" and name == "token":
            return self.agent_token(address)
        if kind == "coder_agent" and name == "init_script":
            return "#!/usr/bin/env sh\nexec coder agent\n"
        return None

    def agent_token(self, address: str) -> str:
        """The token of an agent: the caller's, else one derived from the workspace."""
        if self.inputs.token_for is None:
            return stable_uuid(self.inputs.workspace.id, "token", address)
        token = self._memo(
            ("token", address), lambda: self.inputs.token_for and self.inputs.token_for(address)
        )
        return str(token)

    def _data(self, block: Block, name: str, env: Env) -> Value:
        match block.labels[0]:
            case "coder_parameter":
                if name in ("value", "id") or (
                    name == "default" and "default" not in block.body.attributes
                ):
                    return self._parameter(block, name, env)
                return (
                    {"type": "string", "mutable": False}.get(name)
                    if name not in block.body.attributes
                    else None
                )
            case "coder_workspace":
                return workspace_attributes(self.inputs).get(name, UNKNOWN)
            case "coder_workspace_owner":
                return owner_attributes(self.inputs.owner).get(name, UNKNOWN)
            case "coder_provisioner":
                return {"os": "linux", "arch": "amd64"}.get(name, UNKNOWN)
            case _:
                return None

    def _parameter(self, block: Block, name: str, env: Env) -> Value:
        attributes = block.body.attributes
        called = self.text(attributes.get("name"), env) or ""
        if name == "id":
            return stable_uuid("", "parameter", called)
        given = self.inputs.parameters
        if name == "value" and given is not None and called in given:
            return given[called]
        default = self.value(attributes.get("default"), env)
        if default is None:
            return ""
        if isinstance(default, Unknown):
            return UNKNOWN
        return parameter_text(default)


def parameter_text(value: Value) -> str:
    """A parameter's default as the text that it is stored as."""
    if isinstance(value, list | dict):
        return functions.encode_json(value)
    return to_text(value)
