"""When a certificate ends is read from its dates, however they are written."""

import os
from hashlib import sha256

from certificate_vectors import ONE, TWO
from ram_flash import RamFlash

from link.errors import TlsError
from link.tls import end_of, trusting

_FRONT, _BACK = b"0\x82\1\x3b0\x82" + bytes(40), bytes(60)


def short(text):
    return b"\x17\x0d" + text


def long(text):
    return b"\x18\x0f" + text


def test_the_second_date_is_the_end():
    for begins, ends, seconds in (
        (short(b"260101000000Z"), short(b"310907141320Z"), 1_946_556_800),
        (short(b"260101000000Z"), long(b"20501231235959Z"), 2_556_143_999),
        (long(b"20500101000000Z"), long(b"21000101000000Z"), 4_102_444_800),
        (short(b"990101000000Z"), short(b"491231235959Z"), 2_524_607_999),
    ):
        assert end_of(_FRONT + b"0" + begins + ends + _BACK) == seconds, ends


def test_what_has_no_dates_is_no_certificate():
    for data in (b"", bytes(300), short(b"260101000000Z"), short(b"260101000000Z") + short(b"31090714")):
        try:
            end_of(data)
        except TlsError:
            continue
        raise AssertionError(data)


def refusal(sha256):
    """Why the file is not trusted, or "trusts"."""
    try:
        trusting("/tls/home.crt.der", sha256)
        return "trusts"
    except TlsError as error:
        return str(error)


def trusts(data, sha256):
    """The same where the file holds this data."""
    RamFlash("/tls", 20)
    with open("/tls/home.crt.der", "wb") as file:
        file.write(data)
    return refusal(sha256)


def test_a_tenants_broker_is_known_by_the_certificate_that_the_settings_name_and_no_other():
    digest = sha256(ONE).digest()
    assert trusts(ONE, digest) == "trusts"
    assert "is not the certificate that the settings name" in trusts(TWO, digest)
    assert "is not the certificate" in trusts(ONE + TWO, digest)
    assert "a certificate in DER would be right" in trusts(b"none", sha256(b"none").digest())
    os.remove("/tls/home.crt.der")
    assert "cannot be read" in refusal(digest)
