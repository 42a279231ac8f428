"""Passage mode at the gate: staff with the role for it, within their hours, and nobody else."""

from test_gate import LEASE, MAC, MOVE_IN, PASSAGE, STAFF, TENANT, Record, World

from access.decide import GRANTED, UNKNOWN
from access.decide import PASSAGE as PASSES


def test_staff_who_may_begin_passage_mode_within_their_hours():
    world = World()
    world.time = 2_000_000_000
    world.put(world.listed, b"2468", Record(PASSAGE, lease=0, schedule=3, uses=2))
    verdict = world.gate.pin(b"2468", 0, b"0")
    assert (verdict.reason, verdict.granted, verdict.role) == (PASSES, False, PASSAGE)
    assert verdict.digest == MAC.digest(b"\x01", b"2468")[:16]
    assert world.notes == ["count", "find", "schedule 3", "take 2", "take back"]
    assert world.gate.may_pass(verdict.digest)
    world.open_hours = False
    assert not world.gate.may_pass(verdict.digest)
    wrong = world.gate.pin(b"2468", 0, b"0")
    assert (wrong.reason, wrong.begins_throttle) == (UNKNOWN, True)


def test_nobody_else_sets_passage_mode_and_nothing_of_theirs_is_used_up():
    for role in (TENANT, STAFF, MOVE_IN, LEASE):
        world = World()
        world.time = 2_000_000_000
        world.put(world.listed, b"2468", Record(role, schedule=3, uses=2))
        verdict = world.gate.pin(b"2468", 0, b"0")
        assert (verdict.reason, verdict.begins_throttle) == (UNKNOWN, True)
        assert world.notes == ["count", "find"]
    world = World()
    world.put(world.own, b"2468", Record())
    assert world.gate.pin(b"2468", 0, b"0").reason == UNKNOWN
    world.guests_verdict = (GRANTED, 7, True)
    assert world.gate.pin(b"123456780", 0, b"0").reason == UNKNOWN


def test_passage_mode_ends_with_whatever_ends_the_credential():
    world = World()
    digest = MAC.digest(b"\x01", b"2468")[:16]
    for time, record, goes_on in (
        (2_000_000_000, Record(PASSAGE, span=(0, 2_000_000_001)), True),
        (2_000_000_000, Record(PASSAGE, span=(0, 2_000_000_000)), False),
        (2_000_000_000, Record(STAFF), False),
        (None, Record(PASSAGE), True),
        (None, Record(PASSAGE, schedule=3), False),
        (2_000_000_000, None, False),
    ):
        world.time, world.listed = time, {digest: record}
        assert world.gate.may_pass(digest) == goes_on, record
