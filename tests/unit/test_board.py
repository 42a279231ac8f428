"""What boot.py knows of the relay is of one wiring wherever the power goes: no pin gets another's level."""

import sys

from ram_nvs import RamNVS, cut_everywhere

driven = {}
order = []


class Pin:
    """A pin of the chip; `driven` has the levels of those that were made outputs."""

    IN = OUT = OPEN_DRAIN = PULL_UP = 1

    def __init__(self, number, mode=IN, pull=-1, value=None):
        if value is not None:
            driven[number] = value
            order.append((number, value))


class Chip:
    """The modules machine and esp32, as far as they are imported."""

    Pin, nvs = Pin, None
    PWM = RTC = UART = lambda *_, **__: None

    @staticmethod
    def NVS(_):  # noqa: N802 (the chip's name)
        return Chip.nvs


sys.modules["machine"] = sys.modules["esp32"] = Chip

from board import Board  # noqa: E402
from wiring import DEVKIT  # noqa: E402

with open(__file__[: __file__.rfind("tests/")] + "boot.py") as _file:
    _BOOT = _file.read()
_BOOT = compile(_BOOT[_BOOT.index("_nvs = ") : _BOOT.index("# To compile")], "boot.py", "exec")
PINS = 23, 21, 0


def remember(nvs, wiring):
    """What a start of the application leaves in NVS."""
    Chip.nvs = nvs
    pin, unlock_level = wiring
    Board((pin,) + DEVKIT[1:], unlock_level).remember_relay(unlock_level)


def boots(nvs):
    """The pins that boot.py drives, with their levels, in the next start."""
    driven.clear()
    exec(_BOOT, {"NVS": lambda _: nvs, "Pin": Pin})  # noqa: S102 as the chip does
    return dict(driven)


def safe(wiring):
    return {wiring[0]: 1 - wiring[1]}


def wirings():
    return [(pin, level) for pin in PINS for level in (0, 1)]


def test_the_second_start_drives_the_relay_of_the_settings_and_the_first_no_other():
    for new in wirings():
        nvs = RamNVS()
        assert boots(nvs) == {}, "a guess could open"
        remember(nvs, new)
        nvs.restart()
        assert boots(nvs) == safe(new)
        operations = nvs.operations
        remember(nvs, new)
        assert nvs.operations == operations, "the flash wears by changes alone"


def test_wherever_the_power_goes_no_pin_is_driven_to_the_level_of_another_wiring():
    for old in [None] + wirings():
        for new in wirings():

            def prepare(nvs, old=old):
                if old is not None:
                    remember(nvs, old)
                nvs.restart()

            def check(nvs, state, done, old=old, new=new):
                found = boots(nvs)
                assert found in ({}, safe(new), old and safe(old)), (old, new, found)
                remember(nvs, new)
                nvs.restart()
                assert boots(nvs) == safe(new), (old, new)

            cut_everywhere(prepare, lambda nvs, _, new=new: remember(nvs, new), check)


def test_the_constructor_holds_the_bolt_before_any_other_pin_is_driven():
    for level in (0, 1):
        order.clear()
        Chip.nvs = RamNVS()
        Board(DEVKIT[:-1], level)
        assert order[0] == (23, 1 - level)
