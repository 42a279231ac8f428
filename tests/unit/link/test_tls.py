"""When a certificate ends is read from its dates, however they are written."""

import os
from hashlib import sha256

from certificate_vectors import CERTIFICATE, ONE, TWO
from ram_flash import RamFlash

from link.errors import TlsError
from link.tls import dates, end_of, home_ends, trusting

LOOKS_LIKE_A_DATE = b"\x17\x0d260101000000Z" + b"\x18\x0f20260101"


def element(tag, *contents):
    """An element of DER, whose length is written in one byte, two or three (X.690, 8.1.3)."""
    data = b"".join(contents)
    size = len(data)
    length = (
        bytes([size])
        if size < 128
        else b"\x81" + bytes([size])
        if size < 256
        else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes([tag]) + length + data


def short(text):
    return element(0x17, text)


def long(text):
    return element(0x18, text)


def made(begins, ends, serial=b"\1" * 20, issuer=b"One", version=b"\xa0\3\2\1\2", rest=300):
    """A certificate with these dates, and with no more of the others than there must be."""
    signed = version, element(2, serial), element(0x30, b"\6\1x"), element(0x30, element(12, issuer))
    return element(0x30, element(0x30, *signed, element(0x30, begins, ends), bytes(rest)), bytes(70))


def test_the_second_date_is_the_end():
    for begins, ends, seconds in (
        (short(b"260101000000Z"), short(b"310907141320Z"), 1_946_556_800),
        (short(b"260101000000Z"), long(b"20501231235959Z"), 2_556_143_999),
        (long(b"20500101000000Z"), long(b"21000101000000Z"), 4_102_444_800),
        (short(b"990101000000Z"), short(b"491231235959Z"), 2_524_607_999),
    ):
        for rest in (0, 60, 300):
            assert end_of(made(begins, ends, rest=rest)) == seconds, ends


def test_a_serial_number_or_a_name_that_looks_like_a_date_is_none():
    """One certificate of 1,700 has such a number: a lock that got it never spoke with its broker."""
    begins, ends = short(b"260101000000Z"), short(b"310907141320Z")
    for odd in (b"\x17\x0d" + bytes(18), LOOKS_LIKE_A_DATE, bytes(18) + b"\x18\x0f", b"\x30\x1e" + begins):
        for version in (b"\xa0\3\2\1\2", b""):
            assert end_of(made(begins, ends, serial=odd, version=version)) == 1_946_556_800, odd
            assert end_of(made(begins, ends, issuer=odd * 5, version=version)) == 1_946_556_800, odd
    for count in range(19):
        odd = CERTIFICATE[: 15 + count] + b"\x17\x0d" + CERTIFICATE[17 + count :]
        assert dates(odd) == dates(CERTIFICATE), count


def test_what_has_no_dates_is_no_certificate():
    begins, end = short(b"260101000000Z"), short(b"31090714")
    whole = made(begins, begins)
    for data in (
        b"",
        bytes(300),
        made(begins, b"", rest=0),
        made(begins, end),
        made(element(4, b"2601"), begins),
        whole[:9],
        b"\x30\x84\xff\xff\xff\xff" + whole,
        b"\x30\x80" + whole,
    ):
        try:
            end_of(data)
        except TlsError:
            continue
        raise AssertionError(data)


def test_of_any_bytes_dates_are_told_or_that_there_are_none():
    whole = made(short(b"260101000000Z"), short(b"310907141320Z"), rest=0)
    for place in range(len(whole)):
        for wrong in (0, 1, 0x7F, 0x80, 0x82, 0xFF):
            try:
                dates(whole[:place] + bytes([wrong]) + whole[place + 1 :])
            except TlsError:
                pass
        try:
            dates(whole[:place])
        except TlsError:
            pass


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


def test_when_that_certificate_ends_is_known_and_nobody_stumbles_over_one_without_dates():
    for data in (ONE, TWO):
        trusts(data, b"")
        assert home_ends() == end_of(data) > 1_600_000_000
    trusts(b"none", b"")
    assert home_ends() == 0
    os.remove("/tls/home.crt.der")
    assert home_ends() == 0
