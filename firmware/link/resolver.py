"""Caches the addresses of hosts; the broker's is stored in NVS, too."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.lookup import Cache, Servers, WlanDns
    from storage.nvs import Numbers


class Resolver:
    """Asks `servers`, each (IPv4 address, port), in turn; the code for that is loaded only meanwhile.

    `wlan_dns()` gives the address of the access point's own server, which is asked last. An address is used
    beyond its time to live while no server answers. If nobody answers at the address that the servers give
    again and again, the last good one is tried, too.
    """

    def __init__(
        self,
        servers: "Servers",
        numbers: "Numbers",
        wlan_dns: "WlanDns" = None,
    ) -> None:
        self._servers, self._numbers, self._wlan_dns = servers, numbers, wlan_dns
        self._cache: Cache = {}

    async def resolve(self, host: str, timeout_ms: int = 6000) -> str:
        """The host's IPv4 address. Raises OSError within about timeout_ms."""
        async with Loan():
            from link.lookup import look_up

            return await look_up(host, timeout_ms, self._cache, self._servers, self._numbers, self._wlan_dns)

    def doubt(self, host: str) -> None:
        """No connection at that address: ask again next time, and use it only if no server answers."""
        if host in self._cache:
            self._cache[host] = self._cache[host][0], None

    async def proved(self, host: str) -> None:
        """A connection at that address was made: store it in NVS, if it is not there yet."""
        address = self._cache.get(host, ("",))[0]
        if address:
            try:
                async with Loan():
                    from link.addresses import remember

                    remember(self._numbers, host, address)
            except (ImportError, MemoryError):
                pass  # in another session: this one is worth more
