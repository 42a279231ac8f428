"""Comings and goings stay on the lock: with a tenant's entries or without, it says the same.

The non-interference test. Two locks with the same key live through the same events side by side; in
one a tenant comes and goes all the time. What may differ is the jitter of connecting.
"""

import asyncio
import json
from pathlib import Path

import pytest

from tests.simulated_lock import Event, Lock

_ROUNDS_ONLINE, _ROUNDS_OFFLINE = 11, 5  # of two entries each
_SAME_TIME_US = 5_000_000  # of the half minute between pings
_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}


def _left(lock: Lock) -> list[Event]:
    """Every packet that left the lock."""
    return [e for e in lock.events if e["type"] == "mqtt" and e["direction"] == "out"]


def _said(packet: Event) -> tuple:
    """All of a packet but its time: a report's is in it, too."""
    payload = packet["payload"]
    if packet["packet"] == "PUBLISH":
        payload = json.loads(payload)
        payload.pop("time", None)
        payload = json.dumps(payload, sort_keys=True)
    return packet["packet"], packet["topic"], payload, packet["retain"], packet.get("qos")


def _pings(lock: Lock) -> list[Event]:
    return [e for e in _left(lock) if e["packet"] == "PINGREQ"]


async def _wait_pings(lock: Lock, count: int) -> None:
    """Until the lock has sent so many pings since its start."""
    lock.since_us = 0
    await lock.wait_event(
        lambda e: e["type"] == "mqtt" and e["packet"] == "PINGREQ" and len(_pings(lock)) >= count, 60
    )


async def _come_and_go(lock: Lock) -> None:
    """By card and out again, then by PIN after a slip of the finger: two entries."""
    await lock.tap_to_relay("tenant")
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.wait_locked()
    await lock.keys("1*246810#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _history(lock: Lock, lived_in: bool, quiet_after: asyncio.Future[int]) -> list[tuple]:
    """What leaves the lock: pings while online, an outage, staff, and a list that ends it all.

    `quiet_after` carries the number of pings after which both go on: the tenant is not hurried.
    """
    await lock.wait_armed()
    await lock.wait_online()
    if lived_in:
        for _ in range(_ROUNDS_ONLINE):
            await _come_and_go(lock)
        quiet_after.set_result(len(_pings(lock)) + 1)
    await _wait_pings(lock, await quiet_after)
    await lock.faults(broker="dead")
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    for _ in range(_ROUNDS_OFFLINE if lived_in else 0):
        await _come_and_go(lock)
    await lock.faults(broker="ok")
    await lock.wait_online(60)
    await lock.tap_to_relay("cleaner")
    await lock.wait_message("staff")
    before = [_said(packet) for packet in _left(lock)]
    give = lock.world.provision
    await lock.publish_list(2, give.demo_credentials(lock.world.cards))
    await lock.wait_message("ack")
    await lock.wait_event(
        lambda e: e["type"] == "mqtt" and e["packet"] == "PUBACK" and e["direction"] == "out"
    )
    after = sorted(_said(packet) for packet in _left(lock)[len(before) :])  # two tasks: either may be first
    return before + after


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders for two locks with the same key."""
    both = tmp_path / "lived-in", tmp_path / "empty"
    for home in both:
        home.mkdir()
        (home / "lock.key").write_bytes(bytes(range(32)))
    return both


async def test_a_lock_says_the_same_with_and_without_its_tenants_entries(
    make_lock, homes: tuple[Path, Path]
) -> None:
    home, void = [await make_lock(workdir=folder, settings=_SETTINGS) for folder in homes]
    quiet_after: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as both:
        lively = both.create_task(_history(home, True, quiet_after))
        empty = both.create_task(_history(void, False, quiet_after))
    assert lively.result() == empty.result()
    kinds = [packet for packet, *_ in empty.result()]
    assert kinds.count("CONNECT") == 2
    topics = [topic.rpartition("/")[2] for packet, topic, *_ in empty.result() if packet == "PUBLISH"]
    assert sorted(topics) == ["ack", "staff", "state", "state"]  # staff are told of, and nobody else
    grants = [
        sum(e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1 for e in lock.events)
        for lock in (home, void)
    ]
    assert grants == [2 * (_ROUNDS_ONLINE + _ROUNDS_OFFLINE) + 1, 1]
    first_pings = [_since_state(lock) for lock in (home, void)]
    assert abs(first_pings[0] - first_pings[1]) < _SAME_TIME_US
    print(f"{grants[0] - 1} entries and none: the same {len(kinds)} packets; first pings {first_pings} us")


def _since_state(lock: Lock) -> int:
    """Microseconds from the first state message to the first ping."""
    state = next(e for e in _left(lock) if e["packet"] == "PUBLISH")
    return _pings(lock)[0]["us"] - state["us"]
