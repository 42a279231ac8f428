"""Asks DNS servers for a host's IPv4 address over UDP (RFC 1035), without blocking the event loop."""

import asyncio
import os
import socket
from struct import unpack_from

from micropython import const

_ROUNDS = const(3)  # how often each server is asked: UDP loses packets
_REPLY_MAX = const(512)  # RFC 1035, 2.3.4
_REPLY_MOST = const(128)  # a name and three addresses
_TTL_MAX_S = const(3600)  # whoever lies once is believed no longer; ticks_diff() can compare it, too
_HEADER = const(12)  # RFC 1035, 4.1.1
_TRUNCATED = const(2)
_LOOPBACK = const(127)  # first bytes of addresses
_RESERVED = const(224)


def question(host: str) -> bytes:
    """The question section for the host's A record (RFC 1035, 4.1.2). Raises OSError for a bad name."""
    out = bytearray()
    for label in host.lower().split("."):
        name = label.encode()
        if not 0 < len(name) < 64:
            raise OSError("bad host name")
        out.append(len(name))
        out.extend(name)
    if len(out) > 254:
        raise OSError("bad host name")
    return bytes(out) + b"\0\0\x01\0\x01"


def _after_name(reply: bytes, place: int) -> int:
    """The place after the name at `place`. A compression pointer ends the name, and is not followed."""
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
    """(address, time to live in seconds) of a reply; None if it has no address or was truncated.

    Addresses at which no broker can be do not count: of "this" network, of the host itself, multicast and
    reserved ones (RFC 6890, 2.2.2). Filters that block a name answer with such addresses, and so do broken
    routers. `asked` is the question section. Raises ValueError or IndexError if this is no reply to that
    question; the caller waits for another then.
    """
    if reply[:2] != ident or reply[2] & 0xF8 != 0x80 or reply[4:6] != b"\0\x01":
        raise ValueError
    place = _HEADER + len(asked)
    if reply[_HEADER:place].lower() != asked:
        raise ValueError
    if reply[3] & 0x0F or reply[2] & _TRUNCATED:
        return None
    for _ in range(unpack_from(">H", reply, 6)[0]):
        place = _after_name(reply, place)
        kind, group, ttl, length = unpack_from(">HHIH", reply, place)
        place += 10
        address = reply[place : place + 4]
        if (
            kind == 1
            and group == 1
            and length == 4
            and 0 < address[0] < _RESERVED
            and address[0] != _LOOPBACK
        ):
            return "{}.{}.{}.{}".format(*address), min(ttl, _TTL_MAX_S)
        place += length
    return None


async def ask_all(
    servers: "list[tuple[str, int]]", host: str, timeout_ms: int, doubted: "str | None" = None
) -> "tuple[str, int] | None":
    """Ask each server in turn, several times, for about timeout_ms: (address, time to live in seconds).

    Nobody answered at the address that is `doubted`: another server may know a better one, and then chance
    decides which is asked first. None if no server answers, or all say that there is no such host. Raises
    OSError for a bad name.
    """
    asked, worse = question(host), None
    if doubted and servers:
        first = os.urandom(1)[0] % len(servers)
        servers = servers[first:] + servers[:first]
    for _ in range(_ROUNDS):
        silent = False
        for server in servers:
            try:
                found = await asyncio.wait_for_ms(
                    _ask(server, asked), max(timeout_ms // (_ROUNDS * len(servers)), 1)
                )
            except (OSError, asyncio.TimeoutError):
                silent = True
                continue
            if found and found[0] != doubted:
                return found
            worse = found or worse
        if not silent:
            break
    return worse


def _received(sock: "socket.socket") -> bytes:
    """A datagram, or its beginning if there is no memory for the longest; most are no longer than that."""
    try:
        return sock.recv(_REPLY_MAX)
    except MemoryError:
        return sock.recv(_REPLY_MOST)


async def _ask(server: "tuple[str, int]", asked: bytes) -> "tuple[str, int] | None":
    """Ask one server once, and wait for its answer until cancelled."""
    ident = os.urandom(2)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(socket.getaddrinfo(server[0], server[1])[0][-1])  # numeric: does not wait
        sock.send(ident + b"\x01\0\0\x01\0\0\0\0\0\0" + asked)
        arrived = asyncio.StreamReader(sock)
        while True:
            await arrived.read(0)  # waits for a datagram and reads nothing
            try:
                return read_reply(_received(sock), ident, asked)
            except (ValueError, IndexError):
                pass  # somebody else's answer, or garbage
    finally:
        sock.close()
