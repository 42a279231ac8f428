"""Speaks with NTAG 424 DNA and DESFire EV2/EV3: AES authentication, and messages signed or sealed.

DS is NXP's data sheet NT4H2421Gx. Commands are native ones, wrapped in APDUs (DS 8.4).
"""

from os import urandom
from time import ticks_diff, ticks_ms

from cryptolib import aes
from micropython import const

from readers.apdu import CardRefusal, exchange
from storage.hmac import equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable

    from readers.pn532 import PN532

_ECB = const(1)
_CBC = const(2)
_BLOCK = const(16)
_ZEROS = bytes(_BLOCK)
_FIRST = const(0x71)  # AuthenticateEV2First: DS 10.4.1
_NON_FIRST = const(0x77)  # AuthenticateEV2NonFirst: DS 10.4.2
_MORE = const(0xAF)
_DELAY = const(0xAD)  # the card was lied to often, and makes its reader wait: AN12196, 6.4
_PATIENCE_MS = const(12_000)
_TELLS = const(64)  # answers of this kind, of 25 ms each and more: two seconds
_GET_CARD_UID = const(0x51)  # DS 10.5.3
_MAC = const(8)


def encrypted(key: bytes, data: bytes, iv: bytes = _ZEROS) -> bytes:
    """AES-128 in CBC mode of whole blocks."""
    return aes(key, _CBC, iv).encrypt(data)


def decrypted(key: bytes, data: bytes, iv: bytes = _ZEROS) -> bytes:
    """The reverse. Raises CardRefusal where these are no whole blocks."""
    if not data or len(data) % _BLOCK:
        raise CardRefusal
    return aes(key, _CBC, iv).decrypt(data)


def xored(a: bytes, b: bytes) -> bytes:
    """Of two that are equally long."""
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC, NIST SP 800-38B, 6.2: 16 bytes. Of a message of some bytes it is the last block of CBC."""
    subkey = _doubled(aes(key, _ECB).encrypt(_ZEROS))
    odd = len(data) % _BLOCK
    if odd or not data:
        subkey = _doubled(subkey)
        data += b"\x80" + bytes(_BLOCK - 1 - odd)
    return encrypted(key, data[:-_BLOCK] + xored(data[-_BLOCK:], subkey))[-_BLOCK:]


def _doubled(block: bytes) -> bytes:
    """SP 800-38B, 6.1."""
    number = int.from_bytes(block, "big") << 1
    if block[0] & 0x80:
        number ^= 0x100000000000000000000000000000087
    return number.to_bytes(_BLOCK, "big")


class Session:
    """One conversation with the card that the reader found last.

    Raises CardRefusal for what the card says, and CardError of pn532.py where it says nothing. `took_ms`: how
    long the last step of the last authentication took.
    """

    def __init__(self, reader: "PN532") -> None:
        self.reader = reader
        self._identifier = b""  # TI
        self._counter = 0  # CmdCtr
        self._proved = self._numbers = self._encryption = self._mac = b""
        self.took_ms = 0

    def native(self, code: int, data: bytes = b"", status: int = 0) -> "Awaitable[bytes]":
        """The data of the answer to a command in plain mode; the answer must end in this status."""
        size = len(data)
        apdu = bytes((0x90, code, 0, 0, size))
        return exchange(self.reader, apdu + data + b"\x00" if size else apdu, status)

    async def authenticate(self, number: int, key: bytes, first: bool = True) -> None:
        """Prove this key to each other (DS 9.1.5); with not `first`, in the session that there is (9.1.6).

        A card on which somebody has tried keys makes its reader wait. What has passed of that is lost when
        the field goes; so it is asked on, for some seconds.
        """
        began, turns, theirs = ticks_ms(), 0, b""
        while not theirs:
            asked = bytes((number, 0)) if first else bytes((number,))
            try:
                theirs = decrypted(key, await self.native(_FIRST if first else _NON_FIRST, asked, _MORE))
            except CardRefusal as refusal:
                if refusal.args != (_DELAY,) or ticks_diff(ticks_ms(), began) > _PATIENCE_MS:
                    raise
                first = True  # that has ended the session
                if not turns % _TELLS:
                    self.reader.on_delay()
                turns += 1
        mine = urandom(_BLOCK)
        token = encrypted(key, mine + theirs[1:] + theirs[:1])
        began = ticks_ms()
        answer = await self.native(_MORE, token)
        self.took_ms = ticks_diff(ticks_ms(), began)
        told = decrypted(key, answer)
        if first:
            self._identifier, told, self._counter = told[:4], told[4:20], 0
        if not equal(told, mine[1:] + mine[:1]):
            raise CardRefusal
        self._proved, self._numbers = key, mine + theirs
        self._encryption = self._mac = b""

    async def card_uid(self) -> bytes:
        """GetCardUID: of 7 bytes; one of 4 or 10 comes behind a zero and its length."""
        uid = await self.sealed(_GET_CARD_UID)
        if len(uid) in (6, 12) and uid[0] == 0 and uid[1] == len(uid) - 2:
            return uid[2:]
        if len(uid) != 7:
            raise CardRefusal
        return uid

    async def sealed(self, code: int, header: bytes = b"", data: bytes = b"") -> bytes:
        """A command in full mode (DS 9.1.10): data are encrypted both ways, and all but statuses signed."""
        answer = await self.native(code, self.seal(code, header, data))
        self._counter += 1
        if len(answer) < _MAC or not equal(self._signature(b"\x00", answer[:-_MAC]), answer[-_MAC:]):
            raise CardRefusal
        if len(answer) == _MAC:
            return b""
        text = decrypted(self._encryption, answer[:-_MAC], self._iv(b"\x5a\xa5"))
        end = text.rfind(b"\x80")
        if end < len(text) - _BLOCK or any(text[end + 1 :]):
            raise CardRefusal
        return text[:end]

    def seal(self, code: int, header: bytes, data: bytes) -> bytes:
        """What goes to the card then: header, data encrypted, MAC."""
        if not self._mac:
            self._make_keys()
        if data:  # padded by 80h, and zeros to the end of the block, always (DS 9.1.4)
            data += b"\x80" + bytes(-(len(data) + 1) % _BLOCK)
            header += encrypted(self._encryption, data, self._iv(b"\xa5\x5a"))
        return header + self._signature(bytes((code,)), header)

    def _make_keys(self) -> None:
        """The session's (DS 9.1.7): CMACs of two blocks each, which differ in the first two bytes alone."""
        key, numbers = self._proved, self._numbers
        first = b"\x00\x01\x00\x80" + numbers[:2] + xored(numbers[2:8], numbers[16:22]) + numbers[22:24]
        last = xored(numbers[24:] + numbers[8:16], _doubled(aes(key, _ECB).encrypt(_ZEROS)))
        self._encryption = encrypted(key, b"\xa5\x5a" + first + last)[_BLOCK:]
        self._mac = encrypted(key, b"\x5a\xa5" + first + last)[_BLOCK:]

    def _signature(self, head: bytes, data: bytes) -> bytes:
        """Every second byte of the CMAC (DS 9.1.3, 9.1.9)."""
        whole = cmac(self._mac, head + self._count() + self._identifier + data)
        return bytes(list(whole)[1::2])

    def _iv(self, label: bytes) -> bytes:
        """DS 9.1.4."""
        return aes(self._encryption, _ECB).encrypt(label + self._identifier + self._count() + bytes(8))

    def _count(self) -> bytes:
        return self._counter.to_bytes(2, "little")
