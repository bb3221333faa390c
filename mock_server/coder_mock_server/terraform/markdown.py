"""Markdown to plain text, as descriptions of parameters are shown where nothing renders them."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]*)(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)(?:\s+\"[^\"]*\")?\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_]+?)(?<=\S)\1(?![\w*])")
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_CODE = re.compile(r"`([^`]+)`")
_HEADING = re.compile(r"(?m)^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_QUOTE = re.compile(r"(?m)^\s{0,3}>\s?")
_FENCE = re.compile(r"(?m)^```.*\n?")


def plain_text(markdown: str) -> str:
    """The words without their marks; a link keeps its address in brackets."""
    text = _FENCE.sub("", markdown)
    text = _IMAGE.sub(r"\1 (\2)", text)
    text = _LINK.sub(r"\1 (\2)", text)
    text = _CODE.sub(r"\1", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _STRUCK.sub(r"\1", text)
    text = _HEADING.sub(r"\1", text)
    text = _QUOTE.sub("", text)
    return text.strip()
