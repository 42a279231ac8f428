"""A key is presented to a phone by one tag at a time; the code of a tag is loaded while the tag is there."""

import sys

import loader
from door.phone import Phone
from people.entry import GUEST_KEY, HOME_KEY

loader._IS_PLENTY = False  # as on a board without PSRAM

KEY = bytes(range(16))


class Part:
    """Reader and indicator in one: the tags that the reader is to emulate, and what the light shows."""

    def __init__(self):
        self.tags, self.shown = [], []

    def emulate(self, tag):
        if self.tags and self.tags[-1] is not None:
            self.tags[-1].end()  # as the card reader does
        self.tags.append(tag)

    def say(self, signal, now):
        self.shown.append(signal)


def made(page=""):
    part = Part()
    return Phone("front", page, part, part), part


def test_the_key_that_is_presented_is_the_one_that_was_asked_for():
    phone, part = made()
    for role, title in ((GUEST_KEY, b"guest key of front"), (HOME_KEY, b"home code of front")):
        phone.present(role, KEY)
        assert title in part.tags[-1]._message
    assert b"0001 0203" in part.tags[0]._message


def test_a_guest_key_is_presented_to_the_residents_page_where_there_is_one():
    phone, part = made("codes.example/")
    phone.present(GUEST_KEY, KEY)
    assert b"codes.example/#lock=front&key=000102" in part.tags[-1]._message
    phone.present(HOME_KEY, KEY)
    assert b"home code of front" in part.tags[-1]._message


def test_without_a_reader_nothing_is_presented_and_no_light_says_so():
    part = Part()
    phone = Phone("front", "", None, part)
    phone.present(GUEST_KEY, KEY)
    phone.end()
    assert (part.tags, part.shown) == ([], [])
    assert "readers.phone_tag" not in sys.modules


def test_a_second_key_takes_the_place_of_the_first():
    phone, part = made()
    phone.present(GUEST_KEY, KEY)
    phone.present(HOME_KEY, KEY)
    assert part.tags[0].is_over()
    assert not part.tags[1].is_over()


def test_nothing_is_presented_once_it_ends():
    phone, part = made()
    assert not phone.waits()
    phone.present(HOME_KEY, KEY)
    assert phone.waits()
    phone.end()
    assert part.tags[-1] is None
    assert part.tags[0].is_over()
    assert not phone.waits()


def test_a_phone_that_has_the_key_is_awaited_no_more_and_the_light_says_so():
    phone, part = made()
    phone.present(GUEST_KEY, KEY)
    tag = part.tags[0]
    tag.end()
    tag._on_read()
    assert (phone.waits(), part.shown) == (False, ["kept"])


def test_no_code_stays_for_it():
    phone, _ = made()
    phone.present(GUEST_KEY, KEY)
    assert not [name for name in ("access.phone_note", "readers.phone_tag") if name in sys.modules]
