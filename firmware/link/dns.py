"""Finds a host's IPv4 address over UDP (RFC 1035) without ever stopping the event loop."""

import asyncio
import os
import socket
from struct import unpack_from
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PORT = const(53)
_ROUNDS = const(3)  # times each server is asked: UDP loses packets
_REPLY_MAX = const(512)  # RFC 1035, 2.3.4
_TTL_MAX_S = const(86400)  # also keeps the expiry within what ticks_diff can tell
_CACHE_MAX = const(4)
_HEADER = const(12)  # RFC 1035, 4.1.1


class DnsError(Exception):
    """No address is known, and none was to be had."""


def is_numeric(host: str) -> bool:
    """Whether host is an IPv4 address already."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


def question(host: str) -> bytes:
    """The question section that asks for the host's A record (RFC 1035, 4.1.2)."""
    out = bytearray()
    for label in host.lower().split("."):
        name = label.encode()
        if not 0 < len(name) < 64:
            raise DnsError("bad host name")
        out.append(len(name))
        out.extend(name)
    if len(out) > 254:
        raise DnsError("bad host name")
    return bytes(out) + b"\0\0\x01\0\x01"


def _after_name(reply: bytes, place: int) -> int:
    """Where the name at `place` ends. A compression pointer ends it, and is never followed."""
    while True:
        length = reply[place]
        if length >= 0xC0:
            return place + 2
        place += 1 + length
        if not length:
            return place
        if length > 63:
            raise ValueError


def read_reply(reply: bytes, ident: bytes, asked: bytes) -> "tuple[str, int] | None":
    """(address, time to live in seconds); None for no address.

    Raises ValueError or IndexError where this is no reply to what was asked: wait for another.
    """
    if reply[:2] != ident or reply[2] & 0xF8 != 0x80 or reply[4:6] != b"\0\x01":
        raise ValueError
    place = _HEADER + len(asked)
    if reply[_HEADER:place].lower() != asked:
        raise ValueError
    if reply[3] & 0x0F:
        return None
    for _ in range(unpack_from(">H", reply, 6)[0]):
        place = _after_name(reply, place)
        kind, group, ttl, length = unpack_from(">HHIH", reply, place)
        place += 10
        if kind == 1 and group == 1 and length == 4:
            address = reply[place : place + 4]
            return "{}.{}.{}.{}".format(*unpack_from("4B", address)), min(ttl, _TTL_MAX_S)
        place += length
    return None


class Resolver:
    """Asks its servers in turn, and remembers the answers beyond their time if nobody answers.

    servers: (IPv4 address, port) each. wlan_dns gives the address of the access point's own
    server, asked after those.
    """

    def __init__(self, servers: "list[tuple[str, int]]", wlan_dns: "Callable[[], str] | None" = None) -> None:
        self._servers = servers
        self._wlan_dns = wlan_dns
        self._cache = {}  # host: (address, ticks when it expires, or None if it is doubtful)

    async def resolve(self, host: str, timeout_ms: int = 6000) -> str:
        """The host's IPv4 address. Raises DnsError within about timeout_ms."""
        if is_numeric(host):
            return host
        address, expires = self._cache.get(host, (None, None))
        if address and expires is not None and ticks_diff(expires, ticks_ms()) > 0:
            return address
        found = await self._ask_all(question(host), timeout_ms)
        if found is None:
            if address is None:
                raise DnsError("no server knows the host")
            self.doubt(host)
            return address
        if host not in self._cache and len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        self._cache[host] = found[0], ticks_add(ticks_ms(), found[1] * 1000)
        return found[0]

    def doubt(self, host: str) -> None:
        """The address led nowhere: ask again next time, and keep it in case nobody answers."""
        if host in self._cache:
            self._cache[host] = self._cache[host][0], None

    def _all_servers(self) -> "list[tuple[str, int]]":
        servers = [server for server in self._servers if is_numeric(server[0])]
        own = self._wlan_dns() if self._wlan_dns else ""
        if is_numeric(own) and own != "0.0.0.0":
            servers.append((own, _PORT))
        return servers

    async def _ask_all(self, asked: bytes, timeout_ms: int) -> "tuple[str, int] | None":
        servers = self._all_servers()
        for _ in range(_ROUNDS):
            for server in servers:
                try:
                    found = await asyncio.wait_for_ms(
                        self._ask(server, asked), max(timeout_ms // (_ROUNDS * len(servers)), 1)
                    )
                except (OSError, asyncio.TimeoutError):
                    continue
                if found:
                    return found
        return None

    async def _ask(self, server: "tuple[str, int]", asked: bytes) -> "tuple[str, int] | None":
        """One question to one server; waits for its answer until cancelled."""
        ident = os.urandom(2)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(socket.getaddrinfo(server[0], server[1])[0][-1])  # numeric: does not wait
            sock.send(ident + b"\x01\0\0\x01\0\0\0\0\0\0" + asked)
            arrived = asyncio.StreamReader(sock)
            while True:
                await arrived.read(0)  # waits for a datagram and takes nothing
                try:
                    return read_reply(sock.recv(_REPLY_MAX), ident, asked)
                except (ValueError, IndexError):
                    pass  # somebody else's answer, or garbage
        finally:
            sock.close()
