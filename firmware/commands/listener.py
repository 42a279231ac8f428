"""Gets the commands; the code that judges and carries them out is loaded for each."""

import asyncio

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload

_LONGEST = const(2048)  # bytes
_PACE_MS = const(1000)  # after a bad one, so that whoever sends many cannot occupy the lock


class Listener:
    """`parts` are the lock's key, the clock, the numbers and the telemetry; `door` those of remote.py."""

    def __init__(self, lock_id: str, parts: tuple, door: tuple) -> None:
        self._lock_id, self._parts, self._door = lock_id, parts, door

    async def on_message(self, payload: "Payload") -> None:
        """One message of the topic `command`."""
        if not await self._handle([await payload.read(_LONGEST)], payload.retained):
            await asyncio.sleep_ms(_PACE_MS)

    async def _handle(self, messages: "list[bytearray | None]", retained: bool) -> bool:
        """Whether the command in the one message was carried out; None is a message that was too long."""
        async with Loan():
            from commands.commands import handle

            return await handle(self._lock_id, self._parts, self._door, messages, retained)
