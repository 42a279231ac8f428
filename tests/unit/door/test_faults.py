"""Faults of the device: told by the light, and told apart from what nobody has heard of."""

from door import indicator as shown
from door import signals
from door.faults import FAULTS, KEYPAD, READER
from door.indicator import Indicator
from reports.reports import Reports

MAGENTA = signals.MAGENTA
AMBER = 0xFFA000


class Light:
    """The light of a lock with its reports."""

    def __init__(self):
        self.colour = None
        self._indicator = Indicator(self._show, lambda hz: None)
        self.reports = Reports(self._indicator, None, None)

    def _show(self, colour):
        self.colour = colour

    def after(self, *faults):
        """What is shown when these have begun, or, by a name with a minus, have ended."""
        for fault in faults:
            self.reports.fault(fault.lstrip("-"), not fault.startswith("-"))
        self._indicator.tick(0)
        return self.colour


class Pin:
    def __init__(self, level):
        self.level = level

    def value(self):
        return self.level


def test_the_light_says_that_something_is_broken_until_all_is_well():
    light = Light()
    assert light.after(READER) == MAGENTA
    assert light.after(KEYPAD, "-reader") == MAGENTA
    assert light.reports.faults == {KEYPAD}
    assert light.after("-keypad", "-keypad") == 0


def test_what_is_no_fault_of_the_table_is_told_to_nobody():
    light = Light()
    try:
        light.reports.fault("a tenant came", True)
    except ValueError:
        assert light.reports.faults == set()
        return
    raise ValueError("taken")


def test_a_fault_with_a_row_among_the_signals_has_a_light_of_its_own():
    rows = signals.CONDITIONS
    shown.CONDITIONS = (KEYPAD, AMBER, 0) + rows
    try:
        light = Light()
        assert light.after(KEYPAD) == AMBER
        assert light.after(READER) == AMBER, "the first row goes first"
        assert light.after("-keypad") == MAGENTA, "which stands for all others"
        assert light.after("-reader") == 0
    finally:
        shown.CONDITIONS = rows


def test_a_pin_tells_of_a_fault_for_as_long_as_it_has_the_level():
    light, low, high = Light(), Pin(1), Pin(0)
    inputs = [(READER, low, 0), (KEYPAD, high, 1)]
    for pin, faults in ((None, set()), (low, {READER}), (high, {READER, KEYPAD}), (low, {KEYPAD})):
        if pin is not None:
            pin.level = 1 - pin.level
        light.reports.look(inputs)
        assert light.reports.faults == faults
    assert set(FAULTS) > faults
