"""Whether a regular expression would be taken by Go, and what Go says when not.

Python's engine finds the faults; those that only Go has (look-around, back references) are looked
for by hand.
"""

from __future__ import annotations

import re

_ONLY_PERL = re.compile(r"\(\?(?:[=!]|<[=!]|>|\(|#)")
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9])")


def problem(pattern: str) -> str:
    """Go's words about the pattern's first fault; empty when there is none."""
    if found := _ONLY_PERL.search(pattern):
        return _said("invalid or unsupported Perl syntax", found.group())
    if found := _BACK_REFERENCE.search(pattern):
        return _said("invalid escape sequence", found.group(1))
    try:
        re.compile(pattern)
    except re.error as error:
        return _translated(pattern, error.msg, error.pos or 0)
    return ""


def _translated(pattern: str, message: str, at: int) -> str:
    rest = pattern[at:]
    if "unterminated subpattern" in message:
        return _said("missing closing )", pattern)
    if "unbalanced parenthesis" in message:
        return _said("unexpected )", pattern)
    if "unterminated character set" in message:
        return _said("missing closing ]", rest)
    if "nothing to repeat" in message:
        return _said("missing argument to repetition operator", rest[:1])
    if "multiple repeat" in message:
        return _said("invalid nested repetition operator", pattern[max(0, at - 1) : at + 1])
    if "bad character range" in message:
        return _said("invalid character class range", rest.split("]")[0])
    if "min repeat greater than max" in message:
        count = pattern[pattern.rfind("{", 0, at + 1) :]
        return _said("invalid repeat count", count[: count.find("}") + 1])
    if "end of pattern" in message or "escape" in message:
        return (
            "error parsing regexp: trailing backslash at end of expression: ``"
            if rest == "\\"
            else _said("invalid escape sequence", rest[:2])
        )
    return _said("invalid or unsupported Perl syntax", rest[:3])


def _said(what: str, where: str) -> str:
    return f"error parsing regexp: {what}: `{where}`"
