"""Has the snapshot of a list in the slot that is not in use, and puts the list in force."""

from loader import Loan
from roll.layout import SNAPSHOTS
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from roll.credentials import Credentials
    from roll.install import Identity
    from roll.record import Credential

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]


class Installer:
    """approve(listed) raises ListError for a list that may not be put in force; `key` is the lock's.

    fetch(sha256, size, path) brings a blob; it raises Refused.
    """

    def __init__(
        self,
        key: bytes,
        credentials: "Credentials",
        approve: "Callable[[Listed], Awaitable]",
        fetch: "Fetch",
        pace: "Callable[[], Awaitable]",
    ) -> None:
        self._key, self._credentials, self._approve = key, credentials, approve
        self._fetch, self._pace = fetch, pace

    async def _identities(self) -> "tuple[Identity, Identity]":
        async with Loan():
            from roll.install import identities

            return identities(self._credentials, self._key)

    async def install(self, version: int, snapshot: str, identity: "Identity", changes: bytes) -> None:
        """Have the snapshot of this SHA-256 and identity, and put it in force with the changes over it.

        Raises ListError, Refused, OSError; the list in use stays then.
        """
        credentials = self._credentials
        used, other = await self._identities()
        slot = credentials.slot
        if not credentials.whole or identity[1:] != used[1:]:
            slot, other = 1 - slot, used
            await self._have_snapshot(snapshot, identity, SNAPSHOTS[slot])

        def listed() -> "Iterator[tuple[bytes, Credential]]":
            with Loan():
                from roll.layout import each

                return _through(each, SNAPSHOTS[slot], changes)

        await self._pace()
        await self._approve(listed)
        await self._pace()
        async with Loan():
            from roll.install import install

            await self._pace()
            place = version, slot
            await install(credentials, self._key, place, (identity, other), changes, self._pace)

    async def _have_snapshot(self, snapshot: str, identity: "Identity", path: str) -> None:
        """Have the snapshot in the slot that is not in use: it is there, or is merged, or is fetched."""
        if not await self._is_here(identity, path):
            await self._fetch(snapshot, identity[1], path)
        async with Loan():
            from roll.snapshot import check

            await self._pace()
            await check(path, self._pace)

    async def _is_here(self, identity: "Identity", path: str) -> bool:
        async with Loan():
            from roll.snapshot import hash_of, merge

            credentials = self._credentials
            await self._pace()
            base, size, digest = identity
            if await hash_of(path, size, self._pace) == digest:
                return True
            files.remove(path)
            if not credentials.whole or base != credentials.version:
                return False
            files.tidy(path + ".new")
            merged = await merge(SNAPSHOTS[credentials.slot], credentials.changes(), path, self._pace)
            if merged != digest:
                files.remove(path)
            return merged == digest


def _through(each: "Callable", path: str, changes: bytes) -> "Iterator[tuple[bytes, Credential]]":
    """each() of a snapshot that is opened for it."""
    with open(path, "rb") as file:
        yield from each(file, changes)
