"""What residents do at the keypad beside opening, step by step."""

from dialogue_parts import FOB, NEW, OLD, Keypad, digest, found

from access.decide import EXPIRED, NO_CLOCK, THROTTLED
from access.dialogue import is_weak
from access.guest_key import is_complete
from people.residents import GUEST_KEY, HOME_KEY, ResidentsError
from roll.record import CARD, PIN

GO, KEPT, WEAK, OPENS = "enrolling", "kept", "weak", "granted"


def test_weak_pins():
    for pin in (b"12345", b"111111", b"345678", b"9876543210", b"12345678901", b"654321"):
        assert is_weak(pin, 6), pin
    for pin in (b"111112", b"135791", b"246810", b"901212", b"122112"):
        assert not is_weak(pin, 6), pin
    for shortest in range(4, 9):
        assert is_weak(b"90281764"[: shortest - 1], shortest)
        assert not is_weak(b"90281764"[:shortest], shortest)
        assert not is_weak(b"9028176453", shortest)
        assert is_weak(b"90281764535", shortest)


def test_a_pin_is_changed_at_one_stroke():
    keypad = Keypad()
    assert (keypad.ask(1), keypad.pin(NEW), keypad.pin(NEW)) == (GO, GO, KEPT)
    assert keypad.residents.done == [("add", digest(NEW), PIN, 7, digest(OLD))]
    assert keypad.ended


def test_a_new_resident_chooses_a_pin_in_place_of_the_code():
    keypad = Keypad()
    keypad.opens.clear()
    assert (keypad.ask(0), keypad.pin(NEW), keypad.pin(NEW)) == (GO, GO, KEPT)
    assert keypad.residents.done == [("add", digest(NEW), PIN, 7, digest(OLD))]


def test_two_different_pins_change_nothing_and_it_begins_anew():
    keypad = Keypad()
    keypad.ask(1)
    assert (keypad.pin(NEW), keypad.pin(b"902818")) == (GO, WEAK)
    assert (keypad.pin(NEW), keypad.residents.done) == (GO, [])
    assert keypad.pin(NEW) == KEPT


def test_ones_own_pin_opens_and_is_never_called_weak():
    for own in (OLD, b"1234", b"111111"):
        for steps in ((), (b"111112",), (b"1111",), (NEW, b"902818")):
            keypad = Keypad()
            keypad.opens.add(digest(own))
            keypad.ask(1)
            for digits in steps:
                keypad.pin(digits)
            assert keypad.pin(own) == OPENS


def test_what_opens_otherwise_opens_in_every_dialogue():
    for order in (0, 1, 2, 3, 4, 6, 9):
        keypad = Keypad()
        keypad.opens.add(digest(b"771199"))
        keypad.ask(order)
        assert keypad.pin(b"771199") == OPENS
        keypad.residents.known[digest(FOB, CARD)] = found("residents", CARD, 8)
        assert keypad.card(FOB) is None  # the gate judges it


def test_a_pin_in_use_is_refused_as_if_it_were_weak():
    for where in ("residents", "listed", "gone", "ended", "a guest's"):
        keypad = Keypad()
        lease = 0
        if where == "gone":
            keypad.residents.gone.add(digest(NEW))
        elif where in ("residents", "listed"):
            getattr(keypad, where).known[digest(NEW)] = found(where, PIN, 3)
        else:
            lease = 3
        keypad.ask(1)
        assert keypad.pin(NEW, EXPIRED if lease else None, lease) == WEAK == keypad.pin(b"1111")
        assert keypad.pin(b"771199") == GO


def test_while_the_keypad_waits_no_pin_is_taken_and_the_second_time_needs_no_waiting():
    keypad = Keypad()
    keypad.ask(1)
    assert keypad.pin(NEW, THROTTLED) == THROTTLED
    assert keypad.pin(NEW) == GO
    assert keypad.pin(b"902818", THROTTLED) == THROTTLED
    assert keypad.pin(NEW) == KEPT


def test_without_a_clock_nine_digits_can_be_a_pin():
    keypad = Keypad()
    keypad.ask(1)
    assert keypad.pin(b"902817364", NO_CLOCK) == GO


def test_cards_are_added_and_removed():
    keypad = Keypad()
    assert (keypad.ask(2), keypad.card(FOB)) == (GO, KEPT)
    assert keypad.ended
    keypad.residents.known[digest(FOB, CARD)] = found("residents", CARD, 7)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)
    assert keypad.ask(30) == KEPT
    assert keypad.ended
    card = digest(FOB, CARD)
    assert keypad.residents.done == [("add", card, CARD, 7, None), ("remove", card), ("remove cards", 7)]


def test_a_card_of_the_list_is_withdrawn_by_its_lease():
    keypad = Keypad()
    keypad.listed.known[digest(FOB, CARD)] = found("listed", CARD, 7)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)
    assert keypad.residents.done == [("withdraw", digest(FOB, CARD))]


def test_a_known_card_is_not_added_and_somebody_elses_not_removed():
    for order, lease in ((2, 7), (2, 8), (3, 8)):
        for where in ("residents", "listed"):
            keypad = Keypad()
            getattr(keypad, where).known[digest(FOB, CARD)] = found(where, CARD, lease)
            keypad.ask(order)
            assert keypad.card(FOB) is None
            assert (keypad.residents.done, keypad.ended) == ([], False)


