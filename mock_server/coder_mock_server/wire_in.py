"""What comes in: query parameters and bodies, read as leniently and refused as the API does."""

from __future__ import annotations


class Query:
    """Placeholder, replaced by the input reader."""


class Body:
    """Placeholder, replaced by the input reader."""
