"""What guessing at the keypad comes to, by the throttle in virtual time: figures for access/README.md."""

import os

from access import throttle as room
from access.throttle import Throttle, wait_s

SECOND, HOUR, DAY = 1000, 3_600_000, 86_400_000
DAYS = 30


class Numbers:
    def __init__(self):
        self.kept, self.writes = {}, 0

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        self.writes += self.kept.get(name) != value
        self.kept[name] = value


class Keypad:
    """A keypad and its time. `waited` are ms in which no code could be entered."""

    def __init__(self):
        self.now = 0
        room.ticks_ms = lambda: self.now & 0x3FFFFFFF  # as on the chip
        room.ticks_add = lambda ticks, ms: (ticks + ms) & 0x3FFFFFFF
        room.ticks_diff = lambda a, b: ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000
        self.numbers = Numbers()
        self.throttle = Throttle(self.numbers)
        self.waited = self.longest = self.guesses = 0
        self.alarmed_at, self.lit = None, 0

    @property
    def ticks(self):
        return self.now & 0x3FFFFFFF

    def pass_until(self, then, step=60 * SECOND):
        """Housekeeping asks each second; each minute does here."""
        while self.now < then:
            self.now = min(self.now + step, then)
            if self.throttle.tick(self.ticks):
                self.lit += step

    def left(self):
        return self.throttle.left_ms(self.ticks)

    def guess(self):
        """A wrong code, which is looked up; the wait that follows."""
        alarm = self.throttle.count(self.ticks)
        self.guesses += 1
        if alarm and self.guesses > 4 and self.alarmed_at is None:
            self.alarmed_at = self.now
        left = self.left()
        self.longest = max(self.longest, left)
        self.waited += left
        return left

    def come_in(self):
        """Somebody whose code is right."""
        self.throttle.count(self.ticks)
        self.throttle.take_back()


def chance(guesses, pins, digits):
    """To hit one of the PINs by so many different guesses among all of so many digits."""
    missed = 1.0
    for n in range(pins):
        missed *= 1 - guesses / (10**digits - n)
    return 1 - missed


def besiege(days, residents_every=0):
    """Somebody guesses as soon as each wait is over, and residents come in when they can."""
    keypad = Keypad()
    end, due = days * DAY, residents_every
    while keypad.now < end:
        keypad.pass_until(min(keypad.now + keypad.guess(), end))
        if residents_every and keypad.now >= due:
            keypad.come_in()
            assert keypad.left() == 0
            due += residents_every
    return keypad


def test_thirty_days_of_guessing_with_residents_who_come_and_go():
    alone, busy = besiege(DAYS), besiege(DAYS, 2 * HOUR)
    assert busy.guesses == alone.guesses, "whoever comes in gives no guess more"
    assert busy.longest == alone.longest == 300 * SECOND
    print("%d guesses in %d days, without a rest" % (alone.guesses, DAYS))
    assert alone.guesses <= 12 + DAYS * DAY // (300 * SECOND)
    print("alarm after %.1f minutes; orange for %.2f days" % (alone.alarmed_at / 60_000, alone.lit / DAY))
    assert alone.alarmed_at < 2 * HOUR
    for digits in (4, 6, 8):
        for pins in (1, 8, 32, 256):
            share = 100 * chance(min(alone.guesses, 10**digits), pins, digits)
            print("chance to hit one of %3d PINs of %d digits: %8.4f %%" % (pins, digits, share))
    print("NVS writes: %.1f an hour" % (alone.numbers.writes / DAYS / 24))
    assert chance(alone.guesses, 1, 6) < 0.01


