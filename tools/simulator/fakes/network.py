"""network of the ESP32 port: a station that takes its time to connect, and loses what it has."""

import time

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_BEACON_TIMEOUT, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 200, 201, 202
STAT_ASSOC_FAIL, STAT_HANDSHAKE_TIMEOUT = 203, 204
_CONNECT_MS = 300
_world = None


class _Station:
    """One station for all WLAN objects, as in the chip."""

    def __init__(self, bus) -> None:
        self.bus = bus
        self.active = self.wanted = self.reachable = False
        self.since: int | None = 0  # ticks_ms when the last thing needed for a connection was there

    def connected(self) -> bool:
        self.bus.pump()
        if not (self.active and self.wanted and self.reachable):
            return False
        return self.since is None or self._arrived()

    def restart(self) -> None:
        self.since = time.ticks_ms()

    def _arrived(self) -> bool:
        if time.ticks_diff(time.ticks_ms(), self.since) < _CONNECT_MS:
            return False
        self.since = None  # the tick counter wraps: do not compare again
        return True

    def reach(self, reachable: bytes) -> None:
        self.reachable = reachable == b"1"
        self.restart()


def start(bus) -> None:
    """Join this module to the world; called once, by chip.py."""
    global _world
    _world = _Station(bus)
    bus.commands[b"net"] = _world.reach


def hostname(name: str = "mpy-esp32") -> str:
    return name


def country(code: str = "XX") -> str:
    return code


class WLAN:
    """The access-point interface exists and does nothing."""

    IF_STA, IF_AP = STA_IF, AP_IF
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2

    def __init__(self, interface: int = STA_IF) -> None:
        self._station = _world if interface == STA_IF else _Station(_world.bus)

    def active(self, on=None) -> bool:
        station = self._station
        if on is not None and bool(on) != station.active:
            station.active = bool(on)
            station.wanted = False
            station.bus.send(b"wifi on\n" if on else b"wifi off\n")
        return station.active

    def connect(self, ssid: str | None = None, key: str | None = None, *, bssid=None) -> None:
        """Start to connect. The chip goes on trying for ever, and takes no second call meanwhile."""
        station = self._station
        if not station.active:
            raise OSError("Wifi Not Started")
        if station.wanted and not station.connected():
            raise OSError("Wifi Internal Error")  # "sta is connecting, return error"
        station.wanted = True
        station.restart()
        station.bus.send(b"wifi connect %s\n" % ssid)

    def disconnect(self) -> None:
        if not self._station.active:
            raise OSError("Wifi Not Started")
        self._station.wanted = False

    def isconnected(self) -> bool:
        return self._station.connected()

    def status(self, what: str | None = None) -> int:
        if what == "rssi":
            if not self.isconnected():
                raise OSError("Wifi Not Connected")
            return -61
        if self.isconnected():
            return STAT_GOT_IP
        return STAT_CONNECTING if self._station.wanted else STAT_IDLE

    def ifconfig(self) -> tuple:
        """Address, mask, gateway, resolver: addresses of RFC 5737, so that nobody answers by chance."""
        if not self.isconnected():
            return ("0.0.0.0",) * 4
        return "192.0.2.10", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def config(self, *names, **values):
        if names:
            return {"mac": b"\x24\x6f\x28\x4d\x53\x01", "hostname": "mpy-esp32"}.get(names[0])

    def scan(self) -> list:
        return []
