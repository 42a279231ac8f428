"""SHA-256, HMAC-SHA256 (RFC 2104) with the padded keys made once, and a comparison in constant time."""

from hashlib import sha256
from os import urandom

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCK = const(64)  # SHA-256 block, bytes (FIPS 180-4, section 1)


def hashed(data: "bytes | bytearray | memoryview") -> bytes:
    """The SHA-256 of some bytes."""
    return sha256(data).digest()


class Mac:
    """HMAC-SHA256 under one key. Stores the two padded keys, since hashlib here has no copy()."""

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = hashed(key)
        inner = bytearray(b"\x36" * _BLOCK)
        outer = bytearray(b"\x5c" * _BLOCK)
        for i in range(len(key)):  # enumerate() would leave 2 KB of tuples
            inner[i] ^= key[i]
            outer[i] ^= key[i]
        self._inner = inner
        self._outer = outer

    def digest(self, *parts: bytes) -> bytes:
        """The 32-byte MAC of the parts, one after the other."""
        return self.digest_of(parts)

    def digest_of(self, parts: "Iterable[bytes | bytearray | memoryview]") -> bytes:
        """The same of an iterable, which may give one buffer again and again."""
        inner = sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()

    def random(self, purpose: bytes) -> bytes:
        """32 random bytes. The chip's generator is weak while the radio is off; the key makes up for that."""
        return self.digest(purpose, urandom(32))


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """The 32-byte HMAC-SHA256 of the parts, one after the other, under the key."""
    return Mac(key).digest(*parts)


def equal(a: bytes, b: bytes) -> bool:
    """Whether a and b are the same, in a time that depends on their lengths only."""
    if len(a) != len(b):
        return False
    different = 0
    for i in range(len(a)):
        different |= a[i] ^ b[i]
    return different == 0
