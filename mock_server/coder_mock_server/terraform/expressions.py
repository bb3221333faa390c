"""Expressions to values: Terraform's operators, templates, loops and function calls.

`evaluate` asks a `Resolver` for everything that a module declares; what is not known stays
`UNKNOWN` through every operation, and an expression without a value raises EvaluationError.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from coder_mock_server.terraform import functions, hcl
from coder_mock_server.terraform.model import HclSyntaxError
from coder_mock_server.terraform.operators import binary, unary
from coder_mock_server.terraform.syntax import (
    Attr,
    Binary,
    Call,
    Conditional,
    Expr,
    ForDirective,
    ForEach,
    IfDirective,
    Index,
    Literal,
    Name,
    ObjectOf,
    Splat,
    Template,
    TupleOf,
    Unary,
)
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

Env = Mapping[str, Value]

# Marks the environment of a template file, which sees the names it is given and no others.
_CLOSED: Final = "\0closed"

# These look at the list, not at the items, so items that are not known yet do not hinder them.
_LOOK_AT_THE_LIST: Final = frozenset(
    {"coalesce", "coalescelist", "concat", "element", "flatten", "keys", "length", "lookup"}
    | {"merge", "one", "reverse", "slice", "values", "zipmap"}
)


class Lazy(Unknown):
    """An object whose attributes are looked up on demand; as a whole it is not known."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[str], Value]) -> None:
        self.read = read


class Resolver(Protocol):
    """What an expression needs from the module around it."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files of the archive by path."""

    def root(self, name: str) -> Value:
        """The value of a first identifier: `var`, `local`, `data`, a resource type."""

    def take_step(self) -> None:
        """Counts one evaluation; raises EvaluationError when there were too many."""


def joined_path(folder: str, path: str) -> str:
    """A path inside the archive, without `.` and `..`."""
    joined = posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
    return "" if joined == "." else joined


def _root(name: str, env: Env, scope: Resolver) -> Value:
    if _CLOSED in env:
        raise EvaluationError(f'the template is not given "{name}"')
    if name in ("each", "count", "self"):
        return UNKNOWN
    return scope.root(name)


def evaluate(expr: Expr, env: Env, scope: Resolver) -> Value:
    """An expression's value; raises EvaluationError where it has none."""
    scope.take_step()
    match expr:
        case Literal(value):
            return value
        case Template(parts):
            return _template(parts, env, scope)
        case Name(name):
            return env[name] if name in env else _root(name, env, scope)
        case Attr(target, name):
            return _attr(evaluate(target, env, scope), name)
        case Index(target, key):
            return _index(evaluate(target, env, scope), evaluate(key, env, scope))
        case Splat():
            return _splat(expr, env, scope)
        case Call():
            return _call(expr, env, scope)
        case Unary(operator, operand):
            return unary(operator, evaluate(operand, env, scope))
        case Binary(operator, left, right):
            return binary(operator, evaluate(left, env, scope), evaluate(right, env, scope))
        case Conditional(condition, yes, no):
            test = evaluate(condition, env, scope)
            if isinstance(test, Unknown):
                return UNKNOWN
            return evaluate(yes if to_bool(test) else no, env, scope)
        case TupleOf(items):
            return [evaluate(item, env, scope) for item in items]
        case ObjectOf():
            return _object(expr, env, scope)
        case ForEach():
            return _for(expr, env, scope)
        case IfDirective() | ForDirective():
            return _directive(expr, env, scope)


def _template(parts: tuple[str | Expr, ...], env: Env, scope: Resolver) -> Value:
    if len(parts) == 1 and not isinstance(parts[0], str | IfDirective | ForDirective):
        return evaluate(parts[0], env, scope)
    texts: list[str] = []
    known = True
    for part in parts:
        value = part if isinstance(part, str) else evaluate(part, env, scope)
        if isinstance(value, Unknown):
            known = False
        else:
            texts.append(to_text(value))
    if sum(map(len, texts)) > functions.LONGEST_TEXT:
        raise EvaluationError("the text is too long")
    return "".join(texts) if known else UNKNOWN


