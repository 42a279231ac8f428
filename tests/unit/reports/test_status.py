"""The state of a lock is seven facts about the lock, and none about who comes and goes."""

import sys

from ram_numbers import RamNvs

from reports.status import Status
from storage.nvs import Numbers
from version import VERSION


class Part:
    """List, clock and reports in one, which know more than is told."""

    version, whole, base, hash = 12, True, 9, bytes(range(16))
    trust, passed = "network", 1_790_000_000

    def __init__(self):
        self.faults = set()
        self.entries = 41


def test_it_is_the_firmware_the_list_the_clock_the_slot_and_the_faults():
    part = Part()
    part.faults = {"residents", "keypad", "reader"}
    numbers = Numbers(RamNvs())
    numbers.set("order", -7)  # on its way
    sys.path.append("/slots/b")
    try:
        assert Status(part, part, part, numbers)() == {
            "firmware": VERSION,
            "list": 12,
            "hash": "000102030405060708090a0b0c0d0e0f",
            "clock": "network",
            "slot": "b",
            "order": 7,
            "faults": ["keypad", "reader", "residents"],
        }
    finally:
        sys.path.remove("/slots/b")


def test_it_is_as_things_are_when_it_is_asked():
    part = Part()
    status = Status(part, part, part, Numbers(RamNvs()))
    assert status()["faults"] == []
    part.faults.add("reader")
    part.version, part.trust = 13, "signed"
    assert (status()["list"], status()["clock"], status()["faults"]) == (13, "signed", ["reader"])
