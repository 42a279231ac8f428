"""Finds the address of a host: in the cache, from the servers, or in NVS. Loaded for each look-up."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from link.addresses import remembered
from link.dns import ask_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

    Cache = dict[str, tuple[str, int | None]]  # host: address, ticks at which it expires, None if in doubt
    Servers = list[tuple[str, int]]
    WlanDns = Callable[[], str] | None

_PORT = const(53)
_CACHE_MAX = const(4)


def is_numeric(host: str) -> bool:
    """Whether `host` is an IPv4 address."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


async def look_up(
    host: str, timeout_ms: int, cache: "Cache", servers: "Servers", numbers: "Numbers", wlan_dns: "WlanDns"
) -> str:
    """See Resolver.resolve(), which passes these parts."""
    if is_numeric(host):
        return host
    address, expires = cache.get(host, (None, None))
    if address and expires is not None and ticks_diff(expires, ticks_ms()) > 0:
        return address
    doubted = address if expires is None else None
    found = await ask_all(_all_servers(servers, wlan_dns), host, timeout_ms, doubted)
    if found is not None and doubted == found[0]:
        proved = remembered(numbers, host)  # there is nobody where the servers say
        if proved:
            found = proved, 0
    if found is None:
        known = address or remembered(numbers, host)
        if known is None:
            raise OSError("no server knows the host")
        found = known, 0
    if host not in cache and len(cache) >= _CACHE_MAX:
        cache.clear()
    cache[host] = found[0], ticks_add(ticks_ms(), found[1] * 1000)
    return found[0]


def _all_servers(servers: "Servers", wlan_dns: "WlanDns") -> "Servers":
    own = wlan_dns() if wlan_dns else ""
    known = [server for server in servers if is_numeric(server[0])]
    return known + [(own, _PORT)] if is_numeric(own) and own != "0.0.0.0" else known
