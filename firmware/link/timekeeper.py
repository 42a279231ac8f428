"""Has the clock set by SNTP: before the first connection, and then on a timetable that nothing moves."""

from time import ticks_diff, ticks_ms

from micropython import const

from link.errors import DnsError
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from link.resolver import Resolver

_AGAIN_MS = const(43_200_000)  # half a day: a crystal that is off by 20 ppm drifts a second
_RETRY_MS = const(900_000)


class Timekeeper:
    """`server` is (host, port) of the SNTP server, or None: then only signed messages tell the time."""

    def __init__(self, clock: "Clock", resolver: "Resolver", server: "tuple[str, int] | None") -> None:
        self._clock, self._resolver, self._server = clock, resolver, server
        self._asked = None  # ticks of the last question

    async def prepare(self) -> None:
        """Ask where the time is not known: certificates are checked by it. Ends within about 12 s."""
        if self._clock.now() is None:
            await self.tick()

    async def tick(self) -> None:
        """Ask if it is time to; to be called every now and then while there is a network."""
        period = _RETRY_MS if self._clock.now() is None else _AGAIN_MS
        if self._asked is None or ticks_diff(ticks_ms(), self._asked) >= period:
            await self._ask()

    async def _ask(self) -> None:
        if self._server is None:
            return
        self._asked = ticks_ms()
        host, port = self._server
        try:
            now = await _time_of(await self._resolver.resolve(host), port)
        except (DnsError, OSError):
            now = None
        if now is None:
            self._resolver.doubt(host)
        else:
            self._clock.network(now)


async def _time_of(address: str, port: int) -> "int | None":
    """The time by the server there, see sntp.py. OSError."""
    async with Loan():
        from link.sntp import ask

        return await ask(address, port)
