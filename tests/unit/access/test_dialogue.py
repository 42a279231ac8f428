"""What residents do at the keypad beside opening, step by step."""

from dialogue_parts import CODE, FOB, LAST_DAY, LEASE, NEW, OLD, Keypad, digest, fill_flash

from access.decide import ELSEWHERE, EXPIRED, NO_CLOCK, PROVED, THROTTLED
from access.dialogue import is_weak
from people.cards import CARDS_MAX
from people.changes import PEOPLE_MAX
from roll.record import CARD, MOVE_IN
from storage import files
from storage.names import NEW_WAYS, NEW_WAYS_MAX

WRITE = files.write
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
    assert (keypad.lets_in(OLD), keypad.lets_in(NEW)) == (False, True)
    assert keypad.ended


def test_a_new_resident_chooses_a_pin_in_place_of_the_code():
    keypad = Keypad()
    assert (keypad.ask(0), keypad.pin(NEW), keypad.pin(NEW)) == (GO, GO, KEPT)
    assert (keypad.lets_in(OLD), keypad.lets_in(NEW)) == (True, True)
    assert keypad.residents.entry(digest(CODE)).what == 0


def test_whoever_moves_in_is_shown_to_all_and_without_a_place_for_that_does_not():
    keypad = Keypad()
    keypad.residents.greet(digest(OLD))
    keypad.ask(0)
    keypad.pin(NEW)
    assert keypad.residents.greeted
    assert (keypad.pin(NEW), keypad.residents.greeted) == (KEPT, [])
    assert keypad.numbers.blob(NEW_WAYS, NEW_WAYS_MAX)
    keypad = Keypad()
    keypad.ask(0)
    keypad.pin(NEW)
    keypad.nvs.full = True
    assert (keypad.pin(NEW), keypad.lets_in(NEW)) == (WEAK, False)
    for order in (1, 2):
        keypad = Keypad()
        keypad.ask(order)
        assert (keypad.card(FOB) if order == 2 else keypad.pin(NEW) == GO and keypad.pin(NEW)) == KEPT
        assert not keypad.numbers.blob(NEW_WAYS, NEW_WAYS_MAX)


def test_notice_is_given_with_the_entry_itself_and_voids_what_is_not_used():
    keypad = Keypad([NEW])
    keypad.list(FOB, CARD)
    assert (keypad.ask(7), keypad.ended) == (KEPT, True)
    keypad.pass_hours(90 * 24)
    keypad.tend()
    assert [keypad.lets_in(OLD), keypad.lets_in(NEW), keypad.lets_in(FOB, CARD)] == [True, False, False]


def test_the_ninth_resident_is_refused_before_a_pin_is_chosen():
    keypad = Keypad([b"77119%d" % n for n in range(PEOPLE_MAX - 1)])
    assert keypad.ask(0) == GO
    keypad = Keypad([b"77119%d" % n for n in range(PEOPLE_MAX)])
    assert (keypad.ask(0), keypad.ended) == (WEAK, True)


def test_two_different_pins_change_nothing_and_it_begins_anew():
    keypad = Keypad()
    keypad.ask(1)
    assert (keypad.pin(NEW), keypad.pin(b"902818")) == (GO, WEAK)
    assert (keypad.pin(NEW), keypad.lets_in(OLD)) == (GO, True)
    assert keypad.pin(NEW) == KEPT


def test_ones_own_pin_opens_and_is_never_called_weak():
    for own in (OLD, b"1234", b"111111"):
        for steps in ((), (b"111112",), (b"1111",), (NEW, b"902818")):
            keypad = Keypad()
            keypad.list(own)
            keypad.ask(1)
            for digits in steps:
                keypad.pin(digits)
            assert keypad.pin(own) == OPENS


def test_what_opens_otherwise_opens_in_every_dialogue():
    for order in (0, 1, 2, 3, 4, 5, 6, 9):
        keypad = Keypad([b"771199"])
        keypad.list(FOB, CARD, lease=8)
        keypad.ask(order)
        assert keypad.pin(b"771199") == OPENS
        assert keypad.card(FOB) is None  # the gate judges it


def test_a_pin_in_use_is_refused_as_if_it_were_weak():
    for where in ("residents", "listed", "gone", "ended", "a guest's"):
        keypad = Keypad([NEW] if where == "residents" else ())
        lease = 0
        if where == "gone":
            keypad.at(LEASE).withdraw(digest(NEW))
        elif where == "listed":
            keypad.list(NEW, lease=3)
        else:
            lease = 3
        keypad.ask(1)
        assert keypad.pin(NEW, EXPIRED if lease else "unknown", lease) == WEAK == keypad.pin(b"1111")
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
    assert (keypad.ended, keypad.lets_in(FOB, CARD)) == (True, True)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)
    assert not keypad.lets_in(FOB, CARD)
    assert (keypad.ask(2), keypad.card(FOB)) == (GO, KEPT)
    assert keypad.ask(30) == KEPT
    assert (keypad.ended, keypad.lets_in(FOB, CARD), keypad.lets_in(OLD)) == (True, False, True)


