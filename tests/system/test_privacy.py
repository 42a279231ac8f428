"""Comings and goings stay on the lock: with a tenant's entries or without, it says the same.

The non-interference test. Two locks with the same key live through the same events side by side; in
one a tenant comes and goes all the time, in every way there is. What may differ is the jitter of connecting.
"""

import asyncio
import datetime as dt
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from menshen import build_app, ending
from menshen.operator.guest import make_code
from menshen.simulator.provision import DEMO_PIN
from tests.conftest import TOP
from tests.simulated_lock import Event, Lock

_ROUNDS_ONLINE, _ROUNDS_OFFLINE = (14, 6) if os.environ.get("MENSHEN_NIGHTLY") else (3, 1)
_ENTRIES, _FIRST = 5, 2  # in a round, and before the first
_SLOT_US = 5_000_000  # of the half minute between pings
_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_NEW_PIN, _WRONG_PIN = "739516", "1357"


def _left(lock: Lock) -> list[Event]:
    """Every packet that left the lock since the first connection."""
    return [e for e in lock.events if e["type"] == "mqtt" and e["direction"] == "out"]


def _said(packet: Event) -> tuple:
    """All of a packet but its time: a report's is in it, too; and but the challenge, drawn for each state."""
    payload = packet["payload"]
    if packet["packet"] == "PUBLISH":
        payload = json.loads(payload)
        payload.pop("time", None)
        assert re.fullmatch("[0-9a-f]{16}", payload.pop("challenge", "0" * 16)), payload
        payload = json.dumps(payload, sort_keys=True)
    return packet["packet"], packet["topic"], payload, packet["retain"], packet.get("qos"), packet["size"]


def _pings(lock: Lock) -> list[Event]:
    return [e for e in _left(lock) if e["packet"] == "PINGREQ"]


async def _wait_pings(lock: Lock, count: int) -> None:
    """Until the lock has sent so many pings since its start."""
    lock.since_us = 0
    await lock.wait_event(
        lambda e: e["type"] == "mqtt" and e["packet"] == "PINGREQ" and len(_pings(lock)) >= count, 120
    )


async def _enter(lock: Lock, keys: str) -> None:
    await lock.keys(keys)
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _enter_by_card(lock: Lock, card: str) -> None:
    await lock.tap_to_relay(card)
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.wait_locked()


async def _dialogue(lock: Lock, *steps: tuple[str, str]) -> None:
    for keys, light in steps:
        await lock.keys(keys)
        await lock.wait_light(light)


