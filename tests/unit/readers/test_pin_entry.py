"""A code is gathered key by key; it is entered, cleared or forgotten, and leaves no trace."""

from time import ticks_add

from readers.pin_entry import PinEntry

START = 1000
TIMEOUT_MS = 10_000
NUMBER_MS = 3000


class Person:
    """Presses keys at an entry, a quarter of a second apart."""

    def __init__(self, now=START):
        self.pins, self.numbers, self.feedback, self.now = [], [], [], now
        self.entry = PinEntry(self._take, self.feedback.append)

    def _take(self, digits, number):
        self.pins.append(bytes(digits))
        self.numbers.append(number)

    def press(self, keys):
        for key in keys:
            self.entry.press(key, self.now)
            self.wait(250)

    def wait(self, ms):
        self.now = ticks_add(self.now, ms)

    def tick(self):
        self.entry.tick(self.now)

    def traces(self, digits=None):
        """Whether anything of what was typed is in memory, or these digits are."""
        return any(self.entry._digits) if digits is None else digits in bytes(self.entry._digits)


def test_hash_enters_the_code():
    person = Person()
    person.press("246810#")
    assert person.pins == [b"246810"]
    assert person.feedback == ["key"] * 6


def test_each_code_stands_for_itself():
    person = Person()
    person.press("1234#*56#0000#")
    assert person.pins == [b"1234", b"56", b"0000"]
    assert person.numbers == [None] * 3


def test_a_number_behind_a_star_comes_with_the_code():
    for typed, number in (("*1#", b"1"), ("*30#", b"30"), ("*01#", b"01"), ("*#", b"")):
        person = Person()
        person.press("246810" + typed + "1357#")
        assert (person.pins, person.numbers) == ([b"246810", b"1357"], [number, None])


def test_a_third_digit_tells_that_the_star_had_cleared_a_slip():
    person = Person()
    person.press("1357*246810#")
    assert (person.pins, person.numbers) == ([b"246810"], [None])
    person.press("1357*246*3#")  # and what came then may have a number of its own
    assert (person.pins[1:], person.numbers[1:]) == ([b"246"], [b"3"])


def test_behind_a_star_the_code_is_forgotten_after_three_seconds_without_a_key():
    for typed, rest, pins in (("", "1#", [b"1"]), ("1", "#", [b"1"]), ("24", "6810#", [b"246810"])):
        person = Person()
        person.press("1357*" + typed)
        person.wait(NUMBER_MS - 251)
        person.tick()
        assert person.traces(b"1357")
        person.wait(1)
        person.tick()
        assert not person.traces(b"1357")
        person.press(rest)
        assert (person.pins, person.numbers) == (pins, [None])


def test_each_key_behind_a_star_gives_three_seconds_more():
    person = Person()
    person.press("1357*")
    for key in "30#":
        person.wait(NUMBER_MS - 251)
        person.press(key)
    assert person.numbers == [b"30"]


def test_a_second_star_forgets_the_code():
    person = Person()
    person.press("1357**1#246810*3*1#")
    assert (person.pins, person.numbers) == ([b"1", b"1"], [None, None])


def test_a_code_that_is_too_long_stays_so_with_a_number():
    person = Person()
    person.press("1234567890123*1#")
    assert ([len(pin) for pin in person.pins], person.numbers) == ([13], [b"1"])
    person.press("123456789012*30#")
    assert (person.pins[1:], person.numbers[1:]) == ([b"123456789012"], [b"30"])


def test_hash_alone_enters_nothing():
    person = Person()
    person.press("##")
    assert (person.pins, person.feedback) == ([], [])


def test_a_star_alone_and_hash_enter_no_digits():
    person = Person()
    person.press("*#")
    assert (person.pins, person.numbers) == ([b""], [None])
    person.press("246810#*#")
    assert person.pins[1:] == [b"246810", b""]


def test_hash_behind_any_other_star_or_too_late_enters_nothing():
    for typed in ("12**#", "*1*", "**1*", "*" + "12*" + "*#"):
        person = Person()
        person.press(typed)
        assert b"" not in person.pins, typed
    for wait_ms, pins in ((NUMBER_MS - 251, [b""]), (NUMBER_MS - 250, [])):
        person = Person()
        person.press("*")
        person.wait(wait_ms)
        person.press("#")
        assert person.pins == pins
    person = Person()
    person.press("*")
    person.entry.clear()  # a dialogue has ended by it
    person.press("#")
    assert person.pins == []


def test_star_clears():
    person = Person()
    person.press("123*")
    assert person.feedback[-1] == "cleared"
    person.press("*#")
    assert person.pins == []
    person.press("99*246810#")
    assert person.pins == [b"246810"]


def test_the_longest_code_is_entered_whole():
    person = Person()
    person.press("123456789012#")
    assert person.pins == [b"123456789012"]


def test_a_code_that_is_too_long_can_match_nothing():
    for digits in ("1234567890123", "1234567890" * 5):
        person = Person()
        person.press(digits + "#")
        assert [len(pin) for pin in person.pins] == [13], "it must be seen to be denied, as 13 digits"
        person.press("246810#")
        assert person.pins[1:] == [b"246810"]


def test_star_ends_a_code_that_is_too_long():
    person = Person()
    person.press("1234567890123*246810#")
    assert person.pins == [b"246810"]


def test_silence_forgets_the_code_once():
    person = Person()
    person.press("2468")
    person.wait(TIMEOUT_MS - 251)
    person.tick()
    assert person.feedback == ["key"] * 4
    person.wait(1)
    for _ in range(3):
        person.tick()
    assert person.feedback == ["key"] * 4 + ["timeout"]
    person.press("10#")
    assert person.pins == [b"10"]


def test_silence_counts_even_if_nobody_ticked():
    person = Person()
    person.press("2468")
    person.wait(TIMEOUT_MS)
    person.press("10#")
    assert person.pins == [b"10"]


def test_each_key_gives_time_for_the_next():
    person = Person()
    for key in "246810":
        person.press(key)
        person.wait(TIMEOUT_MS - 251)
        person.tick()
    person.press("#")
    assert person.pins == [b"246810"]


def test_nothing_is_told_while_nothing_is_entered():
    person = Person()
    for _ in range(10):
        person.wait(TIMEOUT_MS)
        person.tick()
    assert person.feedback == []


def test_the_clock_may_wrap_during_a_code():
    for bits in (30, 62):
        person = Person(now=(1 << bits) - 600)
        person.press("246810#")
        assert person.pins == [b"246810"], bits
        person.press("24")
        person.wait(TIMEOUT_MS)
        person.tick()
        assert person.feedback[-1] == "timeout"


def test_no_digit_stays_in_memory():
    for last in ("#", "**", "*1#", "*12*"):
        person = Person()
        person.press("246810")
        assert person.traces()
        person.press(last)
        assert not person.traces()
    person = Person()
    person.press("246810")
    person.wait(TIMEOUT_MS)
    person.tick()
    assert not person.traces()


def test_the_digits_are_wiped_even_if_the_judge_fails():
    def fail(digits, number):
        raise OSError(28)

    entry = PinEntry(fail, lambda what: None)
    for key in "1234":
        entry.press(key, START)
    try:
        entry.press("#", START)
    except OSError:
        assert not any(entry._digits)
        return
    raise AssertionError("the failure was hidden")
