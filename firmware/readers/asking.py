"""Asks a card who it is, and makes it one of this lock's where that is wanted; lent for that."""

from loader import Loan
from readers.card_keys import CardKeys
from readers.identify import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.pn532 import PN532


class Asking:
    """`key` is the lock's; `secret` is its cards', no bytes if it is to be made for the first card.

    `houses` are (reference, house key) of the cards that the operator has handed out.
    """

    def __init__(self, key: bytes, secret: bytes, houses: "tuple[tuple[bytes, bytes], ...]") -> None:
        self.key, self.secret = key, secret
        self.every = [CardKeys(secret)] if secret else []
        if houses:
            with Loan():
                from readers.handed_out import of_houses

                self.every += of_houses(houses)

    async def ask(self, reader: "PN532", uid: bytes, is_random: bool, adds: bool) -> "bytes | None":
        """As SecureCards.ask()."""
        found = await identify(reader, uid, is_random, self.every)
        if found is not None or not adds:
            return found
        return await self._add(reader)

    async def _add(self, reader: "PN532") -> "bytes | None":
        async with Loan():
            from readers.personalise import add

            return await add(self, reader)
