"""Has a card prove itself, or makes a new one a card of this lock, by code that is lent for that."""

import asyncio

from loader import Loan, is_calm, spare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.asking import Asking
    from readers.pn532 import PN532
    from roll.credentials import Credentials


class SecureCards:
    """`key` is the lock's. If no card was ever added or handed out, none is asked.

    The keys are read when the first card comes, or before that by keep(): a start does not wait for them.
    """

    def __init__(self, key: bytes, credentials: "Credentials") -> None:
        self._key, self._credentials = key, credentials
        self._secret, self._houses = b"", ()
        self._list: "bytes | None" = None  # the hash of the list that the house keys are of

    def _renew(self) -> None:
        """Read the keys; the house keys come with the list."""
        spare.clear()
        self._secret, self._houses = _read(self._key, self._credentials)
        self._list = self._credentials.hash

    def keep(self) -> None:
        """Have the code ready before a card comes, where that is away and there is room: call it each second.

        Where there is no memory, it is lent to each card.
        """
        is_new = self._list != self._credentials.hash
        if not spare and (is_new or self._secret or self._houses) and is_calm():
            try:
                if is_new:
                    self._renew()
                else:
                    spare.append(_load(self._key, self._secret, self._houses))
            except (ImportError, MemoryError, OSError):
                pass

    async def ask(self, reader: "PN532", uid: bytes, is_random: bool, adds: bool) -> "bytes | None":
        """The UID that the card at the reader has proved to be its own; None if it is none of this lock's.

        The UID of a card that the operator has handed out stands after its key's reference, one byte. With
        `adds` a factory-fresh card becomes one of this lock's; no bytes if it has its home elsewhere. Raises
        CardError, after which the card is to be asked again, and ReaderError. OSError: the flash is full.
        """
        if self._list != self._credentials.hash:
            self._renew()
            await asyncio.sleep_ms(0)  # what loads no more code meanwhile comes first
        if not (self._secret or self._houses or adds):
            return None
        asking = spare[0] if spare else _load(self._key, self._secret, self._houses)
        try:
            return await asking.ask(reader, uid, is_random, adds)
        finally:
            self._secret = asking.secret


def _read(*parts) -> "tuple[bytes, tuple[tuple[bytes, bytes], ...]]":
    with Loan():
        from readers.house_keys import read

        return read(*parts)


def _load(*parts) -> "Asking":
    with Loan():
        from readers.asking import Asking

        return Asking(*parts)
