"""All that a command from afar can do to the lock; it can reach nothing else."""

import asyncio

from micropython import const

from link.backoff import Backoff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from door.doorkeeper import Doorkeeper

_ANSWER_MS = const(2000)
_WINDOW_MS = const(60_000)
_LOOK_MS = const(1000)


class Remote:
    """status() is what a self-test finds; guest_keys() gives (lease, guest key)."""

    def __init__(
        self,
        doorkeeper: "Doorkeeper",
        guest_keys: "Callable[[], Iterator[tuple[int, bytes]]]",
        status: "Callable[[], dict]",
        reset: "Callable[[], None]",
    ) -> None:
        self.quiet, self.identify, self.remote = doorkeeper.quiet, doorkeeper.identify, doorkeeper.remote
        self.self_test = status
        self._guest_keys, self._reset = guest_keys, reset

    def guest_keys(self, lease: int) -> "list[bytes]":
        """The guest keys of the residents of a lease."""
        return [key for owner, key in self._guest_keys() if owner == lease]

    def restart(self) -> None:
        """Restart at a random time within a minute, once the answer is sent, while nobody is at the door.

        Were it not at random, whoever commands it could tell from a delay whether somebody is there.
        """
        asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        await asyncio.sleep_ms(_ANSWER_MS)
        await Backoff(_WINDOW_MS, _WINDOW_MS).pause(self.quiet)
        while not self.quiet():
            await asyncio.sleep_ms(_LOOK_MS)
        self._reset()
