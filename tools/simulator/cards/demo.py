"""The cards beside the demo lock that prove themselves, as that lock has personalised them.

The secret of a lock's cards never leaves it, so here the simulator makes both. firmware/readers/card_keys.py
has how keys are made from it, firmware/storage/sealed.py how it lies in the flash.
"""

import hmac
import struct

from menshen.operator.lists import mac

from .applications import Application
from .card import Card
from .desfire import Desfire
from .ev2 import Ev2Card
from .keys import KeySlot
from .ntag424 import Ntag424
from .plain import demo_cards

PATH = "/access/cards"
_FINDING, _DESFIRE_KEYS = 1, 3
_SETTINGS = 0x09  # of a DESFire's application: firmware/readers/personalise.py


class CardSecret:
    """One lock's."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        mark = mac(secret, b"menshen card mark v1")
        self.application, self.marks = mark[:3], bytes(byte or 1 for byte in mark[3:8])

    @classmethod
    def of_demo(cls, key: bytes) -> "CardSecret":
        """That of the demo lock with this key."""
        return cls(mac(key, b"the demo's cards"))

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID."""
        own = b"" if number == _FINDING else uid
        return mac(self._secret, b"menshen card key v1" + bytes((number,)) + own)[:16]

    def enrol(self, card: Ev2Card) -> Ev2Card:
        """The card, as it leaves the lock."""
        slots = [KeySlot(card.limits) for _ in range(_DESFIRE_KEYS)]
        if isinstance(card, Ntag424):
            slots = card.keys
            card.random_uid, card.files[2].rights = True, b"\x00\x00"
        elif isinstance(card, Desfire):
            card.applications[self.application] = Application(_SETTINGS, slots)
        for number, slot in enumerate(slots):
            slot.change(self.key(number, card.uid), self.marks[number])
        return card

    def file(self, key: bytes) -> dict[str, bytes]:
        """How it lies in the flash of the lock with this key, path to contents."""
        body = struct.pack("<I", 1) + self._secret
        sealed = body + hmac.digest(mac(key, b"menshen cards v1"), body, "sha256")
        return {PATH: sealed, PATH + ".old": sealed}


def secure_demo_cards(secret: CardSecret) -> dict[str, Card]:
    """The tenant's NTAG 424 DNA and the cleaner's DESFire; an old card, a new one, and a stranger's."""
    plain = demo_cards()
    return {
        "tenant": secret.enrol(Ntag424("tenant", plain["tenant"].uid)),
        "cleaner": secret.enrol(Desfire("cleaner", plain["cleaner"].uid)),
        "old": Card("old", bytes.fromhex("04B1C2D3E4F5A6")),
        "new": Ntag424("new", bytes.fromhex("04C1D2E3F4A5B6")),
        "stranger": plain["stranger"],
    }
