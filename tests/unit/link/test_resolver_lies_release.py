"""A whole lock whose DNS begins to lie while its release comes: the door opens, and the release comes on.

As test_resolver_lies.py, with an order, a manifest and the files of a release (unit/helpers/lying_air.py).
"""

import os
import sys

from knife_flash import PlainPartition
from list_parts import sign
from lying_air import BROKER, FIRST, SECOND, TIME, TRUTH, install
from presence_stories import Dice
from ram_flash import RamFlash
from small_lock import KEYS, Release
from virtual_air import NOW
from virtual_lock import Chip, VirtualLock, clock

import link.backoff
from link.addresses import remembered
from reports.reports import Reports
from storage.nvs import Numbers
from update.version import version_code

MINUTE = 60_000
HEALS = 35 * MINUTE
CHUNK = 2048
BAD = bytes((10, 9, 9, 9))
FILES = {"app.mpy": b"app" * 5000, "door/relay.mpy": b"relay" * 3000}
OLD = Release("0.1.0", FILES)
NEW = Release("0.2.0", dict(FILES, **{"app.mpy": bytes(range(256)) * 70, "log.mpy": b"log" * 4000}))
NEVER = bytes((0, 0, 0, 0)), bytes((127, 0, 0, 1)), bytes((255, 255, 255, 255))
NIGHTLY = bool(os.getenv("MENSHEN_NIGHTLY"))
VISITS = range(3, HEALS // MINUTE, 7)
CUTS = (50, 200, 800, 1600, 2400) + NIGHTLY * (100, 400, 1200, 2000)  # ms: manifest, head, files
_BLOCKS = 60
_SLOTS = bytearray(4096 * _BLOCKS)
_UPDATE = Reports.update

Chip.Partition = PlainPartition


def lives(*plans, seed=1, cut_ms=800, more=30 * MINUTE):
    """A lock to which a release comes; plan(names) lies as the broker cuts it off in the middle."""
    link.backoff.os = Dice(seed)
    lock = VirtualLock(
        broker={"host": BROKER}, network={"dns": [FIRST, SECOND], "ntp": TIME}, update={"spread_s": 0}
    )
    RamFlash("/slots", _BLOCKS, _SLOTS)
    os.mkdir("/slots/a")
    os.mkdir("/slots/a/update")
    for path, data in (("/slots/a.pack", OLD.whole), ("/slots/a/update/keys", KEYS)):
        with open(path, "wb") as file:
            file.write(data)
    names, lock.begin = install(lock.air), clock.now
    lock.names, air = names, lock.air
    for name, data in NEW.blobs.items():
        for at in range(0, len(data), CHUNK):
            air.retained["menshen/v1/blob/%s/%d" % (name, at // CHUNK)] = data[at : at + CHUNK]
    air.retained["menshen/v1/release/0-2-0"] = NEW.manifest
    order = sign(
        {"lock": "demo", "version": "0.2.0", "time": NOW + 60, "order": 1}, purpose=b"menshen update v1"
    )

    def bring():
        air.retained["menshen/v1/demo/update"] = order
        air.publish("menshen/v1/demo/update", order, True)

    half = lock.begin + MINUTE + cut_ms
    clock.at(lock.begin + MINUTE, bring)
    for plan in plans:
        clock.at(half, lambda plan=plan: plan(names))
    clock.at(half, air.cut)
    clock.at(lock.begin + HEALS, names.heal)
    for minute in VISITS:
        lock.visit(lock.begin + minute * MINUTE)
    lock.said = []
    Reports.update = lambda _, version, step, reason: lock.said.append((step, reason))
    sys.path.insert(0, "/slots/a")
    try:
        at = lock.run(HEALS + more)
    finally:
        sys.path.remove("/slots/a")
        Reports.update = _UPDATE
    assert at is not None, "it never came"
    lock.came = at - lock.begin
    return lock


def is_well(lock):
    """It is whole, nothing of it was refused for the network's sake, and whoever came was let in."""
    assert lock.came > MINUTE + 1000, "the lie came too late to be in the middle"
    with open("/slots/b.pack", "rb") as file:
        assert file.read() == NEW.whole
    numbers = Numbers(lock.board.nvs)
    assert numbers.get("choice") == 3, "the other slot is on trial"
    assert numbers.get("trying") == version_code("0.2.0")
    assert [step for step, _ in lock.said if step == "refused"] == [], lock.said
    visits = len([minute for minute in VISITS if minute * MINUTE + 2000 < lock.came])
    assert lock.entries == visits, (lock.entries, lock.came)


def test_in_whatever_step_it_is_cut_off_it_comes_on_though_both_servers_lie():
    for cut_ms in CUTS:
        lock = lives(lambda names: names.lie([BAD]), cut_ms=cut_ms)
        is_well(lock)
        assert lock.came < HEALS, (cut_ms, "it knows where its broker was")


def test_whatever_both_servers_say_it_comes():
    lies = [NEVER[0]], None, 3, [BAD, NEVER[1]], [NEVER[1]], [NEVER[2]], 2, 5
    for seed, lie in enumerate(lies if NIGHTLY else lies[:4]):
        lock = lives(lambda names, lie=lie: names.lie(lie), seed=seed + 1)
        is_well(lock)
        assert lock.came < HEALS, (lie, "it knows where its broker was")


def test_whoever_is_at_the_address_that_they_tell_keeps_it_no_longer_than_they_lie():
    for seed, manner in enumerate(("silent", "refuses", "garbage", "accepts and hangs up")):

        def plan(names, manner=manner):
            names.hosts["10.9.9.9"] = manner
            names.lie([BAD])

        lock = lives(plan, seed=seed + 1)
        is_well(lock)
        assert remembered(Numbers(lock.board.nvs), BROKER) == TRUTH, manner


def test_whoever_plays_the_broker_and_has_nothing_of_it_refuses_nothing_for_good():
    """Without TLS it believes that this is its broker, and that there is no such manifest or file."""

    def plan(names):
        names.hosts["10.9.9.9"] = "plays the broker"
        names.lie([BAD])
        for minute in range(5, HEALS // MINUTE + 90, 5):
            clock.at(clock.now + minute * MINUTE, names.air.cut)

    lock = lives(plan, more=90 * MINUTE)
    assert HEALS < lock.came < HEALS + 65 * MINUTE
    is_well(lock)
