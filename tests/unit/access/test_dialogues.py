"""The code of a dialogue is loaded for as long as it lasts, and where it cannot be, that is refused."""

import gc
import sys

from dialogue_parts import FOB, NEW, OLD, Keypad

import loader

loader._IS_PLENTY = False  # as on a board without PSRAM


def loaded():
    rooms = "access.dialogue", "access.card_dialogue", "access.order", "access.waiting"
    return [name for name in rooms if name in sys.modules]


def test_no_code_stays_loaded():
    keypad = Keypad()
    for order in (0, 1, 2, 3, 9, 4):
        assert keypad.ask(order) == "enrolling"
        assert not loaded()
    for order in (30, 60):
        assert keypad.ask(order) == "kept"
        assert keypad.talk is None
        assert not loaded()


def test_it_works_by_its_object_alone():
    keypad = Keypad()
    keypad.ask(1)
    gc.collect()
    assert (keypad.pin(NEW), keypad.pin(NEW)) == ("enrolling", "kept")
    keypad.ask(2)
    gc.collect()
    assert keypad.card(FOB) == "kept"


def test_while_a_phone_is_awaited_the_dialogue_itself_is_gone():
    keypad = Keypad()
    keypad.ask(4)
    assert type(keypad.talk).__name__ == "Waiting"
    assert keypad.pin(OLD) == "granted"


def test_the_code_of_the_keys_is_gone_before_that_of_the_tag_is_loaded():
    keypad, there = Keypad(), []
    present = keypad.phone.present

    def note(*parts):
        there.append([name for name in ("people.keys", "people.changes") if name in sys.modules])
        present(*parts)

    for name in ("people.keys", "people.changes"):
        sys.modules.pop(name, None)  # the tests have loaded them, and these would stay
    keypad.phone.present = note
    for order in (4, 40, 6):
        assert keypad.ask(order) == "enrolling"
    assert there == [[], [], []]


def test_where_there_is_no_memory_for_it_that_is_refused():
    cases = (("dialogue", 1), ("card_dialogue", 2), ("order", 4))
    for error, (room, order) in [
        (error, case) for error in (MemoryError, ImportError, OSError) for case in cases
    ]:
        keypad = Keypad()

        class Nothing:
            def __getattr__(self, name):
                raise error  # noqa: B023

        sys.modules["access." + room] = Nothing()
        try:
            assert (keypad.ask(order), keypad.talk) == ("weak", None)
        finally:
            sys.modules.pop("access." + room, None)
