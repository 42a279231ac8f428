"""Speaks with an NTAG 424 DNA or a DESFire: EV2 authentication, and messages signed and sealed.

DS is NXP's data sheet NT4H2421Gx. A function carries APDUs to the card, so that a card reader and a model of
a card are the same here.
"""

import hmac
import secrets
from collections.abc import Callable
from time import monotonic

from menshen import card_crypto as crypto
from menshen.errors import MenshenError

Transmit = Callable[[bytes], bytes]
_FIRST, _MORE, _GET_CARD_UID, _GET_KEY_VERSION = 0x71, 0xAF, 0x51, 0x64
_MAC = 8
_DELAY, _PATIENCE_S = 0xAD, 12.0


class CardError(MenshenError):
    """A card cannot be handed out; the message says why, and what to do."""


class CardRefusedError(CardError):
    """The card refuses a command; `status` is the byte after 91h, 0 where it proves nothing."""

    def __init__(self, status: int = 0) -> None:
        super().__init__(f"the card refuses (status {status:02X}): take another one")
        self.status = status


class Talk:
    """One conversation with one card. `transmit` raises CardError where the card is gone."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit
        self._identifier, self._counter = b"", 0  # TI, CmdCtr
        self._encryption = self._mac = b""

    def iso_select(self, name: bytes) -> bool:
        """Select an application by its DF name (DS 10.9.1): whether the card has it."""
        return self._transmit(b"\x00\xa4\x04\x0c" + bytes((len(name),)) + name + b"\x00") == b"\x90\x00"

    def native(self, code: int, data: bytes = b"", status: int = 0) -> bytes:
        """The data of the answer to a wrapped command (DS 8.4), which must end in this status."""
        body = bytes((len(data),)) + data if data else b""
        answer = self._transmit(bytes((0x90, code, 0, 0)) + body + b"\x00")
        if len(answer) < 2 or answer[-2] != 0x91 or answer[-1] != status:
            raise CardRefusedError(answer[-1] if answer else 0)
        return answer[:-2]

    def version(self, number: int) -> int:
        """Of a key; everybody may know it (DS 10.6.2)."""
        return (self.native(_GET_KEY_VERSION, bytes((number,))) or b"\0")[0]

    def authenticate(self, number: int, key: bytes) -> None:
        """AuthenticateEV2First (DS 9.1.5). Raises CardRefusedError where card or reader has another key."""
        theirs = self._opened(key, self._challenge(bytes((number, 0))), crypto.BLOCK)
        mine = secrets.token_bytes(crypto.BLOCK)
        token = crypto.encrypt(key, mine + crypto.rotated(theirs))
        told = self._opened(key, self.native(_MORE, token), 2 * crypto.BLOCK)
        if not hmac.compare_digest(told[4:20], crypto.rotated(mine)):
            raise CardRefusedError
        self._identifier, self._counter = told[:4], 0
        self._encryption, self._mac = crypto.session_keys(key, mine, theirs)

    def _challenge(self, asked: bytes) -> bytes:
        """Ask on where the card makes its reader wait: somebody has tried keys on it (AN12196, 6.4)."""
        began = monotonic()
        while True:
            try:
                return self.native(_FIRST, asked, _MORE)
            except CardRefusedError as refusal:
                if refusal.status != _DELAY or monotonic() - began > _PATIENCE_S:
                    raise

    def uid(self) -> bytes:
        """GetCardUID (DS 10.5.3); one of 4 or 10 bytes comes behind a zero and its length."""
        uid = self.sealed(_GET_CARD_UID)
        return uid[2:] if len(uid) in (6, 12) and uid[:2] == bytes((0, len(uid) - 2)) else uid

    def sealed(self, code: int, header: bytes = b"", data: bytes = b"") -> bytes:
        """A command in full mode (DS 9.1.10), and the data of its answer."""
        answer = self.native(code, self.seal(code, header, data))
        self._counter += 1
        answer, said = answer[:-_MAC], answer[-_MAC:]
        if not hmac.compare_digest(self._signature(b"\x00", answer), said):
            raise CardRefusedError
        try:
            return (
                crypto.unpad(crypto.decrypt(self._encryption, answer, self._iv(b"\x5a\xa5")))
                if answer
                else b""
            )
        except ValueError:
            raise CardRefusedError from None

    def seal(self, code: int, header: bytes, data: bytes) -> bytes:
        """What goes to the card then: header, data encrypted, MAC."""
        if data:
            header += crypto.encrypt(self._encryption, crypto.pad(data), self._iv(b"\xa5\x5a"))
        return header + self._signature(bytes((code,)), header)

    def _opened(self, key: bytes, data: bytes, size: int) -> bytes:
        if len(data) != size:
            raise CardRefusedError
        return crypto.decrypt(key, data)

    def _signature(self, head: bytes, data: bytes) -> bytes:
        return crypto.short_mac(self._mac, head + self._count() + self._identifier + data)

    def _iv(self, label: bytes) -> bytes:
        return crypto.encrypt(self._encryption, label + self._identifier + self._count() + bytes(8))

    def _count(self) -> bytes:
        return self._counter.to_bytes(2, "little")
