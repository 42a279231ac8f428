"""A start does not read the keys of cards: the first card has them read, or a calm moment before it."""

import asyncio

from ram_flash import RamFlash

import readers.secure_cards as room
from readers.secure_cards import SecureCards

KEY = bytes(range(32))
LOOKS = 8  # for four house keys, each in two halves


class List:
    """The operator's, without a house key; `looks` is how often one was looked for."""

    hash, looks = b"one", 0

    def find(self, digest):
        self.looks += 1


class Reader:
    """Nobody asks it for anything: the lock has no keys."""


def made():
    RamFlash("/access")
    roll = List()
    return SecureCards(KEY, roll), roll


def ask(cards):
    return asyncio.run(cards.ask(Reader(), b"\x04\xa1\xb2\xc3", False, False))


def test_the_first_card_has_the_keys_read_and_the_second_finds_them():
    cards, roll = made()
    assert roll.looks == 0
    for _ in range(2):
        assert ask(cards) is None
        assert roll.looks == LOOKS


def test_a_calm_moment_has_them_read_before_a_card_comes():
    cards, roll = made()
    calm = room.is_calm
    try:
        for is_calm, looks in ((False, 0), (True, LOOKS), (True, LOOKS)):
            room.is_calm = lambda is_calm=is_calm: is_calm
            cards.keep()
            assert roll.looks == looks
    finally:
        room.is_calm = calm
    assert ask(cards) is None
    assert roll.looks == LOOKS
