"""Data files of NTAG 424 DNA and DESFire: who may read and write them, and how their data are sent.

DS is the data sheet NT4H2421Gx. Secure dynamic messaging is not modelled: its settings cannot be changed to.
"""

from . import status
from .ev2 import Mode
from .messaging import Session
from .status import Refused

FREE, NEVER = 0xE, 0xF  # DS 8.2.3.3
_MODES = {0: Mode.PLAIN, 1: Mode.MAC, 2: Mode.PLAIN, 3: Mode.FULL}


class DataFile:
    """A StandardData file. `rights` are two bytes as GetFileSettings gives them: ReadWrite and Change, then
    Read and Write, a key's number or FREE or NEVER each. `extra` ends the settings of a file that was
    personalised elsewhere, and means nothing here.
    """

    def __init__(self, mode: Mode, rights: bytes, content: bytes, extra: bytes = b"") -> None:
        self.mode, self.rights, self.extra = mode, rights, extra
        self.content = bytearray(content)

    def settings(self) -> bytes:
        """DS 10.7.2."""
        option = self.mode.value | (0x40 if self.extra else 0)
        return bytes((0x00, option)) + self.rights + len(self.content).to_bytes(3, "little") + self.extra

    def change(self, session: Session | None, data: bytes, keys: int) -> None:
        """ChangeFileSettings (DS 10.7.1): option and rights. Raises Refused."""
        self._allow(session, [self.rights[0] & 0x0F])
        if len(data) != 3:
            raise Refused(status.LENGTH if len(data) < 3 else status.PARAMETER)
        rights = [data[1] >> 4, data[1] & 0x0F, data[2] >> 4, data[2] & 0x0F]
        if data[0] & ~0x03 or any(right < FREE and right >= keys for right in rights):
            raise Refused(status.PARAMETER)
        self.mode, self.rights = _MODES[data[0]], data[1:3]

    def change_mode(self, session: Session | None) -> Mode:
        """In which mode ChangeFileSettings comes: plain where anybody may, else full."""
        return Mode.PLAIN if self.rights[0] & 0x0F == FREE or session is None else Mode.FULL

    def data_mode(self, session: Session | None, writes: bool) -> Mode:
        """In which mode data come and go: plain where only free access grants it (DS 8.2.3.5)."""
        granted = session is not None and session.key_no in self._rights(writes)
        return self.mode if granted else Mode.PLAIN

    def read(self, session: Session | None, header: bytes) -> bytes:
        """ReadData (DS 10.8.1); a length of zero is all that follows. Raises Refused."""
        self._allow(session, self._rights(writes=False))
        offset, size = self._place(header)
        end = offset + size if size else len(self.content)
        if offset >= len(self.content) or end > len(self.content):
            raise Refused(status.BOUNDARY)
        return bytes(self.content[offset:end])

    def write(self, session: Session | None, header: bytes, data: bytes) -> None:
        """WriteData (DS 10.8.2). Raises Refused."""
        self._allow(session, self._rights(writes=True))
        offset, size = self._place(header)
        if not size or len(data) != size:
            raise Refused(status.LENGTH)
        if offset + size > len(self.content):
            raise Refused(status.BOUNDARY)
        self.content[offset : offset + size] = data

    @staticmethod
    def _place(header: bytes) -> tuple[int, int]:
        if len(header) != 7:
            raise Refused(status.LENGTH)
        return int.from_bytes(header[1:4], "little"), int.from_bytes(header[4:7], "little")

    def _rights(self, writes: bool) -> list[int]:
        own = self.rights[1] & 0x0F if writes else self.rights[1] >> 4
        return [own, self.rights[0] >> 4]

    @staticmethod
    def _allow(session: Session | None, rights: list[int]) -> None:
        if FREE in rights or (session is not None and session.key_no in rights):
            return
        raise Refused(status.DENIED if set(rights) == {NEVER} else status.AUTHENTICATION)
