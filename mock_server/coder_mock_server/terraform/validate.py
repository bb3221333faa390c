"""Mistakes in a configuration that Terraform finds before it asks any provider.

Each fault is one line as the job's log shows it. Only what is certain counts: references to what
is not declared, declarations twice, functions that do not exist, required arguments of Coder's
own blocks, and arguments of those that exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from coder_mock_server.terraform.functions import KNOWN_FUNCTIONS
from coder_mock_server.terraform.scope import Scope
from coder_mock_server.terraform.syntax import (
    Block,
    Body,
    Call,
    Expr,
    ForDirective,
    ForEach,
    children,
    expressions,
)

_TOP_LEVEL: Final = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "locals": 0,
    "terraform": 0,
    "moved": 0,
    "import": 0,
    "removed": 0,
}

_REQUIRED: Final = {
    "resource.coder_agent": ("arch", "os"),
    "resource.coder_agent_instance": ("agent_id", "instance_id"),
    "resource.coder_app": ("agent_id", "slug"),
    "resource.coder_env": ("agent_id", "name"),
    "resource.coder_script": ("agent_id", "display_name", "script"),
    "resource.coder_metadata": ("resource_id",),
    "data.coder_parameter": ("name",),
    "data.coder_workspace_preset": ("name",),
    "data.coder_workspace_tags": ("tags",),
    "data.coder_external_auth": ("id",),
}

_EXCLUSIVE: Final = {
    "resource.coder_app": (("command", "url"), ("external", "share"), ("external", "subdomain")),
}

# Providers by alias, attributes to ignore, `when = destroy`.
_NO_REFERENCES: Final = frozenset(
    {"provider", "providers", "ignore_changes", "when", "on_failure", "configuration_aliases"}
)

_BUILT_IN_ROOTS: Final = frozenset({"each", "count", "self", "path", "terraform", "ephemeral"})


def faults(scope: Scope) -> list[str]:
    """What is wrong with a module, in the order of its files."""
    found = [*_repeated(scope), *_misplaced(scope)]
    for block in scope.module.blocks:
        found.extend(_in_block(scope, block))
    return list(dict.fromkeys(found))


def _misplaced(scope: Scope) -> Iterator[str]:
    for block in scope.module.blocks:
        if block.type not in _TOP_LEVEL:
            yield f'Error: Unsupported block type: "{block.type}" at {block.place}'
        elif len(block.labels) != _TOP_LEVEL[block.type]:
            wanted = _TOP_LEVEL[block.type]
            yield (
                f'Error: Wrong number of names: "{block.type}" at {block.place} takes {wanted}, '
                f"not {len(block.labels)}"
            )


def _repeated(scope: Scope) -> Iterator[str]:
    seen: dict[tuple[str, ...], Block] = {}
    names: dict[str, str] = {}
    for block in scope.module.blocks:
        if block.type in ("resource", "data", "variable", "output", "module") and block.labels:
            first = seen.setdefault((block.type, *block.labels), block)
            if first is not block:
                shown = " ".join(f'"{label}"' for label in block.labels)
                yield (
                    f"Error: Duplicate {block.type} {shown}: declared at {first.place} "
                    f"and again at {block.place}"
                )
        elif block.type == "locals":
            for name, attribute in block.body.attributes.items():
                place = f"{attribute.file}:{attribute.line}"
                if names.setdefault(name, place) != place:
                    yield (
                        f'Error: Duplicate local value "{name}": defined at {names[name]} '
                        f"and again at {place}"
                    )


def _in_block(scope: Scope, block: Block) -> Iterator[str]:
    if block.type in ("resource", "data") and len(block.labels) == 2:
        yield from _arguments(block)
    if block.type in ("terraform", "moved", "import", "removed", "check"):
        return
    for path in expressions(_with_references(block.body), _bound(block)):
        reason = _undeclared(scope, path)
        if reason:
            yield f"Error: {reason}, on {block.place}"
    for name in _functions(block.body):
        if name.removeprefix("core::") not in KNOWN_FUNCTIONS and not name.startswith("provider::"):
            yield f'Error: Call to unknown function: there is no "{name}", on {block.place}'


def _with_references(body: Body) -> Body:
    """A body without the arguments whose bare words name no resource."""
    return Body(
        {name: one for name, one in body.attributes.items() if name not in _NO_REFERENCES},
        tuple(
            Block(one.type, one.labels, _with_references(one.body), one.file, one.line)
            for one in body.blocks
        ),
    )


def _bound(block: Block) -> frozenset[str]:
    """Names that are not references in this block: types of variables, provider aliases."""
    if block.type == "variable":
        types = {"string", "number", "bool", "any", "list", "set", "map", "object", "tuple"}
        return frozenset(types | {"optional"})
    return frozenset()


def _undeclared(scope: Scope, path: tuple[str, ...]) -> str | None:
    match path:
        case ("local", name, *_) if name not in scope.locals:
            return f'Reference to undeclared local value: no local value "{name}" is declared'
        case ("var", name, *_) if name not in scope.variables:
            return f'Reference to undeclared input variable: no variable "{name}" is declared'
        case ("module", name, *_) if name not in scope.modules:
            return f'Reference to undeclared module: no module "{name}" is called'
        case ("data", kind, name, *_) if (kind, name) not in scope.data:
            return f'Reference to undeclared resource: no data source "{kind}" "{name}" is declared'
        case ("local" | "var" | "module" | "data", *_):
            return None
        case (root, *_) if root in _BUILT_IN_ROOTS:
            return None
        case (kind, name, *_) if "_" in kind and (kind, name) not in scope.resources:
            return f'Reference to undeclared resource: no resource "{kind}" "{name}" is declared'
        case _:
            # Bare words are also provider names, keywords of `lifecycle` and the like.
            return None


def _functions(body: Body) -> Iterator[str]:
    for attribute in body.attributes.values():
        if attribute.name != "type":
            yield from called(attribute.expr)
    for block in body.blocks:
        yield from _functions(block.body)


def called(expr: Expr) -> Iterator[str]:
    """The functions that an expression calls, at any depth."""
    if isinstance(expr, Call):
        yield expr.function
    if isinstance(expr, ForEach | ForDirective):
        yield from called(expr.collection)
    for child in children(expr):
        yield from called(child)


def _arguments(block: Block) -> Iterator[str]:
    kind = f"{block.type}.{block.labels[0]}"
    given = block.body.attributes
    for name in _REQUIRED.get(kind, ()):
        if name not in given:
            yield f'Error: Missing required argument: "{name}" of {_shown(block)}'
    for left, right in _EXCLUSIVE.get(kind, ()):
        if left in given and right in given:
            yield f'Error: Conflicting arguments: "{left}" and "{right}" of {_shown(block)}'


def _shown(block: Block) -> str:
    return f"{'.'.join(block.labels)}, on {block.place}"
