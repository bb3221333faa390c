"""The first JSON value of some bytes, refused in the words of Go's encoding/json.

Only used when the quick parser cannot tell what Go would: something is broken, follows the first
value, has an unexpected type or a key in another letter case. So it keeps what the answer may
need: the order and repetition of keys, and numbers as they were written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 10_000
_SPACE = b" \t\r\n"
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_SPACES = re.compile(rb"[ \t\r\n]*")
_DIGITS = re.compile(rb"[0-9]*")
_HEX = b"0123456789abcdefABCDEF"
_ESCAPES = {
    ord("b"): "\b",
    ord("f"): "\f",
    ord("n"): "\n",
    ord("r"): "\r",
    ord("t"): "\t",
    ord("\\"): "\\",
    ord("/"): "/",
    ord('"'): '"',
}
_WORDS: dict[int, tuple[bytes, Any]] = {
    ord("t"): (b"true", True),
    ord("f"): (b"false", False),
    ord("n"): (b"null", None),
}


class DecodeError(ValueError):
    """What Go's decoder would say."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


@dataclass(slots=True)
class Object:
    """An object with its keys as they came, repeated ones too."""

    pairs: list[tuple[str, Any]] = field(default_factory=list)


def kind_of(value: Any) -> str:
    """Go's word for the type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Number | int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def plain(value: Any) -> Any:
    """The value as ordinary Python objects; of repeated keys the last counts."""
    if isinstance(value, Object):
        return {key: plain(item) for key, item in value.pairs}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Number):
        # A number too long for anything is as good as infinite; Python would refuse to convert it.
        exact = len(value) <= 300 and not re.search(r"[.eE]", value)
        return int(value) if exact else float(value)
    return value


def scan(data: bytes) -> tuple[Any, int]:
    """The first value and where it ends; raises `DecodeError`."""
    return _Scanner(data).run()


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.at = 0

    def run(self) -> tuple[Any, int]:
        self.skip()
        if self.at >= self.size:
            raise DecodeError("EOF")
        return self.document(), self.at

    def document(self) -> Any:
        """One value, without recursion: nesting may be deep."""
        stack: list[Any] = []
        keys: list[str] = []
        while True:
            value = self.begin(stack, keys)
            if value is _OPENED:
                continue
            # A value is complete: hand it to what holds it, which may complete that one too.
            while stack:
                holder = stack[-1]
                if isinstance(holder, Object):
                    holder.pairs.append((keys.pop(), value))
                    if self.after(b"}", "after object key:value pair"):
                        value = stack.pop()
                        continue
                    keys.append(self.key())
                else:
                    holder.append(value)
                    if self.after(b"]", "after array element"):
                        value = stack.pop()
                        continue
                break
            else:
                return value

    def begin(self, stack: list[Any], keys: list[str]) -> Any:
        char = self.next()
        if char == 0x7B:
            self.open(stack, Object())
            if self.next() == 0x7D:
                self.at += 1
                return stack.pop()
            keys.append(self.key())
            return _OPENED
        if char == 0x5B:
            self.open(stack, [])
            if self.next() == 0x5D:
                self.at += 1
                return stack.pop()
            return _OPENED
        if char == 0x22:
            return self.string()
        if char == 0x2D or 0x30 <= char <= 0x39:
            return self.number()
        if char in _WORDS:
            return self.word(*_WORDS[char])
        raise self.bad("looking for beginning of value")

    def open(self, stack: list[Any], holder: Any) -> None:
        if len(stack) >= MAX_DEPTH:
            raise DecodeError("exceeded max depth")
        stack.append(holder)
        self.at += 1

    def after(self, close: bytes, context: str) -> bool:
        char = self.next()
        if char == close[0]:
            self.at += 1
            return True
        if char != 0x2C:
            raise self.bad(context)
        self.at += 1
        return False

    def key(self) -> str:
        if self.next() != 0x22:
            raise self.bad("looking for beginning of object key string")
        key = self.string()
        if self.next() != 0x3A:
            raise self.bad("after object key")
        self.at += 1
        return key

    def string(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self.data, self.at)
            assert match is not None
            parts.append(match.group().decode("utf-8", "replace"))
            self.at = match.end()
            char = self.peek()
            if char == 0x22:
                self.at += 1
                break
            if char != 0x5C:
                raise self.bad("in string literal")
            self.at += 1
            parts.append(self.escape())
        text = "".join(parts)
        # Escaped surrogate pairs become one character, halves the replacement character.
        return (
            text
            if text.isascii()
            else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )

    def escape(self) -> str:
        char = self.peek()
        if char in _ESCAPES:
            self.at += 1
            return _ESCAPES[char]
        if char != 0x75:
            raise self.bad("in string escape code")
        for _ in range(4):
            self.at += 1
            if self.peek() not in _HEX:
                raise self.bad("in \\u hexadecimal character escape")
        self.at += 1
        return chr(int(self.data[self.at - 4 : self.at], 16))

    def number(self) -> Number:
        start = self.at
        if self.data[self.at] == 0x2D:
            self.at += 1
            if not 0x30 <= self.peek() <= 0x39:
                raise self.bad("in numeric literal")
        if self.data[self.at] == 0x30:
            self.at += 1
        else:
            self.digits()
        if self.here() == 0x2E:
            self.at += 1
            if not 0x30 <= self.peek() <= 0x39:
                raise self.bad("after decimal point in numeric literal")
            self.digits()
        if self.here() in b"eE":
            self.at += 1
            if self.peek() in b"+-":
                self.at += 1
            if not 0x30 <= self.peek() <= 0x39:
                raise self.bad("in exponent of numeric literal")
            self.digits()
        return Number(self.data[start : self.at].decode())

    def digits(self) -> None:
        match = _DIGITS.match(self.data, self.at)
        assert match is not None
        self.at = match.end()

    def word(self, word: bytes, value: Any) -> Any:
        for expected in word[1:]:
            self.at += 1
            if self.peek() != expected:
                raise self.bad(f"in literal {word.decode()} (expecting {_quoted(expected)})")
        self.at += 1
        return value

    def skip(self) -> None:
        match = _SPACES.match(self.data, self.at)
        assert match is not None
        self.at = match.end()

    def next(self) -> int:
        """The next byte that is no space; it is not taken."""
        self.skip()
        return self.peek()

    def peek(self) -> int:
        """The byte here; the input may not end here."""
        if self.at >= self.size:
            raise DecodeError("unexpected EOF")
        return self.data[self.at]

    def here(self) -> int:
        """The byte here, or a space at the end."""
        return self.data[self.at] if self.at < self.size else 0x20

    def bad(self, context: str) -> DecodeError:
        return DecodeError(f"invalid character {_quoted(self.data[self.at])} {context}")


_OPENED = object()


def _quoted(byte: int) -> str:
    char = chr(byte)
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    named = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 92: "\\"}
    if byte in named:
        return f"'\\{named[byte]}'"
    if byte < 0x20 or byte == 0x7F:
        return f"'\\x{byte:02x}'"
    return f"'{char}'" if char.isprintable() else f"'\\u{byte:04x}'"
