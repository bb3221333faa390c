"""A request and its reply as HTML, with the place that a finding is about marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from coder_contract_tests.exchange import NOTHING, Exchange
from coder_contract_tests.observe import stream_values

LONG_LIST = 4
"""Items shown of a list that the place does not lead through."""
LINES = 400
MARKED_LINES = 12
"""A larger object is only marked where it begins."""
TEXT = 4000


def request(exchange: Exchange, at: str) -> str:
    """The request as it left."""
    target = escape(f"{exchange.method} {exchange.target}")
    if at.startswith("query:") and exchange.query:
        before, _, query = exchange.target.partition("?")
        target = f"{escape(f'{exchange.method} {before}?')}<mark>{escape(query)}</mark>"
    lines = [target]
    lines += [f"{escape(name)}: {escape(value)}" for name, value in exchange.request_headers]
    if exchange.request_body is not None:
        lines += ["", escape(_cut(exchange.request_body.decode("utf-8", "replace")))]
    return "\n".join(lines)


def reply(exchange: Exchange, at: str) -> str:
    """The reply, with the offending status, header or member marked."""
    if exchange.status == 0:
        return f"<mark>no reply: {escape(exchange.cut)}</mark>"
    status = f"HTTP {exchange.status}"
    lines = [f"<mark>{status}</mark>" if at.startswith("status:") or not at else status]
    wanted = at.removeprefix("header:").lower() if at.startswith("header:") else ""
    missing = bool(wanted)
    for name, value in exchange.headers:
        line = f"{escape(name)}: {escape(value)}"
        if wanted == name.lower():
            missing = False
            line = f"<mark>{line}</mark>"
        lines.append(line)
    if missing:
        lines.append(f"<mark>(no header {escape(wanted)})</mark>")
    lines.append("")
    lines += _body(exchange, at)
    if exchange.cut:
        lines.append(f"<em>{escape(exchange.cut)}</em>")
    return "\n".join(lines)


def _body(exchange: Exchange, at: str) -> list[str]:
    value = exchange.json
    if value is NOTHING:
        value = stream_values(exchange)
    if value is NOTHING:
        return [escape(_cut(exchange.body.decode("utf-8", "replace")))] if exchange.body else []
    path = _path(at)
    lines = list(_lines(value, path, _depth_found(value, path)))
    if len(lines) <= LINES:
        return lines
    marked = next((n for n, line in enumerate(lines) if "<mark>" in line), 0)
    first = max(0, min(marked - LINES // 4, len(lines) - LINES))
    shown = lines[first : first + LINES]
    if first:
        shown.insert(0, f"<i>… {first} lines before</i>")
    rest = len(lines) - first - LINES
    return [*shown, f"<i>… {rest} lines more</i>"] if rest > 0 else shown


def _path(at: str) -> list[str] | None:
    """The parts of a JSON pointer; None where a finding is about no member."""
    if not at.startswith("/"):
        return None
    parts = at.split("#", 1)[0].split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts if part]


def _depth_found(value: Any, path: list[str] | None) -> int:
    """How far the path leads: a missing member marks the object that lacks it."""
    depth = 0
    for part in path or ():
        found = _member(value, part)
        if found is NOTHING:
            break
        value, depth = found, depth + 1
    return depth


def _member(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, NOTHING)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return NOTHING


def _lines(
    value: Any, path: list[str] | None, depth: int, *, indent: int = 0, name: str = ""
) -> Iterator[str]:
    """The value's lines; `path` leads to the marked place, None off that way."""
    pad = "  " * indent
    here = path is not None and depth == 0
    label = f"{escape(json.dumps(name, ensure_ascii=False))}: " if name else ""
    if not isinstance(value, dict | list) or not value:
        text = f"{label}{escape(_cut(json.dumps(value, ensure_ascii=False)))}"
        yield f"{pad}<mark>{text}</mark>" if here else f"{pad}{text}"
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    missing = f"  (no {escape(path[0])})" if here and path and isinstance(value, dict) else ""
    inner = list(_inner(value, None if here else path, depth, indent))
    if not here:
        yield from (f"{pad}{label}{opening}", *inner, f"{pad}{closing}")
    elif len(inner) > MARKED_LINES:
        yield f"{pad}<mark>{label}{opening}{missing}</mark>"
        yield from (*inner, f"{pad}{closing}")
    else:
        whole = (f"{pad}{label}{opening}{missing}", *inner, f"{pad}{closing}")
        yield from (_whole_mark(line) for line in whole)


def _inner(value: Any, path: list[str] | None, depth: int, indent: int) -> Iterator[str]:
    """The lines of the members, with commas between them."""
    skipped = 0
    last = len(value) - 1
    for number, (key, item, leads) in enumerate(_items(value, path)):
        if isinstance(value, list) and not leads and number >= LONG_LIST:
            skipped += 1
            continue
        lines = list(
            _lines(
                item,
                (path or [])[1:] if leads else None,
                depth - 1 if leads else 0,
                indent=indent + 1,
                name=key if isinstance(value, dict) else "",
            )
        )
        yield from lines[:-1]
        yield lines[-1] if number == last else f"{lines[-1]},"
    if skipped:
        yield f"{'  ' * indent}  <i>… {skipped} more items</i>"


def _whole_mark(line: str) -> str:
    text = line.lstrip(" ")
    return f"{line[: len(line) - len(text)]}<mark>{text}</mark>"


def _items(value: Any, path: list[str] | None) -> Iterator[tuple[str, Any, bool]]:
    """Key, item, and whether the path leads through it."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield str(key), item, bool(path) and path is not None and path[0] == str(key)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[:TEXT]}… ({len(text)} characters)"
