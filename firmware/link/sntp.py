"""Asks an SNTP server for the time (RFC 4330), without blocking the event loop.

The answer is not signed: the clock gives it network trust only.
"""

import asyncio
import os
import socket
from struct import unpack_from

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from link.resolver import Resolver

_PORT = const(123)
_TRIES = const(3)
_TRY_MS = const(2000)
_SIZE = const(48)  # RFC 4330, section 4, without authenticator
_REQUEST = b"\x23" + bytes(39)  # leap 0, version 4, mode 3 (client); the transmit timestamp follows
_SERVER = const(4)
_UNSYNCHRONISED = const(3)
_TO_1970 = const(2208988800)  # seconds from 1900, the epoch of era 0
_ERA_1 = const(2085978496)  # seconds from 1970 to the epoch of era 1, in 2036


def read_reply(reply: bytes, cookie: bytes) -> int:
    """The time of a reply, in seconds since 1970. `cookie` is the transmit timestamp of the request, 8 bytes.

    Raises ValueError for another mode or version, a server that is not synchronised or refuses (stratum 0),
    an answer to another request (originate timestamp), and an empty time (RFC 4330, section 5).
    """
    if len(reply) < _SIZE:
        raise ValueError
    leap, version, mode = reply[0] >> 6, reply[0] >> 3 & 7, reply[0] & 7
    if mode != _SERVER or version not in (3, 4) or leap == _UNSYNCHRONISED or not 1 <= reply[1] <= 15:
        raise ValueError
    if reply[24:32] != cookie:
        raise ValueError
    seconds, fraction = unpack_from(">II", reply, 40)
    if not seconds and not fraction:
        raise ValueError
    seconds += fraction >> 31
    return seconds - _TO_1970 if seconds >= 0x80000000 else seconds + _ERA_1


async def set_clock(clock: "Clock", resolver: "Resolver", server: "tuple[str, int]", doubts: bool) -> None:
    """Set the clock by this server. Its address is doubted if it does not answer, and where `doubts`.

    `doubts`: no connection comes about. Then it may be somebody else's, who says what is wrong.
    """
    host, port = server
    try:
        now = await ask(await resolver.resolve(host), port)
    except OSError:
        now = None
    if now is None or doubts:
        resolver.doubt(host)
    if now is not None:
        clock.network(now)


async def ask(address: str, port: int = _PORT, try_ms: int = _TRY_MS) -> "int | None":
    """Seconds since 1970 from the server at this IPv4 address; None if it does not answer. Raises OSError.

    The cookie is random: it tells the server nothing of this clock, and nobody else can guess it.
    """
    for _ in range(_TRIES):
        try:
            return await asyncio.wait_for_ms(_ask(address, port), try_ms)
        except asyncio.TimeoutError:
            pass
    return None


async def _ask(address: str, port: int) -> int:
    cookie = os.urandom(8)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(socket.getaddrinfo(address, port)[0][-1])  # numeric: does not wait
        sock.send(_REQUEST + cookie)
        arrived = asyncio.StreamReader(sock)
        while True:
            await arrived.read(0)  # waits for a datagram and reads nothing
            try:
                return read_reply(sock.recv(_SIZE), cookie)
            except ValueError:
                pass  # somebody else's answer, or garbage
    finally:
        sock.close()
