"""Guessing at the keypad is slow, and neither a power cut nor a full flash makes it faster."""

from time import ticks_add, ticks_ms

from ram_nvs import PowerCut, RamNVS, cut_everywhere

from access.throttle import Throttle, wait_s
from storage.nvs import Numbers as Nvs


class Numbers:
    def __init__(self):
        self.kept, self.full, self.sets = {}, False, 0

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        if self.full:
            raise OSError(28)
        self.sets += 1
        self.kept[name] = value


def test_the_waits_grow_up_to_five_minutes():
    waits = [wait_s(n) for n in range(16)]
    assert waits == [0, 0, 0, 0, 1, 3, 7, 15, 31, 63, 127, 255, 300, 300, 300, 300]


def test_a_wait_lasts_its_time_and_not_longer():
    throttle = Throttle(Numbers())
    for _ in range(5):
        throttle.count(1000)
    assert throttle.left_ms(1000) == 3000
    assert throttle.left_ms(3999) == 1
    assert throttle.left_ms(4000) == 0


def test_each_code_is_stored_before_anybody_looks_at_it():
    numbers = Numbers()
    throttle = Throttle(numbers)
    for n in range(1, 6):
        throttle.count(0)
        assert numbers.kept["wrong_codes"] == n


def test_after_a_power_cut_the_whole_wait_begins_again():
    numbers = Numbers()
    numbers.kept["wrong_codes"] = 9
    left = Throttle(numbers)
    assert 62_000 < left.left_ms(ticks_ms()) <= 63_000


def test_a_right_code_starts_no_wait_and_takes_back_its_own_count_alone():
    for wrong in (0, 1, 3, 9, 12, 40):
        numbers = Numbers()
        throttle = Throttle(numbers)
        for _ in range(wrong):
            throttle.count(0)
        before = throttle.failures
        for _ in range(3):  # whoever is right again and again gives nobody a guess more
            throttle.count(400_000)
            throttle.take_back()
            assert throttle.left_ms(400_000) == 0
            assert throttle.failures == numbers.kept["wrong_codes"] == before == min(wrong, 12)


def test_the_count_stops_where_the_wait_reaches_five_minutes():
    throttle = Throttle(Numbers())
    for _ in range(100):
        throttle.count(0)
    assert (throttle.failures, throttle.left_ms(0)) == (12, 300_000)
    assert (wait_s(11), wait_s(12)) == (255, 300)
    numbers = Numbers()
    numbers.kept["wrong_codes"] = 1000  # of a release that went on counting
    assert Throttle(numbers).failures == 12


def test_the_count_fades_by_one_in_ten_minutes_and_is_stored():
    numbers = Numbers()
    throttle = Throttle(numbers)
    start = ticks_ms()
    for _ in range(12):
        throttle.count(start)
    for n in range(1, 13):
        throttle.tick(ticks_add(start, n * 600_000 - 1))
        assert throttle.failures == 13 - n
        throttle.tick(ticks_add(start, n * 600_000))
        assert throttle.failures == numbers.kept["wrong_codes"] == 12 - n
    throttle.tick(ticks_add(start, 100 * 600_000))
    assert throttle.failures == 0


def test_ten_minutes_begin_with_the_first_wrong_code():
    throttle = Throttle(Numbers())
    start = ticks_ms()
    throttle.tick(ticks_add(start, 599_000))
    throttle.count(ticks_add(start, 599_500))
    throttle.tick(ticks_add(start, 600_000))
    assert throttle.failures == 1
    throttle.tick(ticks_add(start, 599_500 + 600_000))
    assert throttle.failures == 0


def test_what_fades_shortens_no_wait_that_has_begun():
    throttle = Throttle(Numbers())
    start = ticks_ms()
    throttle.count(start)
    for _ in range(12):
        throttle.count(ticks_add(start, 599_000))
    throttle.tick(ticks_add(start, 600_000))
    assert (throttle.failures, throttle.left_ms(ticks_add(start, 600_000))) == (11, 299_000)


def test_twenty_four_wrong_codes_in_a_day_are_an_alarm_and_a_light_until_they_are_a_day_old():
    throttle = Throttle(Numbers())
    start, hour = ticks_ms(), 3_600_000
    alarms, lit = [], []
    for n in range(24 * 3):  # one in each hour, for three days: fewer never begin a wait
        now = ticks_add(start, n * hour + 1)
        lit.append(throttle.tick(now))
        alarms.append(throttle.count(now))
    assert not any(alarms[:23] + lit[:24])
    assert alarms[23]
    assert all(lit[24:])
    now = ticks_add(start, 24 * 3 * hour)
    assert throttle.tick(now)
    assert not throttle.tick(ticks_add(now, 2 * hour))
    assert not throttle.tick(ticks_add(now, 30 * hour))


def test_what_was_right_is_none_of_the_twenty_four():
    throttle = Throttle(Numbers())
    for _ in range(100):
        throttle.count(0)
        throttle.take_back()
    assert not throttle.tick(0)
    assert [throttle.count(0) for _ in range(24)] == [n in (3, 23) for n in range(24)]
    assert throttle.tick(0)


