"""Presents a key to a resident's phone, as an NFC tag that the card reader emulates for a while."""

from time import ticks_ms

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from door.indicator import Indicator
    from readers.card_reader import CardReader


class Phone:
    """The phone at the reader. `lock` is the lock's name, which the phone displays.

    Without a PN532 (`reader` is None) nothing can be presented, and nothing is.
    """

    def __init__(self, lock: str, reader: "CardReader | None", indicator: "Indicator") -> None:
        self._lock, self._reader, self._indicator = lock, reader, indicator

    def present(self, what: int, key: bytes) -> None:
        """Present a GUEST_KEY or HOME_KEY (people/residents.py) in place of the one before, if any.

        An empty key ends it. The code of the tag stays loaded for as long as the tag is presented.
        """
        if not key or self._reader is None:
            self.end()
            return
        with Loan():
            from access.phone_note import note
            from readers.phone_tag import PhoneTag

            tag = PhoneTag(note(self._lock, what, key), self._show, self._read)
        self._reader.emulate(tag)

    def end(self) -> None:
        """Present nothing any more."""
        if self._reader is not None:
            self._reader.emulate(None)

    def _show(self, waits: bool) -> None:
        self._indicator.set("enrolling", waits)

    def _read(self) -> None:
        self._indicator.say("kept", ticks_ms())
