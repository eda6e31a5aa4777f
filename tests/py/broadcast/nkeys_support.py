"""Keys and signed statements of NATS for tests, by the algorithm's definition (RFC 8032, section 5.1): slow, short, and none of the product's."""

from __future__ import annotations

import base64
import hashlib
import json

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

#: What the first byte of a key says.
OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3


def _add(one, two):
    (a, b), (c, d) = one, two
    product = D * a * b * c * d % P
    return (
        (a * d + b * c) * pow(1 + product, -1, P) % P,
        (b * d + a * c) * pow(1 - product, -1, P) % P,
    )


def _times(number, point):
    result = (0, 1)
    while number:
        if number & 1:
            result = _add(result, point)
        point, number = _add(point, point), number >> 1
    return result


def _base():
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x & 1 else x), y


BASE = _base()


def _packed(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _text(data):
    checksum = 0
    for byte in data:
        checksum ^= byte << 8
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x1021 if checksum & 0x8000 else 0)) & 0xFFFF
    return base64.b32encode(data + checksum.to_bytes(2, "little")).decode().rstrip("=")


def _url_safe(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    """A key of an operator, an account or a user."""

    def __init__(self, kind, secret):
        digest = hashlib.sha512(secret).digest()
        self._scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
        self._prefix = digest[32:]
        self._public = _packed(_times(self._scalar, BASE))
        self.seed = _text(bytes([SEED | kind >> 5, kind << 3 & 0xFF]) + secret)
        self.name = _text(bytes([kind]) + self._public)

    def sign(self, message):
        nonce = _number(self._prefix, message) % ORDER
        commitment = _packed(_times(nonce, BASE))
        challenge = _number(commitment, self._public, message)
        return commitment + ((nonce + challenge * self._scalar) % ORDER).to_bytes(32, "little")

    def states(self, subject, claims, **more):
        """A JWT by this key about another one."""
        parts = [
            {"typ": "JWT", "alg": "ed25519-nkey"},
            {"jti": "test", "iat": 1700000000, "iss": self.name, "sub": subject.name, "nats": claims, **more},
        ]
        text = ".".join(_url_safe(json.dumps(part).encode()) for part in parts)
        return f"{text}.{_url_safe(self.sign(text.encode()))}"


def credentials(statement, key):
    """What a .creds file has in it."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{statement}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{key.seed}\n------END USER NKEY SEED------\n"
    )
