"""Text with `${...}` and `%{...}` in it: cut into pieces, put together again around expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coder_mock_server.terraform.model import HclSyntaxError
from coder_mock_server.terraform.syntax import Expr, ForDirective, IfDirective, Template

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_FOR = re.compile(r"for\s+([\w-]+)(?:\s*,\s*([\w-]+))?\s+in\s+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal `text`, or a marker of `kind` with the `source` of its expression, if it has one."""

    kind: str
    text: str = ""
    source: str = ""
    names: tuple[str, ...] = ()
    strip_before: bool = False
    strip_after: bool = False


def unescape(text: str) -> str:
    """A quoted string's text with its backslash escapes resolved; unknown ones stay."""

    def resolve(found: re.Match[str]) -> str:
        mark = found.group(1)
        if mark[0] in "uU" and len(mark) > 1:
            code = int(mark[1:], 16)
            # Lone surrogates and codes past the last one cannot be sent on as UTF-8.
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return _SIMPLE.get(mark, found.group())

    return _ESCAPE.sub(resolve, text)


def heredoc_text(token: str) -> str:
    """The lines between a heredoc's markers; for `<<-` without their common indentation."""
    opening, _, rest = token.partition("\n")
    lines = rest.rstrip("\n").split("\n")[:-1]
    if opening.startswith("<<-"):
        indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
        common = min(indents, default=0)
        lines = [line[common:] for line in lines]
    return "".join(line + "\n" for line in lines)


def cut(text: str, file: str, *, quoted: bool = False) -> list[Piece]:
    """The pieces of a template; `quoted` text has backslash escapes, other text has none."""
    pieces: list[Piece] = []
    literal: list[str] = []
    position = 0

    def flush() -> None:
        if literal:
            joined = "".join(literal)
            pieces.append(Piece("text", text=unescape(joined) if quoted else joined))
            literal.clear()

    for found in re.finditer(r"\$\$\{|%%\{|\$\{|%\{", text):
        start = found.start()
        if start < position:
            continue
        literal.append(text[position:start])
        mark = found.group()
        if len(mark) == 3:
            literal.append(mark[1:])
            position = found.end()
            continue
        end = _closing(text, found.end(), file)
        flush()
        pieces.append(_marker(mark, text[found.end() : end], file))
        position = end + 1
    literal.append(text[position:])
    flush()
    return _stripped(pieces)


def _marker(mark: str, inside: str, file: str) -> Piece:
    before, after = inside.startswith("~"), inside.endswith("~")
    inside = inside[1:] if before else inside
    inside = (inside[:-1] if inside.endswith("~") else inside).strip()
    if mark == "${":
        return Piece("value", source=inside, strip_before=before, strip_after=after)
    word = re.match(r"\w*", inside)
    kind = word.group() if word else ""
    if kind == "if":
        return Piece("if", source=inside[2:].strip(), strip_before=before, strip_after=after)
    if kind == "for":
        loop = _FOR.match(inside)
        if loop is None:
            raise _error(f"{file}: the directive %{{ {inside[:40]} }} is no complete `for`")
        names = tuple(name for name in loop.group(1, 2) if name)
        return Piece(
            "for", source=loop.group(3).strip(), names=names, strip_before=before, strip_after=after
        )
    if kind in ("else", "endif", "endfor"):
        return Piece(kind, strip_before=before, strip_after=after)
    raise _error(f"{file}: unknown template directive %{{ {inside[:40]} }}")


def _closing(text: str, position: int, file: str) -> int:
    """Where the brace that closes an interpolation stands, past nested braces and strings."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            position = _string_end(text, position + 1, file)
        elif character == "\\" and text[position + 1 : position + 2] == '"':
            # In a quoted string's directive the inner quotes may be escaped.
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return position
            depth -= 1
        position += 1
    raise _error(f"{file}: an interpolation is not closed: {text[:40]!r}")


def _string_end(text: str, position: int, file: str) -> int:
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == '"':
            return position
        if text.startswith(("${", "%{"), position):
            position = _closing(text, position + 2, file)
        position += 1
    raise _error(f"{file}: a quoted string in an interpolation is not closed")


def _stripped(pieces: list[Piece]) -> list[Piece]:
    result: list[Piece] = []
    for number, piece in enumerate(pieces):
        if piece.kind == "text":
            text = piece.text
            if number and pieces[number - 1].strip_after:
                text = text.lstrip()
            if number + 1 < len(pieces) and pieces[number + 1].strip_before:
                text = text.rstrip()
            piece = Piece("text", text=text)
        result.append(piece)
    return result


def assemble(pieces: Sequence[Piece], expressions: Sequence[Expr], file: str) -> Template:
    """The template of `pieces`, whose sources were parsed to `expressions` in the same order."""
    waiting = list(reversed(expressions))
    template, rest = _sequence(list(pieces), waiting, (), file)
    assert not rest
    return template


def _sequence(
    pieces: list[Piece], waiting: list[Expr], until: tuple[str, ...], file: str
) -> tuple[Template, list[Piece]]:
    parts: list[str | Expr] = []
    while pieces:
        piece, *pieces = pieces
        if piece.kind in until:
            return Template(tuple(parts)), [piece, *pieces]
        match piece.kind:
            case "text":
                parts.append(piece.text)
            case "value":
                if not piece.source:
                    raise _error(f"{file}: an interpolation is empty")
                parts.append(waiting.pop())
            case "if":
                condition = waiting.pop()
                yes, pieces = _sequence(pieces, waiting, ("else", "endif"), file)
                no = Template(())
                if pieces[0].kind == "else":
                    no, pieces = _sequence(pieces[1:], waiting, ("endif",), file)
                pieces = pieces[1:]
                parts.append(IfDirective(condition, yes, no))
            case "for":
                collection = waiting.pop()
                body, pieces = _sequence(pieces, waiting, ("endfor",), file)
                pieces = pieces[1:]
                parts.append(ForDirective(piece.names, collection, body))
            case kind:
                raise _error(f"{file}: the directive %{{ {kind} }} closes nothing")
    if until:
        raise _error(f"{file}: a directive misses its %{{ {until[-1]} }}")
    return Template(tuple(parts)), []


def _error(text: str) -> HclSyntaxError:
    return HclSyntaxError(f"parse module: Invalid template: {text}")
