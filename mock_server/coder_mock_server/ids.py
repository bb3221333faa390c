"""Seeded identities: the same seed gives the same UUIDs and tokens, in the order they are asked."""

from __future__ import annotations

import random
import string
import uuid

ALPHANUMERIC = string.ascii_letters + string.digits


class Ids:
    """A stream of ids. Not a source of secrets: whoever knows the seed knows them all."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """A version 4 UUID, lower-case with hyphens."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def text(self, length: int) -> str:
        """Alphanumeric characters."""
        return "".join(self._random.choices(ALPHANUMERIC, k=length))

    def bytes(self, length: int) -> bytes:
        """Random bytes, for key pairs."""
        return self._random.randbytes(length)

    def uniform(self, low: float, high: float) -> float:
        """A number between the two, for durations."""
        return self._random.uniform(low, high)

    def choice(self, items: tuple[str, ...]) -> str:
        """One of the items."""
        return self._random.choice(items)
