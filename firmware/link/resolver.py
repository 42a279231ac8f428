"""Remembers addresses: beyond their time while nobody answers, and the broker's over a power cut."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from loader import OFTEN, collect, unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

_PORT = const(53)
_CACHE_MAX = const(4)


class DnsError(Exception):
    """No address is known, and none was to be had."""


def is_numeric(host: str) -> bool:
    """Whether host is an IPv4 address already."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


class Resolver:
    """Asks its servers in turn, with code that is there only meanwhile.

    servers: (IPv4 address, port) each. wlan_dns gives the address of the access point's own server,
    asked after those.
    """

    def __init__(
        self, servers: "list[tuple[str, int]]", numbers: "Numbers",
        wlan_dns: "Callable[[], str] | None" = None,
    ) -> None:  # fmt: skip
        self._servers, self._numbers, self._wlan_dns = servers, numbers, wlan_dns
        self._cache = {}  # host: (address, ticks when it expires, or None if it is doubtful)

    async def resolve(self, host: str, timeout_ms: int = 6000) -> str:
        """The host's IPv4 address. Raises DnsError within about timeout_ms."""
        if is_numeric(host):
            return host
        address, expires = self._cache.get(host, (None, None))
        if address and expires is not None and ticks_diff(expires, ticks_ms()) > 0:
            return address
        await collect(-1)
        from link.dns import ask_all

        await collect(OFTEN)
        found = await ask_all(self._all_servers(), host, timeout_ms)
        del ask_all
        unload("link.dns")
        if found is None:
            if address is None:
                from link.addresses import kept

                address = kept(self._numbers, host)
                del kept
                unload("link.addresses")
            if address is None:
                raise DnsError("no server knows the host")
            found = address, 0
        if host not in self._cache and len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        self._cache[host] = found[0], ticks_add(ticks_ms(), found[1] * 1000)
        return found[0]

    def doubt(self, host: str) -> None:
        """The address led nowhere: ask again next time, and keep it in case nobody answers."""
        if host in self._cache:
            self._cache[host] = self._cache[host][0], None

    def proved(self, host: str) -> None:
        """The host was found there: have its address outlive the power. Costs nothing if it did already."""
        address = self._cache.get(host, ("",))[0]
        if address:
            from link.addresses import keep

            keep(self._numbers, host, address)
            del keep
            unload("link.addresses")

    def _all_servers(self) -> "list[tuple[str, int]]":
        servers = [server for server in self._servers if is_numeric(server[0])]
        own = self._wlan_dns() if self._wlan_dns else ""
        if is_numeric(own) and own != "0.0.0.0":
            servers.append((own, _PORT))
        return servers
