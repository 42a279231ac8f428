"""Listens to residents who open from afar, if the settings say so. Anybody may write to this topic.

Only a few messages a minute are looked at. When there are more, the lock unsubscribes for a minute, so that a
flood costs opening from afar, and nothing else.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from storage.nvs import Numbers

_MINUTE_MS = const(60_000)
_MOST = const(6)
_SIZE = const(24)  # opening.SIZE


class Tenant:
    """`door`: a function that opens for a lease, if the gate agrees, and one that gives (lease, key)."""

    def __init__(
        self,
        subscriptions: "Subscriptions",
        lock_id: str,
        clock: "Clock",
        numbers: "Numbers",
        door: "tuple[Callable[[int, bytes], bool], Callable[[], Iterator[tuple[int, bytes]]]]",
    ) -> None:
        self._subscriptions, self._lock_id, self._clock, self._numbers = (
            subscriptions,
            lock_id,
            clock,
            numbers,
        )
        self._open, self._keys = door
        self._since, self._seen = ticks_ms(), 0
        self._flooded = asyncio.Event()

    async def run(self) -> None:
        """For ever."""
        topic = "menshen/v1/" + self._lock_id + "/tenant"
        while True:
            self._flooded.clear()
            self._seen = 0
            await self._subscriptions.subscribe(topic, self.on_message, 0)
            await self._flooded.wait()
            await self._subscriptions.unsubscribe(topic)
            await asyncio.sleep_ms(_MINUTE_MS)

    async def on_message(self, payload: "Payload") -> None:
        """One message; what is retained, too many or of another size is dropped unread."""
        now = ticks_ms()
        if not self._flooded.is_set() and not 0 <= ticks_diff(now, self._since) < _MINUTE_MS:
            self._since, self._seen = now, 0
        self._seen += 1
        if self._seen > _MOST:
            self._flooded.set()
        elif not payload.retained and payload.size == _SIZE:
            message = await payload.read(_SIZE)
            if message is not None:
                await self._judge(message)

    async def _judge(self, message: bytearray) -> None:
        async with Loan():
            from commands.opening import whose

            lease = await whose(self._lock_id, message, self._keys(), self._numbers, self._clock.now())
            if lease is not None:
                self._open(lease, b"")
