"""Verifies signed messages: JWS compact (RFC 7515) with HS256, under a key that is the lock's own."""

import json
from binascii import a2b_base64, b2a_base64, unhexlify

from micropython import const

from link.errors import Refused
from storage.hmac import equal, hmac_sha256

# Numbers that messages are counted by; none is obeyed again, nor one below it:
NUMBER_MAX = const(0x3FFFFFFF)  # what MicroPython holds without allocating, and NVS in an i32
RISE_MAX = const(65_536)  # by so much at once: a wrong one does not use them up
_MESSAGE_MAX = const(8192)
_SIGNATURE = const(43)  # characters of 32 bytes
_STEP = const(128)  # characters decoded at a time, which saves a second copy of the whole
_HEADER = '{"alg":"HS256","kid":"'


def encode(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515, section 2)."""
    return b2a_base64(data).rstrip(b"=\n").replace(b"+", b"-").replace(b"/", b"_")


def decode(text: "bytes | bytearray | memoryview | str") -> bytearray:
    """The bytes of a base64url text. Raises Refused for any text but the canonical one for them."""
    size = len(text)
    out = bytearray(size * 3 // 4)
    place = 0
    for start in range(0, size, _STEP):
        part = text[start : start + _STEP]
        part = part.encode() if isinstance(part, str) else bytes(part)
        try:
            data = a2b_base64(part.replace(b"-", b"+").replace(b"_", b"/") + b"==="[: -len(part) % 4])
        except ValueError:
            raise Refused("malformed")
        if encode(data) != part:  # stray characters, padding, or bits left over
            raise Refused("malformed")
        out[place : place + len(data)] = data
        place += len(data)
    return out


def from_hex(text: object, size: int) -> bytes:
    """So many bytes from hexadecimal digits in lower case. Raises Refused."""
    try:
        if isinstance(text, str) and len(text) == 2 * size:
            found = unhexlify(text)
            if found.hex() == text:
                return found
    except ValueError:
        pass
    raise Refused("malformed")


def _check_header(header: memoryview, expected: bytes) -> None:
    """Compare the header with the expected one. It is decoded only to name what is wrong with it."""
    if header == expected:
        return
    if bytes(decode(header)).startswith(_HEADER.encode()):
        raise Refused("wrong lock")
    raise Refused("malformed")


def verify(message: "bytes | bytearray", kid: str, key: bytes, purpose: bytes) -> dict:
    """The payload of a message for lock `kid`, signed with HMAC(key, purpose).

    The header must be, byte for byte, {"alg":"HS256","kid":"<kid>"}. The payload is not read before the
    signature is verified. Raises Refused.
    """
    expected = encode((_HEADER + kid + '"}').encode())
    view = memoryview(message)
    end = len(view) - _SIGNATURE - 1
    if len(view) > _MESSAGE_MAX or end <= len(expected) + 1 or view[end] != 0x2E:
        raise Refused("malformed")
    start = 0
    while view[start] != 0x2E:
        start += 1
        if start > 2 * len(expected) + 128 or start >= end:
            raise Refused("malformed")
    _check_header(view[:start], expected)
    signature = decode(view[end + 1 :])
    if not equal(hmac_sha256(hmac_sha256(key, purpose), view[:end]), signature):
        raise Refused("bad signature")
    try:
        payload = json.loads(decode(view[start + 1 : end]))
    except ValueError:
        raise Refused("malformed")
    if not isinstance(payload, dict):
        raise Refused("malformed")
    return payload
