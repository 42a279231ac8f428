"""Where a device is in time, whatever the event loop makes of it."""

import asyncio


class Timeline:
    """The time at which the device is, on the loop's clock, from a command's start to the end of its answer.

    A loop that wakes late is no later at the end than at its last waking: delays do not add up, as they
    would with one sleep after the other.
    """

    def __init__(self) -> None:
        self.now = self.spent = 0.0

    def start(self, at: float | None = None) -> None:
        """Something begins at this time, or now."""
        self.now = asyncio.get_running_loop().time() if at is None else at

    async def spend(self, seconds: float) -> None:
        """So long it takes; `spent` is the sum of these."""
        self.now += seconds
        self.spent += seconds
        await asyncio.sleep(max(0.0, self.now - asyncio.get_running_loop().time()))

    def catch_up(self) -> None:
        """It has waited for somebody, who came at the real present time."""
        self.now = max(self.now, asyncio.get_running_loop().time())
