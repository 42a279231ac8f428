"""Hears commands, with code that is there only for as long as one is looked at."""

import asyncio

from micropython import const

from loader import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload

_LONGEST = const(2048)  # bytes
_PACE_MS = const(1000)  # after a bad one: whoever sends many does not keep the lock busy


class Orders:
    """`parts` are those of commands.commands.Commands."""

    def __init__(self, *parts) -> None:
        self._parts = parts

    async def on_message(self, payload: "Payload") -> None:
        """One message of the topic `command`."""
        message, retained = await payload.read(_LONGEST), payload.retained
        from commands.commands import Commands

        obeyed = Commands(*self._parts).take(message, retained)
        del Commands, message
        unload("commands.commands", "link.envelope", "reports.results")
        if not obeyed:
            await asyncio.sleep_ms(_PACE_MS)
