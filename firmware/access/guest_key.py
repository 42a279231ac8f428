"""What residents' keys look like outside the lock.

A home key is a code that a tenant types into Home Assistant: 20 letters and digits, 100 bits.

A guest key has 16 bytes: 14 random ones, and the first two of SHA-256(GUEST_KEY_CHECK, those 14). So it
tells one that came over whole from one with a slip in it, and from the keys of 0.1.0, of which one in 65,536
looks like that by chance.
"""

from micropython import const

from storage.hmac import hashed
from storage.purposes import GUEST_KEY_CHECK

_RANDOM = const(14)
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no two look alike: no l and o, no 0 and 1


def complete(key: bytes) -> bytes:
    """The guest key that begins like these 14 or more random bytes."""
    key = key[:_RANDOM]
    return key + hashed(GUEST_KEY_CHECK + key)[:2]


def is_complete(key: bytes) -> bool:
    """Whether it is a key of today, whose codes have twelve digits."""
    return complete(key) == key


def letters(key: bytes) -> str:
    """The code that a resident's home key (16 bytes) stands for: its first 100 bits, five a letter."""
    bits = int.from_bytes(key[:13], "big") >> 4
    return "".join([_LETTERS[bits >> place & 31] for place in range(95, -1, -5)])
