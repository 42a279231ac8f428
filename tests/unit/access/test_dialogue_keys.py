"""Keys that the keypad hands to a resident's phone: for guests, and for their own broker."""

from dialogue_parts import NEW, OLD, Keypad, fill_flash

from access.guest_key import is_complete
from people.entry import GUEST_KEY, HOME_KEY
from storage import files

WRITE = files.write
GO, KEPT, WEAK = "enrolling", "kept", "weak"


def test_the_guest_key_is_made_once_and_handed_over_and_codes_are_armed():
    keypad = Keypad()
    assert (keypad.ask(4), keypad.guests.armed) == (GO, 1)
    key = keypad.key()
    assert keypad.phone.presented == [(GUEST_KEY, key)]
    assert is_complete(key)
    keypad.ask(4)
    assert keypad.phone.presented[1] == keypad.phone.presented[0]
    assert keypad.guests.armed == 2


def test_each_resident_has_keys_of_their_own():
    keypad = Keypad([NEW])
    for pin in (OLD, NEW):
        keypad.ask(4, pin=pin)
        keypad.ask(6, pin=pin)
    guest, home, others, others_home = [key for _, key in keypad.phone.presented]
    assert len({guest, home, others, others_home}) == 4
    keypad.ask(40, pin=NEW)
    keypad.ask(60, pin=NEW)
    assert (keypad.key(), keypad.key(HOME_KEY)) == (guest, home)
    assert (keypad.key(pin=NEW) == others, keypad.key(HOME_KEY, NEW)) == (False, None)
    keypad.ask(9, pin=NEW)
    keypad.pin(NEW)
    assert [found[1] for found in keypad.residents.keys()] == [guest]  # noqa: SIM118
    assert [found[1] for found in keypad.residents.keys(HOME_KEY)] == [home]


def test_without_a_reader_no_key_is_made_that_no_phone_can_get():
    """`PIN * 40 #` put such a key in the place of the phone's, and said "kept"."""
    for reader in ("wiegand", "none"):
        for order in (4, 40, 6):
            keypad = Keypad(reader=reader)
            before = keypad.entries()
            assert (keypad.ask(order), keypad.ended) == (WEAK, True), order
            assert (keypad.entries(), keypad.phone.presented, keypad.guests.armed) == (before, [], 0)


def test_keys_from_before_the_reader_went_stay_and_are_armed_and_turned_off():
    keypad = Keypad()
    keypad.ask(4)
    keypad.ask(6)
    guest, home = keypad.key(), keypad.key(HOME_KEY)
    keypad.settings.reader = "wiegand"
    keypad.phone.present = lambda what, key: None
    keypad.phone.end()
    assert (keypad.ask(40), keypad.ask(6)) == (WEAK, WEAK)
    assert (keypad.key(), keypad.key(HOME_KEY), keypad.guests.armed) == (guest, home, 1)
    assert (keypad.ask(4), keypad.ended, keypad.guests.armed) == (KEPT, True, 2)
    assert (keypad.ask(60), keypad.key(HOME_KEY)) == (KEPT, None)


def test_where_codes_cannot_be_armed_no_key_takes_the_place_of_the_phones():
    """`PIN * 40 #` said "weak" of it, and all guests of the old key were denied."""
    keypad = Keypad()
    keypad.ask(4)
    key, keypad.guests.full = keypad.key(), True
    for order in (4, 40):
        assert (keypad.ask(order), keypad.ended, keypad.key()) == (WEAK, True, key)


def test_a_new_guest_key_is_made_where_one_asks_for_it():
    keypad = Keypad()
    keypad.ask(4)
    assert keypad.ask(40) == GO
    first, second = keypad.phone.presented
    assert first != second == (GUEST_KEY, keypad.key())


def test_a_key_that_cannot_be_kept_or_handed_over_is_not():
    for order in (4, 40, 6):
        for where in ("flash", "nvs", "ram"):
            keypad = Keypad()
            if where == "flash":
                fill_flash()
            keypad.guests.full = where == "nvs" and order != 6
            keypad.phone.error = MemoryError() if where == "ram" or order == 6 else None
            assert (keypad.ask(order), keypad.phone.presented, keypad.ended) == (WEAK, [], True)
            files.write = WRITE


def test_home_is_turned_on_with_a_new_code_each_time_and_off():
    keypad = Keypad()
    assert (keypad.ask(6), keypad.ask(6)) == (GO, GO)
    first, second = keypad.phone.presented
    assert first != second == (HOME_KEY, keypad.key(HOME_KEY))
    assert len(second[1]) == 16
    assert keypad.guests.armed == 0
    assert (keypad.ask(60), keypad.ended) == (KEPT, True)
    assert keypad.key(HOME_KEY) is None


def test_home_is_refused_where_the_settings_have_none():
    for order in (6, 60):
        keypad = Keypad(home=None)
        before = keypad.entries()
        assert (keypad.ask(order), keypad.ended) == (WEAK, True)
        assert (keypad.phone.presented, keypad.entries()) == ([], before)
