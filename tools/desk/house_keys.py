"""The keys of the cards that the operator hands out, all made from a house key, and how it goes to a lock.

A card's keys are made from the house key by NXP's AN10922, so none is stored. The lock makes the same in
firmware/readers/card_keys.py, and firmware/readers/README.md says which key is for what.
"""

import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from menshen import card_crypto as crypto
from menshen.operator.lists import HOUSE_KEY, Record, mac

SIZE = 16
"""Bytes of a house key."""

MASTER, FINDING, PROVING = range(3)
_CARD, _KEY, _WRAP = b"menshen house v1", b"menshen house key v1", b"menshen house wrap v1"
_MARK = 255


class HouseKeys:
    """`application` is a DESFire's; `marks` are the versions of the keys 0 to 4."""

    def __init__(self, house: bytes) -> None:
        self._house = house
        mark = self._made(_MARK, b"")
        self.application, self.marks = mark[:3], bytes(byte or 1 for byte in mark[3:8])

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID; FINDING is the same in all cards of the house."""
        return self._made(number, b"" if number == FINDING else uid)

    def _made(self, number: int, uid: bytes) -> bytes:
        return crypto.diversified(self._house, uid + bytes((number,)) + _CARD)


def wrapped(house: bytes, lock_key: bytes, reference: int) -> bytes:
    """A house key as the list of the lock with this key has it, under a key of its own for each reference."""
    key = mac(lock_key, _WRAP + bytes((reference,)))[:16]
    one_block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 (of a random key)
    return one_block.update(house)


def records(reference: int, wrapped_key: bytes) -> list[bytes]:
    """The two records of the list that bring it, a half in each: firmware/roll/README.md."""
    parts = zip(halves(reference), struct.iter_unpack("<II", wrapped_key), strict=True)
    return [
        Record(digest, HOUSE_KEY, not_before=begin, not_after=end, key_ref=reference).data()
        for digest, (begin, end) in parts
    ]


def halves(reference: int) -> list[bytes]:
    """The digests of these two records."""
    return [hashlib.sha256(_KEY + bytes((reference, half))).digest()[:16] for half in range(2)]


def digest(lock_key: bytes, reference: int, uid: bytes) -> bytes:
    """What stands for the card of this UID in the list of the lock with this key."""
    return mac(lock_key, b"\x08" + bytes((reference,)) + uid)[:16]
