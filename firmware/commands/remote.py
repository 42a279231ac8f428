"""All that a command from afar can do to the lock; it can reach nothing else."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from link.backoff import random_up_to
from link.envelope import decode
from link.errors import TlsError
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from door.doorkeeper import Doorkeeper

_WAIT_MS = const(60_000)
_LEAST_MS = const(600_000)  # from a start that was no power-up to the next one that is ordered


class Remote:
    """status() is what a self-test finds; guest_keys() gives (lease, guest key).

    `started` is ticks_ms() at the start, None where the power came back.
    """

    def __init__(
        self,
        doorkeeper: "Doorkeeper",
        guest_keys: "Callable[[], Iterator[tuple[int, bytes]]]",
        status: "Callable[[], dict]",
        reset: "Callable[[], None]",
        started: "int | None" = None,
    ) -> None:
        self.identify, self.remote = doorkeeper.identify, doorkeeper.remote
        self.self_test = status
        self._guest_keys, self._reset, self._started = guest_keys, reset, started

    async def guest_keys(self, lease: int) -> "list[bytes]":
        """The guest keys of the residents of a lease. A house door may have 256 to look through: everybody
        else has a turn between two.
        """
        found = []
        for owner, key in self._guest_keys():
            if owner & 0xFFFF == lease:
                found.append(key)
            await asyncio.sleep_ms(0)
        return found

    def certificate(self, name: str, text: str, now: int) -> bool:
        """Put the lock's certificate, or the authority's, in its place. Raises Refused, OSError."""
        with Loan():
            from link.renewal import replace

            try:
                return replace(name, bytes(decode(text)), now)
            except TlsError:
                return False

    def restart(self) -> None:
        """Restart one to two minutes from now, at a moment drawn now, or later.

        The moment stays the same whoever comes to the door: if the lock waited for them, whoever orders a
        restart could tell from the delay that somebody was there. The keypad's wait begins anew with each
        start, so the next ordered restart leaves it time to end; otherwise restarts in a row would keep
        tenants out.
        """
        wait_ms = _WAIT_MS + random_up_to(_WAIT_MS)
        if self._started is not None:
            passed = ticks_diff(ticks_ms(), self._started)
            if 0 <= passed < _LEAST_MS:
                wait_ms += _LEAST_MS - passed
        asyncio.create_task(_restart(wait_ms, self._reset))


async def _restart(wait_ms: int, reset: "Callable[[], None]") -> None:
    await asyncio.sleep_ms(wait_ms)
    reset()
