"""Asks a card who it is, and makes it one of this lock's where that is wanted; lent for that."""

from loader import Loan
from readers.card_keys import CardKeys, HouseKeys
from readers.identify import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.pn532 import PN532


class Asking:
    """`key` is the lock's; `secret` is its cards', no bytes if it is to be made for the first card.

    `houses` are (reference, house key) of the cards that the operator has handed out.
    """

    def __init__(self, key: bytes, secret: bytes, houses: "tuple[tuple[bytes, bytes], ...]") -> None:
        self._key, self.secret = key, secret
        self._every = [CardKeys(secret)] if secret else []
        self._every += [HouseKeys(*house) for house in houses]

    async def ask(self, reader: "PN532", uid: bytes, is_random: bool, adds: bool) -> "bytes | None":
        """As SecureCards.ask()."""
        found = await identify(reader, uid, is_random, self._every)
        if found is not None or not adds:
            return found
        return await self._personalise(reader, self._every[0] if self.secret else self._first())

    def _first(self) -> CardKeys:
        """The keys of a secret that is made now."""
        with Loan():
            from readers.card_secret import make

            self.secret = make(self._key)
        self._every.insert(0, CardKeys(self.secret))
        return self._every[0]

    async def _personalise(self, reader: "PN532", keys: CardKeys) -> "bytes | None":
        async with Loan():
            from readers.personalise import personalise

            return await personalise(reader, keys)
