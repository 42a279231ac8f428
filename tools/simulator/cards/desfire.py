"""Model of NXP's MIFARE DESFire EV2 and EV3, with AES applications and EV2 secure messaging.

The full data sheet is not public. Commands, codes and settings are as NXP's short data sheets (MF3D(H)x2,
MF3D(H)x3), AN12343 and AN12753 have them, and secure messaging is that of NT4H2421Gx (DS). Not modelled: DES,
and so the master key of a fresh card (a DES key of zeros), with which nobody can authenticate here; other
files than StandardData; delegated applications; key sets; proximity check; LRP. Failure counters are those of
NTAG 424 DNA, of which EV2 may have fewer.
"""

import os
from collections.abc import Callable

from . import status
from .applications import AS_DELIVERED, OWN_SIZE, Application, master
from .ev2 import Command, Mode, new_key
from .file_card import FileCard
from .files import DataFile
from .keys import KeySlot
from .status import Refused

PICC = bytes(3)
"""The application identifier of the card itself."""

_NAME = bytes.fromhex("d2760000850100")  # the card's own ISO DF name
_ATS = bytes.fromhex("067577810280")  # frames of 64 bytes, FWI 8, up to 848 kbit/s
_AES, _KEY_TYPE, _MOST_KEYS = 0x80, 0xC0, 14  # KeySett2 of CreateApplication
_MEMORY = 4096  # bytes, of an EV2 4K
_HARDWARE = {2: bytes.fromhex("04010112001605"), 3: bytes.fromhex("04010133001605")}
_SOFTWARE = {2: bytes.fromhex("04010102011605"), 3: bytes.fromhex("04010103001605")}
_PRODUCTION = bytes.fromhex("ba5525d6203514")


