"""A card that has proved its number is another credential than one that shows the same number."""

from test_gate import MAC, Record, World

from access.decide import UNKNOWN
from roll.record import CARD
from storage.purposes import PROVED_CARD_VALUE


def test_a_card_that_has_proved_its_number_opens_and_one_that_shows_the_number_alone_does_not():
    for plain_uid in (False, True):
        for where in ("listed", "own"):
            world = World(plain_uid=plain_uid)
            proved = MAC.digest(PROVED_CARD_VALUE, b"\x04abcdef")[:16]
            getattr(world, where)[proved] = Record(kind=CARD)
            assert world.gate.card(b"\x04abcdef", True).granted
            assert world.gate.card(b"\x04abcdef", True).digest == proved
            assert world.gate.card(b"\x04abcdef").reason == UNKNOWN
            assert world.gate.card(b"\x04abcdeg", True).reason == UNKNOWN
            assert world.gate.pin(b"\x04abcdef", 0).reason == UNKNOWN


def test_a_number_of_the_list_is_no_card_that_proves_itself():
    world = World()
    world.put(world.listed, b"\x04abcdef", Record(kind=CARD))
    assert world.gate.card(b"\x04abcdef", True).reason == UNKNOWN
