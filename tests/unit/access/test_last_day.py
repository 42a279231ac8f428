"""A last day is typed as DDMMYY, and is over when the next begins there."""

from access.clock import seconds
from access.last_day import end_of
from access.zone_rule import parse

UTC, BERLIN = parse("UTC0"), parse("CET-1CEST,M3.5.0,M10.5.0/3")


def test_it_is_over_as_the_next_begins():
    assert end_of(b"310527", UTC) == seconds(2027, 6, 1, 0, 0, 0)
    assert end_of(memoryview(b"311226"), UTC) == seconds(2027, 1, 1, 0, 0, 0)
    assert end_of(b"290228", UTC) == seconds(2028, 3, 1, 0, 0, 0)
    assert end_of(b"310500", UTC) == seconds(2000, 6, 1, 0, 0, 0)


def test_it_is_a_day_of_the_place():
    assert end_of(b"310527", BERLIN) == seconds(2027, 5, 31, 22, 0, 0)
    assert end_of(b"311226", BERLIN) == seconds(2026, 12, 31, 23, 0, 0)
    assert end_of(b"270327", BERLIN) == seconds(2027, 3, 27, 23, 0, 0)  # the day before the change, and it
    assert end_of(b"280327", BERLIN) == seconds(2027, 3, 28, 22, 0, 0)
    assert end_of(b"301027", BERLIN) == seconds(2027, 10, 30, 22, 0, 0)
    assert end_of(b"311027", BERLIN) == seconds(2027, 10, 31, 23, 0, 0)
    assert end_of(b"310527", parse("PST8PDT,M3.2.0,M11.1.0")) == seconds(2027, 6, 1, 7, 0, 0)
    assert end_of(b"310527", parse("<+14>-14")) == seconds(2027, 5, 31, 10, 0, 0)


def test_where_clocks_change_at_midnight_it_is_within_the_hour():
    santiago = parse("<-04>4<-03>,M9.1.6/24,M4.1.6/24")
    assert end_of(b"030427", santiago) == seconds(2027, 4, 4, 4, 0, 0)  # back, from 24:00 to 23:00
    forward = end_of(b"040927", santiago)  # on, from 24:00 to 1:00
    assert seconds(2027, 9, 5, 3, 0, 0) <= forward <= seconds(2027, 9, 5, 4, 0, 0)


def test_no_day_is_none():
    for digits in (b"", b"3", b"31052", b"3105270", b"310627", b"320127", b"000127", b"010027", b"011327"):
        assert end_of(digits, UTC) == 0, digits
    for digits in (b"290227", b"999999", b"000000", b"2705310527"):
        assert end_of(digits, UTC) == 0, digits
