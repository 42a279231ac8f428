"""The whole lock at a broker that is its enemy: 100 messages, 3,000 with MENSHEN_NIGHTLY=1.

The firmware's parts go through 100,000 in unit/test_hostile_broker.py.
"""

import asyncio
import json
import os
import time

from menshen import checkout
from menshen.operator import lists
from menshen.release import publish
from menshen.simulator.cards.plain import demo_cards
from menshen.simulator.provision import CARD, TENANT, Credential, Provision, lock_key
from tests.simulated_lock import Lock
from tests.system.helpers.enemy import Enemy

_ROUNDS = 3000 if os.environ.get("MENSHEN_NIGHTLY") else 100
_NEWEST = 5


def _credentials(give: Provision, version: int) -> list[Credential]:
    """The operator's list of this version; the last has a stranger's card."""
    credentials = give.demo_credentials(demo_cards())
    credentials += [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(60 * version)]
    if version == _NEWEST:
        credentials.append(Credential(CARD, demo_cards()["stranger"].uid, TENANT, lease=2))
    return credentials


def _published(give: Provision) -> list[tuple[str, bytes]]:
    """The operator's lists 1 to 5, and one that locks out."""
    messages = []
    for version in range(1, _NEWEST + 1):
        messages += give.list_messages(version, _credentials(give, version))
    locks_out = [Credential(CARD, b"\xee" * 7, TENANT, lease=9)]
    return messages + _orders(give) + give.list_messages(_NEWEST + 1, locks_out)


def _orders(give: Provision) -> list[tuple[str, bytes]]:
    """Of an older release, and then of the one that runs."""
    releases = "0.0.1", checkout.version()
    orders = [publish.head(give.lock, give.key, version, n) for n, version in enumerate(releases, 1)]
    return [(give.topic("update"), order.encode()) for order in orders]


def _forged(give: Provision) -> list[tuple[str, bytes]]:
    """An old list as a new one, and commands, signed with a key that is not the lock's."""
    other = Provision(bytes(32), give.lock)
    now = int(time.time())
    said = {"lock": give.lock, "time": now, "nonce": "forged-nonce-1", "expires": now + 300}
    old = give.snapshot(_credentials(give, 1))
    head = lists.Head(9, 9, old).signed(give.lock, other.key).encode()
    commands = [
        lists.signed(give.lock, other.key, b"menshen command v1", {**said, "command": name}).encode()
        for name in ("restart", "identify", "unlock")
    ]
    return [(give.topic("list"), head)] + [(give.topic("command"), text) for text in commands]


async def test_an_enemys_broker_opens_nothing_rolls_nothing_back_and_locks_nobody_out(
    make_lock, tmp_path
) -> None:
    give = Provision(lock_key(tmp_path / "lock"))
    published = _published(give)
    topics = [give.topic(leaf) for leaf in ("list", "command", "update", "state", "ack")]
    async with Enemy(2026, published, _forged(give), topics) as enemy:
        settings = {"broker": {"port": enemy.port, "backoff_cap_s": 1}, "relay": {"seconds": 1}}
        lock: Lock = await make_lock(settings=settings)
        await lock.wait_armed()
        await enemy.besiege(_ROUNDS)
        edges = [e for e in lock.events if e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1]
        assert edges == []
        accepted = _accepted(enemy)
        assert accepted == sorted(accepted)
        assert not accepted or accepted[-1] <= _NEWEST
        await lock.tap_to_relay("tenant")
        await lock.wait_locked()
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await _deliver(enemy, published)
        print(f"{enemy.sent} messages, {enemy.connections} connections, accepted: {_accepted(enemy)}")
        await lock.wait_locked()
        await lock.tap_to_relay("stranger")  # is on the newest list, which could not be kept back for ever
        await lock.wait_locked()
        await _deliver_what_locks_out(enemy, published)
        await lock.tap_to_relay("tenant")
    acks = [json.loads(payload) for topic, payload in enemy.heard if topic.endswith("/ack")]
    assert {ack["result"] for ack in acks if "update" in ack} == {"refused"}
    said = [e["line"] for e in lock.events if e["type"] == "console"]
    assert not [line for line in said if "Traceback" in line or "died" in line or "MemoryError" in line]
    assert not [e for e in lock.events if e["type"] == "reset"]


def _accepted(enemy: Enemy) -> list[int]:
    """The versions that the lock said it has put in force, in order."""
    acks = [json.loads(payload) for topic, payload in enemy.heard if topic.endswith("/ack")]
    return [ack["list"] for ack in acks if ack["result"] == "accepted" and "list" in ack]


async def _deliver(enemy: Enemy, published: list[tuple[str, bytes]]) -> None:
    """Be a broker as it should be, until the newest list is in force."""
    enemy.honest = True
    heads = [message for message in published if message[0].endswith("/list")]
    async with asyncio.timeout(90):
        while _NEWEST not in _accepted(enemy):
            await enemy.send(*heads[_NEWEST - 1], True)
            await asyncio.sleep(0.1)


async def _deliver_what_locks_out(enemy: Enemy, published: list[tuple[str, bytes]]) -> None:
    """The operator's own list, newer than all and well signed: the lease guard is all that stops it."""
    head = [message for message in published if message[0].endswith("/list")][-1]
    before = len(enemy.heard)
    async with asyncio.timeout(90):
        while not (results := _results(enemy, _NEWEST + 1, before)):
            await enemy.send(*head, True)
            await asyncio.sleep(0.1)
    assert set(results) == {"lease locked out"}


def _results(enemy: Enemy, version: int, since: int) -> list[str]:
    """What the lock has said of a version, since so many messages."""
    acks = [json.loads(payload) for topic, payload in enemy.heard[since:] if topic.endswith("/ack")]
    return [ack.get("reason", ack["result"]) for ack in acks if ack.get("list") == version]