def test_a_guests_code_that_is_right_as_an_hour_ends_is_no_storm():
    """It is looked up in the background, and taken back in the next hour, which had none."""
    throttle = Throttle(Numbers())
    begun = ticks_ms()
    for hour in range(3):
        throttle.count(ticks_add(begun, hour * 3_600_000 + 3_599_000))
        assert not throttle.tick(ticks_add(begun, hour * 3_600_000 + 3_600_000))
        throttle.take_back()
        assert not throttle.tick(ticks_add(begun, hour * 3_600_000 + 3_601_000))
        assert throttle.failures == 0


def test_a_full_flash_slows_the_guessing_all_the_same():
    numbers = Numbers()
    numbers.full = True
    throttle = Throttle(numbers)
    for _ in range(5):
        throttle.count(0)
    assert throttle.left_ms(0) == 3000
    throttle.take_back()
    assert throttle.left_ms(0) == 0


def test_the_alarm_is_for_the_first_wait_only():
    throttle = Throttle(Numbers())
    assert [throttle.count(0) for _ in range(6)] == [False, False, False, True, False, False]


def test_days_after_a_wait_the_keypad_is_free_although_ticks_go_round():
    """ticks_ms() repeats after 2**30 ms on the chip; what lies back by more than half of that seems ahead."""
    throttle = Throttle(Numbers())
    for _ in range(9):
        throttle.count(0)
    half = ticks_add(0, -1) // 2
    assert throttle.left_ms(ticks_add(half, 120_000)) == 0
    assert throttle.left_ms(ticks_add(0, -1)) == 0  # and stays free once that was noticed


def test_a_wait_across_the_point_where_ticks_begin_again_is_as_long():
    throttle = Throttle(Numbers())
    last = ticks_add(0, -1000)
    for _ in range(5):
        throttle.count(last)
    assert throttle.left_ms(last) == 3000
    assert throttle.left_ms(1999) == 1
    assert throttle.left_ms(2000) == 0


def test_what_is_taken_back_neither_counts_nor_clears():
    numbers = Numbers()
    throttle = Throttle(numbers)
    for _ in range(3):
        throttle.count(0)
    throttle.count(0)
    throttle.take_back()
    assert (throttle.failures, numbers.kept["wrong_codes"], throttle.left_ms(0)) == (3, 3, 0)
    assert throttle.count(0)
    assert throttle.left_ms(0) == 1000


def test_a_count_below_zero_gives_no_further_guesses():
    numbers = Numbers()
    numbers.kept["wrong_codes"] = -100
    assert Throttle(numbers).failures == 0


def test_a_full_nvs_still_changes_the_count_that_was_there_in_time():
    nvs = RamNVS()
    Throttle(Nvs(nvs)).ensure_stored()
    assert nvs.kept["wrong_codes"] == 0
    operations = nvs.operations
    Throttle(Nvs(nvs)).ensure_stored()
    assert nvs.operations == operations


def guess(nvs, state):
    """One wrong code after the wait; 1 where somebody looked at it."""
    throttle = Throttle(Nvs(nvs))
    throttle.count(ticks_ms())
    return 1


def test_cuts_while_a_wrong_code_is_counted():
    def prepare(nvs):
        for _ in range(5):
            Throttle(Nvs(nvs)).count(0)

    def check(nvs, state, looked):
        left = Throttle(Nvs(nvs)).left_ms(ticks_ms())
        assert left > (6000 if looked else 2000), left

    cuts = cut_everywhere(prepare, guess, check)
    print("throttle: %d cuts; no code was looked at that was not counted" % cuts)
    assert cuts == 8


def test_cuts_while_a_code_is_taken_back_or_fades():
    def prepare(nvs):
        for _ in range(5):
            Throttle(Nvs(nvs)).count(0)

    def right(nvs, state):
        throttle = Throttle(Nvs(nvs))
        throttle.count(0)
        throttle.take_back()

    def fade(nvs, state):
        Throttle(Nvs(nvs)).tick(ticks_add(ticks_ms(), 700_000))

    def check(low, high):
        def whole(nvs, state, done):
            assert low <= Throttle(Nvs(nvs)).failures <= high

        return whole

    cuts = cut_everywhere(prepare, right, check(5, 6)) + cut_everywhere(prepare, fade, check(4, 5))
    print("throttle taken back and fading: %d cuts; nothing is forgotten that was wrong" % cuts)
    assert cuts == 24


def test_pulling_the_plug_at_every_code_gives_no_more_guesses():
    """Whoever cuts the power in the n-th operation of each guess has had no more looks than are counted."""
    for eager, lands, n in [(a, b, n) for a in (False, True) for b in (False, True) for n in (0, 1, 2, 3)]:
        nvs = RamNVS(eager, lands)
        looks = 0
        for _ in range(20):
            nvs.operations, nvs.cut_at = 0, n
            try:
                looks += guess(nvs, None)
            except PowerCut:
                pass
            nvs.restart()
        assert min(looks, 12) <= Throttle(Nvs(nvs)).failures  # and from there on each costs five minutes
