"""2,000 rounds with a broker that is the lock's enemy, 100,000 with MENSHEN_NIGHTLY=1.

In none does anything open, sink, be obeyed twice or be raised, and after each siege the tenant opens
and the operator's newest list is taken.
"""

import asyncio
import os
import random

from besieged import NOW, RELEASES, Besieged, History
from enemy import Enemy

import console

_ROUNDS = 100_000 if os.getenv("MENSHEN_NIGHTLY") else 2_000
_SIEGE = 200  # rounds; much longer, and every lock has come to the newest list
_START = 33  # rounds from one power cut to the next
_LATEST = NOW + 9 * 60
_KEPT_S = 86_400  # so much of the signed time may be lost with the power
_NEWEST = 7


async def _besiege(lock, enemy, history, tried):
    """One siege; what was tried is counted."""
    version, floor, running = lock.credentials.version, lock.clock.floor, lock.running
    for number in range(_SIEGE):
        message, what = enemy.message(), random.randrange(10)
        if what < 6:
            tried["lists"] += 1
            await lock.take_list(bytearray(message) if message is not None else None)
        elif what < 7:
            tried["orders"] += 1
            lock.take_order(message)
            if lock.did == ["update"] and lock.running == RELEASES[-1] != running:
                lock.did, running = [], lock.running  # the one that was held back, and once
        elif what < 9:
            tried["commands"] += 1
            await lock.commands.handle(message, bool(random.randrange(2)))
        else:
            tried["times"] += 1
            lock.clock.network(enemy.time())
        if number % _START == _START - 1:
            tried["power cuts"] += 1
            lock.start()
            floor -= _KEPT_S
        assert lock.did == [], (number, message)
        assert version <= lock.credentials.version <= _NEWEST, (number, message)
        assert floor <= lock.clock.floor <= _LATEST, (number, message)
        assert lock.clock.floor <= (lock.clock.now() or lock.clock.floor), (number, message)
        version, floor = lock.credentials.version, lock.clock.floor
    lock.start()
    assert {digest for digest, _ in lock.credentials.each()} == history.truth[version]
    assert lock.credentials.whole
    assert lock.opens()
    return version


async def _prepare(lock, history):
    """The first list is taken, and each command carried out that is to be."""
    while lock.credentials.version < 3:
        await lock.take_list(bytearray(history.heads[0]))
    lock.clock.network(NOW + 210)
    for command in history.commands:
        await lock.commands.handle(command, False)
    assert sorted(lock.did) == ["identify", "restart", "unlock", "unlock"]
    for order in history.orders[:-1]:
        lock.take_order(order)
        lock.take_order(order)  # the broker has it still after the restart
    assert lock.running == RELEASES[-2]
    lock.did.clear()
    assert lock.opens()


async def _sieges():
    history = History()
    enemy = Enemy(2026, history.sent, history.payloads, history.blobs)
    tried = {"lists": 0, "orders": 0, "commands": 0, "times": 0, "power cuts": 0}
    ends = {}
    for _ in range(_ROUNDS // _SIEGE):
        lock = Besieged(enemy)
        await _prepare(lock, history)
        version = await _besiege(lock, enemy, history, tried)
        ends[version] = ends.get(version, 0) + 1
        while lock.credentials.version < _NEWEST:
            await lock.take_list(bytearray(history.newest))
        assert lock.opens()
    print("%d rounds: %s; sieges by the version that was held then: %s" % (_ROUNDS, tried, ends))


def test_an_enemys_broker_opens_nothing_rolls_nothing_back_and_locks_nobody_out():
    errors = []

    def note(room, text):
        errors.append(text)

    said, console.error = console.error, note
    try:
        asyncio.run(_sieges())
    finally:
        console.error = said
    assert {text for text in errors if text != "there is no whole list of credentials"} == set()