def test_kept_is_never_said_of_a_card_that_can_not_open():
    random, zeros = b"\x08\x11\x22\x33", (bytes(3), bytes(4), bytes(7), bytes(10))
    for settings, uids in (
        ({"plain_uid": False}, (FOB, b"\x11\x22\x33\x44", b"\x01\x02\x03") + zeros + (random,)),
        ({}, zeros + (random, b"\x08\x00\x00\x00")),
        ({"reader": "wiegand"}, zeros),
    ):
        keypad = Keypad(**settings)
        keypad.ask(2)
        for uid in uids:
            assert (keypad.card(uid), keypad.residents.done) == (WEAK, []), uid
            assert not keypad.ended
    for settings, uid in (
        ({}, FOB),
        ({}, b"\x08abcdef"),  # 7 bytes are never random
        ({}, b"\x11\x22\x33\x08"),
        ({"reader": "wiegand"}, random),  # a number, and no UID
    ):
        keypad = Keypad(**settings)
        keypad.ask(2)
        assert keypad.card(uid) == KEPT, uid


def test_a_card_that_can_not_open_can_still_be_removed():
    keypad = Keypad(plain_uid=False)
    keypad.residents.known[digest(FOB, CARD)] = found("residents", CARD, 7)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)


def test_moving_out_asks_for_the_pin_once_more_and_another_one_opens():
    keypad = Keypad()
    keypad.opens.add(digest(NEW))
    keypad.ask(9)
    assert (keypad.pin(b"771199"), keypad.leases.left) == ("unknown", [])
    assert (keypad.pin(NEW), keypad.leases.left) == (OPENS, [])
    assert keypad.pin(OLD) == KEPT
    assert (keypad.leases.left, keypad.residents.done) == ([7], [("clear", 7)])


def test_a_full_table_is_told():
    for order in (2, 30, 4, 40, 6, 60):
        keypad = Keypad()
        keypad.residents.error = ResidentsError("full")
        signal = keypad.ask(order)
        assert (keypad.card(FOB) if order == 2 else signal) == WEAK
        assert keypad.ended


def test_what_waits_for_a_card_or_phone_has_twenty_seconds_and_all_else_ten():
    for order, patience in ((0, 10), (1, 10), (9, 10), (2, 20), (3, 20), (4, 20), (40, 20), (6, 20)):
        keypad = Keypad()
        keypad.ask(order)
        assert keypad.talk.patience == patience * 1000
        keypad.ask(order)
    keypad = Keypad()
    keypad.ask(1)
    keypad.pin(NEW)
    assert keypad.talk.patience == 10_000


def test_the_guest_key_is_made_once_and_handed_over_and_codes_are_armed():
    keypad = Keypad()
    assert (keypad.ask(4), keypad.guests.armed) == (GO, 1)
    key = keypad.residents.held[GUEST_KEY][7]
    assert keypad.phone.presented == [(GUEST_KEY, key)]
    assert is_complete(key)
    keypad.ask(4)
    assert keypad.phone.presented[1] == keypad.phone.presented[0]
    assert keypad.guests.armed == 2
    assert keypad.residents.done == [("key", GUEST_KEY, 7, True)]


def test_without_a_reader_there_is_no_phone_to_wait_for():
    for order in (4, 40, 6):
        keypad = Keypad()
        keypad.phone.present = lambda what, key: None
        assert (keypad.ask(order), keypad.ended) == (KEPT, True)


def test_a_new_guest_key_is_made_where_one_asks_for_it():
    keypad = Keypad()
    keypad.ask(4)
    assert keypad.ask(40) == GO
    first, second = keypad.phone.presented
    assert first != second == (GUEST_KEY, keypad.residents.held[GUEST_KEY][7])


def test_a_key_that_cannot_be_kept_or_handed_over_is_not():
    for order in (4, 40, 6):
        for full in ("table", "nvs", "ram"):
            keypad = Keypad()
            keypad.residents.error = ResidentsError("full") if full == "table" else None
            keypad.guests.full = full == "nvs" and order != 6
            keypad.phone.error = MemoryError() if full == "ram" or order == 6 else None
            assert (keypad.ask(order), keypad.phone.presented, keypad.ended) == (WEAK, [], True)


def test_home_is_turned_on_with_a_new_code_each_time_and_off():
    keypad = Keypad()
    assert (keypad.ask(6), keypad.ask(6)) == (GO, GO)
    first, second = keypad.phone.presented
    assert first != second == (HOME_KEY, keypad.residents.held[HOME_KEY][7])
    assert len(second[1]) == 16
    assert keypad.guests.armed == 0
    assert (keypad.ask(60), keypad.ended) == (KEPT, True)
    assert keypad.residents.held[HOME_KEY][7] == b""


def test_home_is_refused_where_the_settings_have_none():
    for order in (6, 60):
        keypad = Keypad(home=None)
        assert (keypad.ask(order), keypad.ended) == (WEAK, True)
        assert (keypad.phone.presented, keypad.residents.done) == ([], [])
