"""The simulated socket is no kinder than the ESP32's: what would stop the chip stops here, too."""

import errno
import select
import socket
import time

import tls
import usocket

HERE = "127.0.0.1"


class Time:
    """Notes what the fake waits instead of waiting."""

    def __init__(self):
        self.slept = []

    def sleep_ms(self, ms):
        self.slept.append(ms)


def stopped(what):
    """How long everything stood still, and the OSError that came then."""
    socket.time = clock = Time()
    try:
        what()
    except OSError as error:
        return sum(clock.slept), error.errno
    finally:
        socket.time = time
    return sum(clock.slept), None


def listening():
    server = usocket.socket()
    server.bind(usocket.getaddrinfo(HERE, 0)[0][-1])
    server.listen(1)
    port = usocket.sockaddr(_name_of(server))[2]
    return server, socket.getaddrinfo(HERE, port)[0][-1]


def _name_of(server):
    import ffi

    address, size = bytearray(16), bytearray((16, 0, 0, 0))
    ffi.open(None).func("i", "getsockname", "ipp")(server.fileno(), address, size)
    return address


def dead():
    """An address that nobody listens at."""
    server, address = listening()
    server.close()
    return address


def test_an_address_in_figures_is_looked_up_at_once_and_a_name_stops_everything():
    assert stopped(lambda: socket.getaddrinfo(HERE, 80)) == (0, None)
    took, error = stopped(lambda: socket.getaddrinfo("broker.menshen.test", 80))
    assert (took, error) == (14_000, -202)


def test_a_connect_that_waits_takes_a_minute_to_a_dead_address():
    address = dead()
    took, error = stopped(lambda: socket.socket().connect(address))
    assert took == 59_000
    assert error


def test_with_a_timeout_it_takes_eleven_seconds_whatever_the_timeout():
    address = dead()
    sock = socket.socket()
    sock.settimeout(1)
    assert stopped(lambda: sock.connect(address))[0] == 11_000


def test_setblocking_undoes_the_timeout():
    address = dead()
    sock = socket.socket()
    sock.settimeout(1)
    sock.setblocking(True)
    assert stopped(lambda: sock.connect(address))[0] == 59_000


def test_a_read_after_setblocking_waits_for_ever():
    class Real:
        timeouts = []

        def settimeout(self, seconds):
            self.timeouts.append(seconds)

    sock = socket.socket()
    sock.close()
    sock._real = Real()
    sock.settimeout(5)
    sock.setblocking(True)
    assert Real.timeouts == [5, None]


def test_a_connect_that_does_not_wait_stops_nothing():
    address = dead()
    for quiet in (lambda sock: sock.setblocking(False), lambda sock: sock.settimeout(0)):
        sock = socket.socket()
        quiet(sock)
        assert stopped(lambda: sock.connect(address))[0] == 0  # noqa: B023 (called at once)
        sock.close()


def test_it_is_polled_and_carries_bytes_like_the_real_one():
    server, address = listening()
    sock = socket.socket()
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError:
        pass
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    assert poller.poll(2000)
    peer, _ = server.accept()
    poller.modify(sock, select.POLLIN)
    assert not poller.poll(0)
    peer.send(b"hello")
    assert poller.poll(2000)
    buf = bytearray(8)
    assert sock.readinto(buf) == 5
    assert stopped(lambda: sock.recv(1)) == (0, errno.EAGAIN)
    sock.write(b"there")
    assert peer.recv(5) == b"there"
    sock.close()
    assert peer.recv(1) == b""


def test_a_socket_with_tls_has_no_timeout_to_set():
    """The chip's has none: who counts on it finds out here."""
    sock = socket.socket()
    sock.settimeout(5)
    session = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    session.verify_mode = tls.CERT_NONE
    sock.setblocking(False)
    wrapped = session.wrap_socket(sock, do_handshake_on_connect=False)
    assert not hasattr(wrapped, "settimeout")
    assert hasattr(wrapped, "setblocking")
    sock.close()
