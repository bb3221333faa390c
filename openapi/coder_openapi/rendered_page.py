"""Placeholder, filled in next."""

from __future__ import annotations

from .markdown import Block


def parse_rendered_page(page: str, text: str) -> tuple[Block, ...]:
    raise NotImplementedError
