"""The waits between two tries: between half of a limit and the limit, which doubles and is capped."""

from link.backoff import Backoff, random_up_to


def test_the_limit_doubles_up_to_the_cap():
    backoff = Backoff(1000, 6000, lambda limit: 0)
    assert [backoff.next() for _ in range(6)] == [1000, 2000, 4000, 6000, 6000, 6000]


def test_no_wait_is_shorter_than_half_of_its_limit():
    """A handshake holds up the door: whoever cuts connections must not have one every few seconds."""
    backoff = Backoff(1000, 6001, lambda limit: limit)
    assert [backoff.next() for _ in range(5)] == [500, 1000, 2000, 3001, 3001]
    for _ in range(300):
        backoff = Backoff(120_000, 600_000)
        assert 60_000 <= backoff.next() <= 120_000 <= backoff.next() <= 240_000


def test_after_a_success_it_starts_again():
    backoff = Backoff(1000, 600_000, lambda limit: 0)
    for _ in range(30):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [1000, 2000]


def test_it_never_waits_longer_than_the_cap():
    backoff = Backoff(5000, 3000, lambda limit: 0)
    assert [backoff.next() for _ in range(3)] == [3000, 3000, 3000]


def test_years_without_a_network_do_not_make_the_numbers_grow():
    backoff = Backoff(1000, 600_000)
    for _ in range(5000):
        assert 0 <= backoff.next() <= 600_000
    assert backoff._limit == 600_000


def test_the_wait_is_spread_over_the_whole_range():
    tenths = [0] * 10
    for _ in range(2000):
        tenths[min(random_up_to(999) // 100, 9)] += 1
    assert all(100 < tenth < 320 for tenth in tenths), tenths


def test_both_ends_of_the_range_can_come():
    assert {random_up_to(2) for _ in range(200)} == {0, 1, 2}
    assert random_up_to(0) == 0
