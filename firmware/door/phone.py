"""Presents a key or a log to a resident's phone, as an NFC tag that the card reader emulates for a while."""

from time import ticks_ms

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from readers.card_reader import CardReader
    from readers.phone_tag import PhoneTag


class Phone:
    """The phone at the reader. `lock` is the lock's name, which the phone displays.

    `page` is the address of the resident's page, without https://, or "".

    Without a PN532 (`reader` is None) nothing can be presented, and nothing is.
    """

    def __init__(self, lock: str, page: str, reader: "CardReader | None", indicator: "Indicator") -> None:
        self._lock, self._page, self._reader, self._indicator = lock, page, reader, indicator
        self._tag: PhoneTag | None = None

    def present(self, what: int, key: bytes) -> None:
        """Present a GUEST_KEY, HOME_KEY or LOG (people/entry.py), and nothing else, until end().

        The code of the tag stays loaded meanwhile.
        """
        if self._reader is None:
            return
        with Loan():
            from access.phone_note import note
            from readers.phone_tag import PhoneTag

            self._tag = PhoneTag(note(self._lock, what, key, self._page), self._read)
        self._reader.emulate(self._tag)

    def ask(self, message: bytes, on_answer: "Callable[[bytes], None]") -> None:
        """Ask a phone for one answer to this, until end(): see readers/writable_tag.py."""
        if self._reader is None:
            return
        with Loan():
            from readers.writable_tag import WritableTag

            self._tag = WritableTag(message, on_answer)
        self._reader.emulate(self._tag)

    def waits(self) -> bool:
        """Whether a phone has yet to read what is presented, or to answer."""
        return self._tag is not None and not self._tag.is_over()

    def end(self) -> None:
        """Stop presenting."""
        self._tag = None
        if self._reader is not None:
            self._reader.emulate(None)

    def _read(self) -> None:
        self._indicator.say("kept", ticks_ms())
