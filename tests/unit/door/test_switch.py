"""Contacts bounce: a level counts once it has lasted. The relay knows two levels, of which one is safe."""

from time import ticks_add

from door.relay import Relay
from door.switch import NEVER, Switch


class Pin:
    """Keeps what is put on it, in order."""

    def __init__(self, level=None):
        self.level, self.levels = level, []

    def value(self, *level):
        if level:
            self.level = level[0]
            self.levels.append(level[0])
        return self.level


def test_a_switch_starts_as_it_is():
    assert Switch(Pin(0), 0).is_on(0)
    assert not Switch(Pin(1), 0).is_on(0)


def test_a_change_counts_when_it_has_lasted():
    pin = Pin(1)
    switch = Switch(pin, 0)
    pin.level = 0
    assert not switch.is_on(0)
    assert not switch.is_on(29)
    assert switch.is_on(30)
    pin.level = 1
    assert switch.is_on(40)
    assert not switch.is_on(70)


def test_a_contact_that_bounces_does_not_change():
    pin = Pin(1)
    switch = Switch(pin, 0)
    for now in range(0, 1000, 10):
        pin.level ^= 1
        assert not switch.is_on(now)


def test_the_time_begins_again_with_each_bounce():
    pin = Pin(1)
    switch = Switch(pin, 0)
    pin.level = 0
    switch.is_on(0)
    pin.level = 1
    switch.is_on(20)
    pin.level = 0
    assert not switch.is_on(25)
    assert not switch.is_on(54)
    assert switch.is_on(55)


def test_a_switch_that_is_not_there_is_never_on():
    pin = Pin(1)
    switch = Switch(pin, NEVER)
    for now in range(0, 500, 10):
        pin.level = now // 50 & 1
        assert not switch.is_on(now)


def test_a_change_counts_though_the_ticks_wrap():
    pin = Pin(1)
    switch = Switch(pin, 0)
    pin.level = 0
    start = ticks_add(0, -10)
    assert not switch.is_on(start)
    assert switch.is_on(ticks_add(start, 30))


def test_a_relay_is_secured_when_it_is_made_and_has_two_levels_whatever_its_polarity():
    for unlock in (0, 1):
        pin = Pin()
        relay = Relay(pin, unlock)
        assert pin.levels == [1 - unlock]
        relay.release()
        relay.release()
        relay.secure()
        assert pin.levels == [1 - unlock, unlock, unlock, 1 - unlock]
