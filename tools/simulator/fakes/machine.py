"""machine of the ESP32 port, as far as a lock needs it; what it does is told to the world over the bus."""

import io
import os
import time

from bus import waiting
from pins import Pads, Pin

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_GET_FILENO = 10  # py/stream.h: MP_STREAM_GET_FILENO
_YEAR_2000_US = 946_684_800_000_000  # the RTC starts here without power
_bus = None


def start(bus) -> None:
    """Join this module to the world; called once, by chip.py."""
    global _bus
    _bus = bus
    Pin.pads = Pads(bus)
    RTC.start()


def reset() -> None:
    """As the chip's: afterwards reset_cause() is HARD_RESET (esp_restart is not told from a pin reset)."""
    _reset(HARD_RESET)


def soft_reset() -> None:
    _reset(SOFT_RESET)


def _reset(cause: int) -> None:
    _bus.send(b"reset %d\n" % cause)
    _bus.exit()


def reset_cause() -> int:
    return int(os.getenv("MENSHEN_RESET_CAUSE") or PWRON_RESET)


def unique_id() -> bytes:
    return b"\x24\x6f\x28\x4d\x53\x01"


def freq(hz: int = 0) -> int:
    return 160_000_000


def idle() -> None:
    _bus.pump()


def bitstream(pin: Pin, encoding: int, timing, data) -> None:
    """One WS2812: three bytes, green, red, blue. A pin that is no output sends nothing."""
    if encoding:
        raise ValueError("encoding")
    if len(timing) != 4:
        raise ValueError("timing")
    if pin.pads.driven[pin.number] != 2 and len(data) >= 3:
        _bus.send(b"led %d %d %d %d\n" % (data[1], data[0], data[2], time.ticks_us()))


class PWM:
    """Defaults are the port's: 5 kHz, duty one half."""

    def __init__(self, pin: Pin, freq: int = 5000, duty_u16: int = 32768) -> None:
        self._pin = pin
        self.init(freq=freq, duty_u16=duty_u16)

    def init(self, *, freq: int | None = None, duty_u16: int | None = None) -> None:
        freq = self._freq if freq is None else freq
        duty_u16 = self._duty if duty_u16 is None else duty_u16
        if not 0 < freq <= 40_000_000:
            raise ValueError("frequency must be from 1Hz to 40MHz")
        if not 0 <= duty_u16 <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        self._freq, self._duty = freq, duty_u16
        self._tell(freq, duty_u16)

    def freq(self, hz: int | None = None) -> int | None:
        if hz is None:
            return self._freq
        self.init(freq=hz)

    def duty_u16(self, duty: int | None = None) -> int | None:
        if duty is None:
            return self._duty
        self.init(duty_u16=duty)

    def deinit(self) -> None:
        self._tell(0, 0)

    def _tell(self, freq: int, duty: int) -> None:
        _bus.send(b"pwm %d %d %d %d\n" % (self._pin.number, freq, duty, time.ticks_us()))


class UART(io.IOBase):
    """A serial line with a device model at its other end. What comes while `rxbuf` bytes wait is lost.

    The world counts the waiting bytes: it is told of `rxbuf` by init.
    """

    def __init__(self, id: int, baudrate: int = 115200, **settings) -> None:
        fd = os.getenv("MENSHEN_UART%d" % id)
        if not fd:
            raise ValueError("UART(%d) is wired to nothing" % id)
        self._id = id
        self._fd = int(fd)
        self._file = open(self._fd, "r+b")
        self._count = bytearray(4)
        self._rxbuf = 256
        self.init(baudrate, **settings)

    def init(
        self,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        rxbuf=0,
        txbuf=256,
        timeout=0,
        timeout_char=0,
    ) -> None:
        self._rxbuf = rxbuf or self._rxbuf
        if self._rxbuf <= 128:  # SOC_UART_FIFO_LEN
            raise ValueError("rxbuf too small")
        _bus.send(b"uart %d %d %d\n" % (self._id, baudrate, self._rxbuf))

    def deinit(self) -> None:
        _bus.send(b"uart %d 0 0\n" % self._id)

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def any(self) -> int:
        return waiting(self._fd, self._count)

    def read(self, n: int = -1) -> bytes | None:
        return self._file.read(n)

    def readinto(self, buf, n: int = -1) -> int | None:
        return self._file.readinto(buf) if n < 0 else self._file.readinto(buf, n)

    def readline(self) -> bytes | None:
        return self._file.readline()

    def write(self, data) -> int | None:
        return self._file.write(data)

    def flush(self) -> None:
        pass

    def txdone(self) -> bool:
        return True


class WDT:
    """Cannot be stopped. The world ends the process when it is not fed in time."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if id:
            raise ValueError("invalid id")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._line = b"wdt %d\n" % timeout
        self.feed()

    def feed(self) -> None:
        _bus.send(self._line)


class RTC:
    """Runs on over resets, forgets without power."""

    _offset = 0  # microseconds from the computer's clock to this one

    @classmethod
    def start(cls) -> None:
        offset = os.getenv("MENSHEN_RTC_US")
        cls._set(int(offset) if offset else _YEAR_2000_US - time.time_ns() // 1000)

    @classmethod
    def _set(cls, offset: int) -> None:
        cls._offset = offset
        _bus.send(b"rtc %d\n" % offset)

    def datetime(self, value=None):
        """(year, month, day, weekday, hour, minute, second, microsecond); weekday 0 is Monday."""
        now = time.time_ns() // 1000
        if value is None:
            us = now + self._offset
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(us // 1_000_000)[:8]
            return year, month, day, weekday, hour, minute, second, us % 1_000_000
        year, month, day, _, hour, minute, second, us = value
        seconds = int(time.mktime((year, month, day, hour, minute, second, 0, 0, 0)))  # the world sets TZ=UTC
        self._set(seconds * 1_000_000 + us - now)

    def init(self, value) -> None:
        self.datetime(value)