def _directive(part: IfDirective | ForDirective, env: Env, scope: Resolver) -> Value:
    if isinstance(part, IfDirective):
        test = evaluate(part.condition, env, scope)
        if isinstance(test, Unknown):
            return UNKNOWN
        chosen = part.yes if to_bool(test) else part.no
        return _joined_template(chosen.parts, env, scope)
    texts: list[str] = []
    bindings = _bindings(part.names, evaluate(part.collection, env, scope), env)
    if bindings is None:
        return UNKNOWN
    for inner in bindings:
        value = _joined_template(part.body.parts, inner, scope)
        if isinstance(value, Unknown):
            return UNKNOWN
        texts.append(value)
    return "".join(texts)


def _joined_template(parts: tuple[str | Expr, ...], env: Env, scope: Resolver) -> Value:
    # The empty text in front keeps a single part from being returned as it is.
    return _template(("", *parts), env, scope)


def _object(expr: ObjectOf, env: Env, scope: Resolver) -> Value:
    result: dict[str, Value] = {}
    for item in expr.items:
        key = evaluate(item.key, env, scope)
        if isinstance(key, Unknown):
            return UNKNOWN
        result[to_text(key)] = evaluate(item.value, env, scope)
    return result


def _bindings(names: tuple[str, ...], over: Value, env: Env) -> list[Env] | None:
    if isinstance(over, Unknown):
        return None
    entries: list[tuple[Value, Value]]
    if isinstance(over, dict):
        entries = [(key, over[key]) for key in sorted(over)]
    elif isinstance(over, TfSet):
        entries = [(item, item) for item in over]
    elif isinstance(over, list):
        entries = list(enumerate(over))
    else:
        raise EvaluationError("a for expression needs a list, set or map")
    if len(names) == 1:
        return [{**env, names[0]: value} for _, value in entries]
    return [{**env, names[0]: key, names[1]: value} for key, value in entries]


def _for(expr: ForEach, env: Env, scope: Resolver) -> Value:
    bindings = _bindings(expr.names, evaluate(expr.collection, env, scope), env)
    if bindings is None:
        return UNKNOWN
    listed: list[Value] = []
    mapped: dict[str, Value] = {}
    for inner in bindings:
        if expr.condition is not None:
            test = evaluate(expr.condition, inner, scope)
            if isinstance(test, Unknown):
                return UNKNOWN
            if not to_bool(test):
                continue
        value = evaluate(expr.value, inner, scope)
        if expr.key is None:
            listed.append(value)
            continue
        key = evaluate(expr.key, inner, scope)
        if isinstance(key, Unknown):
            return UNKNOWN
        if expr.grouped:
            mapped.setdefault(to_text(key), []).append(value)
        else:
            mapped[to_text(key)] = value
    return listed if expr.key is None else mapped


def _splat(expr: Splat, env: Env, scope: Resolver) -> Value:
    target = evaluate(expr.target, env, scope)
    if target is None:
        return []
    if isinstance(target, Unknown) and not isinstance(target, Lazy):
        return UNKNOWN
    items = target if isinstance(target, list) else [target]
    result: list[Value] = []
    for item in items:
        for step in expr.steps:
            if isinstance(step, str):
                item = _attr(item, step)
            else:
                item = _index(item, evaluate(step, env, scope))
        result.append(item)
    return result


def _attr(target: Value, name: str) -> Value:
    if isinstance(target, Lazy):
        return target.read(name)
    if isinstance(target, Unknown):
        return UNKNOWN
    if isinstance(target, dict):
        if name in target:
            return target[name]
        raise EvaluationError(f'the object has no attribute "{name}"')
    raise EvaluationError(f'the value has no attribute "{name}"')


