"""A whole lock whose DNS begins to lie while its list comes: the door opens, and the list comes on.

All of app.py on a virtual clock, against a list in chunks (unit/helpers/virtual_lock.py, lying_air.py).
"""

import os
from hashlib import sha256

from list_parts import digests, offer, record, sign, whole
from lying_air import BROKER, FIRST, SECOND, TIME, TRUTH, install
from presence_stories import Dice
from virtual_lock import VirtualLock, clock

import link.backoff
from link.addresses import remembered
from storage.nvs import Numbers

SECOND_MS, MINUTE, HOUR = 1000, 60_000, 3_600_000
NIGHTLY = bool(os.getenv("MENSHEN_NIGHTLY"))
CHUNK = 2048
HEALS = 35 * MINUTE
BAD = bytes((10, 9, 9, 9))
NEVER = bytes((0, 0, 0, 0)), bytes((127, 0, 0, 1)), bytes((255, 255, 255, 255))


def lives(*plans, seed=1, cut_ms=800, more=25 * MINUTE, servers=(FIRST, SECOND)):
    """A lock to which a list comes; plan(names) lies as the broker cuts it off in the middle."""
    link.backoff.os = Dice(seed)
    lock = VirtualLock(broker={"host": BROKER}, network={"dns": list(servers), "ntp": TIME})
    names, begin = install(lock.air), clock.now
    records = sorted(lock.records + [record(d, 2, 1, 2) for d in digests(600)])
    data = whole(records)
    blob = sha256(data).digest().hex()
    for n in range(0, len(data), CHUNK):
        lock.air.retained["menshen/v1/blob/%s/%d" % (blob, n // CHUNK)] = data[n : n + CHUNK]
    head = sign(offer(2, data), purpose=b"menshen list v1")

    def bring():
        lock.air.retained["menshen/v1/demo/list"] = head
        lock.air.publish("menshen/v1/demo/list", head, True)

    clock.at(begin + MINUTE, bring)
    half = begin + MINUTE + cut_ms
    for plan in plans:
        clock.at(half, lambda plan=plan: plan(names))
    clock.at(half, lock.air.cut)
    clock.at(begin + HEALS, names.heal)
    for minute in range(3, HEALS // MINUTE, 7):
        lock.visit(begin + minute * MINUTE)
    versions = {}

    def look(name):
        versions[name] = lock.keeper._gate._credentials.version

    clock.at(half, lambda: look("half"))
    clock.at(begin + HEALS - 1, lambda: look("lied"))
    assert lock.run(HEALS + more) is None
    look("healed")
    lock.names, lock.begin = names, begin
    return lock, versions


def is_well(lock, versions):
    assert versions["half"] == 1, "the lie came too late to be in the middle"
    assert versions["healed"] == 2, versions
    assert lock.entries == len(range(3, HEALS // MINUTE, 7)), "somebody was kept out"


def test_without_a_lie_the_list_comes_on_after_a_cut():
    lock, versions = lives()
    is_well(lock, versions)
    assert versions["lied"] == 2


def test_whatever_both_servers_say_the_list_comes_once_they_heal():
    lies = [NEVER[0]], [BAD], [BAD, NEVER[1]], None, 3, [NEVER[1]], [NEVER[2]], 2, 5
    for seed, lie in enumerate(lies if NIGHTLY else lies[:5]):
        lock, versions = lives(lambda names, lie=lie: names.lie(lie), seed=seed + 1)
        is_well(lock, versions)
        assert versions["lied"] == 2, (lie, "it knows where its broker was")


def test_whoever_is_at_the_address_that_they_tell_keeps_the_lock_no_longer_than_they_lie():
    for seed, manner in enumerate(("silent", "refuses", "garbage", "accepts and hangs up")):

        def plan(names, manner=manner):
            names.hosts["10.9.9.9"] = manner
            names.lie([BAD])

        lock, versions = lives(plan, seed=seed + 1)
        is_well(lock, versions)
        late = [at for at, peer in lock.names.visited if peer == "10.9.9.9" and at > lock.begin + HEALS]
        assert len(late) <= 2, (manner, "it went on asking where nobody is")
        assert remembered(Numbers(lock.board.nvs), BROKER) == TRUTH, manner


def test_whoever_plays_the_broker_for_long_has_the_lock_for_an_hour_after_the_last_lie_at_most():
    """Without TLS it believes that this is its broker; the lie says that it is good for a day."""

    def plan(names):
        names.hosts["10.9.9.9"] = "plays the broker"
        names.lie([BAD])
        for minute in range(5, HEALS // MINUTE + 90, 5):
            clock.at(clock.now + minute * MINUTE, names.air.cut)

    lock, versions = lives(plan, more=90 * MINUTE)
    assert versions["lied"] == 1, "it was not there"
    assert versions["healed"] == 2
    late = [at for at, peer in lock.names.visited if peer == "10.9.9.9" and at > lock.begin + HEALS + HOUR]
    assert not late


def test_one_server_that_lies_stops_nothing_beside_one_that_does_not():
    for seed, (liar, lie) in enumerate(((FIRST, [BAD]), (SECOND, [BAD]))):
        lock, versions = lives(lambda names, liar=liar, lie=lie: names.lie(lie, liar), seed=seed + 1)
        is_well(lock, versions)
        assert versions["lied"] == 2, (liar, lie)


def test_lies_that_change_all_the_time():
    def plan(names):
        for n, lie in enumerate(([BAD], None, [NEVER[0]], 3, [BAD, NEVER[1]], 2) * 2):
            clock.at(clock.now + n * 3 * MINUTE, lambda lie=lie: names.lie(lie))

    is_well(*lives(plan))
