"""Codes that are nobody's PIN and may be a guest's: counted first, judged then, and taken back if right."""

import asyncio

from test_gate import STAFF, TENANT, Record, World

from access.decide import EXPIRED, GRANTED, GUEST, NO_CLOCK, UNKNOWN, USED_UP


def test_nine_or_twelve_digits_of_nobody_may_be_a_guests():
    world = World()
    for digits, looked_up in ((b"123456780", ["find"]), (b"123456789012", [])):
        for first in (True, False):
            world.notes.clear()
            world.guests_verdict = (GRANTED, 7, first)
            verdict = world.judge_guest(digits)
            assert (verdict.granted, verdict.role, verdict.lease) == (True, GUEST, 7)
            assert not verdict.begins_throttle
            assert world.notes == ["count"] + looked_up + ["guest", "take back"]


def test_what_is_no_guest_code_is_told_by_its_reason_and_counts():
    for reason in (UNKNOWN, NO_CLOCK, EXPIRED, USED_UP):
        world = World()
        world.guests_verdict = (reason, 0, False)
        verdict = world.judge_guest(b"123456780")
        assert (verdict.reason, verdict.granted, verdict.role) == (reason, False, 0)
        assert verdict.begins_throttle
        assert world.notes == ["count", "find", "guest"]


def test_a_guests_code_takes_back_no_count_but_its_own():
    for other in (b"2468", b"123456789012"):
        world = World()
        world.guests_verdict = (GRANTED, 7, False)
        verdict = world.gate.pin(b"123456780", 0)
        world.gate.pin(other, 0)
        world.notes.clear()
        asyncio.run(world.gate.guest(verdict, b"123456780"))
        assert verdict.granted
        assert world.notes == ["guest"]


def test_guests_are_not_asked_for_other_lengths_and_known_pins():
    for digits in (b"12345678", b"1234567890", b"12345678901", b"1234567890123"):
        world = World()
        assert world.gate.pin(digits, 0).reason == UNKNOWN
        assert "guest" not in world.notes
    for role in (TENANT, STAFF):
        world = World()
        world.time = 2_000_000_000
        world.put(world.listed, b"123456780", Record(role, span=(0, 1)))
        world.gate.pin(b"123456780", 0)
        assert "guest" not in world.notes


def test_a_card_is_no_guest():
    world = World()
    world.guests_verdict = (GRANTED, 7, True)
    assert not world.gate.card(b"123456780").granted
