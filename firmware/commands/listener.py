"""Subscribes to commands; the code that judges and carries them out is loaded for each."""

import asyncio

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions

_LONGEST = const(2048)  # bytes
_LONG_MS = const(0x3FFFFFF)
_PACE_MS = const(1000)  # after a bad one, so that whoever sends many cannot occupy the lock


class Listener:
    """`parts` are those of commands/commands.py."""

    def __init__(self, *parts) -> None:
        self._parts = parts

    async def run(self, subscriptions: "Subscriptions") -> None:
        """For ever; the first of the parts is the lock's name."""
        await subscriptions.subscribe("menshen/v1/" + self._parts[0] + "/command", self.on_message)
        while True:
            await asyncio.sleep_ms(_LONG_MS)

    async def on_message(self, payload: "Payload") -> None:
        """One message of the topic `command`."""
        if not await self._handle([await payload.read(_LONGEST)], payload.retained):
            await asyncio.sleep_ms(_PACE_MS)

    async def _handle(self, messages: "list[bytearray | None]", retained: bool) -> bool:
        """Whether the command in the one message was carried out; None is a message that was too long."""
        async with Loan():
            from commands.commands import Commands

            return Commands(*self._parts).handle(messages.pop(), retained)
