"""Comings and goings stay on the lock: with a tenant's entries or without, it says the same."""

import json
from pathlib import Path

import pytest

from tests.simulated_lock import Lock

_ENTRIES = 8


def _said(lock: Lock) -> list[tuple]:
    """Every packet that left, less the pings, whose number hangs on the time it lasts."""
    packets = [
        e for e in lock.events if e["type"] == "mqtt" and e["direction"] == "out" and e["packet"] != "PINGREQ"
    ]
    said = []
    for e in packets:
        payload = json.loads(e["payload"]) if e["packet"] == "PUBLISH" else e["payload"]
        if isinstance(payload, dict):
            payload.pop("age_s", None)
        said.append((e["packet"], e["topic"], json.dumps(payload, sort_keys=True), e["retain"], e["size"]))
    return said


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders for two locks with the same key."""
    both = tmp_path / "lived-in", tmp_path / "empty"
    for home in both:
        home.mkdir()
        (home / "lock.key").write_bytes(bytes(range(32)))
    return both


async def _history(make_lock, workdir: Path, entries: int) -> list[tuple]:
    lock = await make_lock(workdir=workdir, settings={"relay": {"unlock_level": 1, "seconds": 1}})
    await lock.wait_armed()
    await lock.wait_online()
    for _ in range(entries):
        async with lock.tap("tenant"):
            await lock.wait_unlocked()
        await lock.open_leaf()
        await lock.keys("1*")
        await lock.close_leaf()
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_locked()
    give = lock.world.provision
    await lock.publish("list", give.list_message(2, give.demo_credentials(lock.world.cards)))
    await lock.wait_message("ack")  # the end of both histories
    return _said(lock)


async def test_a_lock_says_the_same_with_and_without_its_tenants_entries(
    make_lock, homes: tuple[Path, Path]
) -> None:
    lived_in = await _history(make_lock, homes[0], _ENTRIES)
    empty = await _history(make_lock, homes[1], 0)
    assert lived_in == empty
    assert {packet for packet, *_ in empty} >= {"CONNECT", "SUBSCRIBE", "PUBLISH"}
