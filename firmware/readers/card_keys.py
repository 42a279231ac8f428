"""The keys of the cards that prove themselves here, all made from one secret that never leaves the lock.

A card has keys of its own, 16 bytes for each number: HMAC-SHA256(secret, purpose, number, UID). So none is
stored, and a card that was torn away while its keys were written is known at its next visit. Key FINDING is
the same in all cards of this lock: it finds out which card it is, where the card shows another number each
time. The versions of the keys, and a DESFire's application, tell before any key is tried whose card it is.
"""

from micropython import const

from storage.hmac import Mac
from storage.purposes import CARD_KEY, CARD_MARK

MASTER = const(0)  # written last
FINDING = const(1)
PROVING = const(2)


class CardKeys:
    """`secret` has 32 bytes. `marks`: the versions of the keys by number; `application`: a DESFire's."""

    def __init__(self, secret: bytes) -> None:
        self._mac = Mac(secret)
        mark = self._mac.digest(CARD_MARK)
        self.application = mark[:3]
        self.marks = mark[3:8].replace(b"\0", b"\1")  # a factory's are 0

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID."""
        return self._mac.digest(CARD_KEY, bytes((number,)), b"" if number == FINDING else uid)[:16]
