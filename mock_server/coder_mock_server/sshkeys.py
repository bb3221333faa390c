"""Ed25519 key pairs from given bytes, in OpenSSH's formats.

Only the derivation of a public key is here (RFC 8032, section 5.1.5): nothing is signed, and the
bytes come from a seed, so the keys are real in form and worthless as secrets.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap

_P = 2**255 - 19
_D = -121665 * pow(121666, _P - 2, _P) % _P
_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_KIND = b"ssh-ed25519"

_Point = tuple[int, int, int, int]


def key_pair(seed: bytes) -> tuple[str, str]:
    """Public key line and private key file for 32 bytes of seed."""
    public = _public(seed)
    blob = _field(_KIND) + _field(public)
    check = seed[:4] * 2
    secret = check + blob + _field(seed + public) + _field(b"")
    secret += bytes(range(1, 1 + -len(secret) % 8))
    parts = (b"none", b"none", b"")
    body = b"openssh-key-v1\0" + b"".join(map(_field, parts)) + (1).to_bytes(4, "big")
    body += _field(blob) + _field(secret)
    lines = "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 70))
    private = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"
    return f"{_KIND.decode()} {base64.b64encode(blob).decode()}\n", private


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _public(seed: bytes) -> bytes:
    scalar = bytearray(hashlib.sha512(seed).digest()[:32])
    scalar[0] &= 248
    scalar[31] &= 127
    scalar[31] |= 64
    x, y, z, _ = _times(int.from_bytes(scalar, "little"), _base())
    inverse = pow(z, _P - 2, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> _Point:
    y = _BASE_Y
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    x = _P - x if x & 1 else x
    return x, y, 1, x * y % _P


def _times(scalar: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _add(one: _Point, two: _Point) -> _Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * one[3] * two[3] * _D % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P