def test_one_wrong_code_for_each_wait_blocks_nobody_who_comes_when_it_is_over():
    """(7): the wait is never longer than five minutes, and whoever is right then opens at once."""
    keypad = Keypad()
    for _ in range(1000):
        left = keypad.guess()
        assert left <= 300 * SECOND
        keypad.pass_until(keypad.now + left)
        assert keypad.left() == 0
        keypad.come_in()
        assert keypad.left() == 0, "and nobody has to wait because of that"
    print("in 1000 waits of %d s at most a resident opened after each" % (keypad.longest // SECOND))


def test_few_wrong_codes_a_day_block_the_keypad_for_an_hour_at_most():
    keypad = Keypad()
    for _ in range(23):
        keypad.pass_until(keypad.now + keypad.guess())
    minutes = keypad.waited / 60_000
    print("23 wrong codes, no alarm of 24: the keypad waits for %.1f minutes of the day" % minutes)
    assert keypad.alarmed_at is None
    assert minutes < 80
    rare = Keypad()
    for n in range(24 * 7):
        rare.pass_until(n * HOUR)
        assert rare.guess() == 0
    ten = Keypad()
    for n in range(6 * 24 * 7):
        ten.pass_until(n * 10 * 60 * SECOND)
        ten.guess()
    print("one in ten minutes for a week: a wait of %d s at most" % (ten.longest // SECOND))
    assert ten.longest == 0


def test_after_a_siege_the_keypad_is_as_before_within_two_hours():
    keypad = besiege(1)
    keypad.pass_until(keypad.now + 2 * HOUR)
    assert keypad.throttle.failures == 0
    assert [keypad.guess() for _ in range(4)] == [0, 0, 0, SECOND]


def test_resting_gains_nobody_a_guess():
    """Bursts of n codes with rests for them to fade: never more in a day than without a rest."""
    best, most = besiege(3).guesses, 0
    for burst in range(1, 13):
        keypad = Keypad()
        while keypad.now < 3 * DAY:
            for _ in range(burst):
                keypad.pass_until(keypad.now + keypad.guess())
            keypad.pass_until(keypad.now + burst * 600 * SECOND)
        most = max(most, keypad.guesses)
    print("in 3 days %d guesses without a rest, %d with" % (best, most))
    assert most <= best
    assert wait_s(12) == 300


class Dice:
    """Draws that are the same in every run."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) & (1 << 64) - 1
        return (self.state >> 33) % limit


def month(dice, days):
    """Somebody guesses as soon as each wait is over; a resident comes some ten times a day.

    They stand there with the stranger, and are the first in every other wait that ends. The keypad, and for
    how long each time it took them to come in, in ms.
    """
    keypad, end = Keypad(), days * DAY
    due, since, took = dice.below(DAY // 5), None, []
    while keypad.now < end:
        if since is None and keypad.now >= due:
            since = due
        if since is not None and dice.below(2):
            keypad.come_in()
            assert keypad.left() == 0
            took.append(keypad.now - since)
            due, since = keypad.now + dice.below(DAY // 5), None
        keypad.pass_until(min(keypad.now + keypad.guess(), end))
    return keypad, took


def test_a_month_of_guessing_with_a_resident_who_comes_and_goes_at_random():
    """By night ten months and 40,000 strangers; each tries every code once, in any order."""
    months, strangers = (10, 40_000) if os.getenv("MENSHEN_NIGHTLY") else (1, 4_000)
    dice, guesses, took = Dice(1), [], []
    for _ in range(months):
        keypad, times = month(dice, DAYS)
        assert keypad.longest <= 300 * SECOND
        guesses.append(keypad.guesses)
        took += times
    took.sort()
    figures = len(took), took[len(took) // 2] // SECOND, took[len(took) * 9 // 10] // SECOND
    print("%d entries beside the stranger: half within %d s, nine of ten within %d s" % figures)
    print("no wait above %d s; %d guesses in %d days" % (keypad.longest // SECOND, max(guesses), DAYS))
    for pins in (1, 8, 32, 256):
        hits = 0
        for n in range(strangers):
            tried = guesses[n % months]
            hits += any(
                dice.below(1_000_000) < tried for _ in range(pins)
            )  # the turn in which each PIN comes
        share, told = hits / strangers, chance(max(guesses), pins, 6)
        print(
            "%3d PINs of 6 digits: %6.2f %% of %d strangers, %6.2f %% by the sum"
            % (pins, 100 * share, strangers, 100 * told)
        )
        assert abs(share - told) < 4 * (told * (1 - told) / strangers) ** 0.5 + 0.001
