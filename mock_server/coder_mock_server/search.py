"""The grammar of `q=`: text to terms, which a `QueryReader` then reads like query parameters.

    terms = parse_search(text, default_key="name", owner_key="owner", message=WORKSPACES)
    reader = QueryReader(terms)
    owner = reader.text("owner")
    reader.finish(WORKSPACES, strict=True)

The terms are a `Query`, so repeated and unknown keys, comma lists, times and enums are refused
in the same words as elsewhere.
"""

from __future__ import annotations

from coder_mock_server.errors import Invalid, Validation
from coder_mock_server.wire_in.query import Query

WORKSPACES = "Invalid workspace search query."
TEMPLATES = "Invalid template search query."
USERS = "Invalid user search query."
AUDIT = "Invalid audit search query."


def parse_search(
    text: str | None,
    *,
    default_key: str,
    message: str,
    owner_key: str | None = None,
    grammar: str = "2025",
) -> Query:
    """The terms of a search, lower-case; a bare word is a term of `default_key`.

    With an `owner_key` a bare `a/b` is two terms: owner `a`, default key `b`. Raises `Invalid`
    with `message` for the first element that breaks the grammar. `grammar` is the policy's
    `query_filter_grammar`.
    """
    terms: dict[str, list[str]] = {}
    for element in fields((text or "").lower(), " "):
        try:
            for key, value in _terms(element, default_key, owner_key):
                terms.setdefault(key, []).append(value)
        except ValueError as error:
            raise Invalid(message, Validation("q", str(error))) from None
    return Query.of(terms, grammar)


def _terms(element: str, default_key: str, owner_key: str | None) -> list[tuple[str, str]]:
    if element.startswith(":") or element.endswith(":"):
        raise ValueError(f"Query element \"{element}\" cannot start or end with ':'")
    parts = fields(element, ":")
    if len(parts) > 2:
        raise ValueError(f"Query element \"{element}\" can only contain 1 ':'")
    if len(parts) == 2:
        return [(_bare(parts[0]), _bare(parts[1]))]
    if owner_key is None:
        return [(default_key, _bare(element))]
    names = fields(element, "/")
    if len(names) > 2:
        raise ValueError(f"Query element \"{element}\" can only contain 1 '/'")
    if len(names) == 2:
        return [(owner_key, _bare(names[0])), (default_key, _bare(names[1]))]
    return [(default_key, _bare(name)) for name in names]


def fields(text: str, delimiter: str) -> list[str]:
    """Parts between delimiters outside double quotes; neighbouring delimiters count as one."""
    found: list[str] = []
    start, quoted = 0, False
    for at, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == delimiter and not quoted:
            if at > start:
                found.append(text[start:at])
            start = at + 1
    if start < len(text):
        found.append(text[start:])
    return found


def _bare(text: str) -> str:
    return text.strip('"')


def contains(text: str, pattern: str) -> bool:
    """Whether `pattern` occurs in `text`, any letter case; `%` and `_` are wildcards."""
    return like(text, f"%{pattern}%")


def like(text: str, pattern: str) -> bool:
    """SQL's ILIKE: `%` is any text, `_` any character."""
    text, pattern = text.lower(), pattern.lower()
    if "_" not in pattern:
        return _in_order(text, pattern.split("%"))
    return _like(text, pattern)


def _in_order(text: str, pieces: list[str]) -> bool:
    """Whether the pieces follow one another, the first at the start and the last at the end."""
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _like(text: str, pattern: str) -> bool:
    # The classic greedy match with one point to return to: linear in practice.
    at = position = mark = 0
    star = -1
    while at < len(text):
        char = pattern[position] if position < len(pattern) else ""
        if char == "%":
            star, mark = position, at
            position += 1
        elif char in ("_", text[at]) and char:
            position += 1
            at += 1
        elif star >= 0:
            mark += 1
            position, at = star + 1, mark
        else:
            return False
    return pattern[position:].strip("%") == ""
