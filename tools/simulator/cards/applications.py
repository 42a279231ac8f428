"""An application of a DESFire, and the card itself as one: settings, keys, files, and who may change what.

Settings are KeySett1 of CreateApplication (AN12343): bits 0 to 3, and in the upper half who changes keys.
"""

from dataclasses import dataclass, field

from . import status
from .files import DataFile
from .keys import KeySlot
from .messaging import Session
from .status import Refused

MASTER = 0
AS_DELIVERED = 0x0F
OWN_SIZE = 256  # bytes that an application is counted with
_MASTER_CHANGEABLE, _FREE_LISTING, _FREE_CREATION, _CHANGEABLE = 0x01, 0x02, 0x04, 0x08
_SAME_KEY, _NO_KEY = 0xE, 0xF


@dataclass
class Application:
    """`is_card`: it is the card itself, whose only key is its master key. `name`: its ISO DF name, if any."""

    settings: int
    keys: list[KeySlot]
    files: dict[int, DataFile] = field(default_factory=dict)
    is_card: bool = False
    name: bytes = b""

    @property
    def creates_freely(self) -> bool:
        """Files, or the card's applications, are made and deleted without its master key."""
        return bool(self.settings & _FREE_CREATION)

    def size(self) -> int:
        """Bytes of memory."""
        return OWN_SIZE + sum(len(file.content) for file in self.files.values())

    def may_list(self, session: Session | None) -> None:
        """Raises Refused."""
        if not self.settings & _FREE_LISTING:
            master(session)

    def may_create(self, session: Session | None) -> None:
        """Raises Refused."""
        if not self.creates_freely:
            master(session)

    def may_change_settings(self, session: Session | None) -> None:
        """Raises Refused."""
        master(session)
        if not self.settings & _CHANGEABLE:
            raise Refused(status.DENIED)

    def may_change_key(self, session: Session, number: int) -> None:
        """Raises Refused."""
        if number == MASTER:
            if not self.settings & _MASTER_CHANGEABLE:
                raise Refused(status.DENIED)
            master(session)
            return
        who = self.settings >> 4
        if who == _NO_KEY:
            raise Refused(status.DENIED)
        if session.key_no != (number if who == _SAME_KEY else who):
            raise Refused(status.AUTHENTICATION)


def master(session: Session | None) -> None:
    """Whoever has proved the master key. Raises Refused."""
    if session is None or session.key_no != MASTER:
        raise Refused(status.AUTHENTICATION)
