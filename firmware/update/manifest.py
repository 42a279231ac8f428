"""Opens a release's manifest, which is signed PS256 by one of the release keys that this release trusts.

What looks for the key, what verifies and what reads the payload is loaded in turn: numbers of 6,144 bits need
memory in one piece.
"""

import sys

from loader import Loan
from storage.names import SECURITY_FLOOR
from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers


async def open_release(
    version: str, message: "bytes | bytearray", board: str, place: str, numbers: "Numbers"
) -> dict:
    """The payload of a manifest that is for this board and not below the security version. Raises Refused.

    `place` is the folder that shows the running release's files. The payload is not read before the
    signature has been found good.
    """
    signed, parts = _signature(message, place + "/update/keys")
    if not await _is_good(signed, parts):
        raise Refused("bad signature")
    found = _payload(signed, version)
    if found["board"] != board:
        raise Refused("wrong board")
    if found["security"] < numbers.get(SECURITY_FLOOR):
        raise Refused("old security version")
    if "image" not in found and tuple(found["runtime"]) > sys.implementation.version[:2]:
        raise Refused("old runtime")
    return found


def _signature(message: "bytes | bytearray", path: str) -> "tuple[memoryview, list]":
    with Loan():
        from update.payload import signature

        return signature(message, path)


async def _is_good(signed: memoryview, parts: list) -> bool:
    async with Loan():
        from update.pss import verify

        return await verify(signed, parts)


def _payload(signed: memoryview, version: str) -> dict:
    with Loan():
        from update.payload import payload

        return payload(signed, version)
