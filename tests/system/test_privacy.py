"""Comings and goings stay on the lock: two locks with the same history but for the tenant's entries say the same."""

import json
from pathlib import Path

from tests.simulated_lock import Lock

_ENTRIES = 8


def _said(lock: Lock) -> list[tuple]:
    """Every packet that left, less the pings of an idle connection, whose number hangs on the time it lasts."""
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


async def _history(make_lock, workdir: Path, key: bytes, entries: int) -> list[tuple]:
    workdir.mkdir()
    (workdir / "lock.key").write_bytes(key)
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


async def test_a_lock_says_the_same_with_and_without_its_tenants_entries(make_lock, tmp_path: Path) -> None:
    key = bytes(range(32))
    lived_in = await _history(make_lock, tmp_path / "lived-in", key, _ENTRIES)
    empty = await _history(make_lock, tmp_path / "empty", key, 0)
    assert lived_in == empty
    assert {packet for packet, *_ in empty} >= {"CONNECT", "SUBSCRIBE", "PUBLISH"}
