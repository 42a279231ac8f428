"""The air around a lock on a virtual clock: an access point, a broker and an SNTP server that answer at once.

What the lock sends is noted, with its time: all that whoever listens there can see.
"""

import errno
import io

from virtual_time import clock

NOW = 1_800_000_000  # seconds since 1970, when a story begins
_RTT_MS = 40
_JOIN_MS = 700
_READ, _WRITE, _HUNG_UP = 1, 4, 0x10  # of poll
_POLL, _CLOSE = 3, 4  # py/stream.h
_NAMES = {
    0x10: "CONNECT",
    0x30: "PUBLISH",
    0x40: "PUBACK",
    0x80: "SUBSCRIBE",
    0xA0: "UNSUBSCRIBE",
    0xC0: "PINGREQ",
}


class Air:
    """The station, and whoever can be reached through it. `near`: the access point is there."""

    def __init__(self, packets):
        self.packets = packets
        self.near = True
        self.since, self.wanted = 0, False
        self.sockets = []
        self.retained = {}  # topic: what the broker sends to whoever subscribes

    def note(self, what, size=0):
        self.packets.append((clock.now, what, size))

    # -- network.WLAN

    def active(self, on=True):
        return True

    def connect(self, ssid, key):
        self.wanted, self.since = True, clock.now
        self.note("join")

    def disconnect(self):
        self.wanted = False

    def isconnected(self):
        return self.near and self.wanted and clock.now - self.since >= _JOIN_MS

    def status(self, what):
        return -60

    def ifconfig(self):
        return "192.0.2.9", "", "", "0.0.0.0"  # the access point has no resolver

    # -- what the world does to it

    def lose(self):
        self.near = False

    def come_back(self):
        self.near, self.since = True, clock.now

    def cut(self):
        """The broker ends every connection; datagrams have none."""
        for sock in self.sockets:
            if sock.is_stream:
                sock.hang_up()

    def publish(self, topic, payload, retained=False):
        for sock in self.sockets:
            if sock.is_stream and sock.is_open:
                sock.answer(message(topic, payload, retained))


def message(topic, payload, retained):
    from link.packets import frame, text

    return frame(0x30 | retained, text(topic) + payload)


class Socket(io.IOBase):
    """A TCP connection to the broker, or the SNTP server's datagrams."""

    air = None

    def __init__(self, family=2, kind=1):
        self.is_stream, self.is_open = kind == 1, True
        self._in, self._out = b"", b""
        Socket.air.sockets.append(self)

    def setblocking(self, blocking):
        pass

    def connect(self, address):
        if not self.air.isconnected():
            raise OSError(errno.EHOSTUNREACH)

    def ioctl(self, request, argument):
        if request == _POLL:
            return argument & ((_READ if self._in or not self.is_open else 0) | _WRITE)
        return 0 if request == _CLOSE else -errno.EINVAL

    def close(self):
        self.is_open = False
        if self in self.air.sockets:
            self.air.sockets.remove(self)

    def hang_up(self):
        self.is_open = False

    def answer(self, data):
        clock.at(clock.now + _RTT_MS, lambda: self._arrive(data))

    def _arrive(self, data):
        if self.air.near:
            self._in += data

    def write(self, data):
        if not self.is_open:
            raise OSError(errno.ECONNRESET)
        if self.air.isconnected():
            self._out += data
            while self._answer_packet():
                pass
        return len(data)

    def send(self, data):
        self.air.note("sntp", len(data))
        self.answer(b"\x24\1" + bytes(22) + data[40:48] + bytes(8) + _stamp(self.air.time()) + bytes(4))
        return len(data)

    def readinto(self, buffer):
        if not self._in:
            return None if self.is_open else 0
        data = self._in[: len(buffer)]
        buffer[: len(data)] = data
        self._in = self._in[len(data) :]
        return len(data)

    def read(self, size):
        return b""

    def recv(self, size):
        data, self._in = self._in[:size], self._in[size:]
        return data

    def _answer_packet(self):
        """Take one packet of the lock, note it and answer it; whether there was one."""
        data = self._out
        if len(data) < 2:
            return False
        size, at = 0, 1
        while True:
            size |= (data[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if data[at - 1] < 0x80:
                break
        if len(data) < at + size:
            return False
        kind, body, self._out = data[0], data[at : at + size], data[at + size :]
        self.air.note(_NAMES.get(kind & 0xF0, str(kind)), at + size)
        if kind == 0x10:
            self.answer(b"\x20\x02\0\0")
        elif kind & 0xF6 == 0x32:
            start = 2 + int.from_bytes(body[:2], "big")
            self.answer(b"\x40\x02" + body[start : start + 2])
        elif kind in (0x82, 0xA2):
            self.answer(b"\x90\x03" + body[:2] + b"\1" if kind == 0x82 else b"\xb0\x02" + body[:2])
            topic = bytes(body[4 : 4 + int.from_bytes(body[2:4], "big")]).decode()
            payload = self.air.retained.get(topic)
            if kind == 0x82 and payload is not None:
                self.answer(message(topic, payload, True))
        elif kind == 0xC0:
            self.answer(b"\xd0\0")
        return True


def _stamp(seconds):
    return (seconds + 2208988800).to_bytes(4, "big")


class Sockets:
    """The module `socket`."""

    AF_INET, SOCK_STREAM, SOCK_DGRAM, socket = 2, 1, 2, Socket

    @staticmethod
    def getaddrinfo(host, port, *more):
        return [(2, 1, 0, "", (host, port))]


class Tls:
    """The module link.tls, of sessions without a cipher: times and packets are the same."""

    FOLDER = "/tls/"

    @staticmethod
    def context(folder, made):
        return Tls

    @staticmethod
    def ends():
        return 0

    @staticmethod
    def wrap_socket(sock, **options):
        return sock
