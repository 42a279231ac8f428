"""Opens a release's manifest, which is signed PS256 by one of the release keys that this release trusts.

Its payload is checked by payload.py, which is loaded once the signature has been found good.
"""

import json
from binascii import hexlify

from micropython import const

from link.envelope import decode, encode
from link.errors import EnvelopeError
from loader import Loan
from update.pss import SIZE, verify
from update.version import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = const(2048)  # characters of a manifest
_KEY_ID = const(8)
_KEYS_MAX = const(2)
_SIGNATURE = const(512)  # characters of SIZE bytes


def trusted(path: str, modulus: bytearray) -> "Iterator[tuple[bytes, bytearray]]":
    """(id, modulus) of the release keys in a file: a count of at most two, then 8 + 384 bytes for each.

    Nothing where there is no such file, or from where it ends. Each is read into `modulus`, of SIZE bytes.
    """
    try:
        with open(path, "rb") as file:
            for _ in range(min((file.read(1) or b"\0")[0], _KEYS_MAX)):
                name = file.read(_KEY_ID)
                if file.readinto(modulus) == SIZE:
                    yield name, modulus
    except OSError:
        pass


async def read(
    message: "bytes | bytearray | memoryview",
    version: str,
    keys: "Iterable[tuple[bytes, bytes | bytearray]]",
    reserve: "list[bytearray] | None" = None,
) -> dict:
    """The payload of the manifest of this version. Raises Refused.

    `reserve` is freed for the numbers of the signature, of which each is in one piece.

    The header must be, byte for byte, {"alg":"PS256","kid":"<id of a key>"}: it is
    compared, never obeyed. The payload is not read before the signature has been found good.
    """
    if len(message) > LONGEST:
        raise Refused("too large")
    view = memoryview(message)
    end = len(view) - _SIGNATURE - 1
    try:
        for name, modulus in keys:
            head = encode(b'{"alg":"PS256","kid":"' + hexlify(name) + b'"}') + b"."
            if end > len(head) and view[end] == 0x2E and view[: len(head)] == head:
                if reserve:
                    reserve.clear()
                if not await verify(view[:end], decode(view[end + 1 :]), modulus):
                    raise Refused("bad signature")
                with Loan():
                    from update.payload import checked

                    return checked(json.loads(decode(view[len(head) : end])), version)
    except (EnvelopeError, ValueError):
        raise Refused("malformed")
    raise Refused("unknown key")
