"""Has another release started, which is a few numbers in NVS.

The lock goes back by itself to the release before if this one does not reach the broker and that one did. A
release is not on trial for this: the door works, and the network may be to blame. But one that breaks TLS
could never be replaced over the air. So after 72 hours with Wi-Fi joined and no broker the lock steps back,
once a release: whoever refuses connections gains no more than that, and never a release below the security
version.
"""

from micropython import const

from door.faults import READER
from esp32 import Partition
from storage.names import BEFORE, CHOICE, FAULTS_BEFORE, IMAGE_ON_TRIAL, TRYING, UNHEARD
from update.steps import DONE
from update.version import bits_of, version_code, version_text
from version import VERSION

HOURS = const(72)
_TRIES = const(3)  # of the step back: power may go in the middle, or the old release fail its trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from storage.nvs import Numbers
    from update.steps import Next, Update

    Switching = tuple[str, int, Any, set[str], str]


async def step(update: "Update", ready: tuple) -> "Next":
    """Have the other slot started, with the release that is ready. OSError of NVS."""
    version, image, had, before = ready
    to = version, update.slot, image, had & excused(update), before
    switch(to, update.board.numbers, update.board.reset)
    return DONE, None


def excused(update: "Update") -> "set[str]":
    """Which of today's faults do not count against the next release. A reader that has answered since the
    start can answer: it must.
    """
    faults = update.faults()
    if update.reports.answered:
        faults.discard(READER)
    return faults


def switch(to: "Switching", numbers: "Numbers", restart: "Callable[[], None]") -> None:
    """Start the other slot on trial, now: to wait until nobody is at the door would show that somebody was.

    `to` is its version, the slot in use (0 or 1), the partition of the MicroPython that goes with it or None,
    the faults that were there before, and the version to which it may go back by itself later, "" for none.

    Power may go between any two steps. OSError of NVS.
    """
    version, slot, image, faults, before = to
    numbers.set(FAULTS_BEFORE, bits_of(faults))
    if before:
        code = version_code(before)
        numbers.set(BEFORE, code if image is None else -code)
        numbers.set(UNHEARD, 0)
    numbers.set(TRYING, version_code(version))
    if image is not None:
        numbers.set(IMAGE_ON_TRIAL, 1 + int(image.info()[4][-1]))
        image.set_boot()
    numbers.set(CHOICE, 2 + 1 - slot)
    restart()


async def look(update: "Update", given: None) -> "Next":
    """Each hour without an order: see whether this release reaches the broker at all."""
    numbers, is_online = update.board.numbers, update.subscriptions.client is not None
    try:
        if hour(numbers, VERSION, is_online, not is_online and update.board.wlan().isconnected()):
            update.reports.update(VERSION, "went back", "")
            to = back(numbers, update.slot, Partition, excused(update))
            switch(to, numbers, update.board.reset)
    except OSError:
        pass  # NVS is full; the next hour comes
    return DONE, None


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
