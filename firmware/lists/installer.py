"""Finds the snapshot of a list in the slot that is not in use, or merges it there from the one in use."""

from roll.layout import SNAPSHOTS, changes
from roll.snapshot import hash_of, merge
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from roll.credentials import Credentials
    from roll.install import Identity


async def is_here(
    credentials: "Credentials", identity: "Identity", path: str, pace: "Callable[[], Awaitable]"
) -> bool:
    """Whether the snapshot of this identity lies at `path` now; if not, it has to be fetched."""
    await pace()
    base, size, digest = identity
    if await hash_of(path, size, pace) == digest:
        return True
    files.remove(path)
    if not credentials.whole or base != credentials.version:
        return False
    files.tidy(path + ".new")
    merged = await merge(
        SNAPSHOTS[credentials.slot], changes(credentials.head, len(credentials.firsts)), path, pace
    )
    if merged != digest:
        files.remove(path)
    return merged == digest
