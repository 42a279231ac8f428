"""Emulates a tag that shows a phone something, and takes one answer. Lent.

T4T is the NFC Forum's Type 4 Tag Operation 2.0. Its own attributes are public: see phone_tag.py.
"""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers.phone_tag import PhoneTag, Type4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.pn532 import PN532

_TURN_MS = const(850)  # from one look for cards to the next, which takes some 50 ms more


class WritableTag(PhoneTag):
    """on_answer(message) gets what a phone has written in the place of `message`.

    That ends it, right or wrong, and whether or not the phone hears that it was taken.
    """

    def __init__(self, message: bytes, on_answer: "Callable[[bytes], None]") -> None:
        super().__init__(message, self.end)  # it is not over once it is read
        self.message, self._on_answer, self.until = message, on_answer, 0
        self.served = Written(message)

    async def emulate(self, reader: "PN532") -> bool:
        """As PhoneTag; a phone that is not done when its turn ends begins anew in the next."""
        self.until = ticks_add(ticks_ms(), _TURN_MS)
        return await super().emulate(reader)

    def left_ms(self) -> int:
        """How much of the turn is left."""
        return max(1, ticks_diff(self.until, ticks_ms()))

    def begin(self) -> "Written":
        """The tag as it was at first: what another phone has begun to write is gone."""
        self.served = Written(self.message)
        return self.served

    def follow(self, tag: "Type4", heard: bool) -> bool:
        """Take what was written. A phone that talks for ever is left when its turn is over."""
        if self.served.answer_is_whole:
            self.end()
            self._on_answer(self.served.written())
        return heard and self.left_ms() > 1


class Written(Type4):
    """A tag that can be written in the place of its message, and is over then."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        self.ndef = bytearray(self.ndef)
        self.container = self.container[:-1] + b"\0"  # T4T, 5.1.2.1: anybody may write
        self.answer_is_whole = False

    def written(self) -> bytes:
        """The message as it is; no bytes if it claims to be longer than the file."""
        size = self.ndef[0] << 8 | self.ndef[1]
        return bytes(self.ndef[2 : 2 + size]) if 2 + size <= len(self.ndef) else b""

    def update(self, apdu: bytes) -> bytes:
        """UPDATE BINARY. A message is whole when its length is written, and is not 0 (T4T, 5.4.3)."""
        start, data = apdu[2] << 8 | apdu[3], apdu[5:]
        if self.file is not self.ndef:
            return b"\x69\x86"
        if not data or apdu[4] != len(data):
            return b"\x67\x00"
        if start + len(data) > len(self.ndef):
            return b"\x6b\x00"
        self.ndef[start : start + len(data)] = data
        self.answer_is_whole = start < 2 and any(self.ndef[:2])
        return b"\x90\x00"
