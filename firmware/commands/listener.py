"""Waits for commands; what judges and obeys them is loaded for as long as that takes."""

import asyncio

from micropython import const

from loader import Loan
from supervisor import rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions

_LONGEST = const(2048)  # bytes
_PACE_MS = const(1000)  # after a bad one: whoever sends many does not keep the lock busy


class Listener:
    """`parts` are those of commands/commands.py; the first of them is the lock's name."""

    def __init__(self, subscriptions: "Subscriptions", *parts) -> None:
        self._subscriptions, self._parts = subscriptions, parts

    async def run(self) -> None:
        """For ever."""
        await self._subscriptions.subscribe("menshen/v1/" + self._parts[0] + "/command", self.on_message)
        await rest()

    async def on_message(self, payload: "Payload") -> None:
        """One message of the topic `command`."""
        if not await self._obey([await payload.read(_LONGEST)], payload.retained):
            await asyncio.sleep_ms(_PACE_MS)

    async def _obey(self, messages: "list[bytearray | None]", retained: bool) -> bool:
        """Whether the one message was obeyed; None was too long, and none is kept."""
        async with Loan():
            from commands.commands import Commands

            return Commands(*self._parts).obey(messages.pop(), retained)
