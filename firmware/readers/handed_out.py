"""The keys of the cards that the operator has handed out; loaded where the list has such cards."""

from micropython import const

from readers.card_keys import FINDING, CardKeys
from readers.ev2 import cmac
from storage.purposes import HOUSE_CARD

_MARK = const(255)  # the number of no key


class HouseKeys(CardKeys):
    """Keys that AN10922, 2.2, makes of a house key of 16 bytes; `reference` is the list's, one byte.

    Its input is over 16 bytes with every UID, and so it is a CMAC as any other.
    """

    def __init__(self, reference: bytes, house: bytes) -> None:
        self.prefix, self._house = reference, house
        self.set_marks(self.key(_MARK, b""))

    def key(self, number: int, uid: bytes) -> bytes:
        """A key of the card of this UID."""
        uid = b"" if number == FINDING else uid
        return cmac(self._house, b"\1" + uid + bytes((number,)) + HOUSE_CARD)
