"""network of the ESP32 port: a station that takes its time to connect, and loses what it has."""

import time

from micropython import const

STA_IF = 0
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
_CONNECT_MS = const(300)
_RAM = const(12_288)  # of the largest block, beside all the others: about 47 KB
_SLOW_MS = const(20_000)
_ADDRESSES = const(144)  # bytes: four strings of two blocks each, and the tuple's two; bytearray has one
_NONE = ("0.0.0.0",) * 4
_LEASE = const(13)  # a lease that is taken back and given again: 2^13 ms each


class WLAN:
    """One station for all, as in the chip; `station` is set by its start. The access point does nothing."""

    station = None
    bus = account = None
    _on = _wanted = _near = _has_ram = False
    _dhcp = b"ok"
    _since = 0  # ticks_ms when the last thing needed for a connection was there; None when connected

    def __new__(cls, interface: int = STA_IF) -> "WLAN":
        return cls.station if interface == STA_IF and cls.station else object.__new__(cls)

    def reach(self, near: int) -> None:
        """The world's word on whether the access point is near."""
        self._near = near == 1
        self._since = time.ticks_ms()

    def lease(self, mode: bytes) -> None:
        """How DHCP does: ok, silent, reset (gives and takes), slow (20 s), garbage (addresses of no use)."""
        self._dhcp = mode
        self._since = time.ticks_ms()

    def active(self, *on) -> bool:
        if on and bool(on[0]) != self._on:
            if on[0] and not self._has_ram:
                self.account.take(_RAM)
                self.account.small = 0
                self._has_ram = True  # until a reset
            self._on = bool(on[0])
            self._wanted = False
            self.bus.send(b"wifi on\n" if self._on else b"wifi off\n")
        return self._on

    def connect(self, ssid: str = "", key: str = "", **options) -> None:
        """Start to connect. The chip goes on trying for ever, and takes no second call meanwhile."""
        if not self._on:
            raise OSError("Wifi Not Started")
        if self._wanted and not self.isconnected():
            raise OSError("Wifi Internal Error")  # "sta is connecting, return error"
        self._wanted = True
        self._since = time.ticks_ms()
        self.bus.send(b"wifi connect %s\n" % ssid)

    def disconnect(self) -> None:
        if not self._on:
            raise OSError("Wifi Not Started")
        self._wanted = False

    def isconnected(self) -> bool:
        self.bus.pump()
        if not (self._on and self._wanted and self._near):
            return False
        if self._dhcp == b"silent" or (self._dhcp == b"reset" and time.ticks_ms() >> _LEASE & 1):
            return False  # joined, and without an address
        takes = _SLOW_MS if self._dhcp == b"slow" else _CONNECT_MS
        if self._since is not None and time.ticks_diff(time.ticks_ms(), self._since) >= takes:
            self._since = None  # the tick counter wraps: do not compare again
        return self._since is None

    def status(self, what: str = "") -> int:
        joined = self.isconnected()
        if what == "rssi":
            if not joined:
                raise OSError("Wifi Not Connected")
            return -61
        return STAT_GOT_IP if joined else STAT_CONNECTING if self._wanted else STAT_IDLE

    def ifconfig(self) -> tuple:
        """Address, mask, gateway, resolver: addresses of RFC 5737, so that nobody answers by chance."""
        bytearray(_ADDRESSES)  # constants take no heap, and the chip's strings do
        if not self.isconnected():
            return _NONE
        if self._dhcp == b"garbage":
            return "255.255.255.255", "0.0.0.0", "0.0.0.0", "0.0.0.0"
        return "192.0.2.10", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def config(self, *names, **values):
        """Takes anything; knows the address of the radio."""
        if names == ("mac",):
            return b"\x24\x6f\x28\x4d\x53\x01"
