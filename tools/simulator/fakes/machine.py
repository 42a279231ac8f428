"""machine of the ESP32 port, as far as a lock needs it; what it does goes to the world over the bus.

`_bus`, the pads of Pin and the RTC are set by the start of the chip.
"""

import io
import os
import struct
import time

from micropython import const

from bus import libc, tell
from pins import Pin  # machine.Pin

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO
_FIONREAD = const(0x541B)  # asm-generic/ioctls.h
_FIFO = const(128)  # SOC_UART_FIFO_LEN: a receive buffer must be larger
_ioctl = libc.func("i", "ioctl", "iip")
_count = bytearray(4)
_get_time = libc.func("i", "gettimeofday", "pp")
_split = libc.func("v", "gmtime_r", "pp")
_WORD = struct.calcsize("l")
_now = bytearray(2 * _WORD)  # struct timeval: seconds, microseconds
_calendar = bytearray(64)  # struct tm: nine int, of which seconds are the first
_bus = None


def reset(cause: int = HARD_RESET) -> None:
    """As the chip's: esp_restart cannot be told from a pin reset, and gives HARD_RESET."""
    _bus.end("reset %d\n", cause)


def soft_reset() -> None:
    reset(SOFT_RESET)


def reset_cause() -> int:
    return int(os.getenv("MENSHEN_RESET_CAUSE") or PWRON_RESET)


def bitstream(pin: Pin, encoding: int, timing, data) -> None:
    """One WS2812: three bytes, green, red, blue. A pin that is no output sends nothing."""
    if encoding or len(timing) != 4:
        raise ValueError
    if pin.pads.driven[pin.number] != 2 and len(data) >= 3:
        _bus.own_us -= _bus.clock()
        tell("led %d %d %d %d\n", data[1], data[0], data[2])
        _bus.own_us += _bus.clock()


class PWM:
    """Defaults are the port's: 5 kHz, duty one half."""

    def __init__(self, pin: Pin, freq: int = 5000, duty_u16: int = 32768) -> None:
        if not (0 < freq <= 40_000_000 and 0 <= duty_u16 <= 65535):
            raise ValueError("frequency must be from 1Hz to 40MHz, duty_u16 from 0 to 65535")
        self._pin = pin.number
        self.deinit(freq, duty_u16)

    def deinit(self, freq: int = 0, duty_u16: int = 0) -> None:
        tell("pwm %d %d %d %d\n", self._pin, freq, duty_u16)


def _seen(came):
    """What came over a serial line. Pins that moved before it have interrupted the program before it."""
    began, own = _bus.clock(), _bus.own_us
    _bus.pump()
    _bus.own_us = own + _bus.clock() - began
    return came


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
        self._file = open(self._fd, "r+b")
        self.init(baudrate, **settings)

    def init(self, baudrate: int = 0, *, rxbuf: int = 256, **settings) -> None:
        if rxbuf <= _FIFO:
            raise ValueError("rxbuf too small")
        self._baud = baudrate or self._baud  # none given: it stays
        tell("uart %d %d %d %d\n", self._id, rxbuf, self._baud)

    def deinit(self) -> None:
        tell("uart %d %d %d %d\n", self._id, 0, self._baud)

    def read(self, size: int = -1) -> bytes | None:
        return _seen(self._file.read(size))

    def readinto(self, buf) -> int | None:
        return _seen(self._file.readinto(buf))

    def readline(self) -> bytes | None:
        return _seen(self._file.readline())

    def write(self, data: bytes) -> int:
        """The world is told when, since it may be late to take it."""
        _bus.own_us -= _bus.clock()
        tell("sent %1$d %2$d %4$d\n", self._id, len(data))
        _bus.own_us += _bus.clock()
        return self._file.write(data)

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def any(self) -> int:
        _ioctl(self._fd, _FIONREAD, _count)
        return _seen(_count[0] | _count[1] << 8 | _count[2] << 16)


class WDT:
    """Cannot be stopped. The world ends the process when it is not fed in time.

    Only one feeding in a hundredth of that time is reported: so the dog may bite that much early.
    """

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if id or timeout <= 0:
            raise ValueError
        self._ms = timeout
        self._rest_us = timeout * 10
        self._told = time.ticks_us() - self._rest_us
        self.feed()

    def feed(self) -> None:
        now = time.ticks_us()
        if time.ticks_diff(now, self._told) >= self._rest_us:
            self._told = now
            tell("wdt %d\n", self._ms)


class RTC:
    """Runs on over resets, forgets without power.

    To read it takes of the heap what it takes on the chip, the tuple: libc counts in memory of its own.
    """

    def __new__(cls) -> "RTC":
        return _rtc

    @staticmethod
    def start(offset: int) -> None:
        """`offset`: microseconds to it from the computer's clock."""
        seconds, us = divmod(offset, 1_000_000)
        parts = struct.unpack("<HHI", struct.pack("<II", seconds & 0xFFFFFFFF, us))  # small integers again
        RTC._low, RTC._high, RTC._us = parts
        _bus.send(b"rtc %d\n" % offset)

    def datetime(self, value=None) -> tuple | None:
        """(year, month, day, weekday, hour, minute, second, microsecond); weekday 0 is Monday."""
        if value is None:
            return self._read(self._now())
        seconds = int(time.mktime(value[:3] + value[4:7] + (0, 0, 0)))  # the world sets TZ=UTC
        self.start(seconds * 1_000_000 + value[7] - time.time_ns() // 1000)

    def _now(self) -> int:
        """Put the RTC's seconds into _now, half by half: small integers. The microseconds beside them."""
        now = _now
        _get_time(now, None)
        us = (now[_WORD] | now[_WORD + 1] << 8 | now[_WORD + 2] << 16) + self._us
        half = (now[0] | now[1] << 8) + self._low + us // 1_000_000
        now[0], now[1] = half & 0xFF, half >> 8 & 0xFF
        half = (now[2] | now[3] << 8) + self._high + (half >> 16)
        now[2], now[3] = half & 0xFF, half >> 8 & 0xFF
        return us % 1_000_000

    def _read(self, us: int) -> tuple:
        _split(_now, _calendar)
        year = (_calendar[20] | _calendar[21] << 8) + 1900
        month, weekday = _calendar[16] + 1, (_calendar[24] + 6) % 7
        return year, month, _calendar[12], weekday, _calendar[8], _calendar[4], _calendar[0], us


_rtc = object.__new__(RTC)