async def _set_things(lock: Lock) -> None:
    """A resident opens, changes the PIN, opens again, adds a card, has a log kept, and asks for a phone."""
    await _dialogue(lock, (DEMO_PIN + "#", "granted"), (DEMO_PIN + "*1#", "enrolling"))
    await _dialogue(lock, (_NEW_PIN + "#", "enrolling"), (_NEW_PIN + "#", "kept"))
    await _dialogue(lock, (_NEW_PIN + "#", "granted"), (_NEW_PIN + "*2#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await lock.wait_light("idle")  # by then the bolt is held again, and the card is gone
    await _ask_for_the_log(lock, "8")
    await _dialogue(lock, ("*#", "enrolling"), ("*", "idle"))


async def _ask_for_the_log(lock: Lock, order: str) -> None:
    """A log that begins, or goes on for so many days; no phone comes for it."""
    await _dialogue(lock, (f"{_NEW_PIN}*{order}#", "enrolling"), ("*", "idle"))


async def _come_and_go(lock: Lock, guest_code: str) -> None:
    """By card, by the changed PIN, by the added card, as a guest, by the PIN after a slip."""
    await _enter_by_card(lock, "tenant")
    await _enter(lock, _NEW_PIN + "#")
    await _enter_by_card(lock, "stranger")
    await _enter(lock, guest_code + "#")
    await _enter(lock, "1*" + _NEW_PIN + "#")


async def _mistype(lock: Lock) -> None:
    """A wrong code, of which the fourth would be an alarm, whoever types them."""
    await lock.keys(_WRONG_PIN + "#")
    await lock.wait_light("denied")


async def _arm_guest_codes(lock: Lock, lived_in: bool) -> str:
    """Before the lock is ever online the tenant asks for the guest key; a code that is good now."""
    await lock.wait_armed()
    if lived_in:
        await _dialogue(lock, (DEMO_PIN + "*4#", "enrolling"))
    await lock.power(False)
    if not lived_in:
        return ""
    entry = next(e for e in _entries(lock) if e[16] == 7)
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    return make_code(entry[:16], now, dt.timedelta(hours=12))


def _entries(lock: Lock) -> list[bytes]:
    body = lock.world.board.read_file("/access/people1")[4:-32]
    return [body[place : place + 20] for place in range(0, len(body), 20)]


async def _history(lock: Lock, lived_in: bool, quiet_after: asyncio.Future[int]) -> list[list[Event]]:
    """What leaves the lock: pings while online, an outage, staff, and a list that ends it all.

    `quiet_after` carries the number of pings after which both go on: the tenant is not hurried. One list of
    packets for each connection.
    """
    guest_code = await _arm_guest_codes(lock, lived_in)
    await lock.network(True)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    if lived_in:
        await _set_things(lock)
        await _mistype(lock)
        for _ in range(_ROUNDS_ONLINE):
            await _come_and_go(lock, guest_code)
        quiet_after.set_result(len(_pings(lock)) + 1)
    await _wait_pings(lock, await quiet_after)
    await lock.faults(broker="dead")
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    online = len(_left(lock))
    if lived_in:
        await _mistype(lock)
        await _ask_for_the_log(lock, "81")
    for _ in range(_ROUNDS_OFFLINE if lived_in else 0):
        await _come_and_go(lock, guest_code)
    await lock.faults(broker="ok")
    await lock.wait_online()
    await lock.tap_to_relay("cleaner")
    await lock.wait_message("staff")
    before = _left(lock)
    await _take_a_list(lock)
    # two tasks: either may be first
    return [before[:online], before[online:], sorted(_left(lock)[len(before) :], key=_said)]


async def _take_a_list(lock: Lock) -> None:
    """A list that comes and is acknowledged, so that all that was to be said before has been said."""
    await lock.publish_list(2, lock.world.provision.demo_credentials(lock.world.cards))
    await lock.wait_message("ack")
    await lock.wait_event(
        lambda e: e["type"] == "mqtt" and e["packet"] == "PUBACK" and e["direction"] == "out"
    )


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders for two locks with the same key."""
    both = tmp_path / "lived-in", tmp_path / "empty"
    for home in both:
        home.mkdir()
        (home / "lock.key").write_bytes(bytes(range(32)))
    return both


@pytest.mark.slow
async def test_a_lock_says_the_same_with_and_without_its_tenants_entries(
    make_lock, homes: tuple[Path, Path]
) -> None:
    home, void = [
        await make_lock(workdir=folder, settings=_SETTINGS, sntp=True, power=False) for folder in homes
    ]
    for lock in (home, void):
        await lock.network(False)
        await lock.power(True)
    quiet_after: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    lively, empty = await ending.together(
        _history(home, True, quiet_after), _history(void, False, quiet_after)
    )
    for left, right in zip(lively, empty, strict=True):
        assert [_said(packet) for packet in left] == [_said(packet) for packet in right]
    for left, right in zip(lively[:2], empty[:2], strict=True):
        times = [[packet["us"] - one[0]["us"] for packet in one] for one in (left, right)]
        assert all(abs(a - b) < _SLOT_US for a, b in zip(*times, strict=True)), times
    packets = [packet for connection in empty for packet in connection]
    kinds = [packet["packet"] for packet in packets]
    assert kinds.count("CONNECT") == 2
    topics = [p["topic"].rpartition("/")[2] for p in packets if p["packet"] == "PUBLISH"]
    assert sorted(topics) == ["ack", "staff", "state", "state"]  # staff are told of, and nobody else
    entries = _ENTRIES * (_ROUNDS_ONLINE + _ROUNDS_OFFLINE) + _FIRST
    assert [_grants(lock) for lock in (home, void)] == [entries + 1, 1]  # and staff
    print(
        f"{entries} entries and none: the same {len(kinds)} packets, {kinds.count('PINGREQ')} of them pings"
    )


def _grants(lock: Lock) -> int:
    return sum(e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1 for e in lock.events)


async def test_a_message_on_entry_would_be_noticed(
    make_lock, homes: tuple[Path, Path], tmp_path: Path
) -> None:
    """The same comparison, of a firmware that reports tenants as it does staff."""
    app = _firmware(tmp_path, "door/doorkeeper.py", "        if is_staff:  #", "        if True:  #")
    said = []
    for folder, lived_in in zip(homes, (True, False), strict=True):
        lock = await make_lock(workdir=folder, settings=_SETTINGS, app=app)
        await lock.wait_armed()
        await lock.wait_online()
        if lived_in:
            await _enter_by_card(lock, "tenant")
        await _take_a_list(lock)
        said.append(sorted(_said(packet) for packet in _left(lock)))
    assert said[0] != said[1]


def _firmware(folder: Path, module: str, old: str, new: str) -> Path:
    """The application with one change in one module."""
    tree = folder / "changed"
    tree.mkdir()
    for name in ("boot.py", "main.py", "lib", "tools"):
        (tree / name).symlink_to(TOP / name)
    shutil.copytree(TOP / "firmware", tree / "firmware")
    path = tree / "firmware" / module
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return build_app.build(folder / "build" / "app", tree)
