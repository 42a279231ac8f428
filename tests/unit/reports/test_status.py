"""The state of a lock is twelve facts about the lock, and none about who comes and goes."""

import sys

from ram_numbers import RamNvs

from reports.status import Status
from storage import hmac
from storage.nvs import Numbers
from version import VERSION


class Part:
    """List, clock and reports in one, which know more than is told."""

    version, whole, base, hash = 12, True, 9, bytes(range(16))
    trust, passed, challenges = "network", 1_790_000_000, ("", "")
    at = 1_790_000_000

    def __init__(self):
        self.faults = set()
        self.entries = 41

    def now(self):
        return self.at

    def fault(self, name, lasts):
        (self.faults.add if lasts else self.faults.discard)(name)


def test_it_is_the_firmware_the_list_the_clock_the_slot_and_the_faults():
    part = Part()
    part.faults = {"residents", "keypad", "reader"}
    numbers = Numbers(RamNvs())
    numbers.set("order", -7)  # on its way
    numbers.set("command", 3)
    sys.path.append("/slots/b")
    try:
        assert Status(part, part, part, numbers)() == {
            "firmware": VERSION,
            "list": 12,
            "hash": "000102030405060708090a0b0c0d0e0f",
            "clock": "network",
            "challenge": "",
            "slot": "b",
            "order": 7,
            "command": 3,
            "days": None,
            "faults": ["keypad", "reader", "residents"],
            "board": "",
            "trusts": [],
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


def test_the_challenge_is_another_when_it_is_asked_for_and_the_same_else():
    part = Part()
    status, told = Status(part, part, part, Numbers(RamNvs())), set()
    for key in bytes(32), bytes(31) + b"1":
        status.key = key
        for _ in range(50):
            before = part.challenges[0]
            said = status(True)["challenge"]
            assert said not in told
            assert said == status()["challenge"]
            assert part.challenges == (said, before), "that of before is good until the next"
            assert len(said) == 16
            assert len(bytes.fromhex(said)) == 8
            told.add(said)


def test_the_challenge_is_made_of_the_locks_key_and_chance():
    """Before the radio is on, the chip's generator alone could be foreseen."""
    part, drawn = Part(), []
    status = Status(part, part, part, Numbers(RamNvs()))
    before, hmac.urandom = hmac.urandom, lambda size: drawn.append(size) or bytes(size)
    try:
        status.key = bytes(32)
        said = status(True)["challenge"]
        status.key = bytes(31) + b"1"
        assert status(True)["challenge"] != said
    finally:
        hmac.urandom = before
    assert drawn == [32, 32]


def test_days_left_of_certificates_are_told_and_two_months_before_they_are_a_fault():
    part = Part()
    status = Status(part, part, part, Numbers(RamNvs()))
    status.certificates_end = part.at + 400 * 86_400 + 5
    for ahead, days, faults in (
        (0, 400, []),
        (340 * 86_400, 60, []),
        (340 * 86_400 + 6, 59, ["certificate"]),
        (400 * 86_400, 0, ["certificate"]),
        (400 * 86_400 + 5, 0, ["certificate"]),  # its last second
        (400 * 86_400 + 6, -1, ["certificate"]),
        (401 * 86_400, -1, ["certificate"]),
        (0, 400, []),
    ):
        part.at = 1_790_000_000 + ahead
        said = status()
        assert (said["days"], said["faults"]) == (days, faults), ahead
    part.at = None  # nobody knows the time
    assert (status()["days"], status()["faults"]) == (None, [])


def test_the_certificate_that_a_tenants_broker_is_known_by_is_a_fault_of_its_own_two_months_before_it_ends():
    part = Part()
    status = Status(part, part, part, Numbers(RamNvs()))
    status.home_ends = part.at + 400 * 86_400
    for days, ends in ((0, False), (339, False), (341, True), (500, True), (0, False)):
        part.at = 1_790_000_000 + days * 86_400
        assert (status()["days"], status()["faults"]) == (None, ["home certificate"] * ends), days
    status.certificates_end = part.at + 59 * 86_400
    assert (status()["days"], status()["faults"]) == (59, ["certificate"])
    part.at = None
    status()
    assert part.faults == {"certificate"}, "nobody knows the time, and nothing has changed"
