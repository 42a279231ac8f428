"""How a resident agrees at the keypad that their lease ends earlier."""

from dialogue_parts import LAST_DAY, LAST_DAY_ENDS, LEASE, NEW, OLD, Keypad
from people_parts import DAY, lease_of

from access.decide import THROTTLED
from people.changes import PEOPLE_MAX
from people.entry import AGREES

GO, KEPT, WEAK, OPENS = "enrolling", "kept", "weak", "granted"


def test_an_earlier_end_is_agreed_to_by_its_last_day_and_taken_back():
    keypad = Keypad([NEW])
    for pin in (OLD, NEW):
        assert (keypad.ask(5, pin=pin), keypad.pin(LAST_DAY), keypad.ended) == (GO, KEPT, True)
    keypad.pass_hours(48)
    keypad.tend()
    assert keypad.told == [(LEASE, "end confirmed", LAST_DAY_ENDS)]
    assert (keypad.ask(50, pin=NEW), keypad.ended) == (KEPT, True)
    assert [what for what, _, number, _ in keypad.entries() if what == AGREES] == [AGREES]
    assert keypad.lets_in(OLD)
    assert keypad.lets_in(NEW)


def test_what_is_no_day_or_no_earlier_one_is_refused_three_times():
    keypad = Keypad()
    keypad.listed.put(lease_of(LEASE, end=LAST_DAY_ENDS))
    keypad.tend()
    keypad.clock.time = LAST_DAY_ENDS - 9 * DAY
    before = keypad.entries()
    for wrong in (b"310227", LAST_DAY, b"010627", b"220527", b"31052027", b"1"):
        keypad.ask(5)
        assert (keypad.pin(wrong), keypad.entries(), keypad.ended) == (WEAK, before, False), wrong
    keypad.clock.time = LAST_DAY_ENDS + DAY  # a clock that is ahead: it is typed again when that is right
    keypad.ask(5)
    assert keypad.pin(b"250527") == WEAK
    for now in (None, 1, LAST_DAY_ENDS - 9 * DAY):
        keypad.clock.time = now
        keypad.ask(5)
        assert keypad.pin(b"250527") == KEPT, now


def test_a_last_day_that_is_somebodys_pin_opens_and_waits_as_codes_do():
    keypad = Keypad([LAST_DAY])
    assert (keypad.ask(5), keypad.pin(LAST_DAY)) == (GO, OPENS)
    keypad = Keypad()
    keypad.ask(5)
    assert (keypad.pin(LAST_DAY, THROTTLED), keypad.ended) == (THROTTLED, False)
    assert keypad.pin(LAST_DAY) == KEPT


def test_a_ninth_who_has_a_pin_of_the_list_can_not_agree_and_is_told_so():
    keypad = Keypad([b"77119%d" % n for n in range(PEOPLE_MAX)])
    keypad.ask(5)
    assert (keypad.pin(LAST_DAY), keypad.ended) == (WEAK, True)
