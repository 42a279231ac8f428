"""Checks the payload of a release's manifest.

It has these members, no more and no less: "version" "1.2.3"; "security" a number that never goes down;
"board"; "runtime" [major, minor] of the least MicroPython; "slot" and "files", each {"sha256", "size"}: the
pack, and its head, see tools/release/pack.py; and for a MicroPython image "image" {"sha256", "size",
"pieces"}, where "pieces" is the SHA-256 of the string of SHA-256s of its pieces of 32,768 bytes.
"""

from micropython import const

from update.version import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SLOT_MAX = const(160 * 1024)  # bytes; two larger ones and two lists of 10,000 do not fit the flash
_FILES_MAX = const(8192)
_IMAGE_MAX = const(0x1F0000)  # no partition of a 4 MB layout is larger
_SECURITY_MAX = const(0x3FFFFFFF)


def checked(payload: "Any", version: str) -> dict:
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
        and (image is None or (_is_blob(image, _IMAGE_MAX, 3) and _is_hash(image.get("pieces"))))
    )
    if not fits:
        raise Refused("malformed")
    return payload


def _is_number(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_runtime(value: "Any") -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(part, 0, 255) for part in value)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _is_blob(value: "Any", largest: int, members: int) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == members
        and _is_hash(value.get("sha256"))
        and _is_number(value.get("size"), 1, largest)
    )
