"""What the light and the buzzer say, for how long, and what goes before what."""

from door.indicator import Indicator

GREEN, RED, MAGENTA, YELLOW, CRIMSON = 0x00FF00, 0xFF0000, 0xFF00FF, 0xFFFF00, 0xFF0040
DARK = 0


class Seen:
    """An indicator, and what it shows and sounds; `changes` counts the calls of its parts."""

    def __init__(self):
        self.colour = self.tone = None
        self.changes = 0
        self.indicator = Indicator(self._light, self._sound)

    def _light(self, colour):
        self.colour = colour
        self.changes += 1

    def _sound(self, hz):
        self.tone = hz
        self.changes += 1

    def at(self, now):
        self.indicator.tick(now)
        return self.colour, self.tone


def test_at_first_it_is_dark_and_silent():
    seen = Seen()
    assert (seen.colour, seen.tone) == (DARK, 0)


def test_a_signal_shows_at_once_and_ends_by_itself():
    seen = Seen()
    seen.indicator.say("granted", 1000)
    assert (seen.colour, seen.tone) == (GREEN, 2400)
    assert seen.at(1000 + 119) == (GREEN, 2400)
    assert seen.at(1000 + 120) == (GREEN, 0)
    assert seen.at(1000 + 1499) == (GREEN, 0)
    assert seen.at(1000 + 1500) == (DARK, 0)


def test_what_comes_from_afar_waits_for_nothing_and_ends_nothing():
    seen = Seen()
    seen.indicator.say_if_idle("denied", 1000)
    assert seen.colour == RED
    seen.indicator.say("granted", 1100)
    for now in (1100, 1500, 2599):
        seen.indicator.say_if_idle("denied", now)
        assert seen.at(now)[0] == GREEN
    assert seen.at(2600) == (DARK, 0)
    seen.indicator.say_if_idle("denied", 2600)
    assert seen.colour == RED


def test_the_last_signal_counts():
    seen = Seen()
    seen.indicator.say("granted", 0)
    seen.indicator.say("denied", 10)
    assert seen.at(20) == (RED, 400)


def test_a_condition_lasts_and_beeps_once_a_second():
    seen = Seen()
    seen.indicator.set("held open", True)
    assert seen.at(5000) == (YELLOW, 1200)
    assert seen.at(5200) == (YELLOW, 0)
    assert seen.at(6000) == (YELLOW, 1200)
    seen.indicator.set("held open", False)
    assert seen.at(6010) == (DARK, 0)


def test_a_broken_part_is_shown_in_silence():
    seen = Seen()
    seen.indicator.set("trouble", True)
    assert seen.at(0) == (MAGENTA, 0)


def test_a_signal_goes_before_a_condition_and_the_condition_comes_back():
    seen = Seen()
    seen.indicator.set("trouble", True)
    seen.indicator.say("granted", 0)
    assert seen.at(100) == (GREEN, 2400)
    assert seen.at(1600) == (MAGENTA, 0)


def test_the_gravest_condition_goes_first():
    seen = Seen()
    for condition in ("trouble", "held open", "tamper", "forced"):
        seen.indicator.set(condition, True)
    assert seen.at(0) == (CRIMSON, 3200)
    for gone, next_colour in (
        ("forced", CRIMSON),
        ("tamper", YELLOW),
        ("held open", MAGENTA),
        ("trouble", DARK),
    ):
        seen.indicator.set(gone, False)
        assert seen.at(1000)[0] == next_colour


def test_a_signal_ends_though_the_ticks_wrap():
    seen = Seen()
    from time import ticks_add

    start = ticks_add(0, -100)
    seen.indicator.say("granted", start)
    assert seen.at(ticks_add(start, 1499))[0] == GREEN
    assert seen.at(ticks_add(start, 1500))[0] == DARK


def test_the_parts_are_called_at_changes_only():
    seen = Seen()
    seen.indicator.set("trouble", True)
    for now in range(0, 1000, 10):
        seen.at(now)
    assert seen.changes == 3  # dark and silent at first, then magenta
