"""Terraform files to a syntax tree, by python-hcl2's grammar.

The parser is imported on first use, since building its tables costs over a second; callers run
`parse_module` in a thread. Heredocs and template files reach us as raw text: `quoting` cuts them
into text and expressions, and the expressions come back here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coder_mock_server.terraform import quoting
from coder_mock_server.terraform.model import HclSyntaxError
from coder_mock_server.terraform.syntax import (
    Attr,
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    Expr,
    ForEach,
    Index,
    Literal,
    Module,
    Name,
    ObjectItem,
    ObjectOf,
    Splat,
    Template,
    TupleOf,
    Unary,
    in_folder,
)

# A node of lark's tree: `data` (rule name), `children`, `meta` (positions); lark ships no stubs.
Tree = Any

LARGEST_FILE = 4 * 1024 * 1024
UNCLOSED = (
    "Unclosed configuration block: There is no closing brace for this block before the end of the "
    "file. This may be caused by incorrect brace nesting elsewhere in this file. "
    "(and 1 other messages)"
)
"""Terraform's own words for the mistake that is made most; it counts what it finds after it."""


def parse_module(files: Mapping[str, bytes], folder: str = "") -> Module:
    """The module in a folder of the archive; raises HclSyntaxError at the first bad file."""
    blocks: list[Block] = []
    skipped: list[str] = []
    for name in sorted(files):
        if not in_folder(name, folder):
            continue
        if name.endswith(".tf.json"):
            skipped.append(f"{name}: JSON syntax is not evaluated")
            continue
        blocks.extend(parse_body(_text(name, files[name]), name).blocks)
    return Module(blocks=tuple(blocks), files=files, folder=folder, skipped=tuple(skipped))


def parse_body(text: str, file: str) -> Body:
    """The attributes and blocks of one file."""
    try:
        return _Reader(text, file).body(_tree(text, file).children[0])
    except RecursionError:
        raise _error(
            f"Nesting too deep: {file} nests expressions deeper than can be read"
        ) from None


def parse_template(text: str, file: str) -> Template:
    """A template file's or a heredoc's text, where only `${...}` and `%{...}` have a meaning."""
    pieces = quoting.cut(text, file)
    sources = [piece.source for piece in pieces if piece.source]
    return quoting.assemble(pieces, _parse_expressions(sources, file), file)


def _parse_expressions(sources: Sequence[str], file: str) -> list[Expr]:
    if not sources:
        return []
    text = "".join(f"v{number} = (\n{source}\n)\n" for number, source in enumerate(sources))
    body = parse_body(text, file)
    return [body.attributes[f"v{number}"].expr for number in range(len(sources))]


