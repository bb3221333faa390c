"""How strong a password must be, and how it is kept."""

from __future__ import annotations

import hashlib
import hmac
import math
import operator
from collections.abc import Callable
from functools import partial

MINIMUM_BITS = 52
MAXIMUM_LENGTH = 64
_SPECIAL = "!@$&*"
_SEPARATORS = "_-., "
_OTHER = "\"#%'()+/:;<=>?[\\]^{|}~`"
_POOLS = (
    ("abcdefghijklmnopqrstuvwxyz", 26),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 26),
    ("0123456789", 10),
    (_SPECIAL, 5),
    (_SEPARATORS, 5),
    (_OTHER, 22),
)
_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_ROUNDS = 500  # Our choice: a fake guards no secret, and sign-in must be quick.


def weakness(password: str) -> str:
    """Why the password is refused, in the API's words; empty when it is good enough."""
    if entropy(password) < MINIMUM_BITS:
        return _advice(password)
    if len(password.encode()) > MAXIMUM_LENGTH:
        return f"password must be no more than {MAXIMUM_LENGTH} characters"
    return ""


def entropy(password: str) -> float:
    """Estimated bits: the length without repetitions and runs, times the bits of one character."""
    pool = _pool(password)
    return _length(password) * math.log2(pool) if pool else 0.0


def _pool(password: str) -> int:
    size, known = 0, set[str]()
    for characters, count in _POOLS:
        if any(char in characters for char in password):
            size += count
        known.update(characters)
    return size + len(set(password) - known)


def _length(password: str) -> int:
    """Characters that count: of one repeated and of a run along a row only the first two do."""
    short = _shortened(password, operator.eq)
    for row in _RUNS:
        for run in (row, row[::-1]):
            short = _shortened(short, partial(_follows, run))
    return len(short)


def _follows(run: str, first: str, second: str) -> bool:
    return first + second in run


def _shortened(text: str, follows: Callable[[str, str], bool]) -> str:
    kept: list[str] = []
    chain = 0
    previous = ""
    for char in text:
        chain = chain + 1 if previous and follows(previous, char) else 0
        if chain < 2:
            kept.append(char)
        previous = char
    return "".join(kept)


def _advice(password: str) -> str:
    hints = []
    kinds = (_SPECIAL, _SEPARATORS, _OTHER)
    if not all(any(char in kind for char in password) for kind in kinds):
        hints.append("including more special characters")
    if not any("a" <= char <= "z" for char in password):
        hints.append("using lowercase letters")
    if not any("A" <= char <= "Z" for char in password):
        hints.append("using uppercase letters")
    if not any("0" <= char <= "9" for char in password):
        hints.append("using numbers")
    if not hints:
        return "insecure password, try using a longer password"
    return f"insecure password, try {', '.join(hints)} or using a longer password"


def hash_password(password: str, salt: bytes) -> str:
    """What is stored: `salt$digest`, both in hex."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "replace"), salt, _ROUNDS)
    return f"{salt.hex()}${digest.hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether this is the password behind `stored`; never for users without one."""
    salt, _, _ = stored.partition("$")
    if not salt:
        return False
    return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)
