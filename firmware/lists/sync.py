"""Takes credential lists from the operator: signed for this lock, newer than the one held, whole.

Loaded when the head of a list comes, and unloaded after. So is each of its steps in turn: together they
would find no room.
"""

import sys

from micropython import const

import console
from loader import OFTEN, collect, unload
from roll.layout import SNAPSHOTS, ListError
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from link.subscriptions import Topics
    from reports.telemetry import Telemetry
    from roll.credentials import Credential, Credentials
    from roll.install import Identity

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Sync:
    """approve(listed) is awaited before a list is put in force; it raises ListError, and the old one stays.

    on_time(seconds) is told the time of every head that was signed for this lock. patience_ms is for a chunk,
    or for a connection to come back.
    """

    def __init__(
        self, lock_id: str, key: bytes, credentials: "Credentials", approve: "Callable[[Listed], Awaitable]",
        telemetry: "Telemetry", topics: "Topics", pace: "Callable[[], Awaitable]",
        on_time: "Callable[[int], object]", *, patience_ms: int = 30_000,
    ) -> None:  # fmt: skip
        self._lock_id, self._key, self._credentials = lock_id, key, credentials
        self._approve, self._telemetry, self._topics = approve, telemetry, topics
        self._pace, self._on_time, self._patience = pace, on_time, patience_ms

    async def take(self, heads: "list[bytearray | None]", told: int) -> int:
        """Take the list of the one head, which is not kept; None was too long. Or say why not.

        `told` is the version that the operator knows to be in force, what is returned the one that they know
        of after that. Whatever the head holds, nothing is raised.
        """
        version = None
        try:
            time, version, snapshot, identity, changes = await self._read(heads.pop())
            await self._pace()
            self._on_time(time)
            self._check(identity[1], changes)
            await self._pace()
            unload("lists.head", "link.envelope", "roll.records")
            await self._pace()
            held = self._credentials.version
            if version < held:
                raise ListError("old version")
            if version > held or not self._credentials.whole:
                await self._install(version, snapshot, identity, changes)
            elif told == version:  # the broker repeats what it retains at every connection
                return told
            await collect(-1)
            base, _, digest = self._identities()[0]
            await collect(OFTEN)
            self._telemetry.accepted(version, base, "".join("%02x" % byte for byte in digest))
            return version
        except OSError as error:
            self._refuse(version, "flash full" if error.errno == _ENOSPC else "flash error", error)
        except MemoryError as error:
            self._refuse(version, "no memory", error)
        except Exception as error:  # whatever it was, the old list is in use and the operator is told
            self._refuse(version, getattr(error, "reason", None), error)
        return told

    def _refuse(self, version: "int | None", reason: "str | None", error: "Exception") -> None:
        if reason == "connection lost":
            return  # the head comes again with the next one
        from reports.results import REASONS

        if reason not in REASONS:
            console.error("link", "a list was refused for what should not happen")
            sys.print_exception(error)
            reason = "bad records"
        self._telemetry.refused(version, reason)

    async def _read(self, message: "bytearray | None") -> tuple:
        if message is None:
            raise ListError("too large")
        await collect(-1)
        from lists.head import read

        await collect(OFTEN)
        await self._pace()
        return read(message, self._lock_id, self._key)

    def _check(self, size: int, changes: bytes) -> None:
        from lists.head import check

        check(size, changes)

    def _identities(self) -> "tuple[Identity, Identity]":
        from roll.install import identities

        return identities(self._credentials, self._key)

    async def _install(self, version: int, snapshot: str, identity: "Identity", changes: bytes) -> None:
        credentials = self._credentials
        await collect(-1)
        used, other = self._identities()
        await collect(OFTEN)
        unload("roll.install", "roll.head")
        await self._pace()
        slot = credentials.slot
        if not credentials.whole or identity[1:] != used[1:]:
            slot, other = 1 - slot, used
            await self._have_snapshot(snapshot, identity, SNAPSHOTS[slot])
            unload("roll.snapshot", "roll.records", "link.blobs", "storage.partials")

        def listed() -> "Iterator[tuple[bytes, Credential]]":
            from roll.layout import each

            with open(SNAPSHOTS[slot], "rb") as file:
                yield from each(file, changes)

        await self._pace()
        await self._approve(listed)
        await self._pace()
        await collect(-1)
        from roll.install import choose

        await self._pace()
        await collect(-1)
        choose(credentials, self._key, version, slot, identity, other, changes)

    async def _have_snapshot(self, snapshot: str, identity: "Identity", path: str) -> None:
        """Have the snapshot in the slot that is not in use: it is there, or is merged, or is fetched."""
        if not await self._have_it_here(identity, path):
            unload("roll.snapshot", "roll.records")
            from link.blobs import fetch

            await fetch(self._topics, snapshot, identity[1], path, self._pace, self._patience)
            del fetch
            unload("link.blobs", "storage.partials")
        from roll.snapshot import check

        await self._pace()
        await check(path, self._pace)

    async def _have_it_here(self, identity: "Identity", path: str) -> bool:
        from roll.snapshot import hash_of, merge
        from storage.partials import tidy

        credentials = self._credentials
        await self._pace()
        base, size, digest = identity
        if await hash_of(path, size, self._pace) == digest:
            return True
        files.remove(path)
        if not credentials.whole or base != credentials.version:
            return False
        tidy(path + ".new")
        merged = await merge(SNAPSHOTS[credentials.slot], credentials.changes(), path, self._pace)
        if merged != digest:
            files.remove(path)
        return merged == digest
