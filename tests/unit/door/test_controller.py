"""The door's state machine, on a relay that notes each move."""

from time import ticks_add

from default_settings import settings

from door.controller import Controller
from door.relay import Relay

LAST = ticks_add(0, -500)  # half a second before ticks_ms() goes round


class Pin:
    def __init__(self):
        self.levels = []

    def value(self, level):
        self.levels.append(level)


class Indicator:
    def __init__(self):
        self.lasting = set()

    def set(self, name, lasts):
        (self.lasting.add if lasts else self.lasting.discard)(name)


class Door:
    def __init__(self, unlock_level=1, closed=True, start=0):
        self.pin, self.light, self.alarms = Pin(), Indicator(), []
        relay = Relay(self.pin, unlock_level)
        self.control = Controller(relay, self.light, settings(), self.alarms.append)
        if closed:
            self.control.tick(ticks_add(start, -1000), False)

    def after(self, *steps, start=0):
        """The states after ticks at (ms, leaf open)."""
        found = []
        for ms, leaf in steps:
            self.control.tick(ticks_add(start, ms), leaf)
            found.append(self.control.state)
        return found


def test_the_relay_is_safe_from_the_start_in_both_polarities():
    assert Door(1).pin.levels == [0]
    assert Door(0).pin.levels == [1]


def test_a_grant_lets_go_and_the_time_holds_again():
    for start in (0, LAST):
        door = Door()
        door.control.grant(start)
        assert door.pin.levels == [0, 1]
        assert door.after((0, False), (4999, False), start=start) == ["unlocked", "unlocked"]
        assert door.after((5000, False), start=start) == ["locked"]
        assert door.pin.levels == [0, 1, 0]


def test_the_bolt_is_held_as_soon_as_the_leaf_has_closed():
    door = Door()
    door.control.grant(0)
    assert door.after((100, True), (200, False)) == ["open", "locked"]
    assert door.pin.levels[-1] == 0


def test_held_open_is_told_once_and_ends_with_the_leaf():
    door = Door()
    door.control.grant(0)
    states = door.after((100, True), (30_099, True), (30_100, True), (60_000, True), (60_100, False))
    assert states == ["open", "open", "held open", "held open", "locked"]
    assert (door.alarms, door.light.lasting) == (["held open"], set())


def test_a_leaf_that_opens_while_locked_was_forced():
    door = Door()
    assert door.after((0, False), (10, True), (20, True)) == ["locked", "forced", "forced"]
    assert (door.alarms, door.light.lasting) == (["forced"], {"forced"})
    assert door.pin.levels == [0]
    assert door.after((30, False)) == ["locked"]
    assert door.light.lasting == set()


def test_whoever_leaves_forces_nothing_and_moves_no_relay():
    door = Door()
    door.control.request_exit(0)
    assert door.after((1000, True), (2000, False)) == ["open", "locked"]
    assert (door.alarms, 1 in door.pin.levels) == ([], False)


def test_the_exit_button_counts_for_its_time():
    door = Door()
    door.control.request_exit(0)
    assert door.after((5000, False), (5010, True)) == ["locked", "forced"]


def test_a_second_grant_lengthens_the_time():
    door = Door()
    door.control.grant(0)
    door.after((4000, False))
    door.control.grant(4000)
    assert door.after((8999, False), (9000, False)) == ["unlocked", "locked"]


def test_a_grant_ends_an_alarm():
    door = Door()
    door.after((0, True))
    door.control.grant(10)
    assert (door.control.state, door.light.lasting) == ("open", set())


def test_a_leaf_that_stands_open_when_the_power_comes_back_was_not_forced():
    for start in (0, LAST):
        door = Door(closed=False)
        assert door.after((0, True), (29_999, True), start=start) == ["open", "open"]
        assert (door.alarms, door.light.lasting, door.pin.levels) == ([], set(), [0])
        assert door.after((30_000, True), (30_010, False), start=start) == ["held open", "locked"]
        assert door.alarms == ["held open"]
        assert door.after((30_020, True), start=start) == ["forced"]  # it has been closed since


def test_whoever_opens_while_the_leaf_stands_open_since_the_start_is_let_in():
    door = Door(closed=False)
    door.after((0, True))
    door.control.grant(10)
    assert door.after((20, True), (5010, True), (5020, False)) == ["open", "open", "locked"]
    assert door.pin.levels[-1] == 0
    assert door.alarms == []


def test_a_leaf_that_closed_for_a_moment_is_known():
    door = Door(closed=False)
    assert door.after((0, False), (10, True)) == ["locked", "forced"]


def passing(start=0):
    door = Door()
    door.control.grant(start)
    door.control.passage = True
    return door


def test_in_passage_mode_the_bolt_stays_let_go_and_no_leaf_is_held_open():
    for start in (0, LAST):
        door = passing(start)
        steps = (
            (0, False),
            (100_000, False),
            (100_100, True),
            (900_000, True),
            (900_100, False),
            (2_000_000, True),
        )
        assert door.after(*steps, start=start) == ["unlocked"] * 2 + ["open"] * 2 + ["unlocked", "open"]
        assert (door.pin.levels, door.alarms) == ([0, 1], [])


def test_when_passage_mode_ends_the_bolt_is_held_at_once():
    door = passing()
    door.after((0, False), (100_000, False))
    door.control.end_passage()
    assert door.pin.levels == [0, 1, 0]
    assert door.after((100_010, False)) == ["locked"]
    assert door.after((100_500, True)) == ["forced"]


def test_a_leaf_that_stands_open_then_is_held_open_in_its_time():
    door = passing()
    door.after((0, False), (10, True), (500_000, True))
    door.control.end_passage()
    assert door.after((529_999, True), (530_000, True), (531_000, False)) == ["open", "held open", "locked"]
    assert (door.pin.levels[:3], door.pin.levels[-1]) == ([0, 1, 0], 0)
    assert door.alarms == ["held open"]


def test_passage_mode_that_begins_at_a_forced_door_ends_the_alarm():
    door = Door()
    assert door.after((0, True)) == ["forced"]
    door.control.grant(10)
    door.control.passage = True
    assert door.after((20, True), (500_000, True)) == ["open", "open"]
    assert not door.light.lasting & {"forced", "held open"}
