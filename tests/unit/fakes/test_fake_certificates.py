"""The simulated chip looks at the dates of certificates to the second, by its own clock, as the chip does."""

import io

from certificate_vectors import CERTIFICATE, ONE, RENEWED

import certificates
from access.dates import date
from link.tls import dates

FUTURE, EXPIRED = "starts in the future", "has expired"


class Chip:
    """In the place of `machine`: a clock that shows what it is told."""

    def __init__(self, now):
        self._now = date(now)

    def RTC(self):  # noqa: N802 (the chip's name)
        return self

    def datetime(self):
        return self._now


def says(certificate, now):
    certificates.machine = Chip(now)
    return certificates.wrong_dates(certificate)


def test_a_certificate_holds_from_its_first_second_to_its_last():
    for certificate in (CERTIFICATE, RENEWED, ONE):
        begins, ends = dates(certificate)
        assert FUTURE in says(certificate, begins - 1)
        assert EXPIRED in says(certificate, ends + 1)
        for now in (begins, begins + 1, ends - 1, ends):
            assert says(certificate, now) == ""


def test_a_serial_number_that_looks_like_a_date_is_none():
    """One certificate of 1,700 has such a number: the simulated lock that got it was never online."""
    begins, ends = dates(CERTIFICATE)
    for at in range(15, 34):
        for tag in (b"\x17\x0d", b"\x18\x0f"):
            odd = CERTIFICATE[:at] + tag + CERTIFICATE[at + 2 :]
            assert (says(odd, begins), says(odd, ends)) == ("", ""), at
            assert FUTURE in says(odd, begins - 1), at
            assert EXPIRED in says(odd, ends + 1), at


def test_of_two_authorities_only_the_one_that_signed_is_looked_at():
    """mbedTLS shows the callback each certificate of the chain, its root too, and no other root."""
    begins, _ = dates(ONE)
    certificates.machine = Chip(begins - 1)
    made = certificates.SSLContext(certificates.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ONE)
    assert made.wrong == ""
    assert made._look(ONE, 1)
    assert FUTURE in made.wrong


class Real(io.IOBase):
    """mbedTLS: takes so many bytes, and has data or none."""

    takes, has_data = None, False

    def write(self, data):
        return self.takes

    def ioctl(self, request, argument):
        if request != 3:  # MP_STREAM_POLL
            return -1
        return argument & 1 if self.has_data else 0

    read = readinto = readline = write


class Account:
    """There is memory for all."""

    def take(self, size):
        pass


def test_a_task_waits_at_the_descriptor_only_where_nothing_but_that_can_wake_it():
    """Else the Unix port polls each millisecond: an idle lock took a fifth of a processor."""
    real = Real()
    session = certificates.Session(real, None, Account(), 1, 7)

    def descriptor():
        return session.ioctl(10, 0)

    assert descriptor() == -1, "the handshake is not done"
    for takes, found in ((None, -1), (3, 7), (2, -1), (None, -1), (3, 7)):
        real.takes = takes
        session.write(b"abc")
        assert descriptor() == found, takes
    real.has_data = True
    assert descriptor() == -1, "nothing more may come"
    real.has_data = False
    assert descriptor() == 7
