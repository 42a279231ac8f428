"""Hands a key to the tenant's phone: the card reader plays a tag for a while."""

from time import ticks_ms

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from door.indicator import Indicator
    from readers.card_reader import CardReader


class Phone:
    """`lock` is the lock's name, which the phone shows."""

    def __init__(self, lock: str, reader: "CardReader", indicator: "Indicator") -> None:
        self._lock, self._reader, self._indicator = lock, reader, indicator

    def hand_over(self, role: int, key: bytes) -> None:
        """Offer a guest key or a home code (people/residents.py), and nothing else any more.

        With no bytes nothing at all. The tag's code is there for as long as the tag is.
        """
        if not key:
            self.end()
            return
        with Loan():
            from access.phone_note import note
            from readers.phone_tag import PhoneTag

            tag = PhoneTag(note(self._lock, role, key), self._show, self._read)
        self._reader.lend(tag)

    def end(self) -> None:
        """Offer nothing any more."""
        self._reader.lend(None)

    def _show(self, waits: bool) -> None:
        self._indicator.set("enrolling", waits)

    def _read(self) -> None:
        self._indicator.say("kept", ticks_ms())
