"""Takes the steps of an update, one after the other. The code of one step only is loaded at a time."""

from loader import Loan
from update.refused import Refused
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Lock
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
        memory: Lock
        door: tuple
        orders: list[tuple[bytearray | None, bool]]
        version: Any

        def report(self, version: str | None, step: str, reason: str) -> None: ...


async def obey(manager: "Manager") -> None:
    """See to the last order; to the one before if there is none that was not read yet. Raises MemoryError."""
    try:
        if (
            manager.orders
        ):  # else one came while the last was read and was taken for it, or this is another try
            manager.version = None
            try:
                manager.version = await _read(manager)
            except MemoryError:
                async with manager.memory:  # a tenant's own broker may have it
                    manager.version = await _read(manager)
        if manager.version is not None:
            async with manager.memory:
                await _update(manager, await _manifest(manager))
    except Refused as error:
        manager.report(manager.version, "refused", error.reason)


async def _read(manager: "Manager") -> "str | None":
    async with Loan():
        from update.session import read

        return read(manager.orders, manager.settings, manager.board.numbers, manager.clock, manager.report)


async def _manifest(manager: "Manager") -> dict:
    """A step of its own: a coroutine holds what it has handed on until it ends, here the message."""
    return await _open(manager, await _request(manager))


async def _request(manager: "Manager") -> bytearray:
    async with Loan():
        from update.session import request

        return await request(manager.version, manager.settings.board, manager.subscriptions)


async def _open(manager: "Manager", message: bytearray) -> dict:
    async with Loan():
        from update.manifest import open_release

        place, board = "/slots/" + slot(), manager.board
        return await open_release(manager.version, message, manager.settings.board, place, board.numbers)


async def _update(manager: "Manager", manifest: dict) -> None:
    async with Loan():
        from update.updater import update

        await update(manifest, manager.subscriptions, manager.settings, manager.board, manager.door)
