"""Subscribes to commands; the code that judges and carries them out is loaded for each."""

import asyncio

from micropython import const

from loader import Loan
from supervisor import rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions

_LONGEST = const(2048)  # bytes
_PACE_MS = const(1000)  # after a bad one, so that whoever sends many cannot occupy the lock


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
        if not await self._handle([await payload.read(_LONGEST)], payload.retained):
            await asyncio.sleep_ms(_PACE_MS)

    async def _handle(self, messages: "list[bytearray | None]", retained: bool) -> bool:
        """Whether the command in the one message was carried out; None is a message that was too long."""
        async with Loan():
            from commands.commands import Commands

            return Commands(*self._parts).handle(messages.pop(), retained)
