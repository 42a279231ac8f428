"""Has a card prove itself, or makes a new one a card of this lock, by code that is lent for that."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.asking import Asking
    from readers.pn532 import PN532


class SecureCards:
    """`key` is the lock's. Where no card was ever added, none is asked."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._secret = _secret(key)

    async def ask(self, reader: "PN532", uid: bytes, is_random: bool, adds: bool) -> "bytes | None":
        """The UID that the card at the reader has proved to be its own; None if it is none of this lock's.

        With `adds` a factory-fresh one becomes one of this lock's; no bytes if it has its home elsewhere.
        Raises CardError, after which it is to be asked again, and ReaderError. OSError: the flash is full.
        """
        if not self._secret and not adds:
            return None
        asking = _load(self._key, self._secret)
        try:
            return await asking.ask(reader, uid, is_random, adds)
        finally:
            self._secret = asking.secret


def _secret(key: bytes) -> bytes:
    with Loan():
        from readers.card_secret import read

        return read(key)


def _load(key: bytes, secret: bytes) -> "Asking":
    with Loan():
        from readers.asking import Asking

        return Asking(key, secret)
