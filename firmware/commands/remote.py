"""All that a command from afar can do to the lock; it can reach nothing else."""

import asyncio

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


class Remote:
    """status() is what a self-test finds; guest_keys() gives (lease, guest key)."""

    def __init__(
        self,
        doorkeeper: "Doorkeeper",
        guest_keys: "Callable[[], Iterator[tuple[int, bytes]]]",
        status: "Callable[[], dict]",
        reset: "Callable[[], None]",
    ) -> None:
        self.identify, self.remote = doorkeeper.identify, doorkeeper.remote
        self.self_test = status
        self._guest_keys, self._reset = guest_keys, reset

    def guest_keys(self, lease: int) -> "list[bytes]":
        """The guest keys of the residents of a lease."""
        return [key for owner, key in self._guest_keys() if owner & 0xFFFF == lease]

    def certificate(self, name: str, text: str, now: int) -> bool:
        """Put the lock's certificate, or the authority's, in its place. Raises Refused, OSError."""
        with Loan():
            from link.renewal import replace

            try:
                return replace(name, bytes(decode(text)), now)
            except TlsError:
                return False

    def restart(self) -> None:
        """Restart one to two minutes from now, at a moment drawn now.

        The moment stays whoever comes to the door: if the lock waited for them, whoever orders a restart
        could tell from a delay that somebody was there.
        """
        asyncio.create_task(_restart(_WAIT_MS + random_up_to(_WAIT_MS), self._reset))


async def _restart(wait_ms: int, reset: "Callable[[], None]") -> None:
    await asyncio.sleep_ms(wait_ms)
    reset()
