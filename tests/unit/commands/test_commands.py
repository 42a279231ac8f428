"""Commands from afar: each is carried out once, in its time, for those whose key has signed it."""

import asyncio

from command_parts import DIGEST, GUEST_KEY, KEY, LEASE, NOW, Lock, order, sign, staff_key, unlock
from ram_numbers import PowerCut

from commands.commands import Commands
from storage.nvs import Numbers


def test_the_lock_identifies_itself_tests_itself_and_restarts():
    lock = Lock()
    assert lock.tell(order("identify", "nonce-01")) == ("identify", "nonce-01", None)
    found = {"faults": ["reader"], "list": 3}
    assert lock.tell(order("self-test", "nonce-02")) == ("self-test", "nonce-02", found)
    assert lock.tell(order("restart", "nonce-03")) == ("restart", "nonce-03", None)
    assert lock.did == ["identify", "restart"]


def test_a_command_that_lay_at_the_broker_is_refused():
    lock = Lock()
    assert lock.tell(order(), retained=True) == (None, "retained")
    assert lock.tell(unlock(lease=LEASE), retained=True) == (None, "retained")
    assert lock.did == []


def test_a_replayed_command_is_refused_even_after_a_power_cut():
    lock = Lock()
    message = sign(order())
    lock.take(message)
    lock.take(message)
    lock.nvs.restart()
    lock.take(message)
    assert lock.did == ["identify"]
    assert lock.said[1:] == [("nonce-01", "replayed")] * 2


def test_a_replayed_command_is_refused_when_the_clock_has_gone_on_and_come_back():
    lock = Lock()
    message = sign(unlock(lease=LEASE))
    lock.take(message)
    for hour in range(1, 30):  # pushes the first nonce out
        lock.clock.at = NOW + hour * 3600
        lock.tell(order("identify", "another-%d" % hour, lock.clock.at))
    lock.nvs.restart()
    lock.clock.at = NOW + 1  # a power cut, and somebody who forges SNTP
    before = len(lock.did)
    lock.take(message)
    lock.take(sign(order("identify", "held-back", NOW + 30)))
    assert len(lock.did) == before
    assert lock.said[-1] == ("held-back", "replayed"), "as old as one that was forgotten"


def test_a_cut_while_the_nonce_is_written_leaves_it_not_done_or_done_once():
    for cut in range(2):
        lock = Lock()
        lock.nvs.cut_after = cut
        try:
            lock.take(sign(unlock(lease=LEASE)))
            lock.take(sign(unlock("nonce-02", lease=LEASE)))
        except PowerCut:
            pass
        done = len(lock.did)
        lock.nvs.restart()
        lock.take(sign(unlock(lease=LEASE)))
        lock.take(sign(unlock("nonce-02", lease=LEASE)))
        assert len(lock.did) == 2, (cut, done)


def test_an_expired_command_is_refused_and_so_is_one_from_tomorrow():
    lock = Lock()
    lock.clock.at = NOW + 60
    assert lock.tell(order()) == ("nonce-01", "expired")
    lock.clock.at = NOW - 301
    assert lock.tell(order()) == ("nonce-01", "too early")
    lock.clock.at = NOW - 299
    assert lock.tell(order()) == ("identify", "nonce-01", None)


def test_what_had_expired_stays_expired_when_the_clock_is_set_back():
    """A command that the broker held back, and an SNTP server that helps it."""
    lock = Lock()
    lock.clock.passed = NOW + 60
    assert lock.tell(order()) == ("nonce-01", "expired")
    lock.clock.passed = NOW + 59
    assert lock.tell(order()) == ("identify", "nonce-01", None)


def test_without_a_clock_nothing_is_carried_out():
    lock = Lock()
    lock.clock.at = None
    assert lock.tell(order()) == ("nonce-01", "no clock")
    lock.tell(unlock(lease=LEASE))
    assert lock.did == []


def test_at_most_ten_minutes_and_at_most_sixteen_at_once():
    lock = Lock()
    assert lock.tell(order(expires=NOW + 601)) == (None, "malformed")
    for number in range(16):
        assert lock.tell(order(nonce="number-%d" % number, expires=NOW + 600))[0] == "identify"
    assert lock.tell(order(nonce="number-16", expires=NOW + 600)) == ("number-16", "busy")
    lock.clock.at = NOW + 901
    assert lock.tell(order("identify", "number-17", lock.clock.at))[0] == "identify"
    assert len(lock.nvs.kept["nonces"]) == 4 + 12


