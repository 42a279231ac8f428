"""Takes one list of the operator's after the other through its steps, and reports the result.

The code of each step is loaded for that step alone, and only this module stays loaded meanwhile: there is no
memory for all of it at once.
"""

from link.errors import Interrupted
from loader import Loan
from pace import Pace
from roll.credentials import BadList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from access.clock import Clock
    from link.subscriptions import Subscriptions
    from people.register import Register
    from reports.telemetry import Telemetry
    from roll.credentials import Credentials
    from roll.install import Identity
    from roll.record import Credential
    from settings import Settings

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]


async def receive(parts: tuple, heads: "list[bytearray | None]", live: bool, told: int) -> int:
    """As Sync.receive(). `parts` are the settings, who lives here, the clock, the subscriptions, telemetry.

    `live`: the head tells the time, which is believed where it echoes a challenge.
    """
    settings, register, clock, subscriptions, telemetry = parts
    signed = [0]  # the time at which the head was signed

    def on_time(now: int, echo: object) -> None:
        clock.signed(now, live and echo in clock.challenges)
        signed[0] = now

    def approve(listed: "Listed") -> "Awaitable":
        return _approve(listed, clock, signed[0], register)

    pace = Pace()
    await pace()
    sync = Sync(settings, register.credentials, approve, telemetry, subscriptions, pace)
    return await sync.receive(heads, told, on_time)


async def _approve(listed: "Listed", clock: "Clock", signed: int, register: "Register") -> None:
    """Raise BadList where a list would lock somebody out of their home."""
    async with Loan():
        from people.approval import approve

        signed = signed if clock.trust == "signed" else 0  # one clock alone dates no lease
        await approve(listed, clock.now(), signed, register)


class Sync:
    """approve(listed) is awaited before a list is put in force; it raises BadList, and the old one stays.

    Of the settings it needs `lock` and `key`. `pace` is awaited between two steps.
    """

    def __init__(
        self,
        settings: "Settings",
        credentials: "Credentials",
        approve: "Callable[[Listed], Awaitable]",
        telemetry: "Telemetry",
        subscriptions: "Subscriptions",
        pace: "Callable[[], Awaitable]",
    ) -> None:
        self._settings, self._credentials = settings, credentials
        self._approve, self._telemetry, self._subscriptions = approve, telemetry, subscriptions
        self._pace = pace
        self._head = []  # version and hash of the list that the head in hand names, once it could be read

    async def receive(
        self, heads: "list[bytearray | None]", told: int, on_time: "Callable[[int, object], object]"
    ) -> int:
        """Install the list of the one head, or report why it is refused; None is a head that was too long.

        `told` is the version of which the operator has been told that it is in force; the result is that
        version afterwards. on_time(seconds, echo) gets the time of each head that was signed for this lock
        and is newer than the one in force, and the challenge that it echoes. The head is removed from
        `heads`, to free its memory. Whatever it holds, nothing but MemoryError is raised.
        """
        self._head.clear()
        try:
            named = await self._read(heads, on_time)
            version, name = self._head
            held = self._credentials
            if version < held.version:
                raise BadList("old version")
            if version > held.version or not held.whole:
                await self.install(version, *named)
            elif name != held.hash:  # another list of the same number: of an older copy of the file
                raise BadList("old version")
            elif told == version:  # the broker repeats what it retains at every connection
                return told
            await self._accept(version)
            return version
        except Interrupted:
            pass  # the broker sends the head again at the next connection
        except MemoryError:
            raise  # it is tried again
        except Exception as error:  # whatever it was, the old list is in use and the operator is told
            self._refuse(error)
        return told

    async def install(self, version: int, snapshot: str, identity: "Identity", changes: bytes) -> None:
        """Have the snapshot of this SHA-256 and identity, and put it in force with the changes over it.

        Raises BadList, Refused, OSError; the list in use stays then.
        """
        slot, other, path = await self._place(identity)
        if path:
            if not await self._is_here(identity, path):
                await self._subscriptions.fetch(snapshot, identity[1], path)
            await self._check(path)
        await self._pace()
        await self._approve(lambda: _through(slot, changes))
        await self._pace()
        await self._put((version, slot), (identity, other), changes)

    async def _read(
        self, heads: "list[bytearray | None]", on_time: "Callable[[int, object], object]"
    ) -> tuple:
        async with Loan():
            from lists.head import judge

            lock = self._settings.lock, self._settings.key, self._credentials
            return await judge(heads.pop(), lock, self._head, on_time, self._pace)

    async def _place(self, identity: "Identity") -> "tuple[int, Identity, str]":
        async with Loan():
            from roll.install import place

            await self._pace()
            return place(self._credentials, self._settings.key, identity)

    async def _is_here(self, identity: "Identity", path: str) -> bool:
        async with Loan():
            from roll.snapshot import is_here

            return await is_here(self._credentials, identity, path, self._pace)

    async def _check(self, path: str) -> None:
        async with Loan():
            from roll.snapshot import examine

            await self._pace()
            await examine(path, self._pace)

    async def _put(self, place: "tuple[int, int]", both: "tuple[Identity, Identity]", changes: bytes) -> None:
        async with Loan():
            from roll.install import install

            await self._pace()
            await install(self._credentials, self._settings.key, place, both, changes, self._pace)

    async def _accept(self, version: int) -> None:
        async with Loan():
            from reports.acks import Acks

            Acks(self._telemetry).list_accepted(version, self._credentials.base, self._credentials.hash.hex())

    def _refuse(self, error: "Exception") -> None:
        with Loan():
            from lists.refusal import refuse

            refuse(self._telemetry, self._head[0] if self._head else None, error)


def _through(slot: int, changes: bytes) -> "Iterator[tuple[bytes, Credential]]":
    with Loan():
        from roll.layout import through

        return through(slot, changes)
