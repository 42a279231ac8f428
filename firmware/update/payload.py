"""Takes a release's manifest apart: its signature with the key for that, and the payload, which is checked.

The payload has these members, no more and no less: "version" "1.2.3"; "security" a number that never goes
down; "board"; "runtime" [major, minor] of the oldest MicroPython; "slot" and "files", each {"sha256",
"size"}: the pack, and its head, see tools/release/pack.py; and for a MicroPython image "image" {"sha256",
"size", "pieces"}, where "pieces" is the SHA-256 of the string of SHA-256s of its pieces of 32,768 bytes.
"""

import json

from micropython import const

from link.envelope import decode, encode, from_hex
from link.errors import Refused
from update.pss import PART, PARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LONGEST = const(2048)  # characters of a manifest
_KEY_ID = const(8)
_KEYS_MAX = const(2)
_SLOT_MAX = const(160 * 1024)  # bytes; two larger ones and two lists of 10,000 do not fit the flash
_FILES_MAX = const(8192)
_IMAGE_MAX = const(0x1F0000)  # no partition of a 4 MB layout is larger
_SECURITY_MAX = const(0x3FFFFFFF)


def signature(message: "list[bytearray]", path: str) -> "tuple[memoryview, list]":
    """(what is signed, [the signature, the modulus of the key that the header names]), each in eight pieces.

    `message` is what is signed, a dot behind it, and pieces of the signature, which are taken out, to be
    freed. Raises Refused.
    The header must be, byte for byte, {"alg":"PS256","kid":"<id of a key>"}: it is compared, never obeyed.
    `path` is the file of trusted keys.
    """
    if sum(map(len, message)) > LONGEST:
        raise Refused("too large")
    pieces = message[1:]
    del message[1:]
    signed = memoryview(message[0])
    try:
        for name, modulus in _trusted(path):
            head = encode(b'{"alg":"PS256","kid":"%s"}' % name.hex()) + b"."
            fits = len(signed) > len(head) and len(pieces) == PARTS
            if fits and signed[-1] == 0x2E and signed[: len(head)] == head:
                return signed[:-1], [[decode(piece) for piece in pieces], modulus]
    except Refused:
        raise Refused("malformed")
    raise Refused("unknown key")


def _trusted(path: str) -> "Iterator[tuple[bytes, list[bytes]]]":
    """(id, modulus in eight pieces) of each key in a file: a count of at most two, then 8 + 384 bytes each.

    Nothing where there is no such file. Only one key at a time is in RAM.
    """
    try:
        with open(path, "rb") as file:
            for _ in range(min((file.read(1) or b"\0")[0], _KEYS_MAX)):
                yield file.read(_KEY_ID), [file.read(PART) for _ in range(PARTS)]
    except OSError:
        pass


def payload(signed: memoryview, version: str) -> dict:
    """The payload of what signature() returned, once that has been found good. Raises Refused."""
    start = 0
    while signed[start] != 0x2E:
        start += 1
    try:
        return _checked(json.loads(decode(signed[start + 1 :])), version)
    except (Refused, ValueError):
        raise Refused("malformed")


def _checked(payload: "Any", version: str) -> dict:
    """The payload, if each of its members is as it must be. Raises Refused."""
    if not isinstance(payload, dict):
        raise Refused("malformed")
    image = payload.get("image")
    fits = (
        len(payload) == (6 if image is None else 7)
        and payload.get("version") == version
        and _is_number(payload.get("security"), 0, _SECURITY_MAX)
        and isinstance(payload.get("board"), str)
        and _is_runtime(payload.get("runtime"))
        and _is_blob(payload.get("slot"), _SLOT_MAX, 2)
        and _is_blob(payload.get("files"), _FILES_MAX, 2)
        and (image is None or (_is_blob(image, _IMAGE_MAX, 3) and from_hex(image.get("pieces"), 32)))
    )
    if not fits:
        raise Refused("malformed")
    return payload


def _is_number(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_runtime(value: "Any") -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(part, 0, 255) for part in value)


def _is_blob(value: "Any", largest: int, members: int) -> object:
    return (
        isinstance(value, dict)
        and len(value) == members
        and from_hex(value.get("sha256"), 32)
        and _is_number(value.get("size"), 1, largest)
    )
