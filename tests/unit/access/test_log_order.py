"""A resident has a log kept, hands it to the phone, and has it erased, at the keypad."""

from dialogue_parts import LEASE, OLD, Keypad

from access.decide import GOES_ON, KEPT, REFUSED
from people.entry import LOG


def logs(keypad):
    return [entry for entry in keypad.entries(LEASE) if entry[0] == LOG]


def test_the_log_is_handed_to_the_phone_kept_for_as_long_as_asked_and_erased():
    keypad = Keypad()
    assert keypad.ask(8) == GOES_ON
    ((what, told),) = keypad.phone.presented
    assert what == LOG
    assert told[18] == 30
    assert len(logs(keypad)) == 1
    keypad.talk.end()
    assert keypad.ask(87) == GOES_ON
    again = keypad.phone.presented[-1][1]
    assert again[18] == 7
    assert again[24:40] == told[24:40], "the same log"
    keypad.talk.end()
    assert keypad.ask(80) == KEPT
    assert logs(keypad) == []
    assert keypad.ask(8) == GOES_ON
    assert keypad.phone.presented[-1][1][24:40] != told[24:40], "another one"


def test_it_goes_with_who_moves_out():
    keypad = Keypad()
    keypad.ask(8)
    keypad.talk.end()
    keypad.ask(9)
    assert keypad.pin(OLD) == KEPT
    assert logs(keypad) == []


def test_no_log_is_kept_where_nobody_could_read_it():
    keypad = Keypad(reader="wiegand")
    for order in (8, 83):
        assert keypad.ask(order) == REFUSED
    assert keypad.entries(LEASE) == []
