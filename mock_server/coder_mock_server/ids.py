"""Seeded identities: the same seed gives the same UUIDs and tokens, in the order they are asked."""

from __future__ import annotations

import random
import re
import string
import uuid

_HYPHENATED = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_DIGITS = re.compile("[0-9a-f]{32}", re.I)
ALPHANUMERIC = string.ascii_letters + string.digits


class Ids:
    """A stream of ids. Not a source of secrets: whoever knows the seed knows them all."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """A version 4 UUID, lower-case with hyphens."""
        digits = f"{self._random.getrandbits(128):032x}"
        # The version, and the variant in the two highest bits of its digit.
        variant = "89ab"[int(digits[16], 16) & 3]
        return (
            f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
        )

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


def parse_uuid(text: str) -> str | None:
    """The canonical form, or `None`. Takes what the API takes: bare, in braces, `urn:uuid:`.

    Of the braces only the room that they take counts, as in the library that a real server uses.
    """
    length = len(text)
    if length == 38:
        text = text[1:37]
    elif length == 45 and text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif length == 32 and _DIGITS.fullmatch(text):
        text = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return text.lower() if _HYPHENATED.fullmatch(text) else None


def uuid_problem(text: str) -> str:
    """What the API says about text that is no UUID."""
    size = len(text.encode("utf-8", "replace"))
    if size == 45 and text[:9].lower() != "urn:uuid:":
        return f'invalid urn prefix: "{text[:9]}"'
    return "invalid UUID format" if size in (36, 32, 38, 45) else f"invalid UUID length: {size}"


def derived(seed: int, kind: str, number: int) -> str:
    """The id of the n-th record of a kind that takes no part in the stream of ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"coder-mock {kind} {seed} {number}"))
