"""The pads of the ESP32 or ESP32-S3: what each drives, what is laid on it, and `machine.Pin`."""

import os
import time

import micropython
from micropython import const

_FREE = const(2)  # not driven
_INPUT, _OUTPUT, _OPEN_DRAIN = const(1), const(3), const(7)
_RISING, _FALLING = const(1), const(2)
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

    A look at a pin takes no heap, as on the chip: else a keypad's hundred in a second would have the program
    collect garbage all the time. A call of a function does where that has more than eleven locals and values.
    """

    def __init__(self, bus) -> None:
        self.bus = bus
        self.mode = bytearray(_COUNT)
        self.pull = bytearray(_COUNT)
        self.latch = bytearray(_COUNT)
        self.driven = bytearray([_FREE] * _COUNT)
        self._outside = bytearray(self.driven)
        self._switches = set()
        self.watched = {}  # number: [pin, handler, trigger, last level]
        self._noise = 1  # the first look at a pin that nothing holds is 0: what a jumper would be
        bus.commands[b"in"] = self._lay
        bus.commands[b"sw"] = self._switch

    def drive(self, n: int) -> None:
        """Let pin `n` follow its mode and latch, and tell the world of a change."""
        level = _FREE
        if self.mode[n] == _OUTPUT or (self.mode[n] == _OPEN_DRAIN and not self.latch[n]):
            level = self.latch[n]
        if level != self.driven[n]:
            self.driven[n] = level
            self.bus.send(b"pin %d %s %d\n" % (n, "z" if level == _FREE else level, time.ticks_us()))
            self._settle()

    def level(self, n: int) -> int:
        """0, 1, or 2 where nothing holds the pin: what is low wins, and pulls are weaker than all else."""
        if self.driven[n] != _FREE:
            return self.driven[n]
        if self._switches:
            return self._joined(n)
        level = self._outside[n]
        if level == _FREE and self.pull[n]:
            return self.pull[n] >> 1
        return level

    def _joined(self, n: int) -> int:
        """The same of a pin that drives nothing, where switches are closed."""
        joined = {n}  # through several of them too: a real matrix has ghost keys
        grown = True
        while grown:
            grown = False
            for pair in self._switches:
                if len(joined & pair) == 1:
                    joined |= pair
                    grown = True
        level = pulled = _FREE
        for m in joined:
            level = min(level, self.driven[m], self._outside[m])
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
        for watched in self.watched.values():
            level = self.level(watched[0].number)
            if level in (watched[3], _FREE):
                continue
            watched[3] = level
            if watched[2] & (_RISING if level else _FALLING):
                try:
                    micropython.schedule(watched[1], watched[0])
                except RuntimeError:  # the queue is full: the chip loses the interrupt too
                    pass

    def _lay(self, n: bytes, level: bytes) -> None:
        self._outside[int(n)] = int(level)
        self._settle()

    def _switch(self, a: bytes, b: bytes, closed: bytes) -> None:
        pair = frozenset((int(a), int(b)))
        self._switches.discard(pair)
        if closed == b"1":
            self._switches.add(pair)
        self._settle()


class Pin:
    """machine.Pin of the ESP32 port. `pads` is set once, by the start of the chip."""

    pads: Pads
    IN, OUT, OPEN_DRAIN = _INPUT, _OUTPUT, _OPEN_DRAIN
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = _RISING, _FALLING

    def __init__(self, number: int, *arguments, **settings) -> None:
        if not 0 <= number < _COUNT or number in _NONE:
            raise ValueError("invalid pin")
        self.number = number
        self.init(*arguments, **settings)

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
        watched = self.pads.watched
        watched.pop(self.number, None)
        if handler:
            watched[self.number] = [self, handler, trigger, self.pads.level(self.number)]
