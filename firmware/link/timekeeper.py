"""Sets the clock by SNTP: before the first connection, then twice a day at times that nothing moves.

As long as no connection comes about it is asked again, too: a wrong answer may be the reason, since
certificates are checked by this clock.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from link.resolver import Resolver

_AGAIN_MS = const(43_200_000)  # half a day: a crystal that is off by 20 ppm drifts a second
_RETRY_MS = const(900_000)
_OFFLINE_MS = const(60_000)


class Timekeeper:
    """`server` is (host, port) of the SNTP server, or None: then only signed messages set the clock."""

    def __init__(self, clock: "Clock", resolver: "Resolver", server: "tuple[str, int] | None") -> None:
        self._clock, self._resolver, self._server = clock, resolver, server
        self._asked = None  # ticks of the last question
        self._is_offline = False  # no connection has come about since the last try

    async def prepare(self) -> None:
        """Ask before a connection, if the time is not known or the last try failed. Takes 12 s at most."""
        if self._is_offline:
            await self._ask_after(_OFFLINE_MS)
        elif self._clock.now() is None:
            await self._ask_after(_RETRY_MS)
        self._is_offline = True

    async def tick(self) -> None:
        """Ask if it is time to. Call this about once a second while there is a connection."""
        self._is_offline = False
        await self._ask_after(_RETRY_MS if self._clock.now() is None else _AGAIN_MS)

    async def _ask_after(self, period: int) -> None:
        now = ticks_ms()
        if self._server is not None and (self._asked is None or ticks_diff(now, self._asked) >= period):
            self._asked = now
            await self._ask(self._server)

    async def _ask(self, server: "tuple[str, int]") -> None:
        async with Loan():
            from link.sntp import set_clock

            await set_clock(self._clock, self._resolver, server, self._is_offline)