class Desfire(FileCard):
    """As it leaves the factory: no application, and a master key that is no AES key.

    `version` is 2 or 3. `master_key` makes it a card whose owner has set an AES key for the card itself.
    """

    def __init__(
        self,
        name: str,
        uid: bytes,
        version: int = 3,
        dice: Callable[[int], bytes] = os.urandom,
        master_key: bytes | None = None,
    ) -> None:
        self._version = version
        self.applications: dict[bytes, Application] = {}
        super().__init__(name, uid, _ATS, dice)
        keys = [] if master_key is None else [KeySlot(self.limits, master_key)]
        self.applications[PICC] = Application(AS_DELIVERED, keys, is_card=True)
        self._chosen = PICC

    @property
    def commands(self) -> dict[int, Command]:
        return {
            **self.file_commands(len(self.application.keys)),
            0x45: Command(self._get_key_settings, Mode.MAC),
            0x51: Command(self._get_card_uid, Mode.FULL, needs_session=True),
            0x54: Command(self._change_key_settings, Mode.FULL, needs_session=True),
            0x5A: Command(self._select_application, Mode.PLAIN),
            0x5C: Command(self._set_configuration, Mode.FULL, header=1, needs_session=True),
            0x60: Command(self._get_version, Mode.PLAIN if self.session is None else Mode.MAC),
            0x64: Command(self._get_key_version, Mode.MAC, header=1),
            0x6A: Command(self._get_application_ids, Mode.MAC),
            0x6E: Command(self._free_memory, Mode.MAC),
            0x6F: Command(self._get_file_ids, Mode.MAC),
            0xC4: Command(self._change_key, Mode.FULL, header=1, needs_session=True),
            0xCA: Command(self._create_application, Mode.MAC, header=99),
            0xCD: Command(self._create_file, Mode.MAC, header=99),
            0xDA: Command(self._delete_application, Mode.MAC, header=3),
            0xDF: Command(self._delete_file, Mode.MAC, header=1),
            0xF5: Command(self._get_file_settings, Mode.MAC, header=1),
            0xFC: Command(self._format, Mode.MAC, needs_session=True),
        }

    def woken(self) -> None:
        super().woken()
        self._chosen = PICC

    def slots(self) -> list[KeySlot]:
        return [slot for application in self.applications.values() for slot in application.keys]

    def slot(self, number: int) -> KeySlot:
        """Of the application that is selected; a DES key is none that this authentication can use."""
        keys = self.application.keys
        if self._chosen == PICC and number == 0 and not keys:
            raise Refused(status.AUTHENTICATION)
        if number >= len(keys):
            raise Refused(status.NO_SUCH_KEY)
        return keys[number]

    @property
    def application(self) -> Application:
        """What is selected now."""
        return self.applications[self._chosen]

    def iso(self, apdu: bytes) -> bytes:
        """ISOSelectFile knows the card itself, and applications that have an ISO name, as a phone's have."""
        if apdu[1] != 0xA4:
            return b"\x6d\x00"
        name = apdu[5 : 5 + apdu[4]] if apdu[2] == 0x04 and len(apdu) > 5 else b""
        named = {each.name: identifier for identifier, each in self.applications.items() if each.name}
        if name not in {_NAME: PICC, **named}:
            return b"\x6a\x82"
        self.forget()
        self._chosen = named.get(name, PICC)
        return b"\x90\x00"

    # -- the card

    def _get_version(self, header: bytes, data: bytes) -> bytes:
        """Three frames; no UID where it is random."""
        uid = self.uid if len(self.uid) == 7 else b"\x00" + bytes((len(self.uid),)) + self.uid
        shown = bytes(7) if self.random_uid else uid
        return self.in_frames([_HARDWARE[self._version], _SOFTWARE[self._version], shown + _PRODUCTION])

    def _get_card_uid(self, header: bytes, data: bytes) -> bytes:
        """One of 4 or 10 bytes comes with a format byte and its length before it."""
        return self.uid if len(self.uid) == 7 else b"\x00" + bytes((len(self.uid),)) + self.uid

    def _set_configuration(self, header: bytes, data: bytes) -> bytes:
        """Option 00h: random UID, for good. Nothing else is modelled."""
        self._at_the_card()
        master(self.session)
        if header != b"\x00" or (data and data[0] & ~0x03):
            raise Refused(status.PARAMETER)
        if len(data) != 1:
            raise Refused(status.LENGTH)
        self.random_uid = self.random_uid or bool(data[0] & 0x02)
        return b""

    def _free_memory(self, header: bytes, data: bytes) -> bytes:
        return self._left().to_bytes(3, "little")

    def _left(self) -> int:
        used = sum(each.size() for identifier, each in self.applications.items() if identifier != PICC)
        return _MEMORY - used

    def _format(self, header: bytes, data: bytes) -> bytes:
        """FormatPICC: whoever has the card's master key."""
        self._at_the_card()
        master(self.session)
        self.applications = {PICC: self.applications[PICC]}
        return b""

    # -- applications

    def _select_application(self, header: bytes, data: bytes) -> bytes:
        """It ends the session."""
        self.forget()
        if len(data) != 3:
            raise Refused(status.LENGTH)
        if data not in self.applications:
            raise Refused(status.NO_SUCH_APPLICATION)
        self._chosen = data
        return b""

    def _create_application(self, header: bytes, data: bytes) -> bytes:
        """AID, settings, number of keys; key sets and ISO names are not modelled."""
        self._at_the_card()
        if len(header) != 5:
            raise Refused(status.LENGTH)
        self.application.may_create(self.session)
        identifier, settings, number = header[:3], header[3], header[4] & 0x0F
        if header[4] & _KEY_TYPE != _AES or header[4] & 0x30 or not 1 <= number <= _MOST_KEYS:
            raise Refused(status.PARAMETER)
        if identifier in self.applications:
            raise Refused(status.DUPLICATE)
        if self._left() < OWN_SIZE:
            raise Refused(status.NO_MEMORY)
        self.applications[identifier] = Application(settings, [KeySlot(self.limits) for _ in range(number)])
        return b""

    def _delete_application(self, header: bytes, data: bytes) -> bytes:
        """By the card's master key; by the application's own where creation is free."""
        if len(header) != 3:
            raise Refused(status.LENGTH)
        if header == PICC or header not in self.applications:
            raise Refused(status.NO_SUCH_APPLICATION)
        free = self.applications[PICC].creates_freely
        if self._chosen not in ((PICC, header) if free else (PICC,)):
            raise Refused(status.DENIED)
        master(self.session)
        del self.applications[header]
        if self._chosen == header:
            self._chosen = PICC
            self.forget()
        return b""

    def _get_application_ids(self, header: bytes, data: bytes) -> bytes:
        self._at_the_card()
        self.application.may_list(self.session)
        return b"".join(identifier for identifier in self.applications if identifier != PICC)

    # -- keys

    def _get_key_settings(self, header: bytes, data: bytes) -> bytes:
        self.application.may_list(self.session)
        kind = _AES if self.application.keys else 0
        return bytes((self.application.settings, kind | max(1, len(self.application.keys))))

    def _change_key_settings(self, header: bytes, data: bytes) -> bytes:
        self.application.may_change_settings(self.session)
        if len(data) != 1:
            raise Refused(status.LENGTH)
        self.application.settings = data[0]
        return b""

    def _get_key_version(self, header: bytes, data: bytes) -> bytes:
        if len(header) != 1 or data:
            raise Refused(status.LENGTH)
        keys = self.application.keys
        if header[0] >= max(len(keys), self._chosen == PICC):
            raise Refused(status.NO_SUCH_KEY)
        return bytes((keys[header[0]].version if keys else 0,))

    def _change_key(self, header: bytes, data: bytes) -> bytes:
        """Who may is in the settings' upper half. A change of the session's own key ends it.

        The card does it whole, or not.
        """
        assert self.session is not None
        number = header[0] & 0x3F if header else _MOST_KEYS
        if number >= len(self.application.keys):
            raise Refused(status.NO_SUCH_KEY)
        if header[0] & _KEY_TYPE not in ((0, _AES) if self._chosen == PICC else (0,)):
            raise Refused(status.PARAMETER)
        self.application.may_change_key(self.session, number)
        slot = self.application.keys[number]
        is_own = number == self.session.key_no
        key, version = new_key(slot.key, data, is_own)
        slot.change(key, version)
        if is_own:
            self.forget()
        return b""

    # -- files

    def _create_file(self, header: bytes, data: bytes) -> bytes:
        """CreateStdDataFile: number, option, rights, size; no ISO identifier."""
        if self._chosen == PICC:
            raise Refused(status.DENIED)
        if len(header) != 7:
            raise Refused(status.LENGTH)
        self.application.may_create(self.session)
        number, option, rights = header[0], header[1], header[2:4]
        size = int.from_bytes(header[4:7], "little")
        if number > 31 or option not in (0, 1, 3) or not size:
            raise Refused(status.PARAMETER)
        if number in self.application.files:
            raise Refused(status.DUPLICATE)
        if size > self._left():
            raise Refused(status.NO_MEMORY)
        self.application.files[number] = DataFile(Mode(option), rights, bytes(size))
        return b""

    def _delete_file(self, header: bytes, data: bytes) -> bytes:
        self.file_of(header)
        self.application.may_create(self.session)
        del self.application.files[header[0]]
        return b""

    def _get_file_ids(self, header: bytes, data: bytes) -> bytes:
        if self._chosen == PICC:
            raise Refused(status.DENIED)
        self.application.may_list(self.session)
        return bytes(self.application.files)

    def _get_file_settings(self, header: bytes, data: bytes) -> bytes:
        self.application.may_list(self.session)
        return self.file_of(header).settings()

    def file_of(self, header: bytes) -> DataFile:
        if not header:
            raise Refused(status.LENGTH)
        if header[0] not in self.application.files:
            raise Refused(status.NO_SUCH_FILE)
        return self.application.files[header[0]]

    # -- who may

    def _at_the_card(self) -> None:
        if self._chosen != PICC:
            raise Refused(status.DENIED)