def _index(target: Value, key: Value) -> Value:
    if isinstance(target, Lazy) and isinstance(key, str):
        return target.read(key)
    if isinstance(target, Unknown) or isinstance(key, Unknown):
        return UNKNOWN
    if isinstance(target, dict):
        if to_text(key) in target:
            return target[to_text(key)]
        raise EvaluationError(f'the map has no element "{to_text(key)}"')
    if isinstance(target, list):
        number = to_number(key)
        if isinstance(number, int) and 0 <= number < len(target):
            return target[number]
        raise EvaluationError(f"the list has no element {to_text(key)}")
    raise EvaluationError("the value has no elements")


def _call(expr: Call, env: Env, scope: Resolver) -> Value:
    name = expr.function.removeprefix("core::")
    if name == "try":
        return _try(expr, env, scope)
    if name == "can":
        try:
            evaluate(expr.arguments[0], env, scope)
        except (EvaluationError, IndexError):
            return False
        return True
    arguments = [evaluate(argument, env, scope) for argument in expr.arguments]
    if expr.expand_last and arguments:
        last = arguments.pop()
        if isinstance(last, Unknown):
            return UNKNOWN
        if not isinstance(last, list):
            raise EvaluationError(f"{name}(): only a list can be expanded by ...")
        arguments.extend(last)
    if name in functions.SPECIAL_FUNCTIONS:
        return _special(name, arguments, scope)
    if name not in functions.FUNCTIONS:
        raise EvaluationError(f"{name}() is not evaluated")
    # length() and the collection functions work on lists whose items are not known yet.
    if any(isinstance(argument, Unknown) for argument in arguments):
        return UNKNOWN
    if name not in _LOOK_AT_THE_LIST and any(contains_unknown(argument) for argument in arguments):
        return UNKNOWN
    result = functions.call(name, arguments)
    if isinstance(result, str) and len(result) > functions.LONGEST_TEXT:
        raise EvaluationError(f"{name}() gives too long a text")
    return result


def _try(expr: Call, env: Env, scope: Resolver) -> Value:
    for argument in expr.arguments:
        try:
            return evaluate(argument, env, scope)
        except EvaluationError as error:
            failure = error
    raise EvaluationError(f"no argument of try() has a value, the last one: {failure}")


def _special(name: str, arguments: list[Value], scope: Resolver) -> Value:
    if any(isinstance(argument, Unknown) for argument in arguments[:1]) or not arguments:
        return UNKNOWN
    if name == "issensitive":
        return False
    if name == "abspath":
        return posixpath.normpath("/home/coder/" + to_text(arguments[0]))
    if name == "templatestring":
        return _rendered(to_text(arguments[0]), "templatestring()", arguments[1:], scope)
    if name == "type":
        raise EvaluationError("type() is not evaluated")
    path = joined_path("", to_text(arguments[0]))
    if name == "fileexists":
        return path in scope.files
    if name == "fileset":
        raise EvaluationError("fileset() is not evaluated")
    if path not in scope.files:
        raise EvaluationError(f"the archive has no file {path}")
    data = scope.files[path]
    if name == "filebase64":
        return base64.b64encode(data).decode()
    if name == "filebase64sha256":
        return base64.b64encode(hashlib.sha256(data).digest()).decode()
    if name in ("filemd5", "filesha1", "filesha256", "filesha512"):
        algorithm = name.removeprefix("file")
        return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    text = data.decode("utf-8", "replace")
    if name == "templatefile":
        return _rendered(text, path, arguments[1:], scope)
    return text


def _rendered(text: str, file: str, given: list[Value], scope: Resolver) -> Value:
    names = given[0] if given else {}
    if not isinstance(names, dict):
        return UNKNOWN
    try:
        template = hcl.parse_template(text, file)
    except HclSyntaxError as error:
        raise EvaluationError(error.detail) from None
    return _joined_template(template.parts, {**names, _CLOSED: True}, scope)
