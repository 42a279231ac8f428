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


def test_a_good_code_ends_it():
    numbers = Numbers()
    throttle = Throttle(numbers)
    for _ in range(9):
        throttle.count(0)
    throttle.clear()
    assert (throttle.left_ms(0), numbers.kept["wrong_codes"]) == (0, 0)
    assert not throttle.count(0)


def test_a_full_flash_slows_the_guessing_all_the_same():
    numbers = Numbers()
    numbers.full = True
    throttle = Throttle(numbers)
    for _ in range(5):
        throttle.count(0)
    assert throttle.left_ms(0) == 3000
    throttle.clear()
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
    throttle.uncount()
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


def test_cuts_while_the_count_is_cleared_or_taken_back():
    def prepare(nvs):
        for _ in range(5):
            Throttle(Nvs(nvs)).count(0)

    def check(nvs, state, done):
        assert Throttle(Nvs(nvs)).failures in (0, 4, 5)

    cuts = cut_everywhere(prepare, lambda nvs, _: Throttle(Nvs(nvs)).clear(), check)
    cuts += cut_everywhere(prepare, lambda nvs, _: Throttle(Nvs(nvs)).uncount(), check)
    print("throttle cleared and taken back: %d cuts; it begins again from nothing, or goes on" % cuts)
    assert cuts == 16


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
        assert looks <= Throttle(Nvs(nvs)).failures