def test_a_flash_that_takes_no_nonce_lets_nobody_in():
    lock = Lock()
    lock.nvs.full = True
    assert lock.tell(order()) == ("nonce-01", "flash error")
    lock.tell(unlock(lease=LEASE))
    assert lock.did == []


def test_a_tenant_is_presented_to_the_gate_and_nothing_is_told():
    lock = Lock()
    assert lock.tell(unlock(lease=LEASE)) is None
    lock.lets_in = False
    assert lock.tell(unlock("nonce-02", lease=LEASE)) is None
    assert lock.did == [(LEASE, b"")] * 2


def test_nothing_is_told_of_a_tenants_command_that_is_refused():
    lock = Lock()
    lock.tell(unlock(lease=LEASE))
    for wrong in (
        unlock(lease=LEASE),  # replayed
        unlock("nonce-02", key=b"x" * 16, lease=LEASE),
        unlock("nonce-03", lease=8),
        unlock("nonce-04", lease=0),
        unlock("nonce-05", lease=70000),
        unlock("nonce-06", lease=True),
        unlock("nonce-07", time=NOW - 900, lease=LEASE),
        unlock("nonce-08", time=NOW + 900, lease=LEASE),
        unlock("bad", lease=LEASE),
    ):
        assert lock.tell(wrong) is None, wrong
    assert lock.did == [(LEASE, b"")]


def test_others_have_a_turn_between_two_proofs_that_are_looked_at():
    lock = Lock()

    async def eight(lease):
        return [bytes([n]) * 16 for n in range(7)] + [GUEST_KEY]

    async def story():
        lock.guest_keys = eight
        commands = Commands("demo", KEY, lock.clock, Numbers(lock.nvs), lock, lock)
        task, turns = asyncio.create_task(commands.handle(sign(unlock(lease=LEASE)), False)), 0
        while not task.done():
            turns += 1
            await asyncio.sleep_ms(0)
        return turns

    assert asyncio.run(story()) >= 8
    assert lock.did == [(LEASE, b"")]


def test_a_table_of_keys_that_cannot_be_read_lets_nobody_in_and_ends_nothing():
    lock = Lock()

    async def broken(lease):
        raise OSError(5)

    lock.guest_keys = broken
    assert lock.tell(unlock(lease=LEASE)) is None
    assert lock.did == []


def test_staff_are_presented_by_their_listed_digest():
    lock = Lock()
    credential = "".join("%02x" % byte for byte in DIGEST)
    assert lock.tell(unlock(key=staff_key(), credential=credential)) == ("unlock", "nonce-01", None)
    lock.lets_in = False
    assert lock.tell(unlock("nonce-02", staff_key(), credential=credential)) == ("nonce-02", "denied")
    assert lock.did == [(0, DIGEST)] * 2


def test_the_lock_key_alone_opens_nothing():
    """The operator can command, but not unlock in a tenant's or in somebody else's name."""
    lock = Lock()
    credential = "".join("%02x" % byte for byte in DIGEST)
    assert lock.tell(order("unlock")) == (None, "malformed")
    assert lock.tell(order("unlock", lease=LEASE, proof="")) is None
    assert lock.tell(unlock(key=KEY, lease=LEASE)) is None
    assert lock.tell(unlock(key=KEY, credential=credential)) == ("nonce-01", "bad signature")
    other = staff_key(bytes(16))
    assert lock.tell(unlock(key=other, credential=credential)) == ("nonce-01", "bad signature")
    for wrong in ("", "00", credential[:-1] + "G", credential + "00", 5, None):
        assert lock.tell(unlock(key=staff_key(), credential=wrong)) == ("nonce-01", "malformed")
    assert lock.did == []


def test_a_proof_serves_for_one_command_only():
    """Who has seen one proof cannot put it into an order of his own: it says the same as its order."""
    lock = Lock()
    for change in (
        {"nonce": "nonce-02"},
        {"time": NOW - 1},
        {"expires": NOW + 61},
        {"lock": "other"},
        {"command": "identify"},
    ):
        proof = order("unlock")
        proof.update(change)
        lock.tell(unlock(proof=proof, lease=LEASE))
        assert lock.did == [], change
    more = order("unlock", extra=1)
    lock.tell(unlock(proof=more, lease=LEASE))
    assert lock.did == []


def test_a_proof_signed_for_another_purpose_is_none():
    lock = Lock()
    made = unlock(lease=LEASE)
    for purpose in (b"menshen command v1", b"menshen list v1", b"menshen guest v1"):
        made["proof"] = sign(order("unlock"), GUEST_KEY, purpose).decode()
        assert lock.tell(made) is None
    assert lock.did == []


