"""Takes the steps of an update, one after the other. The code of one step only is loaded at a time."""

from door.faults import READER
from loader import Loan
from update.refused import Refused
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from access.clock import Clock
    from link.subscriptions import Subscriptions
    from settings import Settings

    class Manager(Protocol):
        """update/manager.py: what the lock has for an update."""

        settings: Settings
        board: Any
        clock: Clock
        subscriptions: Subscriptions
        door: tuple  # faults(), report(version, step, reason)
        reports: Any  # `answered`: the reader has, since the start
        orders: list[tuple[bytearray | None, bool]]
        version: Any
        ready: tuple | None

        async def hold(self) -> None: ...
        def report(self, version: str | None, step: str, reason: str) -> None: ...


async def obey(manager: "Manager") -> None:
    """See to the last order; to the one before if there is none that was not read yet. Raises MemoryError."""
    try:
        if manager.orders:  # else one was taken for the one before, or this is another try
            manager.version = None
            try:
                manager.version = await _read(manager)
            except MemoryError:
                await manager.hold()
                manager.version = await _read(manager)
        elif manager.version is None:
            _look(manager)
        version = manager.version
        if version is not None:
            await manager.hold()
            manager.ready = await _prepare(manager, await _manifest(manager, version))
            if manager.ready is not None:
                manager.report(version, "fetched", "")
    except Refused as error:
        manager.report(manager.version, "refused", error.reason)


def _look(manager: "Manager") -> None:
    """See whether this release reaches the broker at all."""
    try:
        with Loan():
            from update.unheard import look

            is_online = manager.subscriptions.client is not None
            look(manager.board, is_online, lambda: _excused(manager), manager.report)
    except OSError:
        pass  # NVS is full; the next hour comes


def _excused(manager: "Manager") -> "set[str]":
    """Which of today's faults are no fault of the next release. A reader that has answered since the start
    can: it will have to.
    """
    faults = manager.door[0]()
    if manager.reports.answered:
        faults.discard(READER)
    return faults


async def switch_to(manager: "Manager", version: str, image: "Any", had: "set[str]", before: str) -> None:
    """Have the other slot started, with this release; it may go back to the one `before`, "" for none."""
    had = had & _excused(manager)
    async with Loan():
        from update.version import Switching, switch

        to = Switching(version, "ab".find(slot()) & 1, image, had, before)
        switch(to, manager.board.numbers, manager.board.reset)


async def _read(manager: "Manager") -> "str | None":
    async with Loan():
        from update.session import read

        return read(manager.orders, manager.settings, manager.board.numbers, manager.clock, manager.report)


async def _manifest(manager: "Manager", version: str) -> dict:
    """A step of its own: a coroutine holds what it has handed on until it ends, here the message."""
    return await _open(manager, version, await _request(manager, version))


async def _request(manager: "Manager", version: str) -> bytearray:
    async with Loan():
        from update.session import request

        return await request(version, manager.settings.board, manager.subscriptions)


async def _open(manager: "Manager", version: str, message: bytearray) -> dict:
    async with Loan():
        from update.manifest import open_release

        place, board = "/slots/" + slot(), manager.board
        return await open_release(version, message, manager.settings.board, place, board.numbers)


async def _prepare(manager: "Manager", manifest: dict) -> "tuple | None":
    async with Loan():
        from update.updater import prepare

        return await prepare(manifest, manager.subscriptions, manager.door)
