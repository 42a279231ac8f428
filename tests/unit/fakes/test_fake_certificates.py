"""The simulated chip looks at the dates of certificates to the second, by its own clock, as the chip does."""

from certificate_vectors import CERTIFICATE, ONE, RENEWED

import certificates
from access.clock import date
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


def test_of_two_authorities_only_the_one_that_signed_is_looked_at():
    """mbedTLS shows the callback each certificate of the chain, its root too, and no other root."""
    begins, _ = dates(ONE)
    certificates.machine = Chip(begins - 1)
    made = certificates.SSLContext(certificates.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ONE)
    assert made.wrong == ""
    assert made._look(ONE, 1)
    assert FUTURE in made.wrong