def test_the_fourth_card_of_a_resident_is_refused():
    keypad = Keypad()
    for n in range(CARDS_MAX):
        keypad.ask(2)
        assert keypad.card(FOB + bytes((n,))) == KEPT
        assert keypad.ended
    keypad.ask(2)
    assert not keypad.talk.adds(), "it would have this lock's keys, and no other door's any more"
    assert keypad.card(FOB) == WEAK
    assert not keypad.lets_in(FOB, CARD)
    keypad.ask(3)
    assert keypad.card(FOB + b"\0") == KEPT
    keypad.ask(2)
    assert keypad.talk.adds()


def test_a_card_of_the_list_is_withdrawn_by_who_lives_there_alone():
    keypad = Keypad()
    keypad.list(FOB, CARD)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)
    assert not keypad.lets_in(FOB, CARD)
    keypad = Keypad([NEW])
    keypad.list(FOB, CARD)
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, None)
    assert (keypad.lets_in(FOB, CARD), keypad.ended) == (True, False)


def test_all_of_ones_own_cards_are_not_a_flatmates():
    keypad = Keypad([NEW])
    keypad.list(b"listed", CARD)
    for pin, fob in ((OLD, FOB), (NEW, FOB + b"2")):
        assert (keypad.ask(2, pin=pin), keypad.card(fob)) == (GO, KEPT)
    assert keypad.ask(30, pin=NEW) == KEPT
    keypad.tend()
    assert [keypad.lets_in(fob, CARD) for fob in (FOB, FOB + b"2", b"listed")] == [True, False, True]


def test_a_known_card_is_not_added_and_somebody_elses_not_removed():
    for order, lease in ((2, 7), (2, 8), (3, 8)):
        keypad = Keypad()
        keypad.list(FOB, CARD, lease=lease)
        keypad.ask(order)
        before = keypad.entries()
        assert keypad.card(FOB) is None
        assert (keypad.entries(), keypad.ended) == (before, False)
    for order in (2, 3):
        keypad = Keypad([NEW])
        assert (keypad.ask(2, pin=NEW), keypad.card(FOB)) == (GO, KEPT)
        keypad.ask(order)
        before = keypad.entries()
        assert keypad.card(FOB) is None
        assert (keypad.entries(), keypad.ended) == (before, False)


def test_kept_is_never_said_of_a_card_that_can_not_open():
    random, zeros = b"\x08\x11\x22\x33", (bytes(3), bytes(4), bytes(7), bytes(10))
    for settings, uids in (
        ({"plain_uid": False}, (FOB, b"\x11\x22\x33\x44", b"\x01\x02\x03") + zeros + (random,)),
        ({}, zeros + (random, b"\x08\x00\x00\x00")),
        ({"reader": "wiegand"}, zeros),
    ):
        keypad = Keypad(**settings)
        before = keypad.entries()
        keypad.ask(2)
        for uid in uids:
            assert (keypad.card(uid), keypad.entries()) == (WEAK, before), uid
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


def test_a_card_that_has_proved_its_number_is_added_and_removed_whatever_the_settings_say():
    for settings in ({"plain_uid": False}, {}):
        for uid in (FOB, b"\x08\x11\x22\x33", bytes(7)):
            keypad = Keypad(**settings)
            assert (keypad.ask(2), keypad.talk.adds()) == (GO, True)
            assert keypad.card(uid, PROVED) == KEPT
            assert (keypad.ask(2), keypad.card(uid, PROVED)) == (GO, None)  # it opens
            assert (keypad.ask(3), keypad.talk.adds()) == (GO, False)
            assert keypad.card(uid) is None  # its number alone is another card's
            assert keypad.card(uid, PROVED) == KEPT
            assert (keypad.ask(3), keypad.card(uid, PROVED)) == (GO, None)


def test_a_card_that_one_lease_has_given_up_is_added_by_another_and_not_before():
    """It has this lock's keys already: who comes first has it, and who has it gives it up."""
    keypad = Keypad(plain_uid=False)
    keypad.list(NEW, lease=8)
    theirs = {"pin": NEW, "lease": 8}
    assert (keypad.ask(2), keypad.card(FOB, PROVED)) == (GO, KEPT)
    for order in (2, 3):
        assert (keypad.ask(order, **theirs), keypad.card(FOB, PROVED)) == (GO, None)  # it opens
    assert (keypad.ask(3), keypad.card(FOB, PROVED)) == (GO, KEPT)
    assert (keypad.ask(2, **theirs), keypad.card(FOB, PROVED)) == (GO, KEPT)
    assert (keypad.ask(3), keypad.card(FOB, PROVED)) == (GO, None)


