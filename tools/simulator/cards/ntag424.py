"""Model of NXP's NTAG 424 DNA. DS is its data sheet NT4H2421Gx, AN12196 NXP's note on it.

Not modelled: LRP, originality keys and signature, secure dynamic messaging, TagTamper.
"""

import os
from collections.abc import Callable

from . import status
from .ev2 import Command, Mode, new_key
from .file_card import FileCard
from .files import DataFile
from .keys import KeySlot
from .status import Refused

APPLICATION = bytes.fromhex("d2760000850101")  # DS 8.2.2: its ISO DF name
_ATS = bytes.fromhex("067777710280")  # DS 8.1.1: frames of 128 bytes, FWI 7, up to 848 kbit/s
_MASTER = 0
_KEYS = 5
_FILES_BY_ID = {b"\xe1\x03": 1, b"\xe1\x04": 2, b"\xe1\x05": 3}
_MASTER_FILE, _APPLICATION_FILE = b"\x3f\x00", b"\xe1\x10"
# DS 8.2.3.2 and 10.5.2.
_CONTAINER = bytes.fromhex("001720010000ff0406e10401000000 0506e10500808283".replace(" ", ""))
_HARDWARE, _SOFTWARE = bytes.fromhex("04040230001105"), bytes.fromhex("04040201021105")
_PRODUCTION = bytes.fromhex("cf39d449802f18")


