"""Emulates a read-only NFC Forum Type 4 tag for the phone that is held to the reader.

UM0701-02 is NXP's user manual of the PN532, T4T the NFC Forum's Type 4 Tag Operation 2.0.
"""

from os import urandom

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.pn532 import PN532

_RADIO_MS = const(400)
_SET_PARAMETERS = const(0x12)
_GET_DATA = const(0x86)
_INIT_AS_TARGET = const(0x8C)
_SET_DATA = const(0x8E)
_AS_RESET = b"\x14"  # fAutomaticATR_RES, fAutomaticRATS: 7.2.9
_AS_CARD = b"\x34"  # and fISO14443-4_PICC
_PICC = const(0x08)  # in the mode of the answer: 7.3.14
# 7.3.14: passive and PICC only, SENS_RES, NFCID1t (3 bytes follow)
_MODE = b"\x05\x04\x00"
_NO_MORE = b"\x20" + bytes(18 + 10 + 2)  # SEL_RES; no FeliCa, NFCID3t, general and historical bytes

_APPLICATION = b"\xd2\x76\x00\x00\x85\x01\x01"  # T4T, 5.4.2
_LONGEST = const(0x3B)  # MLe: an answer fits into a frame of 64 bytes, which every phone takes
_OK = b"\x90\x00"
_SELECT = const(0xA4)
_READ = const(0xB0)
_UPDATE = const(0xD6)


class PhoneTag:
    """Presents a message until end(), or until a phone has read the whole of it, when on_read() is called."""

    def __init__(self, message: bytes, on_read: "Callable[[], None]") -> None:
        self._message, self._on_read = message, on_read
        self._over = False
        self._parameters = _MODE + urandom(3) + _NO_MORE

    def end(self) -> None:
        """Stop presenting it."""
        self._over = True

    def is_over(self) -> bool:
        """Whether it is no longer presented."""
        return self._over

    async def emulate(self, reader: "PN532") -> bool:
        """Wait less than a second for a phone, and serve it; whether to go on. Raises ReaderError."""
        if self.is_over():
            return False
        await reader.field_off()
        await reader.command(_SET_PARAMETERS, _AS_CARD)
        answer = await reader.wait(_INIT_AS_TARGET, self._parameters, self.left_ms())
        if answer and answer[0] & _PICC:
            await self._serve(reader)
        await reader.command(_SET_PARAMETERS, _AS_RESET)
        return not self.is_over()

    async def _serve(self, reader: "PN532") -> None:
        """Answer one phone until it is silent, gone, or has read everything."""
        tag, goes_on = self.begin(), True
        while goes_on and not self.is_over():
            data = await reader.wait(_GET_DATA, b"", self.left_ms())
            if not data or data[0]:  # status: 7.1
                return
            heard = False
            try:
                status = await reader.command(_SET_DATA, tag.answer(data[1:]), self.left_ms() or _RADIO_MS)
                heard = bool(status) and not status[0]
            finally:
                goes_on = self.follow(tag, heard)

    # What a tag of another kind does in its own way: writable_tag.py. All that it shares with this is public,
    # since the build shortens private names by module.

    def left_ms(self) -> int:
        """For how long to wait for a phone now; 0: as long as the reader waits."""
        return 0

    def begin(self) -> "Type4":
        """The tag for one phone that has come."""
        return Type4(self._message)

    def follow(self, tag: "Type4", heard: bool) -> bool:
        """The phone was answered, and has `heard` that or not; whether to listen to it any longer."""
        if heard and tag.is_read:
            self.end()
            self._on_read()
        return heard


class Type4:
    """The tag's NDEF application, for one session. `is_read`: the phone has the whole message."""

    def __init__(self, message: bytes) -> None:
        self.ndef = len(message).to_bytes(2, "big") + message
        size = len(self.ndef).to_bytes(2, "big")
        # T4T, 5.1: length, mapping 2.0, MLe, MLc; the NDEF file's name and size; readable, not writable
        self.container = b"\x00\x0f\x20\x00\x3b\x00\x34\x04\x06\xe1\x04" + size + b"\x00\xff"
        self._is_on = False
        self.file = b""
        self._read = 0
        self.is_read = False

    def answer(self, apdu: bytes) -> bytes:
        """The response to any APDU, with its status word (ISO/IEC 7816-4, 5.6)."""
        if len(apdu) < 4:
            return b"\x67\x00"
        if apdu[0]:
            return b"\x6e\x00"
        if apdu[1] == _SELECT:
            return self._select(apdu)
        if apdu[1] == _READ:
            return self._read_binary(apdu)
        return self.update(apdu) if apdu[1] == _UPDATE else b"\x6d\x00"

    def update(self, apdu: bytes) -> bytes:
        """UPDATE BINARY: this tag is not to be written."""
        return b"\x69\x82"

    def _select(self, apdu: bytes) -> bytes:
        """SELECT: the application by its name, or one of its files by its identifier."""
        size = apdu[4] if len(apdu) > 4 else 0
        name = apdu[5 : 5 + size]
        self.file = b""
        if apdu[2] == 4:
            self._is_on = name == _APPLICATION
            return _OK if self._is_on else b"\x6a\x82"
        if apdu[2] or not self._is_on:
            return b"\x6a\x86" if apdu[2] else b"\x6a\x82"
        if name == b"\xe1\x03":
            self.file = self.container
        elif name == b"\xe1\x04":
            self.file = self.ndef
        return _OK if self.file else b"\x6a\x82"

    def _read_binary(self, apdu: bytes) -> bytes:
        """READ BINARY from an offset of 15 bits. If more is asked for than there is, what there is."""
        file, start = self.file, apdu[2] << 8 | apdu[3]
        if not file:
            return b"\x69\x86"
        if len(apdu) != 5:
            return b"\x67\x00"
        if start >= len(file):
            return b"\x6b\x00"
        data = file[start : start + min(apdu[4] or _LONGEST, _LONGEST)]
        if file is self.ndef and start <= self._read:
            self._read = max(self._read, start + len(data))
            self.is_read = self._read == len(file)
        return data + _OK
