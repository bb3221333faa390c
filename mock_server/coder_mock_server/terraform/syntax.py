"""The syntax tree of a Terraform module: expressions, bodies, blocks, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """The first identifier of a traversal: `var`, `local`, `data`, a resource type, a loop name."""

    name: str


@dataclass(frozen=True, slots=True)
class Attr:
    target: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    target: Expr
    key: Expr


@dataclass(frozen=True, slots=True)
class Splat:
    """`target[*].a.b`; each step is an attribute name or an index expression."""

    target: Expr
    steps: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expr, ...]
    expand_last: bool = False


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class TupleOf:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ObjectItem:
    key: Expr
    value: Expr
    source: str


@dataclass(frozen=True, slots=True)
class ObjectOf:
    items: tuple[ObjectItem, ...]


@dataclass(frozen=True, slots=True)
class ForEach:
    """`[for k, v in xs : value if condition]`, with `key` also `{for ... : key => value}`."""

    names: tuple[str, ...]
    collection: Expr
    key: Expr | None
    value: Expr
    condition: Expr | None
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class IfDirective:
    condition: Expr
    yes: Template
    no: Template


@dataclass(frozen=True, slots=True)
class ForDirective:
    names: tuple[str, ...]
    collection: Expr
    body: Template


@dataclass(frozen=True, slots=True)
class Template:
    """A quoted string or heredoc: literal text, expressions and directives in their order."""

    parts: tuple[str | Expr, ...]


Expr: TypeAlias = (
    Literal
    | Name
    | Attr
    | Index
    | Splat
    | Call
    | Unary
    | Binary
    | Conditional
    | TupleOf
    | ObjectOf
    | ForEach
    | IfDirective
    | ForDirective
    | Template
)


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    expr: Expr
    source: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Body:
    attributes: Mapping[str, Attribute]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Block:
    type: str
    labels: tuple[str, ...]
    body: Body
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Module:
    """The root module or, below `folder`, a local one: its blocks, and the archive's files."""

    blocks: tuple[Block, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""
    skipped: tuple[str, ...] = ()

    @property
    def has_configuration(self) -> bool:
        """Whether the folder holds any Terraform file at all."""
        return any(in_folder(name, self.folder) for name in self.files)


def in_folder(name: str, folder: str) -> bool:
    """Whether a path is a Terraform file directly in a folder (`""` is the archive's root)."""
    parent, _, base = name.rpartition("/")
    return parent == folder and (base.endswith((".tf", ".tf.json")))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly below one."""
    match expr:
        case Literal() | Name():
            return ()
        case Attr(target, _):
            return (target,)
        case Index(target, key):
            return (target, key)
        case Splat(target, steps):
            return (target, *(step for step in steps if not isinstance(step, str)))
        case Call(_, arguments, _):
            return arguments
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Conditional(condition, yes, no):
            return (condition, yes, no)
        case TupleOf(items):
            return items
        case ObjectOf(items):
            return tuple(part for item in items for part in (item.key, item.value))
        case ForEach(_, collection, key, value, condition, _):
            return tuple(part for part in (collection, key, value, condition) if part is not None)
        case IfDirective(condition, yes, no):
            return (condition, yes, no)
        case ForDirective(_, collection, body):
            return (collection, body)
        case Template(parts):
            return tuple(part for part in parts if not isinstance(part, str))


def path_of(expr: Expr) -> tuple[str, ...] | None:
    """The names of a traversal (`data.coder_parameter.x.value`), indexes left out; None if none."""
    match expr:
        case Name(name):
            return (name,)
        case Attr(target, name):
            before = path_of(target)
            return None if before is None else (*before, name)
        case Index(target, _):
            return path_of(target)
        case Splat(target, steps):
            before = path_of(target)
            if before is None:
                return None
            return (*before, *(step for step in steps if isinstance(step, str)))
        case _:
            return None


def references(expr: Expr, bound: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    """Every traversal in an expression, as names; those from a loop's name are left out."""
    path = path_of(expr)
    if path is not None:
        if path[0] not in bound:
            yield path
        yield from _in_indexes(expr, bound)
        return
    if isinstance(expr, ForEach | ForDirective):
        yield from references(expr.collection, bound)
        inner = bound | frozenset(expr.names)
        for part in children(expr):
            if part is not expr.collection:
                yield from references(part, inner)
        return
    for part in children(expr):
        yield from references(part, bound)


def _in_indexes(expr: Expr, bound: frozenset[str]) -> Iterator[tuple[str, ...]]:
    match expr:
        case Attr(target, _):
            yield from _in_indexes(target, bound)
        case Index(target, key):
            yield from _in_indexes(target, bound)
            yield from references(key, bound)
        case Splat(target, steps):
            yield from _in_indexes(target, bound)
            for step in steps:
                if not isinstance(step, str):
                    yield from references(step, bound)
        case _:
            return


def expressions(body: Body, bound: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    """Every traversal in a body and the blocks below it; a `dynamic` block binds its iterator."""
    for attribute in body.attributes.values():
        yield from references(attribute.expr, bound)
    for block in body.blocks:
        inner = bound
        if block.type == "dynamic" and block.labels:
            iterator = block.body.attributes.get("iterator")
            named = path_of(iterator.expr) if iterator else None
            inner = bound | {named[0] if named else block.labels[0]}
        yield from expressions(block.body, inner)
