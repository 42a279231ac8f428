"""Who or what a dialogue began with may be gone as it ends, and nothing is set then."""

from dialogue_parts import CODE, FOB, LEASE, NEW, Keypad, digest

from people.entry import OLD as OLD_TABLE
from people.leases import OVER, WHAT
from roll.record import MOVE_IN

WEAK = "weak"


def test_whoever_is_gone_before_a_dialogue_ends_sets_nothing_by_it():
    """By keys in time it lasts for minutes, in which a lease may end: its number may be another's later."""
    for order, finish in ((1, lambda keypad: keypad.pin(NEW)), (2, lambda keypad: keypad.card(FOB))):
        keypad = Keypad(flatmates=(b"735194",))
        keypad.ask(order, pin=b"735194")
        if order == 1:
            keypad.pin(NEW)
        keypad.at(LEASE).clear()
        before = keypad.entries()
        assert (finish(keypad), keypad.entries()) == (WEAK, before), order
        assert not keypad.lets_in(NEW)


def test_a_code_to_move_in_that_goes_before_a_pin_is_chosen_lets_nobody_in():
    keypad = Keypad()
    keypad.ask(0)
    keypad.pin(NEW)
    del keypad.listed.records[digest(CODE)]
    assert (keypad.pin(NEW), keypad.lets_in(NEW)) == (WEAK, False)


def test_a_code_that_is_another_leases_before_a_pin_is_chosen_lets_nobody_in():
    keypad = Keypad()
    keypad.ask(0)
    keypad.pin(NEW)
    keypad.list(CODE, role=MOVE_IN, lease=LEASE + 1)
    assert (keypad.pin(NEW), keypad.lets_in(NEW)) == (WEAK, False)


def test_nothing_is_kept_for_a_lease_that_is_over_as_it_is_chosen():
    """It would open nothing. The hour has come, or the lock's day on which a lease ends that was left."""
    for order in (0, 1, 2):
        keypad = Keypad(flatmates=(b"735194",))
        keypad.ask(order, pin=b"735194")
        if order != 2:
            keypad.pin(NEW)
        keypad.leases.table[keypad.leases.place(LEASE) + WHAT] = OVER
        before = keypad.entries()
        said = keypad.card(FOB) if order == 2 else keypad.pin(NEW)
        assert (said, keypad.entries()) == (None if order == 2 else WEAK, before), order


def test_no_dialogue_begins_while_the_table_of_the_release_before_is_not_taken_over():
    """It could end once it is: whoever began it has a number then, and two PINs would open."""
    for order in (0, 1, 2, 3, 5, 9):
        keypad = Keypad()
        keypad.residents.paths[OLD_TABLE] = "/access/residents"
        assert (keypad.ask(order), keypad.talk) == (WEAK, None), order
