"""Checks the list for rotten bits once the door is armed, and sees that there is a second whole snapshot."""

import os

import console
from loader import Loan
from roll.credentials import BadList
from roll.head import ARRIVING, FOLDER, IS_FOLDER, is_folder, open_list
from roll.install import finish_rename, identities, install
from roll.layout import SNAPSHOTS, changes
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials
    from roll.snapshot import Pace


async def tend(credentials: "Credentials", key: bytes, pace: "Pace") -> None:
    """Hash both snapshots, fall back to the other if the one in use is rotten, and have two whole ones."""
    await pace()  # what loads this is a step
    try:
        await _tend(credentials, key, pace)
    except (BadList, OSError):
        console.warning("roll", "no space for a copy of the list")


async def _tend(credentials: "Credentials", key: bytes, pace: "Pace") -> None:
    _clear_the_way()
    _finish(credentials, key)
    used, other = identities(credentials, key)
    if not used[1]:
        return
    async with Loan():
        from pace import hash_of
        from roll.snapshot import merge

        mine, its = SNAPSHOTS[credentials.slot], SNAPSHOTS[1 - credentials.slot]
        is_spare = await hash_of(its, other[1], pace) == other[2]
        if await hash_of(mine, used[1], pace) != used[2]:
            console.error("roll", "bits of %s have rotted" % mine)
            if not is_spare:
                return  # most of it is right, and there is nothing better
            files.remove(mine)
            open_list(credentials, key)
            mine, its = its, mine
        elif is_spare:
            return
        if not credentials.whole or _is_fetched(its):
            return
        await pace()
        files.remove(its)
        await _note(credentials, key, await merge(mine, b"", its, pace), pace)


def _finish(credentials: "Credentials", key: bytes) -> None:
    """Finish the installation of a list that a power cut has ended."""
    if credentials.head == ARRIVING:
        finish_rename()
        open_list(credentials, key)


def _is_fetched(snapshot: str) -> bool:
    """Whether a list comes in the place of this snapshot: parts of it lie beside it."""
    return any(name.startswith(snapshot[8:] + ".") for name in os.listdir(snapshot[:7]))


async def _note(credentials: "Credentials", key: bytes, copied: bytes, pace: "Pace") -> None:
    """Have the head say that the other snapshot is the same now, of this hash. Raises BadList, OSError."""
    used, other = identities(credentials, key)
    if copied == used[2] and other != used:
        await pace()
        place = credentials.version, credentials.slot
        laid = changes(credentials.head, len(credentials.firsts))
        await install(credentials, key, place, (used, used), laid, pace)


def _clear_the_way() -> None:
    """Move folders away that somebody has made: they would be in the way of the lock's files for ever."""
    if not is_folder(FOLDER):
        return
    for name in [entry[0] for entry in os.ilistdir(FOLDER) if entry[1] == IS_FOLDER]:
        path = FOLDER + "/" + name
        try:
            os.rename(path, "/" + name + ".moved")
        except OSError:
            console.error("roll", "the folder %s is in the way" % path)