def test_what_is_not_signed_for_this_lock_is_refused_with_its_reason():
    lock = Lock()
    for message, reason in (
        (None, "too large"),
        (b"", "malformed"),
        (b"unlock", "malformed"),
        (sign(order(), bytes(32)), "bad signature"),
        (sign(order(), KEY, b"menshen list v1"), "bad signature"),
        (sign(order(), lock="other"), "wrong lock"),
        (sign(order(lock="other")), "wrong lock"),
        (sign(b"[]"), "malformed"),
        (sign(b"{}"), "wrong lock"),
        (sign(b'{"lock":"demo"}'), "malformed"),
        (sign(order("open")), "malformed"),
        (sign(order(extra=1)), "malformed"),
        (sign(order(nonce="short")), "malformed"),
        (sign(order(nonce="x" * 33)), "malformed"),
        (sign(order(nonce="not good!")), "malformed"),
        (sign(order(nonce=5)), "malformed"),
        (sign(order(time=True)), "malformed"),
        (sign(order(time=NOW, expires=NOW)), "malformed"),
        (sign(order(time=-5)), "malformed"),
        (sign(order(time=1.5, expires=3)), "malformed"),
    ):
        lock.take(message)
        assert lock.said[-1] == (None, reason), (message, lock.said[-1])
    assert lock.did == []
    assert lock.nvs.commits == 0


def counted(number, nonce, command="identify", **more):
    said = order(command, nonce, **more)
    said["number"] = number
    return said


def test_a_command_with_a_number_is_obeyed_after_none_with_a_higher_one():
    lock = Lock()
    held_back = counted(2, "held-back")
    assert lock.tell(counted(1, "number-1"))[0] == "identify"
    assert lock.tell(counted(3, "number-3"))[0] == "identify"
    for again in (held_back, counted(3, "another-3"), counted(1, "another-1")):
        assert lock.tell(again)[1] == "replayed"
    assert lock.tell(order("identify", "uncounted"))[1] == "replayed", "one that is not counted"
    assert lock.tell(counted(3 + 65_537, "too-far-1"))[1] == "replayed"
    assert lock.tell(counted(3 + 65_536, "far-away1"))[0] == "identify"


def test_the_number_of_a_command_outlives_the_power_and_what_is_refused_uses_none_up():
    lock = Lock()
    assert lock.tell(counted(9, "expired-1", time=NOW - 9000))[1] == "expired"
    assert lock.tell(counted(1, "number-1"))[0] == "identify"
    lock.nvs.restart()
    assert lock.tell(counted(1, "another-1"))[1] == "replayed"
    for wrong in (0, -1, True, None, "2", 2.0, 1 << 30):
        assert lock.tell(counted(wrong, "malformed"))[1] == "malformed", wrong


def test_commands_dated_ahead_at_a_lock_whose_clock_was_too_stop_none_that_come_later():
    """The operator's computer and the lock have had their time from the same wrong source."""
    lock, year = Lock(), 365 * 86_400
    for number, late in ((1, 0), (2, 3600), (3, 7200)):
        lock.clock.at = NOW + year + late
        lock.tell(counted(number, "nonce-%d1" % number, time=lock.clock.at))
    lock.clock.at = NOW
    lock.nvs.restart()
    lock.tell(counted(4, "nonce-41"))
    assert lock.did == ["identify"] * 4
    for number in (1, 2, 3, 4):
        lock.clock.at = NOW + year
        lock.tell(counted(number, "nonce-%d1" % number, time=NOW + year))
    assert lock.did == ["identify"] * 4


def test_a_certificate_is_put_in_place_and_the_lock_starts_anew():
    for n, name in enumerate(("lock", "ca")):
        lock = Lock()
        made = order("certificate", "nonce-0%d" % n, file=name, certificate="AAAA")
        assert lock.tell(made) == ("certificate", "nonce-0%d" % n, None)
        assert lock.did == [(name, "AAAA"), "restart"]


def test_a_certificate_that_does_not_fit_changes_nothing():
    lock = Lock()
    lock.lets_in = False
    assert lock.tell(order("certificate", file="lock", certificate="AAAA")) == ("nonce-01", "denied")
    lock.flash_is_full = True
    made = order("certificate", "nonce-02", file="lock", certificate="AAAA")
    assert lock.tell(made) == ("nonce-02", "flash error")
    assert "restart" not in lock.did
    bad = [{}, {"file": "lock"}, {"file": "../key", "certificate": "AA"}, {"file": "ca", "certificate": 5}]
    for n, wrong in enumerate(bad):
        assert lock.tell(order("certificate", "wrong-0%d" % n, **wrong))[1] == "malformed", wrong