def _text(name: str, data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise _error(f"File too large: {name} is larger than {LARGEST_FILE} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _error(f"Invalid character encoding: {name} is not UTF-8 text") from None


def _tree(text: str, file: str) -> Tree:
    import hcl2  # over a second for the first file of a process
    from lark.exceptions import UnexpectedInput, UnexpectedToken

    try:
        return hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        if ended:
            raise _error(UNCLOSED) from None
        line, column = error.line, error.column
        shown = (text + "\n").split("\n")[line - 1].strip()[:60]
        raise _error(
            f"Invalid configuration syntax: {file}:{line},{column}: cannot read on at {shown!r}"
        ) from None


def _error(detail: str) -> HclSyntaxError:
    return HclSyntaxError(f"parse module: {detail}")


class _Reader:
    """Turns lark's tree of one file into our nodes."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def body(self, tree: Tree) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        end = -1
        for node in _nodes(tree):
            if node.data == "new_line_or_comment":
                continue
            start = node.meta.start_pos
            # Some nodes hold the line break behind them, so look from their last visible sign on.
            if end >= 0 and "\n" not in self.text[len(self.text[:end].rstrip()) : start]:
                raise _error(
                    f"Missing newline: {self.file}:{node.meta.line} holds two arguments in one line"
                )
            end = node.meta.end_pos
            if node.data == "attribute":
                attribute = self.attribute(node)
                if attribute.name in attributes:
                    raise _error(
                        f"Attribute redefined: {self.file}:{attribute.line} sets "
                        f'"{attribute.name}" again, first set in line '
                        f"{attributes[attribute.name].line}"
                    )
                attributes[attribute.name] = attribute
            else:
                blocks.append(self.block(node))
        return Body(attributes, tuple(blocks))

    def attribute(self, node: Tree) -> Attribute:
        name, expression = _nodes(node)[0], _nodes(node)[-1]
        return Attribute(
            name=str(name.children[0]),
            expr=self.expr(expression),
            source=self.source(expression),
            file=self.file,
            line=node.meta.line,
        )

    def block(self, node: Tree) -> Block:
        labels: list[str] = []
        body = Body({}, ())
        for part in _nodes(node):
            if part.data == "body":
                body = self.body(part)
            elif part.data == "string":
                labels.append(quoting.unescape(self.source(part)[1:-1]))
            elif part.data != "new_line_or_comment":
                labels.append(str(part.children[0]))
        return Block(labels[0], tuple(labels[1:]), body, self.file, node.meta.line)

    def source(self, node: Tree) -> str:
        return self.text[node.meta.start_pos : node.meta.end_pos]

    def expr(self, node: Tree) -> Expr:
        parts = _nodes(node)
        match node.data:
            case "expr_term":
                return self.expr(parts[0])
            case "identifier":
                return Name(str(node.children[0]))
            case "keyword":
                return Name(str(node.children[0]))
            case "literal_value":
                return Literal({"true": True, "false": False, "null": None}[str(node.children[0])])
            case "int_lit":
                return Literal(int("".join(str(part) for part in node.children)))
            case "float_lit":
                return Literal(float("".join(str(part) for part in node.children)))
            case "string":
                return self.string(node)
            case "template_string":
                return Literal(quoting.unescape(str(node.children[0]).replace('\\"', '"')[1:-1]))
            case "heredoc_template" | "heredoc_template_trim":
                return parse_template(quoting.heredoc_text(str(node.children[0])), self.file)
            case "get_attr_expr_term":
                return Attr(self.expr(parts[0]), self.step(parts[1]))
            case "index_expr_term":
                return Index(self.expr(parts[0]), self.index(parts[1]))
            case "attr_splat_expr_term" | "full_splat_expr_term":
                return self.splat(parts[0], parts[1])
            case "function_call":
                return self.call(parts)
            case "unary_op":
                operator = next(str(part) for part in node.children if not hasattr(part, "data"))
                return _negated(operator, self.expr(parts[0]))
            case "binary_op":
                return self.binary(parts)
            case "conditional":
                condition, yes, no = (self.expr(part) for part in parts)
                return Conditional(condition, yes, no)
            case "tuple":
                return TupleOf(tuple(self.expr(part) for part in parts))
            case "object":
                return ObjectOf(tuple(self.item(part) for part in parts))
            case "for_tuple_expr" | "for_object_expr":
                return self.loop(node, parts)
            case _:
                raise _error(f"Unsupported syntax: {self.file}:{node.meta.line}: {node.data}")

    def step(self, node: Tree) -> str:
        return str(_nodes(node)[0].children[0])

    def index(self, node: Tree) -> Expr:
        if node.data == "short_index":
            return Literal(int(str(node.children[-1])))
        return self.expr(_nodes(node)[0])

    def splat(self, target: Tree, tail: Tree) -> Splat:
        steps: list[str | Expr] = []
        for part in _nodes(tail):
            steps.append(self.step(part) if part.data == "get_attr" else self.index(part))
        return Splat(self.expr(target), tuple(steps))

    def call(self, parts: Sequence[Tree]) -> Call:
        names = [str(part.children[0]) for part in parts if part.data == "identifier"]
        listed = [part for part in parts if part.data == "arguments"]
        if not listed:
            return Call("::".join(names), ())
        expand = any(str(part) == "..." for part in listed[0].children)
        return Call("::".join(names), tuple(self.expr(part) for part in _nodes(listed[0])), expand)

    def binary(self, parts: Sequence[Tree]) -> Expr:
        operator, right = _nodes(parts[1])
        text = "".join(str(part) for part in operator.children)
        # The lexer joins line breaks and comments before an operator to it.
        sign = re.search(r"==|!=|<=|>=|&&|\|\||[-+*/%<>]$", text.strip().rsplit("\n", 1)[-1])
        assert sign is not None, text
        return Binary(sign.group(), self.expr(parts[0]), self.expr(right))

    def item(self, node: Tree) -> ObjectItem:
        key_node, value = _nodes(node)[0], _nodes(node)[-1]
        inner = key_node.children[0]
        key: Expr
        if inner.data == "keyword":
            key = Literal(str(inner.children[0]))
        else:
            key = self.expr(inner)
            bare = inner.data == "expr_term" and not self.source(inner).startswith("(")
            if isinstance(key, Name) and bare:
                key = Literal(key.name)
        if isinstance(key, Literal) and isinstance(key.value, bool):
            key = Literal(str(key.value).lower())
        return ObjectItem(key, self.expr(value), self.source(value))

    def loop(self, node: Tree, parts: Sequence[Tree]) -> ForEach:
        intro, *rest = parts
        intro_parts = _nodes(intro)
        names = tuple(str(part.children[0]) for part in intro_parts[:-1])
        conditions = [part for part in rest if part.data == "for_cond"]
        values = [self.expr(part) for part in rest if part.data != "for_cond"]
        return ForEach(
            names=names,
            collection=self.expr(intro_parts[-1]),
            key=values[0] if len(values) == 2 else None,
            value=values[-1],
            condition=self.expr(_nodes(conditions[0])[0]) if conditions else None,
            grouped=any(str(part) == "..." for part in node.children if not hasattr(part, "data")),
        )

    def string(self, node: Tree) -> Expr:
        parts: list[str | Expr] = []
        for piece in _nodes(node):
            inner = piece.children[0]
            if hasattr(inner, "data"):
                if inner.data != "interpolation":
                    # Directives come as flat markers: cut the raw text instead.
                    return self.directives(node)
                parts.append(self.expr(_nodes(inner)[0]))
            elif inner.type.startswith("ESCAPED"):
                parts.append(quoting.unescape(str(inner)[1:]))
            else:
                parts.append(quoting.unescape(str(inner)))
        if all(isinstance(part, str) for part in parts):
            return Literal("".join(part for part in parts if isinstance(part, str)))
        return Template(tuple(parts))

    def directives(self, node: Tree) -> Expr:
        pieces = quoting.cut(self.source(node)[1:-1], self.file, quoted=True)
        sources = [piece.source for piece in pieces if piece.source]
        return quoting.assemble(pieces, _parse_expressions(sources, self.file), self.file)


def _nodes(tree: Tree) -> list[Tree]:
    """The rules below a node, without tokens and line breaks."""
    return [
        child
        for child in tree.children
        if hasattr(child, "data") and child.data != "new_line_or_comment"
    ]


def _negated(operator: str, operand: Expr) -> Expr:
    if operator == "-" and isinstance(operand, Literal) and isinstance(operand.value, int | float):
        return Literal(-operand.value)
    return Unary(operator, operand)
