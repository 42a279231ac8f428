"""Has a card prove itself, or makes a new one a card of this lock by code that is lent for that."""

from loader import Loan
from readers.card_keys import CardKeys
from readers.identify import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.pn532 import PN532
    from roll.credentials import Credentials


class SecureCards:
    """`key` is the lock's. If no card was ever added or handed out, none is asked.

    `secret` is its cards', no bytes if it is to be made for the first one; `every` has the keys of all cards
    that are known here.
    """

    def __init__(self, key: bytes, credentials: "Credentials") -> None:
        self.key, self._credentials = key, credentials
        self.secret, self.every = b"", []
        self._list = None  # whose house keys these are

    async def renew(self) -> None:
        """Read the keys; those of cards that the operator has handed out come with the list."""
        async with Loan():
            from readers.house_keys import read

            now = self._credentials.hash
            self.secret, self.every = read(self.key, self._credentials)
            if self.secret:
                self.every.insert(0, CardKeys(self.secret))
            self._list = now

    async def ask(self, reader: "PN532", uid: bytes, is_random: bool, adds: bool) -> "bytes | None":
        """The UID that the card at the reader has proved to be its own; None if it is none of this lock's.

        The UID of a card that the operator has handed out stands after its key's reference, one byte. With
        `adds` a factory-fresh card becomes one of this lock's; no bytes if it has its home elsewhere. Raises
        CardError, after which the card is to be asked again, and ReaderError. OSError: the flash is full.
        """
        if self._list != self._credentials.hash:
            await self.renew()
        if not (self.every or adds):
            return None
        found = await identify(reader, uid, is_random, self.every)
        if found is not None or not adds:
            return found
        return await self._add(reader)

    async def _add(self, reader: "PN532") -> "bytes | None":
        async with Loan():
            from readers.personalise import add

            return await add(self, reader)
