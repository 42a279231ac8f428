"""Code that is there only while it judges leaves nothing behind; without room for it nobody comes in."""

import asyncio
import sys

from ram_nvs import RamNVS

import loader
from access.restrictions import Restrictions
from people.register import Register
from storage.hmac import Mac
from storage.nvs import Numbers

loader._IS_PLENTY = False  # as on a board without PSRAM

MONDAY_NOON = 1_795_435_200
CODES = ("access.schedule", "access.zone", "access.uses", "access.guest_codes", "access.guest_codes_v1")


class Part:
    role, kind, lease, key_ref, not_before, not_after = 5, 255, 0, 1440, 0, 0


class House:
    """List, residents and leases in one."""

    def __init__(self, find):
        self.find = find

    def keys(self, role):
        yield 7, bytes(16)

    def over(self, lease, now):
        return False


def make(find=lambda digest: Part):
    house = House(find)
    register = Register(house, house, house)
    return Restrictions(register, (0, 0, None, None), Numbers(RamNVS()), Mac(bytes(32)))


def ask_all(restrictions):
    return (
        restrictions.in_hours(1, MONDAY_NOON),
        restrictions.count_use(bytes(16), 1),
        asyncio.run(restrictions.guest(b"999999999", MONDAY_NOON))[0],
        asyncio.run(restrictions.guest(b"999999999999", MONDAY_NOON))[0],
    )


def test_hours_uses_and_guests_are_judged():
    restrictions = make()
    assert ask_all(restrictions) == (True, True, "unknown", "unknown")
    assert ask_all(restrictions) == (True, False, "unknown", "unknown")
    assert not make(lambda digest: None).in_hours(1, MONDAY_NOON)


def test_the_code_is_gone_afterwards():
    ask_all(make())
    assert not [name for name in CODES if name in sys.modules]


def test_a_flash_that_cannot_be_read_lets_nobody_in_and_stops_nothing():
    def broken(digest):
        raise OSError(5)

    assert not make(broken).in_hours(1, MONDAY_NOON)
    assert "access.schedule" not in sys.modules


def test_without_room_for_the_code_nobody_comes_in():
    class Full:
        def __getattr__(self, name):
            raise MemoryError

    for name in CODES:
        sys.modules[name] = Full()
    try:
        assert ask_all(make()) == (False, False, "unknown", "unknown")
    finally:
        for name in CODES:
            sys.modules.pop(name)
