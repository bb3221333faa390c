"""How long a local-exec command takes and how it ends, read from its words without running it.

Understood are sequences (`;`, line breaks, `&&`, `||`), groups, `sleep`, `exit`, `true`, `false`,
`test` and `[`, `if` and `for` over written-out words; any other command counts as quick and
successful.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIGNS: Final = re.compile(r"&&|\|\||;;|[;&|()]")
_ENDS: Final = frozenset({";", ";;", "\n", "&&", "||", "&", "|"})
_MOST_ROUNDS: Final = 1000
_NUMERIC: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds slept, and the exit status (0 unless the words say otherwise)."""

    seconds: float
    status: int


def outcome(command: str) -> Outcome:
    """What the command comes to."""
    try:
        run = _Run(_tokens(command))
        with contextlib.suppress(_Exit):
            run.commands(frozenset(), live=True)
    except (ValueError, RecursionError):
        # Unbalanced quotes and the like: the shell would complain, we cannot tell how.
        return Outcome(0.0, 0)
    return Outcome(run.seconds, run.status)


def _tokens(command: str) -> list[str]:
    tokens: list[str] = []
    for line in _logical_lines(command):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
        lexer.whitespace_split = True
        lexer.commenters = ""
        for token in lexer:
            if token.startswith("#"):
                break
            # The lexer joins neighbouring signs, as in `);`.
            tokens.extend(
                _SIGNS.findall(token) if token and set(token) <= set(";&|()") else [token]
            )
        tokens.append("\n")
    return tokens


def _logical_lines(command: str) -> list[str]:
    """Lines, those joined that a backslash or an open quote connects."""
    lines: list[str] = []
    held = ""
    for line in command.replace("\\\n", " ").split("\n"):
        held = f"{held}\n{line}" if held else line
        try:
            shlex.split(held, comments=True)
        except ValueError:
            continue
        lines.append(held)
        held = ""
    return [*lines, held] if held else lines


class _Exit(Exception):
    pass


class _Run:
    """Reads tokens and follows what they do; with `live` false they are only passed over."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.seconds = 0.0
        self.status = 0

    def peek(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> str | None:
        token = self.peek()
        self.position += 1
        return token

    def commands(self, stops: frozenset[str], *, live: bool) -> None:
        run_next = True
        while (token := self.peek()) is not None and token not in stops:
            if token in ("&&", "||"):
                self.position += 1
                run_next = (self.status == 0) is (token == "&&")
            elif token in _ENDS:
                self.position += 1
                # A line may break behind an operator.
                before = self.tokens[self.position - 2] if self.position > 1 else ""
                run_next = run_next if token == "\n" and before in ("&&", "||", "|") else True
            else:
                self.command(live=live and run_next)

    def command(self, *, live: bool) -> None:
        match self.peek():
            case "if":
                self.branch(live=live)
            case "for" | "while" | "until":
                self.loop(live=live)
            case "(":
                self.position += 1
                self.group(")", live=live)
            case "{":
                self.position += 1
                self.commands(frozenset({"}"}), live=live)
                self.position += 1
            case _:
                words = []
                while (word := self.peek()) is not None and word not in _ENDS and word != ")":
                    words.append(word)
                    self.position += 1
                if not words:
                    self.position += 1
                if words and live:
                    self.simple(words, background=self.peek() == "&")

    def group(self, end: str, *, live: bool) -> None:
        start = self.position
        try:
            self.commands(frozenset({end}), live=live)
        except _Exit:
            # `exit` leaves the subshell only.
            self.position = start
            status, seconds = self.status, self.seconds
            self.commands(frozenset({end}), live=False)
            self.status, self.seconds = status, seconds
        self.position += 1

    def branch(self, *, live: bool) -> None:
        decided = False
        while self.take() in ("if", "elif"):
            self.commands(frozenset({"then"}), live=live and not decided)
            self.position += 1
            chosen = not decided and self.status == 0
            self.status = 0 if live and not decided else self.status
            self.commands(frozenset({"elif", "else", "fi"}), live=live and chosen)
            decided = decided or chosen
            if self.peek() == "else":
                self.position += 1
                self.commands(frozenset({"fi"}), live=live and not decided)
        # `take` has passed the `fi`.

    def loop(self, *, live: bool) -> None:
        words: list[str] = []
        while (word := self.peek()) is not None and word != "do":
            words.append(word)
            self.position += 1
        self.position += 1
        rounds = 1
        if words[0] == "for" and "in" in words[:3]:
            listed = [word for word in words[words.index("in") + 1 :] if word not in _ENDS]
            rounds = min(len(listed), _MOST_ROUNDS)
        start = self.position
        for _ in range(rounds if live else 0):
            self.position = start
            self.commands(frozenset({"done"}), live=True)
        if not (rounds and live):
            self.commands(frozenset({"done"}), live=False)
        self.position += 1

    def simple(self, words: list[str], *, background: bool) -> None:
        while words and re.fullmatch(r"\w+=.*", words[0], re.DOTALL):
            words = words[1:]
        negated = words[:1] == ["!"]
        words = words[1:] if negated else words
        name, arguments = (words[0], words[1:]) if words else ("true", [])
        match name:
            case "exit":
                number = arguments[0] if arguments else ""
                status = int(number) % 256 if number.isdigit() else self.status
                if not background:
                    self.status = status
                    raise _Exit
                self.status = 0
            case "sleep" | "/bin/sleep":
                if not background:
                    self.seconds += sum(_duration(word) for word in arguments)
                self.status = 0
            case "false":
                self.status = 1
            case "test" | "[" | "[[":
                kept = [word for word in arguments if word not in ("]", "]]")]
                self.status = 0 if _holds(kept) else 1
            case _:
                self.status = 0
        if negated:
            self.status = 0 if self.status else 1


def _duration(word: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", word)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else 0.0


def _holds(words: list[str]) -> bool:
    match words:
        case [value]:
            return bool(value)
        case ["!", *rest]:
            return not _holds(rest)
        case ["-z", value]:
            return not value
        case ["-n", value]:
            return bool(value)
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, sign, right] if sign in _NUMERIC:
            try:
                return _NUMERIC[sign](int(left), int(right))
            except ValueError:
                return False
        case _:
            return True