class Ntag424(FileCard):
    """As it leaves the factory: five keys of zeros, three files, no random UID."""

    def __init__(self, name: str, uid: bytes, dice: Callable[[int], bytes] = os.urandom) -> None:
        if len(uid) != 7:
            raise ValueError("an NTAG 424 DNA has a UID of 7 bytes")
        self.keys: list[KeySlot] = []
        super().__init__(name, uid, _ATS, dice)
        self.keys = [KeySlot(self.limits) for _ in range(_KEYS)]
        self.files = {  # DS 8.2.3.3
            1: DataFile(Mode.PLAIN, b"\x00\xe0", _CONTAINER.ljust(32, b"\0")),
            2: DataFile(Mode.PLAIN, b"\xe0\xee", bytes(256)),
            3: DataFile(Mode.FULL, b"\x30\x23", bytes(128)),
        }
        self._in_application, self._file = False, 0

    @property
    def commands(self) -> dict[int, Command]:
        return {
            **self.file_commands(_KEYS),
            0x51: Command(self._get_card_uid, Mode.FULL, needs_session=True),
            0x5C: Command(self._set_configuration, Mode.FULL, header=1, needs_session=True),
            0x60: Command(self._get_version, Mode.PLAIN if self.session is None else Mode.MAC),
            0x64: Command(self._get_key_version, Mode.MAC, header=1),
            0xC4: Command(self._change_key, Mode.FULL, header=1, needs_session=True),
        }

    def woken(self) -> None:
        super().woken()
        self._in_application, self._file = False, 0

    def slots(self) -> list[KeySlot]:
        return self.keys

    def slot(self, number: int) -> KeySlot:
        """Outside the application there are only originality keys, for LRP."""
        if not self._in_application or number >= _KEYS:
            raise Refused(status.NO_SUCH_KEY)
        return self.keys[number]

    # -- ISO/IEC 7816-4

    def iso(self, apdu: bytes) -> bytes:
        """ISOSelectFile, ISOReadBinary, ISOUpdateBinary (DS 10.9)."""
        if apdu[1] == 0xA4:
            return self._select(apdu)
        if apdu[1] in (0xB0, 0xD6):
            return self._binary(apdu)
        return b"\x6d\x00"

    def _select(self, apdu: bytes) -> bytes:
        """By DF name, or by file identifier. A DF ends the session (DS 10.9.1)."""
        name = apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""
        if apdu[2] not in (0x00, 0x04) or apdu[3] not in (0x00, 0x0C):
            return b"\x6a\x86"
        if apdu[2] == 0x04 or name in (_MASTER_FILE, _APPLICATION_FILE):
            if name not in (APPLICATION, _MASTER_FILE, _APPLICATION_FILE):
                return b"\x6a\x82"
            self.forget()
            self._in_application, self._file = name != _MASTER_FILE, 0
            return b"\x90\x00"
        if not self._in_application or name not in _FILES_BY_ID:
            return b"\x6a\x82"
        self._file = _FILES_BY_ID[name]
        return b"\x90\x00"

    def _binary(self, apdu: bytes) -> bytes:
        file = self.files.get(self._file)
        if file is None or apdu[2] & 0x80 or len(apdu) < 5:
            return b"\x69\x85" if file is None else b"\x67\x00"
        size = apdu[4]
        place = bytes((self._file, apdu[3], apdu[2], 0))
        try:
            if apdu[1] == 0xB0:
                left = len(file.content) - int.from_bytes(place[1:], "little")
                size = max(0, min(size or 256, left))
                return file.read(None, place + size.to_bytes(3, "little")) + b"\x90\x00"
            file.write(None, place + size.to_bytes(3, "little"), apdu[5:])
        except Refused as refusal:
            return b"\x69\x82" if refusal.status in (status.AUTHENTICATION, status.DENIED) else b"\x67\x00"
        return b"\x90\x00"

    # -- native commands

    def _get_version(self, header: bytes, data: bytes) -> bytes:
        """DS 10.5.2: three frames; no UID where it is random."""
        uid = bytes(7) if self.random_uid else self.uid
        return self.in_frames([_HARDWARE, _SOFTWARE, uid + _PRODUCTION])

    def _get_card_uid(self, header: bytes, data: bytes) -> bytes:
        return self.uid

    def _set_configuration(self, header: bytes, data: bytes) -> bytes:
        """DS 10.5.1: random UID (for good), and the failure counters; LRP is not modelled."""
        self._master()
        option = header[0] if header else -1
        sizes = {0x00: 1, 0x04: 2, 0x05: 10, 0x0A: 5, 0x0B: 1}
        if option not in sizes:
            raise Refused(status.PARAMETER)
        if len(data) != sizes[option]:
            raise Refused(status.LENGTH)
        if option == 0x00 and data[0] & ~0x02:
            raise Refused(status.PARAMETER)
        if option == 0x00 and data[0] & 0x02:
            self.random_uid = True
        if option == 0x0A:
            limit, decrement = int.from_bytes(data[1:3], "little"), int.from_bytes(data[3:5], "little")
            if data[0] & 1 and not limit:
                raise Refused(status.PARAMETER)
            self.limits.is_on = bool(data[0] & 1)
            if self.limits.is_on:
                self.limits.limit, self.limits.decrement = limit, decrement
        return b""

    def _get_key_version(self, header: bytes, data: bytes) -> bytes:
        """DS 10.6.2."""
        if len(header) != 1 or data:
            raise Refused(status.LENGTH)
        if not self._in_application or header[0] >= _KEYS:
            raise Refused(status.NO_SUCH_KEY)
        return bytes((self.keys[header[0]].version,))

    def _change_key(self, header: bytes, data: bytes) -> bytes:
        """DS 10.6.1: whoever knows key 0 may; changing that ends the session. It is done whole, or not."""
        self._master()
        if not header or header[0] >= _KEYS:
            raise Refused(status.NO_SUCH_KEY)
        slot = self.keys[header[0]]
        key, version = new_key(slot.key, data, is_own=header[0] == _MASTER)
        slot.change(key, version)
        if header[0] == _MASTER:
            self.forget()
        return b""

    def file_of(self, header: bytes) -> DataFile:
        if not header:
            raise Refused(status.LENGTH)
        if not self._in_application:
            raise Refused(status.DENIED)
        if header[0] not in self.files:
            raise Refused(status.NO_SUCH_FILE)
        return self.files[header[0]]

    def _master(self) -> None:
        if self.session is None or self.session.key_no != _MASTER:
            raise Refused(status.AUTHENTICATION)
