"""Looks after the list once the door is armed: rotten bits, and a second whole snapshot. Then unloaded."""

import os

import console
from loader import OFTEN, collect
from roll.head import ARRIVING
from roll.install import choose, identities, settle
from roll.layout import SNAPSHOTS, ListError
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials
    from roll.snapshot import Pace


async def tend(credentials: "Credentials", key: bytes, pace: "Pace") -> None:
    """Look for rotten bits, fall back where they are, and see that there are two whole snapshots."""
    if credentials.head == ARRIVING:
        settle()
        credentials.open(key)
    used, other = identities(credentials, key)
    if not used[1]:
        return
    mine, its = SNAPSHOTS[credentials.slot], SNAPSHOTS[1 - credentials.slot]
    await collect(-1)
    from roll.snapshot import hash_of

    await collect(OFTEN)
    is_spare = await hash_of(its, other[1], pace) == other[2]
    if await hash_of(mine, used[1], pace) != used[2]:
        console.error("access", "the list of credentials is broken: bits of %s have rotted" % mine)
        if not is_spare:
            return  # most of it is right, and there is nothing better
        files.remove(mine)
        credentials.open(key)
        mine, its = its, mine
    elif is_spare:
        return
    if credentials.whole and not any(n.startswith(its[8:] + ".") for n in os.listdir(its[:7])):
        await _copy(credentials, key, mine, its, pace)


async def _copy(credentials: "Credentials", key: bytes, mine: str, its: str, pace: "Pace") -> None:
    from roll.snapshot import merge

    used, other = identities(credentials, key)
    files.remove(its)
    try:
        if await merge(mine, b"", its, pace) == used[2] and other != used:
            laid = credentials.changes()
            await collect(-1)
            choose(credentials, key, credentials.version, credentials.slot, used, used, laid)
    except (ListError, OSError):
        console.warning("access", "no room for a copy of the list")
    await collect(OFTEN)
