"""A card that has proved its number is another credential than one that shows the same number."""

from test_gate import MAC, Record, World

from access.decide import GRANTED, TOO_EARLY, UNKNOWN, USED_UP
from roll.record import CARD, STAFF
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


def test_staffs_card_that_proves_its_number_is_held_to_days_hours_and_uses():
    proved = MAC.digest(PROVED_CARD_VALUE, b"\x01\x04abcdef")[:16]
    for open_hours, uses_left, now, reason in (
        (True, True, 2000, GRANTED),
        (True, False, 2000, USED_UP),
        (True, True, 500, TOO_EARLY),
        (False, True, 2000, None),
    ):
        world = World(plain_uid=False)
        world.listed[proved] = Record(STAFF, CARD, 0, span=(1000, 0), schedule=3, uses=2)
        world.open_hours, world.uses_left, world.time = open_hours, uses_left, now
        verdict = world.gate.card(b"\x01\x04abcdef", True)
        assert verdict.granted == (reason == GRANTED)
        assert reason is None or verdict.reason == reason
        assert (verdict.role, verdict.digest) == (STAFF, proved)
