"""Looks up hosts and caches their addresses; the broker's is stored in NVS, too."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from link.errors import DnsError
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

_PORT = const(53)
_CACHE_MAX = const(4)


def is_numeric(host: str) -> bool:
    """Whether `host` is an IPv4 address."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


class Resolver:
    """Asks `servers`, each (IPv4 address, port), in turn; the code for that is loaded only meanwhile.

    `wlan_dns()` gives the address of the access point's own server, which is asked last. An address is used
    beyond its time to live while no server answers. Where nobody is at an address that the servers insist on,
    the last one that was good is tried, too.
    """

    def __init__(
        self,
        servers: "list[tuple[str, int]]",
        numbers: "Numbers",
        wlan_dns: "Callable[[], str] | None" = None,
    ) -> None:
        self._servers, self._numbers, self._wlan_dns = servers, numbers, wlan_dns
        self._cache = {}  # host: (address, ticks at which it expires, or None if it is in doubt)

    async def resolve(self, host: str, timeout_ms: int = 6000) -> str:
        """The host's IPv4 address. Raises DnsError within about timeout_ms."""
        if is_numeric(host):
            return host
        address, expires = self._cache.get(host, (None, None))
        if address and expires is not None and ticks_diff(expires, ticks_ms()) > 0:
            return address
        found = await self._ask(host, timeout_ms)
        if found is not None and address == found[0] and expires is None:
            proved = await self._remembered(host)  # there is nobody where the servers say
            if proved:
                found = proved, 0
        if found is None:
            if address is None:
                address = await self._remembered(host)
            if address is None:
                raise DnsError("no server knows the host")
            found = address, 0
        if host not in self._cache and len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        self._cache[host] = found[0], ticks_add(ticks_ms(), found[1] * 1000)
        return found[0]

    def doubt(self, host: str) -> None:
        """No connection at that address: ask again next time, and use it only if no server answers."""
        if host in self._cache:
            self._cache[host] = self._cache[host][0], None

    async def proved(self, host: str) -> None:
        """A connection at that address was made: store it in NVS, if it is not there yet."""
        address = self._cache.get(host, ("",))[0]
        if address:
            async with Loan():
                from link.addresses import remember

                remember(self._numbers, host, address)

    async def _ask(self, host: str, timeout_ms: int) -> "tuple[str, int] | None":
        """(address, time to live in seconds) from the servers; None if they have none. See dns.py."""
        async with Loan():
            from link.dns import ask_all

            return await ask_all(self._all_servers(), host, timeout_ms)

    async def _remembered(self, host: str) -> "str | None":
        async with Loan():
            from link.addresses import remembered

            return remembered(self._numbers, host)

    def _all_servers(self) -> "list[tuple[str, int]]":
        servers = [server for server in self._servers if is_numeric(server[0])]
        own = self._wlan_dns() if self._wlan_dns else ""
        if is_numeric(own) and own != "0.0.0.0":
            servers.append((own, _PORT))
        return servers
