"""The card's side of EV2 secure messaging, as NTAG 424 DNA and DESFire EV2 and EV3 have it.

DS is the data sheet NT4H2421Gx.
"""

import hmac

from menshen import card_crypto as crypto

_OK = b"\x00"
_MAC_SIZE = 8
_LAST = 0xFFFF


class IntegrityFault(Exception):
    """A MAC or the padding is wrong, or the command counter is at its end."""


class Session:
    """What an authentication has established: keys, transaction identifier, command counter.

    `key_no` is the key that was used. A command is checked, then `count` is called, then its response made.
    """

    def __init__(self, key_no: int, keys: tuple[bytes, bytes], identifier: bytes, counter: int = 0) -> None:
        self.key_no = key_no
        self._encryption, self._mac = keys
        self.identifier, self.counter = identifier, counter

    def checked(self, command: int, data: bytes) -> bytes:
        """The data of a command in MAC mode without their MAC (DS 9.1.9). Raises IntegrityFault."""
        data, mac = data[:-_MAC_SIZE], data[-_MAC_SIZE:]
        wanted = crypto.short_mac(self._mac, bytes((command,)) + self._state() + data)
        if self.counter == _LAST or not hmac.compare_digest(mac, wanted):
            raise IntegrityFault
        return data

    def decrypted(self, data: bytes) -> bytes:
        """What a command has encrypted, after its MAC was checked (DS 9.1.10). Raises IntegrityFault."""
        if not data or len(data) % crypto.BLOCK:
            raise IntegrityFault
        try:
            return crypto.unpad(crypto.decrypt(self._encryption, data, self._iv(b"\xa5\x5a")))
        except ValueError:
            raise IntegrityFault from None

    def count(self) -> None:
        """Between command and response, in every mode (DS 9.1.2). Raises IntegrityFault at the end."""
        if self.counter == _LAST:
            raise IntegrityFault
        self.counter += 1

    def encrypted(self, data: bytes) -> bytes:
        """The data of a response in full mode; nothing stays nothing."""
        iv = self._iv(b"\x5a\xa5")
        return crypto.encrypt(self._encryption, crypto.pad(data), iv) if data else b""

    def signed(self, data: bytes) -> bytes:
        """The data of a response with their MAC."""
        return data + crypto.short_mac(self._mac, _OK + self._state() + data)

    def _state(self) -> bytes:
        return self.counter.to_bytes(2, "little") + self.identifier

    def _iv(self, label: bytes) -> bytes:
        """DS 9.1.4."""
        seed = label + self.identifier + self.counter.to_bytes(2, "little") + bytes(8)
        return crypto.encrypt(self._encryption, seed)
