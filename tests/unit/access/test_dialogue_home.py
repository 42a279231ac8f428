"""`PIN # * 6`: a resident, and nobody else, turns on the door on a broker of their own, and off."""

from test_dialogue import NEW, Keypad

from people.residents import HOME_KEY, ResidentsError


def test_the_home_code_is_made_anew_each_time_and_handed_over():
    keypad = Keypad()
    assert keypad.opened("*", "6") == [True, True]
    assert keypad.said == ["enrolling", "kept"]
    assert keypad.presented == [(HOME_KEY, keypad.residents.held[HOME_KEY][7])]
    assert len(keypad.presented[0][1]) == 16
    keypad.talk.key("*", 200)
    keypad.opened("*", "6")
    assert keypad.presented[0] != keypad.presented[1] == (HOME_KEY, keypad.residents.held[HOME_KEY][7])
    assert keypad.guests.armed == 0
    keypad.talk.tick(10_100)
    assert keypad.ended


def test_a_hash_within_ten_seconds_turns_home_off_and_the_phone_gets_nothing_more():
    keypad = Keypad()
    assert keypad.opened("*", "6", "#") == [True, True, True]
    assert keypad.said == ["enrolling", "kept", "kept"]
    assert keypad.presented[1] == (HOME_KEY, b"")
    assert keypad.residents.done == [("key", HOME_KEY, 7, True), ("key", HOME_KEY, 7, False)]
    assert keypad.ended
    assert not keypad.talk.key("#", 300)


def test_after_ten_seconds_a_hash_turns_nothing_off():
    keypad = Keypad()
    keypad.opened("*", "6")
    keypad.talk.tick(10_100)
    assert not keypad.talk.key("#", 10_200)
    assert keypad.residents.done == [("key", HOME_KEY, 7, True)]


def test_home_is_refused_where_the_settings_have_none():
    keypad = Keypad(has_home=False)
    assert keypad.opened("*", "6") == [True, True]
    assert (keypad.said[-1], keypad.presented, keypad.residents.done) == ("weak", [], [])
    assert keypad.ended
    assert not keypad.talk.key("#", 300)


def test_a_home_code_that_cannot_be_kept_is_not_handed_over():
    keypad = Keypad()
    keypad.residents.error = ResidentsError("full")
    keypad.opened("*", "6")
    assert (keypad.said[-1], keypad.presented) == ("weak", [])


def test_while_the_home_code_is_handed_over_codes_and_cards_open_as_ever():
    keypad = Keypad()
    keypad.opened("*", "6")
    assert not keypad.talk.pin(NEW, 200)
    assert not keypad.talk.card(b"\x04abcdef")
    assert not keypad.talk.key("5", 300)
    assert keypad.ended
