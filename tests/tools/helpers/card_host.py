"""A reader's side of NTAG 424 DNA and DESFire, written from the data sheets and for tests alone.

It knows neither the card models nor the lock's code: what it and they agree on, both have from the documents
(NT4H2421Gx, 9; AN12196; AN12343). `exchange` carries an APDU to a card and brings its answer.
"""

import binascii
import os
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives import ciphers, cmac
from cryptography.hazmat.primitives.ciphers import algorithms, modes

ZERO_KEY = bytes(16)


class CardSays(Exception):
    """The card refused; `status` is its status word."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def status(does: Callable[..., object], *arguments: object) -> int:
    """The status word with which the card refuses."""
    try:
        does(*arguments)
    except CardSays as refusal:
        return refusal.status
    raise AssertionError("the card did not refuse")


class NotGenuine(Exception):
    """What came is not what a card with that key would say."""


class CardHost:
    """One conversation with one card."""

    def __init__(self, exchange: Callable[[bytes], bytes], dice: Callable[[int], bytes] = os.urandom) -> None:
        self._exchange, self._dice = exchange, dice
        self._ke = self._km = self.ti = b""
        self.counter = 0
        self.key_no = -1

    # -- carrying

    def apdu(self, *parts: int | bytes) -> bytes:
        """Send an APDU; the data of its answer. Raises CardSays where it is neither good nor goes on."""
        said = self._exchange(b"".join(bytes((part,)) if isinstance(part, int) else part for part in parts))
        status = int.from_bytes(said[-2:], "big")
        if status not in (0x9000, 0x9100, 0x91AF):
            raise CardSays(status)
        return said[:-2]

    def native(self, code: int, data: bytes = b"") -> bytes:
        """A wrapped native command as it is."""
        return self.apdu(0x90, code, 0, 0, *((len(data), data) if data else ()), 0)

    def select(self, name: bytes = bytes.fromhex("D2760000850101")) -> None:
        """Select an application by its ISO name; the default is NTAG 424 DNA's."""
        self.apdu(0, 0xA4, 4, 0x0C, len(name), name)

    # -- proving

    def authenticate(self, key_no: int, key: bytes, first: bool = True) -> None:
        """AuthenticateEV2First, or NonFirst. Raises CardSays, NotGenuine."""
        rnd_b = _cbc(key, False, self.native(0x71 if first else 0x77, bytes((key_no,)) + bytes(first)))
        rnd_a = self._dice(16)
        answer = _cbc(key, False, self.native(0xAF, _cbc(key, True, rnd_a + rnd_b[1:] + rnd_b[:1])))
        if first:
            self.ti, answer, self.counter = answer[:4], answer[4:20], 0
        if answer != rnd_a[1:] + rnd_a[:1]:
            raise NotGenuine("RndA came back changed")
        a, b = int.from_bytes(rnd_a, "big"), int.from_bytes(rnd_b, "big")
        low = (1 << 64) - 1
        middle = (a >> 64 & (1 << 48) - 1) ^ b >> 80
        context = a >> 112 << 192 | middle << 144 | (b & (1 << 80) - 1) << 64 | a & low
        tail = context.to_bytes(26, "big")
        self._ke = _cmac(key, bytes.fromhex("A55A00010080") + tail)
        self._km = _cmac(key, bytes.fromhex("5AA500010080") + tail)
        self.key_no = key_no

    # -- talking

    def plain(self, code: int, data: bytes = b"") -> bytes:
        """In a session, without protection; it counts all the same."""
        answer = self.native(code, data)
        self.counter += 1
        return answer

    def signed(self, code: int, header: bytes = b"", data: bytes = b"") -> bytes:
        """CommMode.MAC both ways. Raises NotGenuine where the card's MAC is wrong."""
        body = header + data
        answer = self.native(code, body + self._mac(bytes((code,)), body))
        self.counter += 1
        return self._proved(answer)

    def sealed(self, code: int, header: bytes = b"", data: bytes = b"") -> bytes:
        """CommMode.Full both ways."""
        secret = _cbc(self._ke, True, _padded(data), self._iv(0xA55A)) if data else b""
        answer = self.signed(code, header, secret)
        if not answer:
            return b""
        text = _cbc(self._ke, False, answer, self._iv(0x5AA5))
        cut = text.rindex(b"\x80")
        if any(text[cut + 1 :]):
            raise NotGenuine("padding")
        return text[:cut]

    def uid(self) -> bytes:
        """GetCardUID."""
        return self.sealed(0x51)

    def key_version(self, key_no: int) -> int:
        return self.signed(0x64, bytes((key_no,)))[0]

    def change_key(self, key_no: int, new: bytes, old: bytes, version: int = 1) -> None:
        """ChangeKey; that of the session's own key ends the session, and its answer has no MAC."""
        if key_no == self.key_no:
            data = _padded(new + bytes((version,)))
            secret = _cbc(self._ke, True, data, self._iv(0xA55A))
            body = bytes((key_no,)) + secret
            if self.native(0xC4, body + self._mac(b"\xc4", body)):
                raise NotGenuine("an answer with data")
            self.key_no = -1
            return
        mixed = bytes(x ^ y for x, y in zip(new, old, strict=True))
        check = struct.pack("<I", ~binascii.crc32(new) & 0xFFFFFFFF)
        self.sealed(0xC4, bytes((key_no,)), mixed + bytes((version,)) + check)

    def _proved(self, answer: bytes) -> bytes:
        data, mac = answer[:-8], answer[-8:]
        if mac != self._mac(b"\0", data):
            raise NotGenuine("MAC")
        return data

    def _mac(self, first: bytes, data: bytes) -> bytes:
        full = _cmac(self._km, first + struct.pack("<H", self.counter) + self.ti + data)
        return bytes(full[place] for place in range(1, 16, 2))

    def _iv(self, label: int) -> bytes:
        block = struct.pack(">H", label) + self.ti + struct.pack("<H", self.counter) + bytes(8)
        machine = ciphers.Cipher(algorithms.AES(self._ke), modes.ECB()).encryptor()  # noqa: S305  # one block
        return machine.update(block)


def place(file: int, offset: int, size: int) -> bytes:
    """The header of ReadData and WriteData."""
    return bytes((file,)) + struct.pack("<I", offset)[:3] + struct.pack("<I", size)[:3]


def _padded(data: bytes) -> bytes:
    room = 16 - len(data) % 16
    return data + (0x80 << 8 * (room - 1)).to_bytes(room, "big")


def _cbc(key: bytes, seals: bool, data: bytes, iv: bytes = bytes(16)) -> bytes:
    cipher = ciphers.Cipher(algorithms.AES(key), modes.CBC(iv))
    return (cipher.encryptor() if seals else cipher.decryptor()).update(data)


def _cmac(key: bytes, data: bytes) -> bytes:
    machine = cmac.CMAC(algorithms.AES(key))
    machine.update(data)
    return machine.finalize()
