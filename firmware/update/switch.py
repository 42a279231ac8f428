"""From one release to the other: the last step, when nobody is at the door."""

import asyncio

from micropython import const

from update.version import version_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from storage.nvs import Numbers

_LOOK_MS = const(1000)


async def switch(
    version: str, numbers: "Numbers", slot: int, image: "Any", faults: int,
    idle: "Callable[[], bool]", restart: "Callable[[], None]",
) -> None:  # fmt: skip
    """Wait until nobody is at the door, and have the other slot than `slot` started on trial.

    image is the partition of the MicroPython that goes with it, or None; faults are the bits of
    version.FAULTS that were there before. Power may go between any two steps. OSError of NVS.
    """
    while not idle():
        await asyncio.sleep_ms(_LOOK_MS)
    numbers.set("had", faults)
    numbers.set("trying", version_code(version))
    if image is not None:
        numbers.set("image", 1 + int(image.info()[4][-1]))
        image.set_boot()
    numbers.set("choice", 2 + 1 - slot)
    restart()