def test_a_card_for_which_there_was_no_place_is_added_once_there_is():
    """By then it has this lock's keys, and shows random numbers."""
    keypad = Keypad(plain_uid=False)
    for n in range(CARDS_MAX):
        assert (keypad.ask(2), keypad.card(FOB[:6] + bytes((n,)), PROVED)) == (GO, KEPT)
    assert (keypad.ask(2), keypad.card(FOB, PROVED)) == (GO, WEAK)
    assert (keypad.ask(3), keypad.card(FOB[:6] + b"\0", PROVED)) == (GO, KEPT)
    assert (keypad.ask(2), keypad.card(FOB, PROVED)) == (GO, KEPT)


def test_a_card_that_has_its_home_elsewhere_is_told_so_and_not_added():
    keypad = Keypad()
    keypad.ask(2)
    assert keypad.card(FOB, ELSEWHERE) == "elsewhere"
    assert not keypad.ended
    keypad.ask(3)
    assert keypad.card(FOB, ELSEWHERE) is None


def test_a_card_that_can_not_open_can_still_be_removed():
    keypad = Keypad()
    keypad.ask(2)
    keypad.card(FOB)
    keypad.settings.plain_uid = False
    assert (keypad.ask(3), keypad.card(FOB)) == (GO, KEPT)


def test_moving_out_asks_for_the_pin_once_more_and_another_one_opens():
    keypad = Keypad([NEW])
    keypad.ask(9)
    assert (keypad.pin(b"771199"), keypad.lets_in(OLD)) == ("unknown", True)
    assert (keypad.pin(NEW), keypad.lets_in(OLD)) == (OPENS, True)
    assert keypad.pin(OLD) == KEPT
    assert (keypad.lets_in(OLD), keypad.lets_in(NEW), keypad.is_left) == (False, True, False)


def test_the_last_to_move_out_gives_the_lease_up_and_a_new_code_is_good():
    keypad = Keypad()
    keypad.ask(9)
    assert keypad.pin(OLD) == KEPT
    assert keypad.is_left
    keypad.tend()
    assert keypad.is_left
    assert (keypad.ask(0), keypad.pin(NEW), keypad.pin(NEW)) == (GO, GO, KEPT)
    keypad.tend()
    assert (keypad.lets_in(NEW), keypad.is_left) == (True, False)


def test_a_landlord_who_has_moved_in_ends_nothing_for_who_lives_there():
    """By a code of their own, whatever they then say at the keypad."""
    landlord = b"771199"
    for has_moved_in in (False, True):  # the tenant's PIN is the list's, or one that they chose
        keypad = Keypad()
        tenant = OLD
        if has_moved_in:
            keypad.list(b"80808080", role=MOVE_IN)
            keypad.ask(1)
            keypad.pin(NEW)
            keypad.pin(NEW)
            tenant = NEW
        keypad.list(FOB, CARD)
        assert (keypad.ask(0), keypad.pin(landlord), keypad.pin(landlord)) == (GO, GO, KEPT)
        for order in (30, 40, 50, 60):
            keypad.ask(order, pin=landlord)
            keypad.tend()
        keypad.ask(9, pin=landlord)
        assert keypad.pin(landlord) == KEPT
        keypad.pass_hours(5000)
        keypad.tend()
        assert (keypad.lets_in(tenant), keypad.lets_in(FOB, CARD), keypad.told) == (True, True, [])
        assert not keypad.leases.over(LEASE, None)
        assert not keypad.lets_in(landlord)


def test_a_full_flash_is_told():
    for order in (2, 30, 4, 40, 5, 6):
        keypad = Keypad()
        fill_flash()
        signal = keypad.ask(order)
        assert (keypad.card(FOB) if order == 2 else keypad.pin(LAST_DAY) if order == 5 else signal) == WEAK
        assert keypad.ended
        files.write = WRITE


def test_what_waits_for_a_card_or_phone_has_twenty_seconds_and_all_else_ten():
    for order, patience in ((0, 10), (1, 10), (5, 10), (9, 10), (2, 20), (3, 20), (4, 20), (40, 20), (6, 20)):
        keypad = Keypad()
        keypad.ask(order)
        assert keypad.talk.patience == patience * 1000
        keypad.ask(order)
    keypad = Keypad()
    keypad.ask(1)
    keypad.pin(NEW)
    assert keypad.talk.patience == 10_000
