"""Verifies releases' signatures: RSASSA-PSS, SHA-256, RSA-3072 (RFC 8017, 8.1.2; PS256 of RFC 7518)."""

import asyncio
from hashlib import sha256

from micropython import const

from storage.hmac import equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIZE = const(384)  # bytes of the modulus, and of a signature
_HASH = const(32)
_SALT = const(32)  # as long as the hash: RFC 7518, section 3.5


async def verify(message: "bytes | memoryview", parts: "list[Any]") -> bool:
    """Whether the signature is the message's, under the key of this modulus and the exponent 65,537.

    `parts` are signature and modulus, of 3,072 bits each; they are taken out, to free their memory. It is
    computed in seventeen steps, and the door has its turn between them.
    """
    signature, modulus = parts
    parts.clear()
    if len(signature) != SIZE or len(modulus) != SIZE or not modulus[0] & 0x80:
        return False
    n = int.from_bytes(modulus, "big")
    number = power = int.from_bytes(signature, "big")
    signature = modulus = None
    if number >= n:
        return False
    for _ in range(16):
        power = _times(power, power, n)
        await asyncio.sleep_ms(0)
    power = _times(power, number, n)
    return _is_pss(sha256(message).digest(), power.to_bytes(SIZE, "big"))


def _times(a: int, b: int, n: int) -> int:
    """a·b mod n. In parts, so that no number is longer than 450 bytes, which are in one piece."""
    product = 0
    for shift in range(2560, -1, -512):
        product = ((product << 512) + (a >> shift & (1 << 512) - 1) * b) % n
    return product


def _is_pss(digest: bytes, encoded: bytes) -> bool:
    """EMSA-PSS-VERIFY (RFC 8017, 9.1.2) for 3,071 bits: one bit at the left is unused."""
    end = SIZE - _HASH - 1
    if encoded[-1] != 0xBC or encoded[0] & 0x80:
        return False
    inner = encoded[end:-1]
    data = _mgf1(inner, end)
    for i in range(end):
        data[i] ^= encoded[i]
    data[0] &= 0x7F
    start = end - _SALT - 1
    if data[start] != 1 or any(data[:start]):
        return False
    return equal(inner, sha256(bytes(8) + digest + bytes(data[end - _SALT :])).digest())


def _mgf1(seed: bytes, size: int) -> bytearray:
    """The mask of RFC 8017, B.2.1, with SHA-256."""
    mask = bytearray()
    counter = 0
    while len(mask) < size:
        mask += sha256(seed + counter.to_bytes(4, "big")).digest()
        counter += 1
    return mask[:size]
