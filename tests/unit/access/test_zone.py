"""The time on the wall, change by change; tests/models compares it with Python's zoneinfo."""

from access.clock import seconds
from access.zone import end_of, local
from access.zone_rule import parse

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def ahead(rule, *date):
    """Seconds by which local time is ahead of UTC at a date in UTC."""
    now = seconds(*date)
    return local(parse(rule), now) - now


def fault(rule):
    try:
        parse(rule)
    except ValueError as error:
        return error.args[0]
    return None


def test_utc_is_utc():
    assert ahead("UTC0", 2026, 7, 1, 0, 0, 0) == 0
    assert parse("UTC0") == (0, 0, None, None)


def test_berlin_changes_to_the_second():
    assert ahead(BERLIN, 2026, 3, 29, 0, 59, 59) == 3600
    assert ahead(BERLIN, 2026, 3, 29, 1, 0, 0) == 7200
    assert ahead(BERLIN, 2026, 10, 25, 0, 59, 59) == 7200
    assert ahead(BERLIN, 2026, 10, 25, 1, 0, 0) == 3600


def test_in_the_south_summer_spans_the_new_year():
    sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3"
    assert ahead(sydney, 2026, 12, 31, 23, 0, 0) == 39600
    assert ahead(sydney, 2027, 1, 1, 0, 0, 0) == 39600
    assert ahead(sydney, 2027, 7, 1, 0, 0, 0) == 36000


def test_signs_are_as_posix_has_them():
    assert ahead("EST5", 2026, 1, 1, 0, 0, 0) == -18000
    assert ahead("<+0545>-5:45", 2026, 1, 1, 0, 0, 0) == 20700
    assert ahead("<-0930>+9:30", 2026, 1, 1, 0, 0, 0) == -34200
    assert ahead("LMT-0:53:28", 2026, 1, 1, 0, 0, 0) == 3208


def test_a_summer_of_its_own_length():
    lord_howe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
    assert ahead(lord_howe, 2026, 1, 1, 0, 0, 0) == 39600
    assert ahead(lord_howe, 2026, 6, 1, 0, 0, 0) == 37800


def test_winter_may_be_the_exception():
    dublin = "IST-1GMT0,M10.5.0,M3.5.0/1"
    assert ahead(dublin, 2026, 1, 1, 0, 0, 0) == 0
    assert ahead(dublin, 2026, 7, 1, 0, 0, 0) == 3600


def test_hours_may_be_below_zero_and_beyond_a_day():
    nuuk = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"
    assert ahead(nuuk, 2026, 3, 29, 0, 59, 59) == -7200
    assert ahead(nuuk, 2026, 3, 29, 1, 0, 0) == -3600
    gaza = "EET-2EEST,M3.4.4/50,M10.4.4/50"
    assert ahead(gaza, 2026, 3, 27, 23, 59, 59) == 7200
    assert ahead(gaza, 2026, 3, 28, 0, 0, 0) == 10800


def test_j_leaves_out_the_29th_of_february_and_n_counts_it():
    for year, third in ((2027, 1), (2028, 1)):
        assert ahead("A" * 3 + "0BBB,J60/0,J300", year, 3, third, 0, 0, 0) == 3600
        assert ahead("A" * 3 + "0BBB,J60/0,J300", year, 2, 28, 23, 59, 59) == 0
    assert ahead("AAA0BBB,J59/0,J300", 2028, 2, 28, 0, 0, 0) == 3600
    assert ahead("AAA0BBB,59/0,J300", 2027, 3, 1, 0, 0, 0) == 3600
    assert ahead("AAA0BBB,59/0,J300", 2028, 2, 29, 0, 0, 0) == 3600
    assert ahead("AAA0BBB,59/0,J300", 2028, 2, 28, 23, 59, 59) == 0


def test_a_summer_that_never_ends():
    """RFC 9636, 3.3.2: it ends when the next one starts."""
    for date in ((2026, 1, 1, 5, 0, 0), (2026, 1, 1, 4, 59, 59), (2026, 7, 1, 0, 0, 0)):
        assert ahead("EST5EDT,0/0,J365/25", *date) == -14400


def test_a_rule_that_is_wrong_is_told_as_far_as_it_is_right():
    for rule, right in (
        ("", ""),
        ("CE-1", ""),
        ("<+1>-1", "<"),
        ("<+01-1", "<+01-1"),
        ("Europe/Berlin", "Europe"),
        ("CET", "CET"),
        ("CET-25", "CET-"),
        ("CET-1:60", "CET-1:"),
        ("CET-1CEST", "CET-1CEST"),
        ("CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0"),
        ("CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M"),
        ("CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3."),
        ("CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5."),
        ("CET-1CEST,M3.5,M10.5.0", "CET-1CEST,M3.5"),
        ("CET-1CEST,J0,J365", "CET-1CEST,J"),
        ("CET-1CEST,366,J365", "CET-1CEST,"),
        ("CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0/"),
        ("CET-1CEST,M3.5.0,M10.5.0/3 ", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("CET-1CEST,M3.5.0,M10.5.0/3,", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ):
        assert fault(rule) == right, (rule, fault(rule))


IN_UTC, IN_BERLIN = parse("UTC0"), parse("CET-1CEST,M3.5.0,M10.5.0/3")


def test_it_is_over_as_the_next_begins():
    assert end_of(b"310527", IN_UTC) == seconds(2027, 6, 1, 0, 0, 0)
    assert end_of(memoryview(b"311226"), IN_UTC) == seconds(2027, 1, 1, 0, 0, 0)
    assert end_of(b"290228", IN_UTC) == seconds(2028, 3, 1, 0, 0, 0)
    assert end_of(b"310500", IN_UTC) == seconds(2000, 6, 1, 0, 0, 0)


def test_it_is_a_day_of_the_place():
    assert end_of(b"310527", IN_BERLIN) == seconds(2027, 5, 31, 22, 0, 0)
    assert end_of(b"311226", IN_BERLIN) == seconds(2026, 12, 31, 23, 0, 0)
    assert end_of(b"270327", IN_BERLIN) == seconds(2027, 3, 27, 23, 0, 0)  # the day before the change, and it
    assert end_of(b"280327", IN_BERLIN) == seconds(2027, 3, 28, 22, 0, 0)
    assert end_of(b"301027", IN_BERLIN) == seconds(2027, 10, 30, 22, 0, 0)
    assert end_of(b"311027", IN_BERLIN) == seconds(2027, 10, 31, 23, 0, 0)
    assert end_of(b"310527", parse("PST8PDT,M3.2.0,M11.1.0")) == seconds(2027, 6, 1, 7, 0, 0)
    assert end_of(b"310527", parse("<+14>-14")) == seconds(2027, 5, 31, 10, 0, 0)


def test_where_clocks_change_at_midnight_it_is_within_the_hour():
    santiago = parse("<-04>4<-03>,M9.1.6/24,M4.1.6/24")
    assert end_of(b"030427", santiago) == seconds(2027, 4, 4, 4, 0, 0)  # back, from 24:00 to 23:00
    forward = end_of(b"040927", santiago)  # on, from 24:00 to 1:00
    assert seconds(2027, 9, 5, 3, 0, 0) <= forward <= seconds(2027, 9, 5, 4, 0, 0)


def test_no_day_is_none():
    for digits in (b"", b"3", b"31052", b"3105270", b"310627", b"320127", b"000127", b"010027", b"011327"):
        assert end_of(digits, IN_UTC) == 0, digits
    for digits in (b"290227", b"999999", b"000000", b"2705310527"):
        assert end_of(digits, IN_UTC) == 0, digits
