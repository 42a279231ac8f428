"""The pads of the ESP32: what each drives, what is laid on it from outside, and `machine.Pin`."""

import time

import micropython
from micropython import const

_FREE = const(2)  # not driven
_INPUT, _OUTPUT, _OPEN_DRAIN = const(1), const(3), const(7)
_DOWN, _UP = const(1), const(2)
_RISING, _FALLING = const(1), const(2)
# ESP32 data sheet, 2.2: 6 to 11 belong to the flash; 20, 24 and 28 to 31 do not exist; from 34 on input only
_NONE = (6, 7, 8, 9, 10, 11, 20, 24, 28, 29, 30, 31)
_INPUT_ONLY = const(34)
_COUNT = const(40)


class Pads:
    """All pins. `driven` is what the chip drives, `outside` what the world does: 0, 1, or 2 for nothing."""

    def __init__(self, bus) -> None:
        self.bus = bus
        self.mode = bytearray(_COUNT)
        self.pull = bytearray(_COUNT)
        self.latch = bytearray(_COUNT)
        self.driven = bytearray([_FREE] * _COUNT)
        self._outside = bytearray([_FREE] * _COUNT)
        self._switches = set()
        self._watched = {}  # number: [pin, handler, trigger, last level]
        self._noise = 0
        bus.commands[b"in"] = self._in
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
        level = pulls = _FREE
        for m in self._joined(n) if self._switches else (n,):
            for source in self.driven[m], self._outside[m]:
                if source < level or level == _FREE:
                    level = source
            if self.pull[m]:
                pulls = self.pull[m] >> 1
        return pulls if level == _FREE else level

    def read(self, n: int) -> int:
        """The level as the program sees it: a pin that nothing holds reads as noise."""
        self.bus.pump()
        level = self.level(n)
        if level == _FREE:
            self._noise ^= 1
            return self._noise
        return level

    def watch(self, pin: "Pin", handler, trigger: int) -> None:
        """Call handler(pin), scheduled, at edges of the kinds in `trigger`; no handler: stop."""
        self._watched.pop(pin.number, None)
        if handler:
            self._watched[pin.number] = [pin, handler, trigger, self.level(pin.number)]

    def _joined(self, n: int) -> set:
        # through several closed switches too: a real matrix has ghost keys
        net = {n}
        grown = True
        while grown:
            grown = False
            for a, b in self._switches:
                if (a in net) != (b in net):
                    net |= {a, b}
                    grown = True
        return net

    def _settle(self) -> None:
        for watched in self._watched.values():
            pin, handler, trigger, before = watched
            level = self.level(pin.number)
            if level in (before, _FREE):
                continue
            watched[3] = level
            if trigger & (_RISING if level else _FALLING):
                try:
                    micropython.schedule(handler, pin)
                except RuntimeError:  # the queue is full: the chip loses the interrupt too
                    pass

    def _in(self, n: bytes, level: bytes) -> None:
        self._outside[int(n)] = _FREE if level == b"z" else int(level)
        self._settle()

    def _switch(self, a: bytes, b: bytes, closed: bytes) -> None:
        pair = (int(a), int(b))
        if closed == b"1":
            self._switches.add(pair)
        else:
            self._switches.discard(pair)
        self._settle()


class Pin:
    """machine.Pin of the ESP32 port. `pads` is set once, by chip.py."""

    pads: Pads
    IN, OUT, OPEN_DRAIN = _INPUT, _OUTPUT, _OPEN_DRAIN
    PULL_DOWN, PULL_UP = _DOWN, _UP
    IRQ_RISING, IRQ_FALLING = _RISING, _FALLING
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

    def __init__(self, number: int, mode=-1, pull=-1, *, value=None, drive=None, hold=None) -> None:
        if not isinstance(number, int) or not 0 <= number < _COUNT or number in _NONE:
            raise ValueError("invalid pin")
        self.number = number
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None) -> None:
        n, pads = self.number, self.pads
        if n >= _INPUT_ONLY and mode in (_OUTPUT, _OPEN_DRAIN):
            raise ValueError("pin can only be input")
        if value is not None:  # before the mode, as the port does: the output starts without a glitch
            pads.latch[n] = bool(value)
        if pull != -1 and n < _INPUT_ONLY:  # the input-only pins have no pulls, and nobody says so
            pads.pull[n] = pull or 0
        if mode not in (-1, None):
            pads.mode[n] = mode
        pads.drive(n)

    def value(self, level=None) -> int | None:
        if level is None:
            return self.pads.read(self.number)
        self.pads.latch[self.number] = bool(level)
        self.pads.drive(self.number)

    def __call__(self, level=None) -> int | None:
        return self.value(level)

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    def irq(self, handler=None, trigger: int = _RISING | _FALLING, wake=None, hard: bool = False) -> None:
        self.pads.watch(self, handler, trigger)

    def __repr__(self) -> str:
        return "Pin(%d)" % self.number
