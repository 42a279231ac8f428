"""A certificate takes the old one's place only if the lock goes on with it, and one file changes at once."""

import os

from certificate_vectors import CERTIFICATE, KEY, OF_TWO, ONE, OTHER, RENEWED, TWO
from ram_flash import RamFlash

from link.renewal import replace as put
from link.tls import context, dates, end_of, ends, parts

NOW = 1_796_000_000  # within the dates of all of them


class Lock:
    """A /tls as provisioning leaves it."""

    def __init__(self):
        self.flash = RamFlash("/tls", 60)
        for name, data in (("lock.key", KEY), ("lock.crt", CERTIFICATE), ("ca.crt", ONE)):
            with open("/tls/%s.der" % name, "wb") as file:
                file.write(data)

    def held(self, name):
        with open("/tls/%s.crt.der" % name, "rb") as file:
            return file.read()


def replace(name, der, now=NOW):
    return put(name, der, now)


def test_a_certificate_for_the_same_key_is_taken():
    lock = Lock()
    assert replace("lock", RENEWED)
    assert lock.held("lock") == RENEWED
    context()
    assert end_of(RENEWED) != end_of(CERTIFICATE)


def test_one_for_another_key_or_none_at_all_is_not():
    lock = Lock()
    for wrong in (
        OTHER,
        ONE,
        b"",
        b"\0" * 400,
        RENEWED[:-1],
        RENEWED + RENEWED,
        RENEWED[:200] + b"x" + RENEWED[201:40],
    ):
        assert not replace("lock", wrong)
        assert lock.held("lock") == CERTIFICATE


def test_the_authority_is_replaced_by_way_of_two():
    lock = Lock()
    assert not replace("ca", TWO), "at once it would be a stranger's"
    assert replace("ca", ONE + TWO)
    context()
    assert replace("lock", OF_TWO)
    assert replace("ca", TWO)
    context()
    assert lock.held("ca") == TWO


def test_three_authorities_and_what_is_none_are_refused():
    lock = Lock()
    for wrong in (b"", ONE + TWO + ONE, ONE + b"x", ONE[:-4], ONE + bytes(400)):
        assert not replace("ca", wrong)
        assert lock.held("ca") == ONE


def test_of_two_authorities_the_one_that_ends_last_counts():
    Lock()
    before = ends()
    assert replace("ca", ONE + TWO)
    assert ends() == before == end_of(CERTIFICATE)
    assert parts(ONE + TWO) == [ONE, TWO]
    assert parts(b"none") == [b"none"]


def test_nothing_is_left_beside_it():
    Lock()
    replace("lock", RENEWED)
    assert sorted(os.listdir("/tls")) == ["ca.crt.der", "lock.crt.der", "lock.key.der"]


def test_by_the_second_one_that_has_not_begun_or_has_ended_is_refused():
    lock = Lock()
    begins, ends_ = dates(RENEWED)
    for now in (begins - 1, ends_ + 1, 0):
        assert not replace("lock", RENEWED, now)
        assert lock.held("lock") == CERTIFICATE
    for now in (begins, ends_):
        Lock()
        assert replace("lock", RENEWED, now)


def test_of_authorities_one_must_hold_and_the_other_may_be_over():
    begins, ends_ = dates(TWO)
    for given in (ONE, ONE + TWO):
        for now in (begins - 1, ends_ + 1):
            lock = Lock()
            assert not replace("ca", given, now)
            assert lock.held("ca") == ONE
        for now in (begins, ends_):
            Lock()
            assert replace("ca", given, now)
    lock = Lock()
    assert replace("ca", ONE + later(TWO))
    assert lock.held("ca") == ONE + later(TWO)
    assert not replace("ca", later(TWO)), "by itself it would keep the lock off the network until it begins"
    assert replace("ca", later(TWO), dates(later(TWO))[0])


def later(certificate):
    """The same a year later; nobody looks at an authority's own signature."""
    return certificate.replace(b"261125201418Z", b"271125201418Z")
