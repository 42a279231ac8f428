"""What secure cards compute, on the `cryptography` library; nothing here is the lock's code.

DS is NXP's data sheet NT4H2421Gx, AN10922 its note on diversified keys.
"""

import zlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK = 16
_ZEROS = bytes(BLOCK)


def encrypt(key: bytes, data: bytes, iv: bytes = _ZEROS) -> bytes:
    """AES-128 in CBC mode, without padding."""
    machine = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return machine.update(data) + machine.finalize()


def decrypt(key: bytes, data: bytes, iv: bytes = _ZEROS) -> bytes:
    """The reverse."""
    machine = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return machine.update(data) + machine.finalize()


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC, NIST SP 800-38B: 16 bytes."""
    machine = CMAC(algorithms.AES(key))
    machine.update(data)
    return machine.finalize()


def short_mac(key: bytes, data: bytes) -> bytes:
    """The eight bytes of a CMAC that are sent: every second one (DS 9.1.3)."""
    return cmac(key, data)[1::2]


def pad(data: bytes) -> bytes:
    """80h, and zeros to the end of the block; always (ISO/IEC 9797-1, method 2; DS 9.1.4)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def unpad(data: bytes) -> bytes:
    """Without the padding. ValueError: there is none."""
    bare = data.rstrip(b"\0")
    if not bare.endswith(b"\x80") or len(data) - len(bare) >= BLOCK:
        raise ValueError("the padding is wrong")
    return bare[:-1]


def rotated(data: bytes) -> bytes:
    """By one byte to the left (DS 9.1.5)."""
    return data[1:] + data[:1]


def crc32(data: bytes) -> bytes:
    """IEEE 802.3's, not inverted at the end, the lowest byte first: CRC32NK of ChangeKey (DS 10.6.1)."""
    return (zlib.crc32(data) ^ 0xFFFFFFFF).to_bytes(4, "little")


def session_keys(key: bytes, rnd_a: bytes, rnd_b: bytes) -> tuple[bytes, bytes]:
    """SesAuthENCKey and SesAuthMACKey (DS 9.1.7); byte 15 of a number is its first here."""
    mixed = bytes(a ^ b for a, b in zip(rnd_a[2:8], rnd_b[:6], strict=True))
    context = b"\x00\x01\x00\x80" + rnd_a[:2] + mixed + rnd_b[6:] + rnd_a[8:]
    return cmac(key, b"\xa5\x5a" + context), cmac(key, b"\x5a\xa5" + context)


def diversified(master: bytes, data: bytes) -> bytes:
    """A card's own key from a master key and up to 31 bytes of input: over 32 bytes always (AN10922, 2.2)."""
    if not 1 <= len(data) <= 31:
        raise ValueError("1 to 31 bytes of input")
    message = b"\x01" + data
    subkey = _doubled(encrypt(master, _ZEROS))
    if len(message) < 2 * BLOCK:
        subkey = _doubled(subkey)
        message += b"\x80" + bytes(2 * BLOCK - len(message) - 1)
    last = bytes(a ^ b for a, b in zip(message[BLOCK:], subkey, strict=True))
    return encrypt(master, message[:BLOCK] + last)[BLOCK:]


def _doubled(block: bytes) -> bytes:
    """In the field of SP 800-38B, 6.1."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number ^= 1 << 128 | 0x87
    return number.to_bytes(BLOCK, "big")
