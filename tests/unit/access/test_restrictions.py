"""Code that is there only while it judges leaves nothing behind; without room for it nobody comes in."""

import sys

from ram_nvs import RamNVS

from access.restrictions import Seldom
from storage.hmac import Mac
from storage.nvs import Numbers

MONDAY_NOON = 1_795_435_200
CODES = ("access.schedule", "access.zone", "access.uses", "access.guest_codes")


class Part:
    role, kind, lease, key_ref, not_before, not_after = 5, 255, 0, 1440, 0, 0


def make(find=lambda digest: Part):
    def keys():
        yield 7, bytes(16)

    return Seldom(find, (0, 0, None, None), keys, lambda lease, now: False, Numbers(RamNVS()), Mac(bytes(32)))


def ask_all(seldom):
    return (
        seldom.holds(1, MONDAY_NOON),
        seldom.take(bytes(16), 1),
        seldom.check(b"999999999", MONDAY_NOON)[0],
    )


def test_hours_uses_and_guests_are_judged():
    seldom = make()
    assert ask_all(seldom) == (True, True, "unknown")
    assert ask_all(seldom) == (True, False, "unknown")
    assert not make(lambda digest: None).holds(1, MONDAY_NOON)


def test_the_code_is_gone_afterwards():
    ask_all(make())
    assert not [name for name in CODES if name in sys.modules]


def test_a_flash_that_cannot_be_read_lets_nobody_in_and_stops_nothing():
    def broken(digest):
        raise OSError(5)

    assert not make(broken).holds(1, MONDAY_NOON)
    assert "access.schedule" not in sys.modules


def test_without_room_for_the_code_nobody_comes_in():
    class Full:
        def __getattr__(self, name):
            raise MemoryError

    for name in CODES:
        sys.modules[name] = Full()
    assert ask_all(make()) == (False, False, "unknown")
    assert not [name for name in CODES if name in sys.modules]
