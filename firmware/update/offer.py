"""Looks at what a release says of itself, before anything of it is fetched."""

import sys

from micropython import const

from update import manifest
from update.refused import Refused
from update.version import version_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_TRIES = const(3)  # of one release that does not prove itself


def check_tries(version: str, numbers: "Numbers", slot: int) -> None:
    """Raise Refused for a release that did not prove itself often enough, and during a trial."""
    if numbers.get("failed") == version_code(version) and numbers.get("fails") >= _TRIES:
        raise Refused("failed trial")
    if numbers.get("choice") != slot:
        raise Refused("on trial")


async def open_release(
    version: str, message: "bytes | bytearray | None", board: str, place: str, numbers: "Numbers"
) -> dict:
    """What the manifest says, if it is for this lock and no older than what was confirmed once.

    message is None where it was too large to be kept; place is where the running release's files are
    seen. Raises Refused.
    """
    if message is None:
        raise Refused("too large")
    found = await manifest.read(message, version, manifest.trusted(place + "/update/keys"))
    if found["board"] != board:
        raise Refused("wrong board")
    if found["security"] < numbers.get("security"):
        raise Refused("old security version")
    if "image" not in found and tuple(found["runtime"]) > sys.implementation.version[:2]:
        raise Refused("old runtime")
    return found
