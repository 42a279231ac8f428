"""The keys of the cards that prove themselves here.

Keys of cards that this lock has made its own come from one secret that never leaves it, 16 bytes for each
number: HMAC-SHA256(secret, purpose, number, UID). So none is stored, and a card that was torn away while its
keys were written is recognised at its next visit. Keys of cards that the operator has handed out come from a
house key, which the operator has too: HouseKeys.

Key FINDING is the same in all cards of one secret: it finds out which card it is, where the card shows
another number each time. The versions of the keys, and a DESFire's application, show whose card it is before
any key is tried.
"""

from micropython import const

from storage.hmac import hmac_sha256
from storage.purposes import CARD_KEY, CARD_MARK

MASTER = const(0)  # written last
FINDING = const(1)
PROVING = const(2)


class CardKeys:
    """`secret` has 32 bytes. `marks`: the versions of the keys by number; `application`: a DESFire's;
    `finding`: the key FINDING; `shown`: the marks by which a card is known.

    `prefix` stands in front of the UID that a card has proved: nothing, or the house key's reference. So what
    was proved has 4, 7 or 10 bytes, or else 5, 8 or 11. access/card_dialogue.py makes none of the latter
    cards anybody's own, since whoever holds the house key can copy them.
    """

    prefix = b""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret  # and not its padded keys, which would be 200 bytes more for as long as this is
        self.set_marks(hmac_sha256(secret, CARD_MARK))

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID."""
        whose = b"" if number == FINDING else uid
        return hmac_sha256(self._secret, CARD_KEY, bytes((number,)), whose)[:16]

    def set_marks(self, mark: bytes) -> None:
        """Note what tells whose card it is, and the key FINDING."""
        self.application = mark[:3]
        self.marks = mark[3:8].replace(b"\0", b"\1")  # a factory's are 0
        self.shown = self.marks[:1] + self.marks[PROVING : PROVING + 1]
        self.finding = self.key(FINDING, b"")
