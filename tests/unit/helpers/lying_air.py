"""The air of virtual_air.py with names in it: DNS servers that may lie, and hosts that are not the broker.

`truth` is the broker's address; `servers` are what each DNS server says, by its address: None (nothing), a
list of four bytes each (no more than one is told, by turns), or a return code of RFC 1035.
"""

import errno

from virtual_air import Socket, Sockets
from virtual_time import clock

TRUTH = "192.0.2.1"
BROKER, TIME = "broker.house.test", "time.house.test"
FIRST, SECOND = "198.51.100.1", "198.51.100.2"
_RIGHT = bytes((192, 0, 2, 1))
_TTL, _LIES_FOR = 1, 86_400  # seconds: what is right is asked again soon, and a lie lasts as long as may be
_CONNACK = b"\x20\x02\0\0"
_POLL, _WRITE, _READ, _HUNG_UP = 3, 4, 1, 0x10


class Names:
    """What the world says: `hosts` are how hosts behave that are not the broker, "silent" where not named."""

    def __init__(self, air):
        self.air, self.servers, self.hosts, self.asked = air, {FIRST: [_RIGHT], SECOND: [_RIGHT]}, {}, []
        self.visited, self._turn = [], 0

    def lie(self, what, *servers):
        for server in servers or (FIRST, SECOND):
            self.servers[server] = what

    def heal(self):
        self.lie([_RIGHT])

    def reply(self, server, query):
        said = self.servers.get(server)
        self.asked.append((clock.now, server))
        if said is None:
            return None
        if isinstance(said, int):
            return query[:2] + bytes((0x81, 0x80 | said, 0, 1, 0, 0, 0, 0, 0, 0)) + query[12:]
        self._turn += 1
        address = said[self._turn % len(said)]
        ttl = _TTL if address == _RIGHT else _LIES_FOR
        answer = b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + address
        return query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:] + answer


class NamedSocket(Socket):
    """A socket whose peer matters."""

    names = None

    def connect(self, address):
        super().connect(address)
        self.peer = address[0]
        self.manner = "" if self.peer == TRUTH else self.names.hosts.get(self.peer, "silent")
        if self.is_stream:
            self.names.visited.append((clock.now, self.peer))
            self.is_open = self.manner != "refuses"

    def ioctl(self, request, argument):
        if request == _POLL and self.is_stream and self.manner == "silent":
            return 0
        return super().ioctl(request, argument)

    def send(self, data):
        if self.peer in self.names.servers:
            self.air.note("dns", len(data))
            answer = self.names.reply(self.peer, data)
            if answer is not None:
                self.answer(answer)
        elif self.peer == TRUTH:
            return super().send(data)
        return len(data)

    def write(self, data):
        if not self.manner:
            return super().write(data)
        if not self.is_open:
            raise OSError(errno.ECONNREFUSED)
        if self.manner == "garbage":
            self.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif self.manner == "accepts and hangs up":  # a broker without TLS that is somebody else's
            self.answer(_CONNACK)
            clock.at(clock.now + 2000, self.hang_up)
        elif self.manner == "plays the broker":  # and has nothing to send
            kept, self.air.retained = self.air.retained, {}
            super().write(data)
            self.air.retained = kept
        return len(data)


def install(air):
    """From now on hosts have names; what answers for them."""
    names = NamedSocket.names = Names(air)
    Sockets.socket = NamedSocket
    return names
