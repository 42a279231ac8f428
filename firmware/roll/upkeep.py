"""Checks the list for rotten bits once the door is armed, and sees that there is a second whole snapshot."""

import os

import console
from loader import Loan
from roll.credentials import ListError
from roll.head import ARRIVING, FOLDER, IS_FOLDER, is_folder, open_list
from roll.install import finish_rename, identities, install
from roll.layout import SNAPSHOTS
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials
    from roll.snapshot import Pace


async def tend(credentials: "Credentials", key: bytes, pace: "Pace") -> None:
    """Hash both snapshots, fall back to the other if the one in use is rotten, and have two whole ones."""
    await pace()  # what loads this is a step
    _clear_the_way()
    if credentials.head == ARRIVING:
        finish_rename()
        open_list(credentials, key)
    used, other = identities(credentials, key)
    if not used[1]:
        return
    async with Loan():
        from roll.snapshot import hash_of, merge

        mine, its = SNAPSHOTS[credentials.slot], SNAPSHOTS[1 - credentials.slot]
        is_spare = await hash_of(its, other[1], pace) == other[2]
        if await hash_of(mine, used[1], pace) != used[2]:
            console.error("roll", "the list of credentials is broken: bits of %s have rotted" % mine)
            if not is_spare:
                return  # most of it is right, and there is nothing better
            files.remove(mine)
            open_list(credentials, key)
            mine, its = its, mine
        elif is_spare:
            return
        if not credentials.whole or any(n.startswith(its[8:] + ".") for n in os.listdir(its[:7])):
            return
        used, other = identities(credentials, key)
        await pace()
        files.remove(its)
        try:
            if await merge(mine, b"", its, pace) == used[2] and other != used:
                await pace()
                place, laid = (credentials.version, credentials.slot), credentials.changes()
                await install(credentials, key, place, (used, used), laid, pace)
        except (ListError, OSError):
            console.warning("roll", "no space for a copy of the list")


def _clear_the_way() -> None:
    """Move folders away that somebody has made: they would be in the way of the lock's files for ever."""
    if not is_folder(FOLDER):
        return
    for name in [entry[0] for entry in os.ilistdir(FOLDER) if entry[1] == IS_FOLDER]:
        path = FOLDER + "/" + name
        try:
            os.rename(path, "/" + name + ".moved")
        except OSError:
            console.error("roll", "the folder %s is in the way of a file" % path)
