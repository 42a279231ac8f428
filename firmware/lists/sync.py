"""Takes credential lists from the operator: signed for this lock, newer than the one held, whole.

Each of its steps is loaded for its own time: together they would find no room.
"""

import sys

from micropython import const

import console
from link.errors import BlobError, EnvelopeError
from loader import Loan
from reports.results import CONNECTION_LOST, REASONS
from roll.credentials import ListError
from roll.layout import SNAPSHOTS
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from link.fetcher import Fetcher
    from reports.telemetry import Telemetry
    from roll.credentials import Credentials
    from roll.install import Identity
    from roll.record import Credential
    from settings import Settings

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Sync:
    """approve(listed) is awaited before a list is put in force; it raises ListError, and the old one stays.

    Of the settings it needs `lock` and `key`. `pace` is awaited between two steps.
    """

    def __init__(
        self,
        settings: "Settings",
        credentials: "Credentials",
        approve: "Callable[[Listed], Awaitable]",
        telemetry: "Telemetry",
        fetcher: "Fetcher",
        pace: "Callable[[], Awaitable]",
    ) -> None:
        self._lock_id, self._key, self._credentials = settings.lock, settings.key, credentials
        self._approve, self._telemetry, self._fetcher = approve, telemetry, fetcher
        self._pace = pace
        self._version: int | None = None  # of the head in hand, once it could be read

    async def receive(
        self, heads: "list[bytearray | None]", told: int, on_time: "Callable[[int], object]"
    ) -> int:
        """Take the list of the one head, which is not kept; None was too long. Or say why not.

        `told` is the version that the operator knows to be in force, what is returned the one that they know
        of after that. on_time(seconds) is told the time of every head that was signed for this lock.
        Whatever the head holds, nothing is raised.
        """
        version = self._version = None
        try:
            snapshot, identity, changes = await self._read(heads.pop(), on_time)
            version = self._version
            held = self._credentials.version
            if version is None or version < held:
                raise ListError("old version")
            if version > held or not self._credentials.whole:
                await self._install(version, snapshot, identity, changes)
            elif told == version:  # the broker repeats what it retains at every connection
                return told
            base, _, digest = (await self._identities())[0]
            self._telemetry.accepted(version, base, "".join("%02x" % byte for byte in digest))
            return version
        except (ListError, EnvelopeError, BlobError) as error:
            self._refuse(error.reason, error)
        except OSError as error:
            self._refuse("flash full" if error.errno == _ENOSPC else "flash error", error)
        except MemoryError as error:
            self._refuse("no memory", error)
        except Exception as error:  # whatever it was, the old list is in use and the operator is told
            self._refuse("", error)
        return told

    def _refuse(self, reason: str, error: "Exception") -> None:
        if reason == CONNECTION_LOST:
            return  # the head comes again with the next one
        if reason not in REASONS:
            console.error("lists", "a list was refused for what should not happen")
            sys.print_exception(error)
            reason = "bad records"
        self._telemetry.refused(self._version, reason)

    async def _read(self, message: "bytearray | None", on_time: "Callable[[int], object]") -> tuple:
        """Name, identity and changes that a head offers, checked as far as it goes by itself."""
        if message is None:
            raise ListError("too large")
        async with Loan():
            from lists.head import check, read

            await self._pace()
            time, self._version, snapshot, identity, changes = read(message, self._lock_id, self._key)
            await self._pace()
            on_time(time)
            check(identity[1], changes)
            return snapshot, identity, changes

    async def _identities(self) -> "tuple[Identity, Identity]":
        async with Loan():
            from roll.install import identities

            return identities(self._credentials, self._key)

    async def _install(self, version: int, snapshot: str, identity: "Identity", changes: bytes) -> None:
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
            install(credentials, self._key, (version, slot), (identity, other), changes)

    async def _have_snapshot(self, snapshot: str, identity: "Identity", path: str) -> None:
        """Have the snapshot in the slot that is not in use: it is there, or is merged, or is fetched."""
        if not await self._have_it_here(identity, path):
            await self._fetcher.fetch(snapshot, identity[1], path)
        async with Loan():
            from roll.snapshot import check

            await self._pace()
            await check(path, self._pace)

    async def _have_it_here(self, identity: "Identity", path: str) -> bool:
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
    """The credentials of a snapshot with changes laid over it; the file is open for as long as it takes."""
    with open(path, "rb") as file:
        yield from each(file, changes)
