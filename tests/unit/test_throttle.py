"""Guessing at the keypad is slow, and neither a power cut nor a full flash makes it faster."""

from access.throttle import Throttle, wait_s


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
    from time import ticks_ms

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
