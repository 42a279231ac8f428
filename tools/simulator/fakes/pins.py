"""The pads of the ESP32 or ESP32-S3: what each drives, what is laid on it, and `machine.Pin`."""

import os

import micropython
from micropython import const

from bus import tell

_FREE = const(2)  # not driven
_INPUT, _OUTPUT, _OPEN_DRAIN = const(1), const(3), const(7)
_RISING, _FALLING = const(1), const(2)
_ENDS = const(64)  # of switches that are closed at the same time, each with two
# By MENSHEN_CHIP, a board profile: the pins that no program can use. ESP32 data sheet, 2.2: 6 to 11 belong
# to the flash; 20, 24 and 28 to 31 do not exist. ESP32-WROVER-E data sheet, 2.2: the PSRAM has 16 and 17.
# ESP32-S3 data sheet, 2.3 and 2.8: 22 to 25 do not exist; 26 to 37 belong to the flash and an octal PSRAM.
_CHIP = os.getenv("MENSHEN_CHIP")
_NONE = b"\x06\x07\x08\x09\x0a\x0b\x14\x18\x1c\x1d\x1e\x1f"
_INPUT_ONLY, _COUNT = 34, 40
if _CHIP == "wrover":
    _NONE += b"\x10\x11"
elif _CHIP == "s3":
    _NONE = bytes(range(22, 38))
    _INPUT_ONLY, _COUNT = 49, 49


class Pads:
    """All pins. `driven` is what the chip drives, `_outside` what the world does: 0, 1, or 2 for nothing.

    Neither reading a pin nor changing its level takes heap, as on the chip: otherwise a keypad's hundred
    reads in a second would make the program collect garbage all the time. `pins` are made once, as the chip's
    own are.
    """

    def __init__(self, bus) -> None:
        self.bus = bus
        self.mode = bytearray(_COUNT)
        self.pull = bytearray(_COUNT)
        self.latch = bytearray(_COUNT)
        self.driven = bytearray([_FREE] * _COUNT)
        self._outside = bytearray(self.driven)
        self._ends = bytearray(_ENDS)  # both pins of each closed switch, the second 0 where there is none
        self._net = bytearray(_COUNT)  # the same number for all pins that switches join, 0 for the others
        self.pins = [None] * _COUNT
        self.watched = []  # [pin, handler, trigger, last level] of each
        self._noise = 1  # the first look at a pin that nothing holds is 0: what a jumper would be
        bus.on(b"in", self._lay)
        bus.on(b"sw", self._switch)

    def make_pins(self, kind: type) -> None:
        for n in range(_COUNT):
            if n not in _NONE:
                kind(n)

    def drive(self, n: int) -> None:
        """Let pin `n` follow its mode and latch, and tell the world of a change."""
        level = _FREE
        if self.mode[n] == _OUTPUT or (self.mode[n] == _OPEN_DRAIN and not self.latch[n]):
            level = self.latch[n]
        if level != self.driven[n]:
            self.driven[n] = level
            tell("pin %1$d z %4$d\n" if level == _FREE else "pin %1$d %2$d %4$d\n", n, level)
            self._settle()

    def level(self, n: int) -> int:
        """0, 1, or 2 where nothing holds the pin: what is low wins, and pulls are weaker than all else."""
        if self.driven[n] != _FREE:
            return self.driven[n]
        if self._net[n]:
            return self._joined(n)
        level = self._outside[n]
        if level == _FREE and self.pull[n]:
            return self.pull[n] >> 1
        return level

    def _joined(self, n: int) -> int:
        """As level(), for a pin that drives nothing and that closed switches join with others."""
        level = pulled = _FREE
        m = _COUNT
        while m:
            m -= 1
            if self._net[m] == self._net[n]:
                level = min(level, self.driven[m])
                level = min(level, self._outside[m])
                if self.pull[m]:
                    pulled = self.pull[m] >> 1
        return pulled if level == _FREE else level

    def read(self, n: int) -> int:
        """The level as the program sees it: a pin that nothing holds reads as noise."""
        self.bus.pump()
        level = self.level(n)
        if level == _FREE:
            self._noise ^= 1
            return self._noise
        return level

    def _settle(self) -> None:
        for watched in self.watched:
            self._look(watched)

    def _look(self, watched: list) -> None:
        level = self.level(watched[0].number)
        if level != watched[3] and level != _FREE:
            watched[3] = level
            if watched[2] & (_RISING if level else _FALLING):
                _interrupt(watched)

    def _lay(self, n: int, level: int) -> None:
        self._outside[n] = level
        self._settle()

    def _switch(self, a: int, b: int, closed: int) -> None:
        ends = self._ends
        for at in range(0, _ENDS, 2):
            if ends[at] == a and ends[at + 1] == b:
                ends[at + 1] = 0
        if closed:
            at = 0
            while ends[at + 1]:
                at += 2
            ends[at], ends[at + 1] = a, b
        for n in range(_COUNT):
            self._net[n] = 0
        for at in range(0, _ENDS, 2):
            if ends[at + 1]:
                self._join(ends[at], ends[at + 1])
        self._settle()

    def _join(self, a: int, b: int) -> None:
        net = self._net
        one, other = net[a] or a + 1, net[b] or b + 1
        net[a] = net[b] = one
        for n in range(_COUNT):  # through several switches, too: a real matrix has ghost keys
            if net[n] == other:
                net[n] = one


def _interrupt(watched: list) -> None:
    try:
        micropython.schedule(watched[1], watched[0])
    except RuntimeError:  # the queue is full: the chip loses the interrupt too
        pass


class Pin:
    """machine.Pin of the ESP32 port. `pads` is set once, by the start of the chip."""

    pads: Pads
    IN, OUT, OPEN_DRAIN = _INPUT, _OUTPUT, _OPEN_DRAIN
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = _RISING, _FALLING

    def __new__(cls, number: int, mode=-1, pull=-1, *, value=None) -> "Pin":
        if not 0 <= number < _COUNT or number in _NONE:
            raise ValueError("invalid pin")
        pins = cls.pads.pins
        pins[number] = pins[number] or object.__new__(cls)
        return pins[number]

    def __init__(self, number: int, mode=-1, pull=-1, *, value=None) -> None:
        self.number = number
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None) -> None:
        n, pads = self.number, self.pads
        if n >= _INPUT_ONLY:
            if mode > _INPUT:
                raise ValueError("pin can only be input")
            pull = -1  # these pins have no pulls, and nobody says so
        if value is not None:  # before the mode, as the port does: the output starts without a glitch
            pads.latch[n] = bool(value)
        if pull != -1:
            pads.pull[n] = pull or 0
        if mode != -1:
            pads.mode[n] = mode
        pads.drive(n)

    def __call__(self, level=None) -> int | None:
        pads = self.pads
        began, own = pads.bus.clock(), pads.bus.own_us
        if level is None:
            level = pads.read(self.number)
        else:
            pads.latch[self.number] = bool(level)
            pads.drive(self.number)
            level = None
        pads.bus.own_us = own + pads.bus.clock() - began
        return level

    value = __call__

    def on(self) -> None:
        self(1)

    def off(self) -> None:
        self(0)

    def irq(self, handler=None, trigger: int = 3) -> None:
        """Call handler(pin), scheduled, at edges of the kinds in `trigger`; no handler: stop."""
        all_watched = self.pads.watched
        for watched in all_watched:
            if watched[0] is self:
                all_watched.remove(watched)
        if handler:
            all_watched.append([self, handler, trigger, self.pads.level(self.number)])
