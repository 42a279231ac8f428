"""Joins the access point, notices when the connection is lost, and joins again."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from link.backoff import Backoff
    from network import WLAN

_POLL_MS = const(200)  # while joining
_WATCH_MS = const(1000)  # while joined
_GOOD_DBM = const(-67)
_FAIR_DBM = const(-78)
_LOST_AFTER = const(3)  # looks in a row without a connection: roaming takes a moment


class Wifi:
    """The connection to one access point. Errors of the driver are caught here."""

    def __init__(self, wlan: "WLAN", ssid: str, password: str, backoff: "Backoff") -> None:
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._backoff = backoff

    def connected(self) -> bool:
        """Whether the station has joined and has an address."""
        try:
            return self._wlan.isconnected()
        except OSError:
            return False

    def dns(self) -> str:
        """The address of the access point's DNS server, or an empty string."""
        try:
            return self._wlan.ifconfig()[3]
        except (OSError, IndexError):
            return ""

    def signal(self) -> str:
        """How good the reception is: "good", "fair" or "weak". Nothing finer is published."""
        try:
            strength = self._wlan.status("rssi")  # dBm
        except OSError:
            return "weak"
        return "good" if strength > _GOOD_DBM else "fair" if strength > _FAIR_DBM else "weak"

    async def up(self, timeout_ms: int = 15000) -> bool:
        """Try once to join; whether it has joined, within timeout_ms."""
        if self.connected():
            return True
        end = ticks_add(ticks_ms(), timeout_ms)
        if not self._start():
            return False
        while not self.connected():
            left = ticks_diff(end, ticks_ms())
            if left <= 0:
                return False
            await asyncio.sleep_ms(min(left, _POLL_MS))
        return True

    async def join(self, timeout_ms: int = 15000) -> None:
        """Try to join until it succeeds: each try takes timeout_ms at most, with the back-off in between."""
        while not await self.up(timeout_ms):
            await asyncio.sleep_ms(self._backoff.next())
        self._backoff.reset()

    async def until_lost(self, meanwhile: "Callable[[], Awaitable[None]]", every_ms: int = _WATCH_MS) -> None:
        """Look every `every_ms` and await meanwhile(); return when the connection is lost."""
        missing = 0
        while missing < _LOST_AFTER:
            await asyncio.sleep_ms(every_ms)
            await meanwhile()
            missing = 0 if self.connected() else missing + 1

    def _start(self) -> bool:
        wlan = self._wlan
        try:
            wlan.active(True)
            try:
                wlan.disconnect()  # connect() raises while an earlier one is still under way
            except OSError:
                pass
            wlan.connect(self._ssid, self._password)
        except OSError:
            return False
        return True
