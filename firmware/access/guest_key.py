"""Tells a guest key that came over whole from one with a slip in it, and from the keys of 0.1.0.

A guest key has 16 bytes: 14 random ones, and the first two of SHA-256(GUEST_KEY_CHECK, those 14). One in
65,536 of the old keys looks like that by chance.
"""

from hashlib import sha256

from micropython import const

from storage.purposes import GUEST_KEY_CHECK

_RANDOM = const(14)


def complete(key: bytes) -> bytes:
    """The guest key that begins like these 14 or more random bytes."""
    key = key[:_RANDOM]
    return key + sha256(GUEST_KEY_CHECK + key).digest()[:2]


def is_complete(key: bytes) -> bool:
    """Whether it is a key of today, whose codes have twelve digits."""
    return complete(key) == key
