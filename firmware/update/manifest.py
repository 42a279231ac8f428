"""Opens a release's manifest, which is signed PS256 by one of the release keys that this release trusts.

What looks for the key, what verifies and what reads the payload is loaded in turn: numbers of 6,144 bits need
memory in one piece.
"""

import sys

from link.errors import Refused
from loader import Loan
from storage.names import SECURITY_FLOOR
from update.steps import BUILD, HAD, IMAGE, PARTITION, PIECES, PLANNED
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers
    from update.steps import Next, Update


async def step(update: "Update", message: "list[bytearray]") -> "Next":
    """Open the manifest of the release that is ordered, and tell that it is accepted. Raises Refused."""
    place, board = "/slots/" + slot(), update.settings.board
    release = await open_release(update.version, message, board, place, update.board.numbers)
    release[HAD], release[PARTITION], release[PLANNED], release[PIECES] = update.faults(), None, [], 0
    update.reports.update(update.version, "accepted", "")
    return (IMAGE if "image" in release else BUILD), release


async def open_release(
    version: str, message: "list[bytearray]", board: str, place: str, numbers: "Numbers"
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


def _signature(message: "list[bytearray]", path: str) -> "tuple[memoryview, list]":
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
