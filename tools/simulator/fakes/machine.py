"""machine of the ESP32 port, as far as a lock needs it; what it does is told to the world over the bus.

`_bus`, the pads of Pin and the offset of RTC are set by the start of the chip.
"""

import io
import os
import time

from micropython import const

from bus import libc
from pins import Pin  # machine.Pin

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO
_FIONREAD = const(0x541B)  # asm-generic/ioctls.h
_FIFO = const(128)  # SOC_UART_FIFO_LEN: a receive buffer must be larger
_bus = None


def reset(cause: int = HARD_RESET) -> None:
    """As the chip's: esp_restart is not told from a pin reset, and gives HARD_RESET."""
    _bus.end(b"reset %d\n" % cause)


def soft_reset() -> None:
    reset(SOFT_RESET)


def reset_cause() -> int:
    return int(os.getenv("MENSHEN_RESET_CAUSE") or PWRON_RESET)


def bitstream(pin: Pin, encoding: int, timing, data) -> None:
    """One WS2812: three bytes, green, red, blue. A pin that is no output sends nothing."""
    if encoding or len(timing) != 4:
        raise ValueError
    if pin.pads.driven[pin.number] != 2 and len(data) >= 3:
        _bus.send(b"led %d %d %d %d\n" % (data[1], data[0], data[2], time.ticks_us()))


class PWM:
    """Defaults are the port's: 5 kHz, duty one half."""

    def __init__(self, pin: Pin, freq: int = 5000, duty_u16: int = 32768) -> None:
        if not (0 < freq <= 40_000_000 and 0 <= duty_u16 <= 65535):
            raise ValueError("frequency must be from 1Hz to 40MHz, duty_u16 from 0 to 65535")
        self._pin = pin.number
        self.deinit(freq, duty_u16)

    def deinit(self, freq: int = 0, duty_u16: int = 0) -> None:
        _bus.send(b"pwm %d %d %d %d\n" % (self._pin, freq, duty_u16, time.ticks_us()))


class UART(io.IOBase):
    """A serial line with a device model at its other end. What comes while `rxbuf` bytes wait is lost.

    The world counts the waiting bytes: init tells it of `rxbuf` and the speed. read, readinto, readline and
    write are those of a file that does not block.
    """

    def __init__(self, id: int, baudrate: int = 115200, **settings) -> None:
        fd = os.getenv("MENSHEN_UART%d" % id)
        if not fd:
            raise ValueError("UART(%d) is wired to nothing" % id)
        for name in ("tx", "rx"):
            if name in settings:
                Pin(settings[name])  # raises what the port raises for a pin that there is not
        self._id, self._fd = id, int(fd)
        file = open(self._fd, "r+b")
        self.read, self.readinto, self.readline = file.read, file.readinto, file.readline
        self._write = file.write
        self.init(baudrate, **settings)

    def init(self, baudrate: int = 0, *, rxbuf: int = 256, **settings) -> None:
        if rxbuf <= _FIFO:
            raise ValueError("rxbuf too small")
        self._baud = baudrate or self._baud  # none given: it stays
        _bus.send(b"uart %d %d %d %d\n" % (self._id, rxbuf, self._baud, time.ticks_us()))

    def deinit(self) -> None:
        _bus.send(b"uart %d 0 %d %d\n" % (self._id, self._baud, time.ticks_us()))

    def write(self, data: bytes) -> int:
        """The world is told when, since it may be late to take it."""
        _bus.send(b"sent %d %d %d\n" % (self._id, len(data), time.ticks_us()))
        return self._write(data)

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def any(self) -> int:
        count = bytearray(4)
        libc.func("i", "ioctl", "iip")(self._fd, _FIONREAD, count)
        return int.from_bytes(count, "little")


class WDT:
    """Cannot be stopped. The world ends the process when it is not fed in time.

    Of what is fed within a hundredth of that time only the first is told: it may bite so much early.
    """

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if id or timeout <= 0:
            raise ValueError
        self._line = b"wdt %d\n" % timeout
        self._rest_us = timeout * 10
        self._told = time.ticks_us() - self._rest_us
        self.feed()

    def feed(self) -> None:
        now = time.ticks_us()
        if time.ticks_diff(now, self._told) >= self._rest_us:
            self._told = now
            _bus.send(self._line)


class RTC:
    """Runs on over resets, forgets without power. `offset`: microseconds to it from the computer's clock."""

    offset = 0

    def datetime(self, value=None):
        """(year, month, day, weekday, hour, minute, second, microsecond); weekday 0 is Monday."""
        now = time.time_ns() // 1000
        if value is None:
            now += RTC.offset
            at = time.gmtime(now // 1_000_000)
            return at[:3] + (at[6],) + at[3:6] + (now % 1_000_000,)
        seconds = int(time.mktime(value[:3] + value[4:7] + (0, 0, 0)))  # the world sets TZ=UTC
        RTC.offset = seconds * 1_000_000 + value[7] - now
        _bus.send(b"rtc %d\n" % RTC.offset)
