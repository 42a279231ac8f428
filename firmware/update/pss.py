"""Verifies releases' signatures: RSASSA-PSS, SHA-256, RSA-3072 (RFC 8017, 8.1.2; PS256 of RFC 7518).

A number of 3,072 bits is a list of eight parts of 384 bits, the last one first, and products are Montgomery's
(P. L. Montgomery, Modular multiplication without trial division, 1985): so no piece of memory is longer than
112 bytes.
"""

import asyncio

from micropython import const

from storage.hmac import equal, hashed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PART = const(48)  # bytes of a part of the modulus, and of a signature
PARTS = const(8)
_BITS = const(384)
_MASK = int.from_bytes(b"\xff" * PART, "big")  # worked out on the chip: written out it has 116 digits
_HASH = const(32)
_SALT = const(32)  # as long as the hash: RFC 7518, section 3.5


async def verify(message: "bytes | memoryview", parts: "list[Any]") -> bool:
    """Whether the signature is the message's, under the key of this modulus and the exponent 65,537.

    `parts` are signature and modulus, each in eight pieces of 48 bytes; they are taken out, to free their
    memory. It is computed in 224 steps, and the door has its turn between them.
    """
    number, n = [_read(pieces) for pieces in parts]
    parts.clear()
    if len(number) != PARTS or len(n) != PARTS or not n[-1] >> _BITS - 1 or _less(number + [0], n) != number:
        return False
    power = await _power(number, n)
    number = n = None
    return _is_pss(hashed(message), power)


def _read(pieces: list) -> "list[int]":
    """A number's parts, the last one first; none if a piece is too long or too short."""
    if [len(piece) for piece in pieces] != [PART] * PARTS:
        return []
    return [int.from_bytes(piece, "big") for piece in reversed(pieces)]


async def _power(number: "list[int]", n: "list[int]") -> "list[int]":
    """number ** 65,537 modulo n."""
    inverse = 1  # -1/n modulo 2 ** _BITS, by Newton's method: twice as many bits are right each time
    for _ in range(9):
        inverse = inverse * (2 + n[0] * inverse & _MASK) & _MASK
    power = _less([0] * PARTS + [1], n)  # r, which is 2 ** 3072, modulo n
    for _ in range(3):
        power = _less([part << 1 for part in power] + [0], n)
    for _ in range(10):  # 8r, squared, is 64r, ... 8 ** 1024 * r, which is r * r
        power = await _times(power, power, n, inverse)
    power = await _times(number, power, n, inverse)
    for _ in range(16):
        power = await _times(power, power, n, inverse)
    return await _times(power, number, n, inverse)


async def _times(a: "list[int]", b: "list[int]", n: "list[int]", inverse: int) -> "list[int]":
    """a · b / 2 ** 3072 modulo n."""
    sums = [0] * (PARTS + 1)
    for part in a:
        multiple = (sums[0] + part * b[0] & _MASK) * inverse & _MASK  # of n, so that the last part is 0
        carry = 0
        for i in range(PARTS):
            carry += sums[i] + part * b[i]
            carry += multiple * n[i]
            if i:
                sums[i - 1] = carry & _MASK
            carry >>= _BITS
        carry += sums[PARTS]
        sums[PARTS - 1], sums[PARTS] = carry & _MASK, carry >> _BITS
        await asyncio.sleep_ms(0)
    return _less(sums, n)


def _less(sums: "list[int]", n: "list[int]") -> "list[int]":
    """A number of five parts, less n if it is not below n."""
    borrow, less = 0, []
    for i in range(PARTS):
        borrow += sums[i] - n[i]
        less.append(borrow & _MASK)
        borrow >>= _BITS
    return sums[:PARTS] if sums[PARTS] + borrow < 0 else less


def _is_pss(digest: bytes, encoded: "list[int]") -> bool:
    """EMSA-PSS-VERIFY (RFC 8017, 9.1.2) for 3,071 bits: one bit at the left is unused."""
    blocks = []
    while encoded:
        two = encoded.pop().to_bytes(PART, "big") + encoded.pop().to_bytes(PART, "big")
        blocks += [bytearray(two[at : at + _HASH]) for at in range(0, 2 * PART, _HASH)]
    end = blocks.pop()  # the hash is the last byte of the block before, and all of this but one
    inner = bytes(blocks[-1][-1:] + end[:-1])
    if end[-1] != 0xBC or blocks[0][0] & 0x80:
        return False
    for n in range(len(blocks)):  # the mask of B.2.1, with SHA-256
        block, mask = blocks[n], hashed(inner + n.to_bytes(4, "big"))
        for i in range(_HASH):
            block[i] ^= mask[i]
    blocks[0][0] &= 0x7F
    last = blocks.pop()[:-1]
    last = blocks.pop() + last  # zeros, 1, and the salt
    if any(map(any, blocks)) or any(last[: -_SALT - 1]) or last[-_SALT - 1] != 1:
        return False
    return equal(inner, hashed(bytes(8) + digest + bytes(last[-_SALT:])))
