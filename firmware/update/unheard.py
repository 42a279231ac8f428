"""Goes back to the release before if this one does not reach the broker and that one did.

Loaded once an hour. A release is not on trial for this: the door works, and the network may be to blame. But
one that breaks TLS could never be replaced over the air. So after 72 hours with Wi-Fi joined and no broker
the lock steps back, once a release: whoever refuses connections gains no more than that, and never a release
below the security version.
"""

from micropython import const

from esp32 import Partition
from storage.names import BEFORE, UNHEARD
from update.steps import DONE
from update.version import excused, switch, version_code, version_text
from version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from storage.nvs import Numbers
    from update.steps import Next, Update
    from update.version import Switching

HOURS = const(72)
_TRIES = const(3)  # of the step back: power may go in the middle, or the old release fail its trial


def hour(numbers: "Numbers", version: str, is_online: bool, is_joined: bool) -> bool:
    """Note another hour of this version; whether it is time to go back. OSError of NVS."""
    before = abs(numbers.get(BEFORE))
    if not before:
        return False
    if is_online or before == version_code(version):
        numbers.set(BEFORE, 0)
        return False
    if not is_joined:
        return False
    hours = numbers.get(UNHEARD) + 1
    numbers.set(UNHEARD, hours)
    return HOURS <= hours < HOURS + _TRIES


def back(numbers: "Numbers", slot: int, partition: "Any", had: "set[str]") -> "Switching":
    """The switch to the release before, and to the MicroPython that it ran on."""
    before = numbers.get(BEFORE)
    image = partition(partition.RUNNING).get_next_update() if before < 0 else None
    return version_text(abs(before)), slot, image, had, ""


async def step(update: "Update", given: None) -> "Next":
    """Each hour without an order: see whether this release reaches the broker at all."""
    numbers, is_online = update.board.numbers, update.subscriptions.client is not None
    try:
        if hour(numbers, VERSION, is_online, not is_online and update.board.wlan().isconnected()):
            update.report(VERSION, "went back", "")
            to = back(numbers, update.slot, Partition, excused(update))
            switch(to, numbers, update.board.reset)
    except OSError:
        pass  # NVS is full; the next hour comes
    return DONE, None
