"""Who is let in from afar: a tenant of a running lease, and staff as their credential says."""

from test_gate import MAC, STAFF, TENANT, Record, World

from access.decide import EXPIRED, GRANTED, NO_CLOCK, OUTSIDE, UNKNOWN, USED_UP
from access.gate import PHONE, PIN, REMOTE

DIGEST = MAC.digest(bytes([PIN]), b"2468")[:16]


def test_a_tenant_of_a_running_lease_is_let_in():
    world = World()
    verdict = world.gate.remote(7, b"")
    assert (verdict.reason, verdict.granted, verdict.role, verdict.lease) == (GRANTED, True, TENANT, 7)
    assert (verdict.kind, verdict.digest) == (REMOTE, b"")
    world.ended.add(7)
    verdict = world.gate.remote(7, b"")
    assert (verdict.reason, verdict.granted) == (EXPIRED, False)


def test_a_phone_at_the_door_is_a_tenants_or_nobodys():
    world = World()
    world.put(world.listed, b"2468", Record(STAFF))
    verdict = world.gate.remote(7 | 3 << 16, b"", PHONE)
    assert (verdict.reason, verdict.kind, verdict.role) == (GRANTED, PHONE, TENANT)
    assert (verdict.lease, verdict.number, verdict.digest) == (7, 3, b"")
    for digest in (b"", DIGEST):
        verdict = world.gate.remote(0, digest, PHONE)
        assert (verdict.reason, verdict.kind, verdict.role) == (UNKNOWN, PHONE, 0)
    world.ended.add(7)
    assert world.gate.remote(7 | 3 << 16, b"", PHONE).reason == EXPIRED


def test_staff_are_let_in_as_their_credential_says():
    world = World()
    world.put(world.listed, b"2468", Record(STAFF, span=(1000, 2000), schedule=3, uses=2))
    assert world.gate.remote(0, DIGEST).reason == NO_CLOCK
    world.time = 1500
    verdict = world.gate.remote(0, DIGEST)
    assert (verdict.granted, verdict.role, verdict.digest) == (True, STAFF, DIGEST)
    assert "take 2" in world.notes
    world.uses_left = False
    assert world.gate.remote(0, DIGEST).reason == USED_UP
    world.open_hours = False
    assert world.gate.remote(0, DIGEST).reason == OUTSIDE
    world.time = 2500
    assert world.gate.remote(0, DIGEST).reason == EXPIRED


def test_nobody_elses_credential_can_be_used_from_afar():
    world = World()
    assert world.gate.remote(0, DIGEST).reason == UNKNOWN
    for role in (TENANT, 3, 4, 5, 6):
        world.put(world.listed, b"2468", Record(role))
        verdict = world.gate.remote(0, DIGEST)
        assert (verdict.reason, verdict.granted, verdict.digest) == (UNKNOWN, False, b"")
