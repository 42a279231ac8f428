"""What NTAG 424 DNA and DESFire share: wrapped commands, AES authentication, modes of messages.

DS is the data sheet NT4H2421Gx; DESFire's own is not public, and its commands are as AN12343, AN12752 and
NXP's open examples have them. Legacy authentication (DES, AuthenticateAES) and LRP are not modelled: they are
refused as unknown. Any error ends a session (DS 9.1.9).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from menshen import card_crypto as crypto

from . import status
from .blocks import waiting_time_s
from .card import Card
from .keys import FailLimits, KeySlot
from .messaging import IntegrityFault, Session
from .status import Refused

_FIRST, _NON_FIRST = 0x71, 0x77
_CAPABILITIES = bytes(6)  # PDCap2: EV2 secure messaging
_DELAY_SHARE = 0.65  # of the frame waiting time: DS 9


class Mode(Enum):
    """How the data of a command travel in a session (DS 8.2.3.5), with the value that a file has for it."""

    PLAIN = 0
    MAC = 1
    FULL = 3


@dataclass(frozen=True)
class Command:
    """`run(header, data)` gives the response's data; `header` bytes are never encrypted.

    `mode` may depend on the header. `needs_session`: without one it is refused.
    """

    run: Callable[[bytes, bytes], bytes]
    mode: Mode | Callable[[bytes], Mode]
    header: int = 0
    needs_session: bool = False


class Ev2Card(Card):
    """A card with keys. `dice(n)` gives n random bytes: RndB, then TI, and a random UID.

    `computing_s` are the seconds that a card takes over a command, by its code; nobody here has measured one.
    Subclasses have `commands`, and say which key a number means where the card stands now.
    """

    def __init__(
        self, name: str, uid: bytes, ats: bytes, dice: Callable[[int], bytes] = os.urandom, **kind: object
    ) -> None:
        super().__init__(name, uid, ats=ats, **kind)
        self.limits = FailLimits()
        self.computing_s: dict[int, float] = {}
        self.random_uid = False
        self._dice, self._made_up = dice, b""
        self.session: Session | None = None
        self._handshake: tuple[int, bytes, bytes, bool] | None = None  # key, RndB, PCDcap2, first
        self._frames: list[bytes] = []  # of a response in several
        self._took_s = 0.0

    # -- what kinds of cards differ in

    @property
    def commands(self) -> dict[int, Command]:
        """By their codes."""
        raise NotImplementedError

    def slot(self, number: int) -> KeySlot:
        """The key of this number, to authenticate with here. Raises Refused."""
        raise NotImplementedError

    def slots(self) -> list[KeySlot]:
        """All keys of the card."""
        raise NotImplementedError

    def iso(self, apdu: bytes) -> bytes:
        """Answer a command of ISO/IEC 7816-4."""
        raise NotImplementedError

    # -- the field

    @property
    def shown_uid(self) -> bytes:
        return self._made_up if self.random_uid and self._made_up else self.uid

    def woken(self) -> None:
        """Nothing is selected; a random UID is another one (ISO/IEC 14443-3, 6.5.4: 08h first)."""
        self._made_up = b"\x08" + self._dice(3) if self.random_uid else b""
        self.forget()
        for slot in self.slots():
            slot.woken()

    def forget(self) -> None:
        """There is no session any more."""
        self.session, self._handshake, self._frames = None, None, []

    def thinks_s(self, apdu: bytes) -> float:
        return self._took_s + (self.computing_s.get(apdu[1], 0.0) if len(apdu) > 1 else 0.0)

    # -- commands

    def exchange(self, apdu: bytes) -> bytes:
        """Answer an APDU, native ones wrapped as DS 8.4 has them."""
        self._took_s = 0.0
        if len(apdu) < 4 or apdu[0] not in (0x00, 0x90):
            return b"\x6e\x00"
        if apdu[0] == 0x00:
            return self.iso(apdu)
        data = b""
        if len(apdu) > 5:
            data = apdu[5 : 5 + apdu[4]]
            if len(apdu) not in (5 + apdu[4], 6 + apdu[4]):
                return b"\x67\x00"
        try:
            result, answer = self._native(apdu[1], data)
        except Refused as refusal:
            self.forget()
            return bytes((0x91, refusal.status))
        except IntegrityFault:
            self.forget()
            return bytes((0x91, status.INTEGRITY))
        return answer + bytes((0x91, result))

    def _native(self, code: int, data: bytes) -> tuple[int, bytes]:
        if self._frames:
            if code != status.MORE_FRAMES or data:
                raise Refused(status.ABORTED)
            frame = self._frames.pop(0)
            return (status.MORE_FRAMES if self._frames else status.OK), frame
        if self._handshake is not None:
            if code != status.MORE_FRAMES:
                raise Refused(status.ABORTED)
            return status.OK, self._second_part(data)
        if code in (_FIRST, _NON_FIRST):
            return status.MORE_FRAMES, self._first_part(code, data)
        command = self.commands.get(code)
        if command is None:
            raise Refused(status.ILLEGAL_COMMAND)
        answer = self._secured(code, command, data)
        if self._frames:
            return status.MORE_FRAMES, self._frames.pop(0)
        return status.OK, answer

    def _secured(self, code: int, command: Command, data: bytes) -> bytes:
        """Check and open a command, run it, seal its response, as session and mode have it."""
        session = self.session
        if session is None:
            if command.needs_session:
                raise Refused(status.AUTHENTICATION)
            return command.run(data[: command.header], data[command.header :])
        mode = command.mode if isinstance(command.mode, Mode) else command.mode(data[: command.header])
        if mode != Mode.PLAIN:
            data = session.checked(code, data)
        header, data = data[: command.header], data[command.header :]
        if mode == Mode.FULL and data:
            data = session.decrypted(data)
        session.count()
        answer = command.run(header, data)
        if self.session is None:  # the command has ended it
            return answer
        if mode == Mode.FULL:
            answer = session.encrypted(answer)
        return answer if mode == Mode.PLAIN else session.signed(answer)

    def in_frames(self, frames: list[bytes]) -> bytes:
        """Respond in several frames, one after the other. In a session a MAC over all ends the last."""
        if self.session is not None:
            whole = self.session.signed(b"".join(frames))
            frames = [*frames[:-1], frames[-1] + whole[-8:]]
        self._frames = list(frames)
        return b""

    # -- authentication

    def _first_part(self, code: int, data: bytes) -> bytes:
        """DS 9.1.5 and 10.4.1; 9.1.6 and 10.4.2."""
        is_first = code == _FIRST
        if not is_first and self.session is None:
            raise Refused(status.DENIED)
        if not data or (is_first and (len(data) < 2 or len(data) != 2 + data[1] or data[1] > 6)):
            raise Refused(status.LENGTH)
        if not is_first and len(data) != 1:
            raise Refused(status.LENGTH)
        slot = self.slot(data[0])
        if slot.is_dead:
            raise Refused(status.DENIED)
        if slot.delayed():
            self._took_s = waiting_time_s(self.ats) * _DELAY_SHARE
            raise Refused(status.DELAY)
        challenge = self._dice(16)
        self._handshake = (data[0], challenge, data[2:].ljust(6, b"\0"), is_first)
        return crypto.encrypt(slot.key, challenge)

    def _second_part(self, data: bytes) -> bytes:
        assert self._handshake is not None
        (number, challenge, capabilities, is_first), self._handshake = self._handshake, None
        if len(data) != 32:
            raise Refused(status.LENGTH)
        slot = self.slot(number)
        plain = crypto.decrypt(slot.key, data)
        theirs, proof = plain[:16], plain[16:]
        if proof != crypto.rotated(challenge):
            slot.failed()
            raise Refused(status.AUTHENTICATION)
        slot.succeeded()
        keys = crypto.session_keys(slot.key, theirs, challenge)
        if is_first:
            self.session = Session(number, keys, self._dice(4))
            told = self.session.identifier + crypto.rotated(theirs) + _CAPABILITIES + capabilities
            return crypto.encrypt(slot.key, told)
        assert self.session is not None
        self.session = Session(number, keys, self.session.identifier, self.session.counter)
        return crypto.encrypt(slot.key, crypto.rotated(theirs))


def new_key(old: bytes, data: bytes, is_own: bool) -> tuple[bytes, int]:
    """The key and version that ChangeKey brings (DS 10.6.1); of another key than the session's own, proved.

    Raises Refused.
    """
    if len(data) != (17 if is_own else 21):
        raise Refused(status.LENGTH)
    if is_own:
        return data[:16], data[16]
    key = bytes(a ^ b for a, b in zip(data[:16], old, strict=True))
    if crypto.crc32(key) != data[17:]:
        raise Refused(status.INTEGRITY)
    return key, data[16]
