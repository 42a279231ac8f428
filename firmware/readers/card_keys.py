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

from readers.ev2 import cmac
from storage.hmac import Mac
from storage.purposes import CARD_KEY, CARD_MARK, HOUSE_CARD

MASTER = const(0)  # written last
FINDING = const(1)
PROVING = const(2)
_MARK = const(255)  # the number of no key


class CardKeys:
    """`secret` has 32 bytes. `marks`: the versions of the keys by number; `application`: a DESFire's.

    `prefix` stands in front of the UID that a card has proved: nothing, or the house key's reference. So what
    was proved has 4, 7 or 10 bytes, or else 5, 8 or 11. access/card_dialogue.py makes none of the latter
    cards anybody's own, since whoever holds the house key can copy them.
    """

    prefix = b""

    def __init__(self, secret: bytes) -> None:
        self._mac = Mac(secret)
        self._set_marks(self._mac.digest(CARD_MARK))

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID."""
        return self._made(number, b"" if number == FINDING else uid)

    def _made(self, number: int, uid: bytes) -> bytes:
        return self._mac.digest(CARD_KEY, bytes((number,)), uid)[:16]

    def _set_marks(self, mark: bytes) -> None:
        self.application = mark[:3]
        self.marks = mark[3:8].replace(b"\0", b"\1")  # a factory's are 0


class HouseKeys(CardKeys):
    """Keys that AN10922, 2.2, makes of a house key of 16 bytes; `reference` is the list's, one byte.

    Its input is longer than 16 bytes with every UID, so it is an ordinary CMAC.
    """

    def __init__(self, reference: bytes, house: bytes) -> None:
        self.prefix, self._house = reference, house
        self._set_marks(self._made(_MARK, b""))

    def _made(self, number: int, uid: bytes) -> bytes:
        return cmac(self._house, b"\1" + uid + bytes((number,)) + HOUSE_CARD)
